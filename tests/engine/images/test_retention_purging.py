"""A purge carries out its plan: rows, counters and files together, wherever it is cut off."""

from collections.abc import Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from sqlalchemy import update

from custom_components.timelapser.engine.database import tables
from custom_components.timelapser.engine.database.operations import Operations
from custom_components.timelapser.engine.database.retention_operations import (
    RetentionOperations,
)
from custom_components.timelapser.engine.events import Purged
from custom_components.timelapser.engine.images import purging
from custom_components.timelapser.engine.images.files import ThumbSize
from custom_components.timelapser.engine.images.purging import Look, PurgeService
from custom_components.timelapser.engine.images.retention import Plan
from custom_components.timelapser.engine.images.trash import Trash
from custom_components.timelapser.engine.models import (
    Image,
    LogLevel,
    NewImage,
    NewLogRow,
    Timelapse,
    TimelapseState,
    VideoFile,
    VideoSettings,
)
from custom_components.timelapser.engine.settings import Level, resolve
from tests.engine.conftest import BEGIN, ZONE, Engine, queue
from tests.engine.database.test_operations import new_image
from tests.engine.monitoring.test_reconciliation import create_deletion

NOW = datetime(2027, 1, 1, 12, tzinfo=UTC)
DAY = timedelta(days=1)
FILE = VideoFile(2, 0.1, 24.0, 64, 36, "h264", "yuv420p", 5)


@dataclass
class House:
    """The service, with rows and files that are as many bytes as tests say."""

    parts: Engine
    options: dict[str, object] = field(default_factory=dict)
    now: datetime = NOW
    shown: list[set[str]] = field(default_factory=list)
    pauses: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = Operations(self.parts.database)
        self.trash = Trash(self.parts.storage)
        self.deletion = create_deletion(self.parts)
        self.service = PurgeService(
            rows=self.rows,
            deletion=self.deletion,
            executor=self.parts.pool,
            look=Look(
                lambda: self.now,
                lambda: ZONE,
                lambda: resolve({Level.HUB: self.options}).settings,
                self._settings,
            ),
            publish=self.parts.events.append,
            changed=self._show,
            sleep=self._sleep,
        )

    def _settings(self, timelapse: Timelapse) -> Any:
        levels = {Level.HUB: self.options, Level.TIMELAPSE: timelapse.settings}
        return resolve(levels).settings

    async def _show(self, cameras: Collection[str]) -> None:
        self.shown.append(set(cameras))

    async def _sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)

    async def timelapse(self, camera: str = "cam") -> Timelapse:
        timelapse = await self.parts.timelapse(camera)
        return await self.rows.timelapses.change_state(
            timelapse.id, {TimelapseState.RUNNING}, TimelapseState.COMPLETED, BEGIN
        )

    async def add(self, timelapse: Timelapse, age: timedelta, **values: Any) -> Image:
        """Enter an image that is so old, with its files."""
        new = image_of(timelapse, self.now - age, **values)
        for path in self.paths(timelapse, new):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"jpeg")
        return await self.rows.images.record(new)

    def paths(self, timelapse: Timelapse, image: NewImage | Image) -> list[Path]:
        storage, moment = self.parts.storage, image.captured_at
        return [
            storage.image_path(timelapse.folder, moment, image.quarantined),
            *(storage.thumb_path(timelapse.folder, moment, size) for size in ThumbSize),
        ]

    async def purge(self) -> Plan:
        return await self.service.carry_out(await self.service.plan())

    async def left(self) -> list[int]:
        found = await self.rows.images.find(quarantined=None, limit=1000)
        return sorted(image.id for image in found)

    async def check(self) -> None:
        """Counters are right, there is a file for each row, and no other."""
        assert await self.rows.counters.verify(repair=False) == []
        expected = {
            path
            for image in await self.rows.images.find(quarantined=None, limit=1000)
            for path in self.paths(await self.rows.timelapses.get(image.timelapse_id), image)
        }
        root = self.parts.storage.root.resolve()
        files = {path for path in root.rglob("*") if path.is_file()}
        assert files == expected


def image_of(timelapse: Timelapse, captured_at: datetime, **values: Any) -> NewImage:
    new = new_image(timelapse.id, 0, quarantined=values.pop("quarantined", False))
    day = captured_at.astimezone(ZONE).date()
    return replace(
        new, camera_id=timelapse.camera_id, captured_at=captured_at, local_day=day, **values
    )


@pytest.fixture
async def house(either: Engine) -> House:
    return House(either)


