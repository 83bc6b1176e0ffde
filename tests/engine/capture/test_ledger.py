"""Every planned tick has one outcome, whatever happens to the camera and to Home Assistant."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from itertools import count
import logging
from zoneinfo import ZoneInfo

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
import pytest
from sqlalchemy import Connection, select

from custom_components.timelapser.engine.capture.ledger import Ledger
from custom_components.timelapser.engine.capture.schedule import Schedule, Window
from custom_components.timelapser.engine.database.statistics_operations import (
    Scope,
    StatisticsOperations,
)
from custom_components.timelapser.engine.database.tables import EPOCH, hourly_statistics
from custom_components.timelapser.engine.database.tick_operations import TickOperations
from custom_components.timelapser.engine.database.verify_operations import VerifyOperations
from custom_components.timelapser.engine.errors import DatabaseUnavailableError
from custom_components.timelapser.engine.images.recorder import Recorder
from custom_components.timelapser.engine.images.spool import FOLDER, Spool
from custom_components.timelapser.engine.models import (
    SkipReason,
    Tick,
    TickOutcome,
    Timelapse,
    TimelapseState,
    Weekday,
    WindowKind,
)
from tests.engine.conftest import BEGIN, ZONE, Engine
from tests.engine.database.test_operations import new_image

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EVER = 10**6
CAPTURED = ("captured",)
ALWAYS = Window()

type Step = tuple[str, int]
"""`live`, `pause` or `stop`, and for how many minutes."""

CLOCK = Window(WindowKind.CLOCK, time(6, 30), time(18))
OVERNIGHT = Window(WindowKind.CLOCK, time(20), time(4))
WORKDAYS = Window(weekdays=frozenset([*Weekday][:5]))

numbers = count()


@pytest.fixture(autouse=True)
def few_words(caplog: pytest.LogCaptureFixture) -> None:
    """Telling every statement takes longer than running it."""
    caplog.set_level(logging.WARNING, "sqlalchemy.engine")


def every(minutes: float, window: Window = ALWAYS, zone: ZoneInfo = ZONE) -> Schedule:
    return Schedule(minutes * MINUTE, zone, window)


@dataclass
class Diary:
    """A camera's life, lived as its clock does: what became of each tick is known beforehand."""

    engine: Engine
    schedule: Schedule
    timelapse: Timelapse
    now: datetime
    expected: dict[datetime, str] = field(default_factory=dict)
    known: datetime | None = None

    def __post_init__(self) -> None:
        self.ticks = TickOperations(self.engine.database)
        self.ledger = Ledger(self.engine.recorder, self.ticks)
        self.always = replace(self.schedule, window=Window())

    async def live_through(self, steps: Iterable[Step], outcomes: Sequence[str] = CAPTURED) -> None:
        for step, minutes in steps:
            if step == "live":
                await self.live(minutes * MINUTE, outcomes)
            elif step == "pause":
                await self.pause(minutes * MINUTE)
            else:
                self.stop(minutes * MINUTE)

    async def live(self, lasting: timedelta, outcomes: Sequence[str] = CAPTURED) -> None:
        """Let ticks come for a while, with these outcomes by turns."""
        await self._move(TimelapseState.RUNNING)
        since, self.now = self.now, self.now + lasting
        for number, tick in enumerate(self.schedule.ticks(since, self.now)):
            await self.account(tick)
            await self._enter(tick, outcomes[number % len(outcomes)])
            self.known = tick

    async def pause(self, lasting: timedelta) -> None:
        await self._move(TimelapseState.PAUSED)
        self.now += lasting

    def stop(self, lasting: timedelta) -> None:
        """Have Home Assistant stopped for a while; what it had in memory is gone."""
        self.known = None
        self.now += lasting

    async def account(self, tick: datetime) -> None:
        if self.known is None:
            self.known = await self.ledger.known_until(self.timelapse)
        for missed in self.always.ticks(self.known, tick - SECOND / 1000):
            self.expected[missed] = self._why(missed, self.known)
        await self.ledger.account(self.timelapse, self.schedule, self.known, tick)

    def _why(self, missed: datetime, known: datetime) -> str:
        resumed_at = self.timelapse.resumed_at
        if resumed_at is not None and known < resumed_at and missed <= resumed_at:
            return SkipReason.PAUSED
        return SkipReason.STOPPED if self.schedule.is_open(missed) else SkipReason.WINDOW

    async def _enter(self, moment: datetime, what: str) -> None:
        self.expected[moment] = what
        day = moment.astimezone(self.schedule.zone).date()
        lapse = self.timelapse
        outcome = TickOutcome.SKIPPED if what in SkipReason else TickOutcome(what)
        tick = Tick(lapse.camera_id, lapse.id, moment, day, outcome, what)
        if outcome in {TickOutcome.SKIPPED, TickOutcome.FAILED}:
            await self.engine.recorder.record_miss(tick)
            return
        new = new_image(lapse.id, 0, quarantined=outcome is TickOutcome.QUARANTINED)
        new = replace(new, camera_id=lapse.camera_id, captured_at=moment, local_day=day)
        await self.engine.recorder.record(lapse, new, tick)

    async def _move(self, state: TimelapseState) -> None:
        if self.timelapse.state is not state:
            self.timelapse = await self.engine.timelapses.change_state(
                self.timelapse.id, [*TimelapseState], state, self.now
            )

    # What was entered

    async def rows(self) -> list[Tick]:
        """The ticks without an image, the oldest first."""
        scope = Scope(timelapse_id=self.timelapse.id)
        return (await self.ticks.gaps(scope, EPOCH, EVER))[::-1]

    async def check(self) -> None:
        """Compare all that is entered with what happened."""
        rows = await self.rows()
        entered: Counter[tuple[datetime, str]] = Counter()
        for row in rows:
            moments = [*self.always.ticks(row.planned_at - SECOND, row.last_at or row.planned_at)]
            assert len(moments) == row.count
            days = {moment.astimezone(self.schedule.zone).date() for moment in moments}
            assert days == {row.local_day}
            entered.update((moment, str(row.reason)) for moment in moments)
        told = self.expected.items()
        assert entered == Counter(
            pair for pair in told if pair[1] not in {"captured", "quarantined"}
        )
        await self._check_sums()

    async def _check_sums(self) -> None:
        wanted = {reason for reason in SkipReason if reason.is_wanted}
        planned = {moment: what for moment, what in self.expected.items() if what not in wanted}
        statistics = StatisticsOperations(self.engine.database)
        days = await statistics.days(Scope(timelapse_id=self.timelapse.id))
        by_day = Counter(moment.astimezone(self.schedule.zone).date() for moment in planned)
        assert {day.day: day.planned for day in days if day.planned} == by_day
        assert sum(day.covered for day in days) == [*planned.values()].count("captured")
        last = max(self.expected, default=self.now)
        found = await self.engine.database.read(self._hours)
        by_hour = Counter(moment.replace(minute=0, second=0) for moment in planned)
        hours = [hour for hour in found | by_hour if hour >= last - 2 * DAY]
        assert {hour: found[hour] for hour in hours} == {hour: by_hour[hour] for hour in hours}
        assert await VerifyOperations(self.engine.database).verify(repair=False) == []

    def _hours(self, connection: Connection) -> Counter[datetime]:
        hours = hourly_statistics.c
        query = select(hours.hour, hours.planned).where(hours.timelapse_id == self.timelapse.id)
        return Counter({row.hour: row.planned for row in connection.execute(query)})


