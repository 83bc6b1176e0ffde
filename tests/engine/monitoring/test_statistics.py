"""Figures of cameras and of the house: days, hours, zones, growth and the disk."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
import shutil
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from custom_components.timelapser.engine.database.statistics_operations import (
    Scope,
    StatisticsOperations,
)
from custom_components.timelapser.engine.models import (
    Judgement,
    NewImage,
    SkipReason,
    Tick,
    TickOutcome,
    Timelapse,
)
from custom_components.timelapser.engine.monitoring.statistics import Disk, StatisticsService
from tests.engine.conftest import BEGIN, Engine

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@dataclass
class House:
    """The service, with a clock and an hour's work of a camera."""

    parts: Engine
    timelapse: Timelapse
    clock: list[datetime] = field(default_factory=lambda: [BEGIN])

    def __post_init__(self) -> None:
        self.service = StatisticsService(
            StatisticsOperations(self.parts.database),
            self.parts.storage,
            self.parts.pool,
            lambda: self.clock[0],
        )

    async def capture(self, moment: datetime, zone: tzinfo) -> None:
        day = moment.astimezone(zone).date()
        new = NewImage(
            *("cam", self.timelapse.id, moment, day, 640, 480, 1000),
            Judgement(90),
            quarantined=False,
            flagged=False,
        )
        tick = Tick("cam", self.timelapse.id, moment, day, TickOutcome.CAPTURED)
        await self.parts.image_rows.record(new, tick)

    async def fail(self, moment: datetime, zone: tzinfo) -> None:
        day = moment.astimezone(zone).date()
        await self.parts.image_rows.record_miss(
            Tick("cam", self.timelapse.id, moment, day, TickOutcome.FAILED, "timeout")
        )


