"""Sums of counters, and whether counters say what is there."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Table, delete, insert, select, update

from custom_components.timelapser.engine.database.database import Database
from custom_components.timelapser.engine.database.statistics_operations import (
    Scope,
    StatisticsOperations,
    Sums,
)
from custom_components.timelapser.engine.database.tables import (
    cameras,
    daily_statistics,
    hourly_statistics,
    images,
    ticks,
    timelapses,
    videos,
)
from custom_components.timelapser.engine.database.verify_operations import VerifyOperations
from custom_components.timelapser.engine.models import (
    Judgement,
    NewImage,
    Tick,
    TickOutcome,
    Timelapse,
    VideoFile,
    VideoSettings,
)
from tests.engine.conftest import BEGIN, Engine, queue

TODAY = BEGIN.date()
FILE = VideoFile(20, 0.8, 25, 640, 480, "h264", "yuv420p", 5_000)


async def capture(
    parts: Engine, timelapse: Timelapse, hours: float, *, score: int = 90, planned: bool = True
) -> None:
    """Record an image so many hours after the beginning; a bad one is quarantined."""
    moment = BEGIN + timedelta(hours=hours)
    bad = score < 40
    new = NewImage(
        *(timelapse.camera_id, timelapse.id, moment, moment.date(), 640, 480, 1000),
        Judgement(score, ("dark",) if score < 70 else ()),
        quarantined=bad,
        flagged=score < 70,
    )
    outcome = TickOutcome.QUARANTINED if bad else TickOutcome.CAPTURED
    tick = Tick(timelapse.camera_id, timelapse.id, moment, moment.date(), outcome)
    await parts.image_rows.record(new, tick if planned else None)


async def miss(
    parts: Engine, timelapse: Timelapse, hours: float, outcome: TickOutcome = TickOutcome.FAILED
) -> None:
    moment = BEGIN + timedelta(hours=hours)
    await parts.image_rows.record_miss(
        Tick(timelapse.camera_id, timelapse.id, moment, moment.date(), outcome, "timeout")
    )


async def film(parts: Engine, timelapse: Timelapse) -> None:
    job = await queue(parts.videos, timelapse, VideoSettings(), BEGIN)
    await parts.videos.start(job.id, BEGIN, 20)
    await parts.videos.finish(job.id, BEGIN, f"{timelapse.folder}/{job.id}.mp4", FILE)


@pytest.fixture
async def timelapse(either: Engine) -> Timelapse:
    """Two cameras with a timelapse each; the first one's has something of everything."""
    camera, second = await either.camera(), await either.timelapse("other")
    first = await either.timelapses.create(camera.id, "Spring", {}, BEGIN - timedelta(days=8))
    for hours in (-7 * 24, -6 * 24, -25, -23, -2, -1, 0):
        await capture(either, first, hours)
    await capture(either, first, -0.75, score=60)
    await capture(either, first, -0.5, score=20)
    await capture(either, first, -0.25, planned=False)
    await miss(either, first, -3)
    await miss(either, first, -3.5, TickOutcome.SKIPPED)
    await film(either, first)
    for hours in (-1, 0):
        await capture(either, second, hours, score=100)
    return first


@pytest.fixture
def statistics(either: Engine) -> StatisticsOperations:
    return StatisticsOperations(either.database)


@pytest.fixture
def verifying(either: Engine) -> VerifyOperations:
    return VerifyOperations(either.database)


