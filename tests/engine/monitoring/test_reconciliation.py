"""Files and rows compared: what a crash, a disk or a person has left is put right."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
import os
from pathlib import Path

import pytest

from custom_components.timelapser.engine.database.log_operations import LogOperations
from custom_components.timelapser.engine.database.operations import Operations
from custom_components.timelapser.engine.database.retention_operations import (
    RetentionOperations,
)
from custom_components.timelapser.engine.events import Reconciled
from custom_components.timelapser.engine.images.trash import Trash
from custom_components.timelapser.engine.models import (
    Image,
    JobState,
    Timelapse,
    Video,
    VideoFile,
    VideoSettings,
)
from custom_components.timelapser.engine.monitoring.reconciliation import (
    ReconciliationService,
)
from custom_components.timelapser.engine.settings import Settings
from custom_components.timelapser.engine.timelapses.deletion import DeletionService
from tests.engine.conftest import BEGIN, ZONE, Engine, queue
from tests.harness import scene

FILE = VideoFile(2, 0.1, 24.0, 64, 36, "h264", "yuv420p", 5)


type Sleep = Callable[[float], Awaitable[None]]


async def no_sleep(_seconds: float) -> None:
    pass


def create_deletion(parts: Engine, sleep: Sleep = no_sleep) -> DeletionService:
    async def cancel_renders(_timelapse_id: int) -> None:
        pass

    return DeletionService(
        timelapses=parts.timelapses,
        videos=parts.videos,
        images=RetentionOperations(parts.database),
        cancel_renders=cancel_renders,
        trash=Trash(parts.storage),
        executor=parts.pool,
        sleep=sleep,
    )


def create_service(parts: Engine, sleep: Sleep = no_sleep) -> ReconciliationService:
    return ReconciliationService(
        rows=Operations(parts.database),
        storage=parts.storage,
        images=parts.images,
        deletion=create_deletion(parts, sleep),
        executor=parts.pool,
        publish=parts.events.append,
        now=lambda: BEGIN,
        zone=lambda: ZONE,
        settings=lambda _timelapse: Settings(),
        sleep=sleep,
    )


@dataclass
class House:
    """A timelapse with three images that were there before this run, and the service."""

    parts: Engine
    timelapse: Timelapse
    images: list[Image]

    async def run(self) -> dict[str, int]:
        """Begin a run, and reconcile."""
        self.parts.storage.check_writable()
        return dict(await create_service(self.parts).run())

    def path(self, image: Image, *, quarantined: bool = False) -> Path:
        return self.parts.storage.image_path(image.folder, image.captured_at, quarantined)

    async def rows(self, *, quarantined: bool = False) -> list[Image]:
        found = await self.parts.image_rows.find(quarantined=quarantined)
        return found[::-1]

    async def add_video(self, name: str, *, finish: bool = True) -> tuple[Path, Video | None]:
        """Render a file; without `finish`, its job is cut off before the row."""
        videos = self.parts.videos
        job = await queue(videos, self.timelapse, VideoSettings(), BEGIN)
        await videos.start(job.id, BEGIN, 3)
        path = self.parts.storage.videos_folder(self.timelapse.folder) / f"{name}-{job.id}.mp4"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"video")
        if not finish:
            await videos.requeue_running()
            return path, None
        relative = self.parts.storage.relative(path)
        _, video = await videos.finish(job.id, BEGIN, relative, FILE)
        return path, video


@pytest.fixture
def jpeg() -> bytes:
    return scene.jpeg(0.5, (64, 36))


@pytest.fixture
async def house(either: Engine, jpeg: bytes) -> House:
    timelapse = await either.timelapse()
    images = [await either.add(timelapse, jpeg, number) for number in range(3)]
    return House(either, timelapse, images)


async def keep_without_row(house: House, jpeg: bytes, moment: datetime) -> Path:
    path = house.parts.storage.image_path(house.timelapse.folder, moment, False)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(jpeg)
    return path


async def test_order_is_left_alone(house: House) -> None:
    before = await house.rows()
    assert await house.run() == {}
    assert await house.rows() == before
    # Nothing to tell.
    assert house.parts.events == []
    assert await LogOperations(house.parts.database).find() == []


async def test_files_without_rows_are_entered(house: House, jpeg: bytes) -> None:
    late, night = BEGIN + timedelta(seconds=30), BEGIN - timedelta(hours=9)
    await keep_without_row(house, jpeg, late)
    await keep_without_row(house, jpeg, night)
    broken = await keep_without_row(house, b"no picture", BEGIN + timedelta(seconds=31))
    assert await house.run() == {"entered": 2, "quarantined": 1}
    rows = await house.rows()
    assert rows[0].captured_at == night
    # The local day is that of Berlin.
    assert str(rows[0].local_day) == "2026-11-24"
    assert rows[-1].captured_at == late
    (bad,) = await house.rows(quarantined=True)
    assert bad.reasons == ("unreadable",)
    assert not broken.exists()
    assert house.path(bad, quarantined=True).exists()
    camera = await house.parts.camera()
    assert (camera.image_count, camera.quarantine_count) == (5, 1)
    assert camera.last_image_id == rows[-1].id
    assert await house.run() == {}


async def test_files_of_this_run_are_not_orphans(house: House, jpeg: bytes) -> None:
    """A capture may be between its file and its row."""
    house.parts.storage.check_writable()
    path = await keep_without_row(house, jpeg, BEGIN + timedelta(seconds=30))
    part = path.with_name(".next.jpg.part")
    part.write_bytes(b"half")
    young = house.parts.storage.opened_at + 10
    for file in (path, part):
        os.utime(file, (young, young))
    assert await create_service(house.parts).run() == {}
    assert path.exists()
    assert part.exists()


async def test_what_is_not_ours_is_left_alone(house: House, jpeg: bytes) -> None:
    day = house.path(house.images[0]).parent
    strange = [day / "holiday.jpg", day / "20261124T080001000Z.json", day.parent / "notes.txt"]
    strange.append(day / "20261125T080001000Z.jpg")  # another day's name
    videos = house.parts.storage.videos_folder(house.timelapse.folder)
    strange += [videos / "party.mp4", videos / "20261124T080000Z-999.mp4"]
    videos.mkdir()
    for path in strange:
        path.write_bytes(jpeg)
    assert await house.run() == {}
    assert all(path.exists() for path in strange)


async def test_rows_without_files_are_marked(house: House) -> None:
    path = house.path(house.images[1])
    data = path.read_bytes()
    path.unlink()
    assert await house.run() == {"missing": 1}
    assert [row.missing for row in await house.rows()] == [False, True, False]
    rendered = await house.parts.image_rows.for_render(house.timelapse.id)
    assert [row.id for row in rendered] == [house.images[0].id, house.images[2].id]
    (log,) = await LogOperations(house.parts.database).find()
    assert (log.level, log.source, log.data) == ("warning", "reconciliation", {"missing": 1})
    assert house.parts.events == [Reconciled("", {"missing": 1})]
    assert await house.run() == {}
    path.write_bytes(data)
    assert await house.run() == {"found_again": 1}
    assert not any(row.missing for row in await house.rows())


async def test_disk_that_is_away_loses_nothing(house: House) -> None:
    path, _ = await house.add_video("20261124T080000Z")
    folder = house.parts.storage.resolve(house.timelapse.folder)
    folder.rename(folder.with_name("elsewhere"))
    assert await house.run() == {"missing": 3}
    folder.with_name("elsewhere").rename(folder)
    assert await house.run() == {"found_again": 3}
    assert path.exists()
    assert len(await house.parts.videos.find_videos()) == 1


async def test_move_that_was_cut_off_is_ended(house: House) -> None:
    """The file is in quarantine already, its row says that it is kept."""
    path = house.path(house.images[0], quarantined=True)
    path.parent.mkdir(parents=True)
    house.path(house.images[0]).rename(path)
    assert await house.run() == {"moved": 1}
    assert house.path(house.images[0]).exists()
    assert not path.exists()
    assert await house.run() == {}


async def test_half_written_files_are_removed(house: House) -> None:
    folder = house.parts.storage.resolve(house.timelapse.folder)
    root = house.parts.storage.root
    for place in (root, root / ".spool", house.path(house.images[0]).parent, folder / "videos"):
        place.mkdir(exist_ok=True)
        (place / ".x.part").write_bytes(b"half")
    (folder / "thumbs" / "2026-11-24" / ".x.part").write_bytes(b"half")
    (root / ".spool" / "000000000001.json").write_bytes(b"{}")
    (root / ".import" / "cut off").mkdir(parents=True)
    (root / ".import" / "cut off" / "1.mp4").write_bytes(b"fetched")
    assert await house.run() == {"leftovers": 6}
    assert list(root.rglob("*.part")) == []
    assert list((root / ".import").iterdir()) == []
    assert len(list(root.rglob("*.json"))) == 1


async def test_videos(house: House) -> None:
    kept, _ = await house.add_video("20261124T080000Z")
    gone, _ = await house.add_video("20261124T080001Z")
    cut_off, _ = await house.add_video("20261124T080002Z", finish=False)
    gone.unlink()
    assert await house.run() == {"videos_lost": 1, "leftovers": 1}
    (video,) = await house.parts.videos.find_videos()
    assert house.parts.storage.resolve(video.path) == kept
    assert (await house.parts.timelapses.get(house.timelapse.id)).video_count == 1
    assert not cut_off.exists()
    # The one whose file was gone is back: nobody throws it away.
    gone.write_bytes(b"video")
    assert await house.run() == {}
    assert gone.exists()
    states = {job.state for job in await house.parts.videos.find_jobs()}
    assert states == {JobState.FINISHED, JobState.QUEUED}


async def test_one_folder_at_a_time(house: House, jpeg: bytes) -> None:
    for days in range(1, 4):
        await keep_without_row(house, jpeg, BEGIN + timedelta(days=days))
    house.parts.storage.check_writable()
    pauses = []

    async def sleep(seconds: float) -> None:
        pauses.append(seconds)

    found = await create_service(house.parts, sleep).run()
    assert found == {"entered": 3}
    assert len(pauses) == 4
    # It comes after all there is: its days are counted in rows and in folders.
    assert len(await house.rows()) == 6
