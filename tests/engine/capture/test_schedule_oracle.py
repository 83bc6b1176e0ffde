"""Weeks in which clocks change, minute by minute: a clock is watched, and says when to tick."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from custom_components.timelapser.engine.capture.schedule import Schedule, Window
from custom_components.timelapser.engine.models import Weekday, WindowKind

MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
GRIDS = (
    (7, 0),
    (30, 0),
    (45, 15),
    (60, 0),
    (61, 20),
    (90, 0),
    (120, 40),
    (360, 0),
    (1440, 0),
    (1440, 150),
)
"""Intervals and phases, in minutes."""

WORKDAYS = frozenset(Weekday) - {Weekday.SATURDAY, Weekday.SUNDAY}

WEEKS = [
    ("Europe/Berlin", date(2026, 3, 26)),
    ("Europe/Berlin", date(2026, 10, 22)),
    ("Europe/Dublin", date(2026, 10, 22)),
    ("America/Chicago", date(2026, 3, 5)),
    ("America/Chicago", date(2026, 10, 29)),
    ("Australia/Lord_Howe", date(2026, 4, 2)),
    ("Australia/Lord_Howe", date(2026, 10, 1)),
    ("America/Sao_Paulo", date(2017, 10, 12)),
    ("America/Sao_Paulo", date(2018, 2, 15)),
    ("Africa/Casablanca", date(2026, 2, 12)),
    ("Africa/Casablanca", date(2026, 3, 19)),
    ("Pacific/Apia", date(2011, 12, 27)),
    ("Asia/Kathmandu", date(2026, 5, 1)),
]

WINDOWS = [
    Window(),
    Window(weekdays=WORKDAYS),
    Window(WindowKind.CLOCK),
    Window(WindowKind.CLOCK, time(22), time(6), weekdays=WORKDAYS),
    Window(WindowKind.CLOCK, time(22), time(2, 15)),
    Window(WindowKind.CLOCK, time(1, 45), time(10)),
    Window(WindowKind.CLOCK, time(1, 45), time(1, 45)),
    # Shorter than most intervals.
    Window(WindowKind.CLOCK, time(4, 10), time(4, 20)),
    Window(WindowKind.CLOCK, time(23, 55), time(0, 5)),
]


@cache
def watched(zone: str, monday: date) -> tuple[list[datetime], list[datetime]]:
    """Every minute of two weeks around one, in UTC and as the clock on the wall shows it."""
    begin = datetime.combine(monday - 4 * DAY, time(), UTC)
    minutes = [begin + number * MINUTE for number in range(15 * 1440)]
    return minutes, [m.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for m in minutes]


@cache
def grid(zone: str, monday: date, interval: int, phase: int) -> frozenset[datetime]:
    """The minutes with a tick: by what is shown, or by what is shown for the first time."""
    minutes, walls = watched(zone, monday)
    change = max(abs(later - earlier - MINUTE) for earlier, later in pairwise(walls))
    passed = [(w - datetime(1970, 1, 1)) // MINUTE - phase for w in walls]
    if interval * MINUTE <= change:
        return frozenset(m for m, p in zip(minutes, passed, strict=True) if p % interval == 0)
    ticks = set()
    highest = passed[0]
    for minute, now in zip(minutes, passed, strict=True):
        if max(highest, now) // interval > highest // interval:
            ticks.add(minute)
        highest = max(highest, now)
    return frozenset(ticks)


@cache
def openings(zone: str, monday: date, window: Window) -> list[list[datetime]]:
    """The minutes of each opening."""
    minutes, walls = watched(zone, monday)
    by_clock = window.kind is WindowKind.CLOCK
    opens, closes = (window.start, window.end) if by_clock else (time(), time())
    found = []
    until = minutes[0]
    for number in range(-2, 10):
        day = monday + number * DAY
        if tuple(Weekday)[day.weekday()] not in window.weekdays:
            continue
        start = datetime.combine(day, opens)
        end = datetime.combine(day if closes > opens else day + DAY, closes)
        first = next(i for i, wall in enumerate(walls) if wall >= start)
        last = next(i for i in reversed(range(len(walls))) if walls[i] < end)
        inside = [minute for minute in minutes[first : last + 1] if minute >= until]
        if inside:
            found.append(inside)
            until = inside[-1] + MINUTE
    return found


def expected(zone: str, monday: date, window: Window, interval: int, phase: int) -> list[datetime]:
    ticks = grid(zone, monday, interval, phase)
    if window == Window():
        return sorted(ticks)
    found = []
    for opening in openings(zone, monday, window):
        inside = [minute for minute in opening if minute in ticks]
        own = opening[phase] if phase < len(opening) else opening[0]
        found += inside or [own]
    return found


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize(("zone", "monday"), WEEKS)
def test_a_week_tick_by_tick(zone: str, monday: date, window: Window) -> None:
    begin = datetime.combine(monday, time(), UTC)
    end = begin + 7 * DAY
    for interval, phase in GRIDS:
        schedule = Schedule(interval * MINUTE, ZoneInfo(zone), window, phase=phase * MINUTE)
        planned = expected(zone, monday, window, interval, phase)
        ticks = [tick for tick in planned if begin < tick <= end]
        assert list(schedule.ticks(begin, end)) == ticks
        assert schedule.count(begin, end) == len(ticks)
        for tick, following in islice(pairwise(ticks), 0, None, 1 + len(ticks) // 99):
            assert schedule.next_tick(tick) == following