async def test_purge_does_what_its_plan_says(house: House) -> None:
    house.options = {"image_retention": 30, "drop_dark": 20, "drop_after": 2}
    garden, street = await house.timelapse(), await house.timelapse("street")
    old = await house.add(garden, 31 * DAY)
    aside = await house.add(street, 8 * DAY, quarantined=True)
    dark = await house.add(street, 5 * DAY, luma=3.0)
    stay = [
        await house.add(street, 5 * DAY - timedelta(minutes=1), luma=90.0),
        await house.add(street, 6 * DAY, quarantined=True),
        await house.add(garden, 29 * DAY),
    ]
    planned = await house.service.plan()
    rules = {removal.id: removal.rule.value for removal in planned.images}
    assert rules == {old.id: "age", aside.id: "quarantine", dark.id: "dark"}
    assert await house.left() == sorted([*rules, *(image.id for image in stay)])  # so far
    assert await house.service.carry_out(planned) == planned
    assert await house.left() == sorted(image.id for image in stay)
    await house.check()
    assert house.parts.events == [Purged("", 3, 0, 3000)]
    assert house.shown == [{"cam", "street"}]
    (row,) = await house.rows.logs.find(source="retention")
    assert row.data["rules"] == {"age": 1, "quarantine": 1, "dark": 1}
    assert await house.purge() == Plan()
    assert len(house.parts.events) == 1