async def diary(engine: Engine, schedule: Schedule, begin: datetime = BEGIN) -> Diary:
    camera = await engine.camera(f"cam{next(numbers)}")
    timelapse = await engine.timelapses.create(camera.id, "Spring", {}, begin)
    return Diary(engine, schedule, timelapse, begin)


def told(rows: Iterable[Tick]) -> str:
    """Rows as people read them: the local time of the first tick, how many, and why."""
    moments = ((row, row.planned_at.astimezone(ZONE)) for row in rows)
    return ", ".join(f"{moment:%d %H:%M} {row.count} {row.reason}" for row, moment in moments)


@pytest.mark.parametrize(
    ("window", "steps", "expected"),
    [
        # Nothing happens.
        (ALWAYS, "live 1440", ""),
        # Home Assistant is off: without a window, every tick was wanted.
        (ALWAYS, "live 60, stop 900", "24 10:30 27 stopped, 25 00:00 3 stopped"),
        # The window closes, in the second case while Home Assistant is off.
        (CLOCK, "live 1440", "24 18:00 12 window, 25 00:00 13 window"),
        (
            CLOCK,
            "live 120, stop 1440",
            "24 11:30 13 stopped, 24 18:00 12 window, 25 00:00 13 window, 25 06:30 10 stopped",
        ),
        # What is paused is paused in the window and out of it, and while all is off.
        (
            CLOCK,
            "live 60, pause 60, stop 60, pause 780",
            "24 10:30 27 paused, 25 00:00 3 paused, 25 01:30 10 window",
        ),
        # Off since it was resumed: the pause ends where it ended.
        (ALWAYS, "live 60, pause 121, live 1, stop 120", "24 10:30 4 paused, 24 12:30 4 stopped"),
        # For longer than statistics by the hour reach back.
        (
            ALWAYS,
            "live 60, stop 3560",
            "24 10:30 27 stopped, 25 00:00 48 stopped, 26 00:00 43 stopped",
        ),
    ],
)
async def test_what_people_read_of_it(
    either: Engine, window: Window, steps: str, expected: str
) -> None:
    life = await diary(either, every(30, window))
    pairs = (step.split() for step in steps.split(", "))
    await life.live_through([(kind, int(minutes)) for kind, minutes in pairs])
    await life.live_through([("live", 600)])
    assert told(await life.rows()) == expected
    await life.check()