async def test_sums_of_a_timelapse(statistics: StatisticsOperations, timelapse: Timelapse) -> None:
    found = await statistics.summary(Scope(timelapse_id=timelapse.id), TODAY, BEGIN)
    totals = found.totals
    assert (totals.images, totals.quarantined, totals.flagged) == (9, 1, 1)
    assert (totals.failed, totals.skipped) == (1, 1)
    # The one that nobody planned counts as an image, but not as a tick.
    assert (totals.planned, totals.covered) == (11, 8)
    assert (totals.byte_count, totals.videos, totals.video_byte_count) == (10_000, 1, 5_000)
    assert totals.stored_bytes == 15_000
    assert (totals.score_min, totals.score_mean) == (20, (8 * 90 + 60 + 20) / 10)
    assert totals.success_rate == 10 / 11
    assert totals.longest_gap == 119 * 3600 * 1000
    assert totals.first_image_at == BEGIN - timedelta(days=7)
    assert totals.last_image_at == BEGIN
    assert (found.today.day, found.today.images, found.today.quarantined) == (TODAY, 5, 1)
    assert (found.today.planned, found.today.coverage) == (7, 4 / 7)
    # The hour that runs is the last of 24: what was 23 hours ago is in the first.
    assert found.last_24_hours.images == 6
    assert found.last_7_days.images == 8
    assert found.week_before.images == 4
    assert found.week_before.byte_count == 4_000


@pytest.mark.parametrize(
    ("scope", "images"),
    [
        (Scope(), 11),
        (Scope("cam"), 9),
        (Scope("other"), 2),
        (Scope("other", 2), 0),
        (Scope("nobody"), 0),
        (Scope(timelapse_id=1), 2),
    ],
)
async def test_scopes(
    statistics: StatisticsOperations, timelapse: Timelapse, scope: Scope, images: int
) -> None:
    found = await statistics.summary(scope, TODAY, BEGIN)
    assert found.totals.images == images
    assert sum(day.images for day in await statistics.days(scope)) == images
    assert (await statistics.day(scope, TODAY)).images == found.today.images


async def test_nothing_counted_has_no_shares(
    either: Engine, statistics: StatisticsOperations
) -> None:
    found = await statistics.summary(Scope(), TODAY, BEGIN)
    assert found.last_7_days == Sums()
    assert found.totals.first_image_at is None
    for sums in (found.totals, found.today):
        assert (sums.success_rate, sums.score_mean, sums.coverage) == (None, None, None)


async def test_days(statistics: StatisticsOperations, timelapse: Timelapse) -> None:
    days = await statistics.days(Scope("cam"))
    assert [(day.day.day, day.images) for day in days] == [(17, 1), (18, 1), (23, 2), (24, 5)]
    assert (days[-1].score_min, days[0].score_min, days[-1].quarantined) == (20, 90, 1)
    some = await statistics.days(Scope("cam"), date(2026, 11, 18), date(2026, 11, 23))
    assert [day.day.day for day in some] == [18, 23]


async def test_old_hours_go(
    either: Engine, statistics: StatisticsOperations, timelapse: Timelapse
) -> None:
    await statistics.purge_hours(BEGIN - timedelta(days=2))
    hours = await either.database.read(
        lambda connection: connection.execute(select(hourly_statistics.c.hour)).scalars().all()
    )
    assert min(hours) == BEGIN - timedelta(hours=25)
    assert (await statistics.summary(Scope(), TODAY, BEGIN)).totals.images == 11


async def test_late_images_count_where_they_belong(
    either: Engine, statistics: StatisticsOperations
) -> None:
    timelapse = await either.timelapse()
    for hours in (5, 3, 4):
        await capture(either, timelapse, hours)
    camera, timelapse = await either.camera(), await either.timelapses.get(timelapse.id)
    assert camera.last_image_id == timelapse.last_image_id == 1
    assert camera.last_image_at == BEGIN + timedelta(hours=5)
    assert timelapse.first_image_at == BEGIN + timedelta(hours=3)


# Damage

type Damage = Callable[[Connection], object]


def spoil(table: Table, **values: Any) -> Damage:
    return lambda connection: connection.execute(update(table).values(**values))


def lose(table: Table) -> Damage:
    return lambda connection: connection.execute(delete(table))


def invent(connection: Connection) -> None:
    connection.execute(
        insert(daily_statistics).values(
            timelapse_id=2, day=date(2020, 2, 29), camera_id="cam", images=3
        )
    )