@pytest.fixture
async def house(engine: Engine) -> House:
    return House(engine, await engine.timelapse())


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Makes the disk have so many bytes free."""

    def set_free(free: int) -> None:
        usage = SimpleNamespace(total=100_000, free=free)
        monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage)

    return set_free


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "now", "images", "counts"),
    [
        # One second before midnight, and after it.
        ("Europe/Berlin", "2026-11-24T22:59:59", ["2026-11-24T22:59:58"], (1, 0)),
        ("Europe/Berlin", "2026-11-24T23:00:00", ["2026-11-24T22:59:59"], (0, 1)),
        (
            "Europe/Berlin",
            "2026-11-24T23:30:00",
            ["2026-11-24T22:59:59", "2026-11-24T23:00"],
            (1, 1),
        ),
        ("UTC", "2026-11-24T23:30:00", ["2026-11-24T22:59:59", "2026-11-24T23:00"], (2, 0)),
        # Far from Greenwich, on both sides.
        (
            "Pacific/Kiritimati",
            "2026-11-24T10:30:00",
            ["2026-11-24T09:59", "2026-11-24T10:00"],
            (1, 1),
        ),
        (
            "Pacific/Pago_Pago",
            "2026-11-24T11:30:00",
            ["2026-11-24T10:59", "2026-11-24T11:00"],
            (1, 1),
        ),
        ("Asia/Kathmandu", "2026-11-24T18:20:00", ["2026-11-24T18:14", "2026-11-24T18:15"], (1, 1)),
    ],
)
async def test_today_is_local(
    house: House, zone: str, now: str, images: list[str], counts: tuple[int, int]
) -> None:
    local = ZoneInfo(zone)
    for moment in images:
        await house.capture(utc(moment), local)
    house.clock[0] = utc(now)
    found = await house.service.statistics(local)
    assert found.today.day == utc(now).astimezone(local).date()
    assert await house.service.today(local, Scope("cam")) == found.today
    days = {day.day: day.images for day in await house.service.trend(local, 2)}
    assert (found.today.images, days.get(found.today.day - DAY, 0)) == counts


@pytest.mark.parametrize(
    ("zone", "begin", "hours"),
    [
        ("Europe/Berlin", "2026-03-28T23:00", 23),
        ("Europe/Berlin", "2026-10-24T22:00", 25),
        # That day has no midnight: clocks go from 23:59:59 to 01:00.
        ("America/Santiago", "2026-09-06T04:00", 23),
        ("Australia/Lord_Howe", "2026-10-03T13:30", 23.5),
    ],
)
async def test_days_when_the_clocks_change(
    house: House, zone: str, begin: str, hours: float
) -> None:
    local, first = ZoneInfo(zone), utc(begin)
    halves = int(2 * hours)
    for number in range(-1, halves + 1):
        await house.capture(first + HOUR / 2 * number, local)
    house.clock[0] = first + HOUR * hours - timedelta(seconds=1)
    found = await house.service.statistics(local)
    assert (found.today.images, found.today.planned, found.today.coverage) == (halves, halves, 1)
    trend = await house.service.trend(local, 2)
    assert [day.images for day in trend] == [1, halves]


@pytest.mark.parametrize(
    ("ago", "counted"),
    [
        (timedelta(0), True),
        (timedelta(hours=23, minutes=29, seconds=59), True),
        (timedelta(hours=23, minutes=30), True),
        (timedelta(hours=23, minutes=30, seconds=1), False),
        (timedelta(hours=24), False),
    ],
)
async def test_last_24_hours_begin_with_a_whole_hour(
    house: House, ago: timedelta, counted: bool
) -> None:
    house.clock[0] = BEGIN + HOUR / 2
    await house.capture(house.clock[0] - ago, BERLIN)
    assert (await house.service.statistics(BERLIN)).last_24_hours.images == counted


async def test_every_hour_gives_24_images_in_24_hours(house: House) -> None:
    for number in range(30):
        await house.capture(BEGIN + HOUR * number, BERLIN)
    for minutes in (0, 1, 59):
        house.clock[0] = BEGIN + HOUR * 29 + timedelta(minutes=minutes)
        assert (await house.service.statistics(BERLIN)).last_24_hours.images == 24


async def test_coverage_and_success(house: House) -> None:
    for number in range(4):
        await house.capture(BEGIN + timedelta(minutes=number), BERLIN)
    await house.fail(BEGIN + timedelta(minutes=4), BERLIN)
    await house.parts.image_rows.record_miss(
        Tick(
            "cam",
            1,
            BEGIN + timedelta(minutes=5),
            BEGIN.date(),
            TickOutcome.SKIPPED,
            SkipReason.BUSY,
        )
    )
    found = await house.service.statistics(BERLIN, Scope(timelapse_id=1))
    for sums in (found.totals, found.today, found.last_24_hours, found.last_7_days):
        assert (sums.coverage, sums.success_rate) == (4 / 6, 4 / 5)
        assert (sums.score_mean, sums.score_min) == (90, 90)
    assert found.totals.longest_gap == 60_000


@pytest.mark.parametrize(
    ("days_ago", "growth"),
    [
        ([0, 0], 0),
        # In the first week, over as many days as there are.
        ([1], 1000),
        ([0, 1, 3], 2000 / 3),
        ([7], 1000 / 7),
        ([8], 0),
        ([0, 1, 2, 7, 8], 3000 / 7),
    ],
)
async def test_growth_is_that_of_whole_days(
    house: House, disk: Callable[[int], None], days_ago: list[int], growth: float
) -> None:
    disk(30_000)
    for number, days in enumerate(days_ago):
        await house.capture(BEGIN - DAY * days - timedelta(seconds=number), BERLIN)
    found = await house.service.statistics(BERLIN)
    assert found.growth_per_day == growth
    assert found.disk == Disk(100_000, 30_000)
    assert found.days_until_full == (30_000 / growth if growth else None)


async def test_disk_belongs_to_the_house(house: House, disk: Callable[[int], None]) -> None:
    disk(30_000)
    await house.capture(BEGIN - DAY, BERLIN)
    found = await house.service.statistics(BERLIN, Scope("cam"))
    assert found.growth_per_day > 0
    assert (found.disk, found.days_until_full) == (None, None)


async def test_disk_that_is_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_path: Path) -> None:
        raise FileNotFoundError

    monkeypatch.setattr(shutil, "disk_usage", fail)
    found = await house.service.statistics(BERLIN)
    assert (found.disk, found.days_until_full) == (None, None)


async def test_real_disk(house: House) -> None:
    house.parts.storage.check_writable()
    found = await house.service.statistics(BERLIN)
    assert found.disk is not None
    assert 0 < found.disk.free <= found.disk.total


@pytest.mark.parametrize(("days", "shown"), [(1, [0]), (3, [2, 1, 0]), (365, [200, 6, 2, 1, 0])])
async def test_trend(house: House, days: int, shown: list[int]) -> None:
    for ago in (0, 1, 2, 6, 200, 365):
        await house.capture(BEGIN - DAY * ago, BERLIN)
    await house.capture(BEGIN + DAY, BERLIN)
    trend = await house.service.trend(BERLIN, days)
    assert [(BEGIN.date() - day.day).days for day in trend] == shown


async def test_purge_keeps_what_the_last_24_hours_need(house: House) -> None:
    for number in range(72):
        await house.capture(BEGIN - HOUR * number, BERLIN)
    before = await house.service.statistics(BERLIN)
    assert await house.service.purge() == 23
    assert await house.service.statistics(BERLIN) == before