async def test_nothing_before_it_began_or_after_it_ended(engine: Engine) -> None:
    begins_at, ends_at = BEGIN + 3 * HOUR, BEGIN + 5 * HOUR
    schedule = replace(every(10), begins_at=begins_at, ends_at=ends_at)
    life = await diary(engine, schedule)
    life.stop(9 * HOUR)
    await life.account(BEGIN + 9 * HOUR)
    (row,) = await life.rows()
    assert (row.planned_at, row.count) == (begins_at, 12)
    await life.check()


async def test_window_between_two_ticks_has_one_of_its_own(engine: Engine) -> None:
    """Such a window opens for a single image a day; each of them is missed once."""
    noon = Window(WindowKind.CLOCK, time(12, 10), time(12, 20))
    life = await diary(engine, every(60, noon))
    life.stop(3 * DAY)
    await life.ledger.account(life.timelapse, life.schedule, BEGIN, BEGIN + 3 * DAY)
    stopped = [row for row in await life.rows() if row.reason == SkipReason.STOPPED]
    assert told(stopped) == ", ".join(f"{day} 12:10 1 stopped" for day in (24, 25, 26))
    assert await VerifyOperations(engine.database).verify(repair=False) == []


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", "2026-03-29", 23),
        ("Europe/Berlin", "2026-10-25", 25),
        ("America/Santiago", "2026-09-06", 23),  # has no midnight
        ("America/Havana", "2026-11-01", 25),  # has midnight twice
        ("Australia/Lord_Howe", "2026-10-04", 23.5),
        ("Asia/Kathmandu", "2026-05-05", 24),  # begins at a quarter past an hour in UTC
        ("America/St_Johns", "2026-05-05", 24),
        ("Pacific/Chatham", "2026-04-05", 25),
    ],
)
@pytest.mark.parametrize("reason", [SkipReason.PAUSED, SkipReason.STOPPED])
async def test_days_are_local_ones(
    engine: Engine, zone: str, day: str, hours: float, reason: SkipReason
) -> None:
    """Also those on which the clocks change, and where midnight is at no full hour in UTC."""
    place = ZoneInfo(zone)
    noon = datetime.fromisoformat(f"{day} 12:00").replace(tzinfo=place).astimezone(UTC)
    life = await diary(engine, every(5, zone=place), noon - 30 * HOUR)
    await life.live(HOUR)
    if reason is SkipReason.PAUSED:
        await life.pause(46 * HOUR)
    else:
        life.stop(46 * HOUR)
    await life.live(HOUR)
    by_day = Counter[str]()
    for row in await life.rows():
        assert row.reason == reason
        by_day[str(row.local_day)] += row.count
    assert by_day[day] == hours * 12
    await life.check()