async def state(database: Database) -> list[Any]:
    """All counters there are."""

    def work(connection: Connection) -> list[Any]:
        return [
            connection.execute(select(table).order_by(*table.primary_key)).all()
            for table in (cameras, timelapses, daily_statistics)
        ]

    return await database.read(work)


CAMERA_COUNTERS = (
    *("image_count", "quarantine_count", "byte_count", "video_count", "video_byte_count"),
    "last_image_id",
)
TIMELAPSE_COUNTERS = (
    *("image_count", "quarantine_count", "flagged_count", "failed_count", "skipped_count"),
    *("byte_count", "video_count", "video_byte_count", "score_sum", "score_min", "last_image_id"),
)
DAY_COUNTERS = (
    *("planned", "covered", "failed", "skipped", "images", "quarantined", "flagged"),
    *("byte_count", "score_sum", "score_min"),
)
DAMAGES = [
    *[("cameras", name, spoil(cameras, **{name: 77})) for name in CAMERA_COUNTERS],
    ("cameras", "last_image_at", spoil(cameras, last_image_at=None)),
    *[("timelapses", name, spoil(timelapses, **{name: 77})) for name in TIMELAPSE_COUNTERS],
    ("timelapses", "first_image_at", spoil(timelapses, first_image_at=BEGIN)),
    ("timelapses", "last_image_at", spoil(timelapses, last_image_at=None)),
    ("timelapses", "first_day", spoil(timelapses, first_day=date(2020, 1, 1))),
    *[("daily_statistics", name, spoil(daily_statistics, **{name: 77})) for name in DAY_COUNTERS],
    ("daily_statistics", "images", lose(daily_statistics)),
    ("daily_statistics", "images", invent),
]


async def test_right_counters_are_left_alone(
    either: Engine, verifying: VerifyOperations, timelapse: Timelapse
) -> None:
    before = await state(either.database)
    assert await verifying.verify(repair=True) == []
    assert await state(either.database) == before


async def test_damage_is_found_and_repaired(
    either: Engine, verifying: VerifyOperations, timelapse: Timelapse
) -> None:
    before = await state(either.database)
    for table, counter, damage in DAMAGES:
        await either.database.write(damage)
        damaged = await state(either.database)
        found = await verifying.verify(repair=False)
        assert (table, counter) in {(wrong.table, wrong.counter) for wrong in found}
        assert {wrong.table for wrong in found} == {table}
        assert all(wrong.stored != wrong.counted for wrong in found)
        # Looking changes nothing.
        assert await state(either.database) == damaged
        assert await verifying.verify(repair=True) == found
        assert await verifying.verify(repair=False) == []
        assert await state(either.database) == before


@pytest.mark.parametrize("table", [images, ticks, videos])
async def test_rows_that_vanished_are_no_longer_counted(
    either: Engine,
    verifying: VerifyOperations,
    statistics: StatisticsOperations,
    timelapse: Timelapse,
    table: Table,
) -> None:
    await either.database.write(lose(table))
    assert await verifying.verify(repair=True)
    assert await verifying.verify(repair=False) == []
    totals = (await statistics.summary(Scope(), TODAY, BEGIN)).totals
    lost: dict[Table, tuple[object, ...]] = {
        images: (totals.images, totals.score_min, totals.last_image_at),
        ticks: (totals.planned, totals.failed, totals.skipped),
        videos: (totals.videos, totals.video_byte_count),
    }
    assert not any(lost[table])


async def test_what_is_wrong_is_named(
    either: Engine, verifying: VerifyOperations, timelapse: Timelapse
) -> None:
    await either.database.write(spoil(cameras, image_count=5))
    found = await verifying.verify(repair=False)
    assert [(wrong.key, wrong.stored, wrong.counted) for wrong in found] == [
        (("cam",), 5, 9),
        (("other",), 5, 2),
    ]