async def test_counters_are_right_after_each_batch(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Days, bounds, scores, hours; also where a timelapse loses its first, last or only image."""
    monkeypatch.setattr(purging, "IMAGES_AT_ONCE", 3)
    timelapse = await house.timelapse()
    found = [
        await house.add(
            timelapse,
            number * timedelta(hours=7),
            quarantined=number % 4 == 0,
            flagged=number % 3 == 0,
        )
        for number in range(20)
    ]
    for some in (found[:1], found[-3:], found[5:9], found[1:5]):
        await house.deletion.delete_images([image.id for image in some], spare_starred=True)
        await house.check()
    house.options = {"storage_quota": 0.001}
    assert await house.purge() == Plan()  # 9 kB are less than a megabyte
    house.options = {"image_retention": 1, "quarantine_retention": 1}
    house.now += 100 * DAY
    assert len((await house.purge()).images) == 8
    assert await house.left() == []
    await house.check()
    empty = await house.rows.timelapses.get(timelapse.id)
    assert (empty.image_count, empty.byte_count, empty.score_min) == (0, 0, None)
    assert (empty.first_day, empty.first_image_at, empty.last_image_id) == (None, None, None)
    assert house.pauses == [purging.PAUSE] * 3  # after each three of eight


async def test_starred_and_rendered_stay(house: House) -> None:
    house.options = {"image_retention": 1}
    starred, rendered, plain = [await house.timelapse(name) for name in ("a", "b", "c")]
    images = [await house.add(found, 9 * DAY) for found in (starred, rendered, plain)]
    planned = await house.service.plan()
    assert {removal.id for removal in planned.images} == {image.id for image in images}
    # What was wanted since the plan was made stays, too.
    await house.rows.timelapses.update(starred.id, {"starred": True})
    job = await queue(house.rows.videos, rendered, VideoSettings(), BEGIN)
    went = await house.service.carry_out(planned)
    assert [removal.id for removal in went.images] == [images[2].id]
    assert await house.service.plan() == Plan()
    await house.rows.videos.start(job.id, BEGIN, 1)
    assert await house.service.plan() == Plan()
    path = house.parts.storage.videos_folder(rendered.folder) / "1.mp4"
    await house.rows.videos.finish(job.id, BEGIN, house.parts.storage.relative(path), FILE)
    assert [removal.id for removal in (await house.service.plan()).images] == [images[1].id]
    await house.rows.counters.verify(repair=False)


async def test_a_render_of_a_whole_camera_needs_all_its_timelapses(house: House) -> None:
    house.options = {"image_retention": 1}
    old, new = await house.timelapse(), await house.timelapse()
    other = await house.timelapse("street")
    for timelapse in (old, new, other):
        await house.add(timelapse, 9 * DAY)
    job = await queue(house.rows.videos, new, VideoSettings(), BEGIN)
    spec: dict[str, dict[str, list[int]]] = {"selection": {}}
    await house.parts.database.write(
        lambda connection: connection.execute(update(tables.render_jobs).values(spec=spec))
    )
    assert {removal.timelapse_id for removal in (await house.service.plan()).images} == {other.id}
    spec = {"selection": {"timelapse_ids": [other.id]}}
    await house.parts.database.write(
        lambda connection: connection.execute(update(tables.render_jobs).values(spec=spec))
    )
    assert {removal.timelapse_id for removal in (await house.service.plan()).images} == {old.id}
    assert job.timelapse_id == new.id


async def test_quotas_are_of_the_newest_timelapse(house: House) -> None:
    house.options = {"camera_quota": 0.1}
    timelapse = await house.timelapse()
    size = 40_000_000
    images = [await house.add(timelapse, n * DAY, byte_count=size) for n in (3, 2, 1, 0)]
    assert [removal.id for removal in (await house.purge()).images] == [images[0].id, images[1].id]
    house.options = {"camera_quota": 0.1, "storage_quota": 0.0}
    assert await house.purge() == Plan()
    house.options = {"storage_quota": 0.1}
    assert await house.purge() == Plan()
    street = await house.timelapse("street")
    await house.add(street, 5 * DAY, byte_count=size)
    planned = await house.service.plan()
    assert [removal.timelapse_id for removal in planned.images] == [street.id]
    assert await house.service.plan("cam") == Plan()
    await house.rows.settings.change(street.id, {"image_retention": 4})
    rules = {removal.rule.value for removal in (await house.service.plan("street")).images}
    assert rules == {"age"}


@pytest.mark.parametrize("quota", [0.0, 0.1, 0.4, 1.0, 1.7, 3.0])
async def test_quotas_read_no_more_than_they_take(house: House, quota: float) -> None:
    """What is read of the oldest is enough for the very plan that a look at everything gives."""
    house.options = {"storage_quota": quota, "image_retention": 6}
    for camera in ("a", "b"):
        timelapse = await house.timelapse(camera)
        for number in range(9):
            age = timedelta(hours=20 * number) + (timedelta(hours=7) if camera == "b" else DAY / 24)
            await house.add(timelapse, age, byte_count=100_000_000, quarantined=number == 5)
    planned = await house.service.plan()
    with patch.object(RetentionOperations, "end_of_oldest", everything):
        assert await house.service.plan() == planned
    left = 18 - len(planned.images)
    assert not quota or left <= round(quota * 10)


async def everything(_self: object, _timelapse_id: int, _byte_count: int) -> datetime:
    return NOW + DAY


async def test_automatic_videos(house: House) -> None:
    timelapse = await house.timelapse()
    house.options = {"keep_automatic": 2}
    paths = []
    for number in range(4):
        job = await queue(house.rows.videos, timelapse, VideoSettings(), BEGIN)
        await house.rows.videos.start(job.id, BEGIN, 1)
        path = house.parts.storage.videos_folder(timelapse.folder) / f"{number}.mp4"
        poster = path.with_suffix(".jpg")
        path.parent.mkdir(parents=True, exist_ok=True)
        for file in (path, poster):
            file.write_bytes(b"video")
        relative, poster_path = map(house.parts.storage.relative, (path, poster))
        moment = BEGIN + number * DAY
        _, video = await house.rows.videos.finish(job.id, moment, relative, FILE)
        values = {"poster_path": poster_path, "automatic": number != 1}
        await change_video(house, video.id, values)
        paths.append((path, poster))
    went = await house.purge()
    assert [removal.rule.value for removal in went.videos] == ["videos"]
    await house.deletion.finish()
    assert [path.exists() for path, _ in paths] == [False, True, True, True]
    assert [poster.exists() for _, poster in paths] == [False, True, True, True]
    assert await house.rows.counters.verify(repair=False) == []
    assert await house.purge() == Plan()


async def change_video(house: House, video_id: int, values: dict[str, object]) -> None:
    statement = update(tables.videos).where(tables.videos.c.id == video_id).values(values)
    await house.parts.database.write(lambda connection: connection.execute(statement))


@pytest.mark.parametrize(
    ("done", "at", "due"),
    [
        (None, "2027-01-01T12:00", True),
        ("2027-01-01T02:31", "2027-01-02T02:29", False),  # in UTC; the house is an hour ahead
        ("2027-01-01T02:31", "2027-01-02T02:30", True),
        ("2027-01-01T02:29", "2027-01-01T02:31", True),
        ("2026-12-24T12:00", "2027-01-01T01:00", True),
    ],
)
async def test_once_a_day_at_the_quiet_hour(
    house: House, done: str | None, at: str, due: bool
) -> None:
    """Over restarts; one that the house has slept through is made up for."""
    house.options = {"image_retention": 1}
    house.now = datetime.fromisoformat(f"{at}+00:00")
    await house.add(await house.timelapse(), 2 * DAY)
    if done:
        moment = datetime.fromisoformat(f"{done}+00:00")
        row = NewLogRow(moment, LogLevel.DEBUG, purging.SOURCE, "What was due is purged")
        await house.rows.logs.add(row)
    assert len((await house.service.tick()).images) == due
    assert await house.service.tick() == Plan()
    house.now += DAY
    await house.add(await house.timelapse(), 2 * DAY)
    assert len((await house.service.tick()).images) == (1 if due else 2)


async def test_quotas_are_looked_after_each_hour(house: House) -> None:
    await house.service.tick()  # the day's purge
    house.options = {"storage_quota": 0.1, "image_retention": 1}
    timelapse = await house.timelapse()
    images = [await house.add(timelapse, age * DAY, byte_count=50_000_000) for age in (5, 4, 3)]
    house.now += timedelta(minutes=59)
    assert await house.service.tick() == Plan()
    house.now += timedelta(minutes=1)
    went = await house.service.tick()
    # Rules of time wait for the quiet hour.
    assert [(removal.id, removal.rule.value) for removal in went.images] == [
        (images[0].id, "storage_quota")
    ]
    house.now += timedelta(hours=16)
    assert [removal.rule.value for removal in (await house.service.tick()).images] == ["age"] * 2