@pytest.mark.parametrize("reason", [SkipReason.PAUSED, SkipReason.STOPPED, SkipReason.WINDOW])
async def test_a_row_ends_with_its_last_tick(engine: Engine, reason: SkipReason) -> None:
    life = await diary(engine, every(10, CLOCK))
    await life.live(HOUR)
    if reason is SkipReason.PAUSED:
        await life.pause(95 * MINUTE)
    elif reason is SkipReason.STOPPED:
        life.stop(95 * MINUTE)
    await life.live(DAY)
    row = next(row for row in await life.rows() if row.reason == reason)
    *_, last = life.always.ticks(row.planned_at, row.last_at or row.planned_at)
    assert row.last_at == last


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> pytest.MonkeyPatch:
    async def refuse(*_args: object) -> None:
        raise DatabaseUnavailableError(reason="disk I/O error")

    for name in ("record", "record_miss"):
        monkeypatch.setattr(engine.image_rows, name, refuse)
    return monkeypatch


async def test_what_waited_on_disk_comes_in_once(engine: Engine, away: pytest.MonkeyPatch) -> None:
    """A power cut between the row and the file that it waited in."""
    life = await diary(engine, every(10, OVERNIGHT))
    life.stop(DAY)
    await life.live(DAY, ["captured", "offline", "offline", "failed"])
    away.undo()
    assert await life.rows() == []
    files = {path: path.read_bytes() for path in (engine.storage.root / FOLDER).glob("*")}
    await engine.recorder.drain()
    await life.check()
    before = await life.rows()
    for path, content in files.items():
        path.write_bytes(content)
    again = Recorder(engine.image_rows, Spool(engine.storage), engine.pool)
    await again.open()
    assert await again.drain() == len(files) > 20
    assert await life.rows() == before
    await life.check()


type Place = tuple[ZoneInfo, datetime]


def near(zone: str, *moments: str) -> list[Place]:
    return [(ZoneInfo(zone), datetime.fromisoformat(f"{moment}+00:00")) for moment in moments]


# Each begins a day before something happens to the clocks, or at some moment.
PLACES = [
    *near("Europe/Berlin", "2026-03-28 05:03", "2026-10-24 11:30:59", "2026-06-01 00:00"),
    *near("America/Santiago", "2026-09-05 02:00", "2026-04-04 07:07"),
    *near("America/Havana", "2026-03-07 16:00", "2026-10-31 22:10"),
    *near("Australia/Lord_Howe", "2026-10-02 20:00", "2026-04-03 20:00"),
    *near("Asia/Kathmandu", "2026-01-01 00:00"),
    *near("America/St_Johns", "2026-03-07 12:34:56"),
]
STEPS = st.tuples(st.just("live"), st.integers(1, 1200)) | st.tuples(
    st.sampled_from(["pause", "stop"]), st.integers(1, 40 * 60)
)
OUTCOMES = [
    "captured",
    "busy",
    "busy",
    "failed",
    "quarantined",
    "offline",
    "gate",
    "weather",
    "disk",
]


@given(
    place=st.sampled_from(PLACES),
    every_minutes=st.sampled_from([13, 30, 60, 145]),
    window=st.sampled_from([ALWAYS, CLOCK, OVERNIGHT, WORKDAYS]),
    steps=st.lists(STEPS, max_size=7),
    outcomes=st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=9),
)
@settings(
    deadline=None,
    max_examples=25,
    # Without those that look for a shorter life: each one would be lived through again.
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
async def test_any_life_is_in_the_ledger_once(  # noqa: PLR0917
    engine: Engine,
    place: Place,
    every_minutes: int,
    window: Window,
    steps: list[Step],
    outcomes: list[str],
) -> None:
    zone, begin = place
    life = await diary(engine, every(every_minutes, window, zone), begin)
    await life.live_through([*steps, ("live", 720)], outcomes)
    await life.check()
