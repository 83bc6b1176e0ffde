"""The grid of ticks and the windows in it, case by case: what a calendar on the wall says."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest

from custom_components.timelapser.engine.capture.health import camera_health
from custom_components.timelapser.engine.capture.schedule import Schedule, Window
from custom_components.timelapser.engine.models import Weekday, WindowKind

BERLIN = ZoneInfo("Europe/Berlin")
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def at(moment: str) -> datetime:
    return datetime.fromisoformat(moment).replace(tzinfo=UTC)


def shown(moments: Iterable[datetime]) -> list[str]:
    """Moments as people write them, in UTC."""
    return [f"{moment.astimezone(UTC):%m-%d %H:%M}" for moment in moments]


def openings(schedule: Schedule, after: str, number: int) -> list[str]:
    """The next openings: their day, and when they start and end in UTC."""
    found: list[str] = []
    moment = at(after)
    while len(found) < number and (opening := schedule.next_opening(moment)):
        start, end = shown((opening.start, opening.end))
        found.append(f"{opening.day:%m-%d}: {start} - {end}")
        moment = opening.end
    return found


def clock(start: str, end: str, *weekdays: Weekday) -> Window:
    days = frozenset(weekdays or Weekday)
    return Window(
        WindowKind.CLOCK, time.fromisoformat(start), time.fromisoformat(end), weekdays=days
    )


@pytest.mark.parametrize(
    ("zone", "interval", "phase", "after", "expected"),
    [
        # Times are later than `after`, to the microsecond.
        ("UTC", 300, 0, "2026-11-24T10", "11-24 10:05, 11-24 10:10"),
        ("UTC", 300, 0, "2026-11-24T09:59:59.999999", "11-24 10:00, 11-24 10:05"),
        ("UTC", 300, 60, "2026-11-24T10", "11-24 10:01, 11-24 10:06"),
        ("UTC", 60, 0, "1969-12-31T23:58", "12-31 23:59, 01-01 00:00, 01-01 00:01"),
        # Full hours and midnights are local ones, also where UTC shows 15 past.
        ("Asia/Kathmandu", 3600, 0, "2026-05-01T10", "05-01 10:15, 05-01 11:15"),
        ("Asia/Kathmandu", 86400, 0, "2026-05-01T10", "05-01 18:15, 05-02 18:15"),
        ("Asia/Kathmandu", 900, 0, "2026-05-01T10", "05-01 10:15, 05-01 10:30"),
        # An hour skipped or repeated is nothing to an hourly camera, ...
        ("Europe/Berlin", 3600, 0, "2026-03-28T23:30", "03-29 00:00, 03-29 01:00, 03-29 02:00"),
        ("Europe/Berlin", 3600, 0, "2026-10-24T23:30", "10-25 00:00, 10-25 01:00, 10-25 02:00"),
        # ... and longer intervals stay on the local clock: 00, 02 skipped, 04; 00, 02 once, 04.
        ("Europe/Berlin", 7200, 0, "2026-03-28T22", "03-28 23:00, 03-29 01:00, 03-29 02:00"),
        ("Europe/Berlin", 7200, 0, "2026-10-24T21", "10-24 22:00, 10-25 00:00, 10-25 03:00"),
        # Asked in the second pass, 02:30 was in the first.
        ("Europe/Berlin", 7200, 1800, "2026-10-25T01:10", "10-25 03:30, 10-25 05:30"),
        # Daily at 02:30: with the change where there is none, in the first pass where it is twice.
        ("Europe/Berlin", 86400, 9000, "2026-03-28", "03-28 01:30, 03-29 01:00, 03-30 00:30"),
        ("Europe/Berlin", 86400, 9000, "2026-10-24", "10-24 00:30, 10-25 00:30, 10-26 01:30"),
        # Midnight is skipped in October; in February the hour before it comes twice.
        ("America/Sao_Paulo", 86400, 0, "2017-10-14", "10-14 03:00, 10-15 03:00, 10-16 02:00"),
        ("America/Sao_Paulo", 86400, 0, "2018-02-17", "02-17 02:00, 02-18 03:00, 02-19 03:00"),
        ("America/Sao_Paulo", 86400, 84600, "2018-02-17", "02-17 01:30, 02-18 01:30, 02-19 02:30"),
        # Summer time of half an hour: 02:00 to 02:30 is skipped, 01:30 to 02:00 comes twice.
        ("Australia/Lord_Howe", 7200, 0, "2026-10-03T14", "10-03 15:30, 10-03 17:00, 10-03 19:00"),
        ("Australia/Lord_Howe", 7200, 0, "2026-04-04T13:30", "04-04 15:30, 04-04 17:30"),
        ("Australia/Lord_Howe", 1800, 0, "2026-04-04T14", "04-04 14:30, 04-04 15:00, 04-04 15:30"),
        (
            "Australia/Lord_Howe",
            3600,
            2400,
            "2026-04-04T13",
            "04-04 13:40, 04-04 14:40, 04-04 16:10",
        ),
        # Clocks that go back for Ramadan; a law by which winter is the exception; America's date.
        ("Africa/Casablanca", 14400, 0, "2026-02-14T20", "02-14 23:00, 02-15 04:00, 02-15 08:00"),
        ("Europe/Dublin", 14400, 0, "2026-10-24T20", "10-24 23:00, 10-25 04:00, 10-25 08:00"),
        ("America/Chicago", 14400, 0, "2026-11-01T03", "11-01 05:00, 11-01 10:00, 11-01 14:00"),
        # The day that was skipped to get to the other side of the date line.
        ("Pacific/Apia", 86400, 0, "2011-12-29", "12-29 10:00, 12-30 10:00, 12-31 10:00"),
    ],
)
def test_ticks_lie_on_the_local_clock(
    zone: str, interval: int, phase: int, after: str, expected: str
) -> None:
    schedule = Schedule(interval * SECOND, ZoneInfo(zone), phase=phase * SECOND)
    moments = expected.split(", ")
    ticks = schedule.ticks(at(after), at(after) + 5 * DAY)
    assert shown(islice(ticks, len(moments))) == moments


def test_ticks_never_drift() -> None:
    every = timedelta(seconds=7)
    schedule = Schedule(every, BERLIN)
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    ticks = []
    for number in range(1000):
        # Each tick is noticed a little late, by a different time.
        tick = schedule.next_tick(moment)
        assert tick is not None
        ticks.append(tick)
        moment = tick + timedelta(milliseconds=number % 900)
    assert {later - earlier for earlier, later in pairwise(ticks)} == {every}


def test_moments_of_any_zone_are_understood() -> None:
    """Python adds and compares times of one zone by its clock; the hour that comes twice tells."""
    schedule = Schedule(
        MINUTE, BERLIN, begins_at=datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=BERLIN)
    )
    local = datetime(2026, 10, 25, 2, 59, 59, 999999, tzinfo=BERLIN)
    assert schedule.next_tick(local) == at("2026-10-25T01:30")
    assert Schedule(MINUTE, BERLIN).next_tick(local) == at("2026-10-25T01:00")
    assert not schedule.is_open(local)


@pytest.mark.parametrize(
    ("window", "after", "expected"),
    [
        (
            clock("06:00", "18:00"),
            "2026-11-24T00:00",
            ["11-24: 11-24 05:00 - 11-24 17:00", "11-25: 11-25 05:00 - 11-25 17:00"],
        ),
        # Across midnight: of the day on which it opens, so Friday's ends on Saturday.
        (
            clock("22:00", "06:00", Weekday.FRIDAY),
            "2026-11-28T03:00",
            ["11-27: 11-27 21:00 - 11-28 05:00", "12-04: 12-04 21:00 - 12-05 05:00"],
        ),
        # Start and end at one time: the whole day, and no gap between two.
        (
            clock("06:00", "06:00"),
            "2026-11-24T00:00",
            ["11-23: 11-23 05:00 - 11-24 05:00", "11-24: 11-24 05:00 - 11-25 05:00"],
        ),
        (
            clock("02:30", "02:30"),
            "2026-10-24T12:00",
            ["10-24: 10-24 00:30 - 10-25 01:30", "10-25: 10-25 01:30 - 10-26 01:30"],
        ),
        # The night of a change is an hour shorter or longer, ...
        (clock("22:00", "06:00"), "2026-03-28T12:00", ["03-28: 03-28 21:00 - 03-29 04:00"]),
        (clock("22:00", "06:00"), "2026-10-24T12:00", ["10-24: 10-24 20:00 - 10-25 05:00"]),
        # ... a skipped time is that of the change, ...
        (clock("02:30", "10:00"), "2026-03-29T00:00", ["03-29: 03-29 01:00 - 03-29 08:00"]),
        (clock("22:00", "02:30"), "2026-03-28T12:00", ["03-28: 03-28 21:00 - 03-29 01:00"]),
        # ... also of a window that would be skipped altogether, ...
        (clock("02:10", "02:50"), "2026-03-29T00:00", ["03-29: 03-29 01:00 - 03-29 01:40"]),
        # ... and of a time that comes twice, the first opens and the last closes.
        (clock("02:30", "10:00"), "2026-10-25T00:00", ["10-25: 10-25 00:30 - 10-25 09:00"]),
        (clock("22:00", "02:30"), "2026-10-24T12:00", ["10-24: 10-24 20:00 - 10-25 01:30"]),
        # Without a window, a day is from midnight to midnight: this Sunday has 25 hours.
        (
            Window(weekdays=frozenset({Weekday.SUNDAY})),
            "2026-10-20T00:00",
            ["10-25: 10-24 22:00 - 10-25 23:00", "11-01: 10-31 23:00 - 11-01 23:00"],
        ),
        (clock("06:00", "18:00"), "2026-11-24T17:00", ["11-25: 11-25 05:00 - 11-25 17:00"]),
        (Window(weekdays=frozenset()), "2026-11-24T00:00", []),
        # Open at all times, which is no opening.
        (Window(), "2026-11-24T00:00", []),
    ],
)
def test_openings(window: Window, after: str, expected: list[str]) -> None:
    schedule = Schedule(MINUTE, BERLIN, window)
    assert openings(schedule, after, len(expected) or 1) == expected


def test_the_skipped_day_has_no_opening() -> None:
    schedule = Schedule(HOUR, ZoneInfo("Pacific/Apia"), clock("06:00", "18:00"))
    assert openings(schedule, "2011-12-29T12:00", 2) == [
        "12-29: 12-29 16:00 - 12-30 04:00",
        "12-31: 12-30 16:00 - 12-31 04:00",
    ]
    assert schedule.ticks_per_day(date(2011, 12, 30)) == 0


@pytest.mark.parametrize(
    ("phase", "begins_at", "ends_at", "expected"),
    [
        (0, None, None, ["11-24 11:00", "11-25 11:00", "11-26 11:00"]),
        # The phase moves it if that is inside of the ten minutes.
        (240, None, None, ["11-24 11:04", "11-25 11:04", "11-26 11:04"]),
        (600, None, None, ["11-24 11:00", "11-25 11:00", "11-26 11:00"]),
        # Where the start of an opening is cut off, its tick goes; it does not move.
        (0, "2026-11-24T11:01", None, ["11-25 11:00", "11-26 11:00"]),
        (0, None, "2026-11-25T11:00", ["11-24 11:00"]),
        (0, None, "2026-11-25T11:01", ["11-24 11:00", "11-25 11:00"]),
    ],
)
def test_an_opening_between_two_ticks_has_one_of_its_own(
    phase: int, begins_at: str | None, ends_at: str | None, expected: list[str]
) -> None:
    schedule = Schedule(
        DAY,
        BERLIN,
        clock("12:00", "12:10"),
        phase=phase * SECOND,
        begins_at=at(begins_at) if begins_at else None,
        ends_at=at(ends_at) if ends_at else None,
    )
    after, until = at("2026-11-24T00:00"), at("2026-11-27T00:00")
    assert shown(schedule.ticks(after, until)) == expected
    assert schedule.count(after, until) == len(expected)


def test_begin_and_end_leave_ticks_out() -> None:
    begins_at, ends_at = at("2026-11-24T10:00"), at("2026-11-25T08:00")
    schedule = Schedule(HOUR, BERLIN, clock("10:00", "20:00"), begins_at=begins_at, ends_at=ends_at)
    assert schedule.next_tick(at("2020-01-01T00:00")) == begins_at
    assert shown(schedule.ticks(at("2026-11-24T17:30"), at("2027-01-01T00:00"))) == ["11-24 18:00"]
    assert openings(schedule, "2026-11-01T00:00", 9) == ["11-24: 11-24 10:00 - 11-24 19:00"]
    assert schedule.next_tick(at("2026-11-24T18:00")) is None
    assert schedule.ticks_per_day(date(2026, 11, 24)) == 9
    assert schedule.ticks_per_day(date(2026, 11, 25)) == 0
    edges = [begins_at - SECOND, begins_at, at("2026-11-24T19:00"), ends_at]
    assert [schedule.is_open(moment) for moment in edges] == [False, True, False, False]


def test_days_and_what_is_open() -> None:
    night = Schedule(HOUR, BERLIN, clock("22:00", "06:00", Weekday.FRIDAY))
    for moment, day, is_open in (
        ("2026-11-27T20:59:59", date(2026, 11, 27), False),
        ("2026-11-27T21:00:00", date(2026, 11, 27), True),
        ("2026-11-28T04:59:59", date(2026, 11, 27), True),
        ("2026-11-28T05:00:00", date(2026, 11, 28), False),
        ("2026-11-28T23:30:00", date(2026, 11, 29), False),
    ):
        assert (night.logical_day(at(moment)), night.is_open(at(moment))) == (day, is_open)
    always = Schedule(HOUR, BERLIN)
    assert always.logical_day(at("2026-11-27T23:00")) == date(2026, 11, 28)
    assert always.is_open(at("2026-11-27T23:00"))
    assert always.next_opening(at("2026-11-27T23:00")) is None


@pytest.mark.parametrize(
    ("window", "interval", "day", "expected"),
    [
        (Window(), 1, "2026-03-29", 82_800),
        (Window(), 1, "2026-10-25", 90_000),
        (Window(), 7200, "2026-03-29", 12),
        (Window(), 7200, "2026-10-25", 12),
        (clock("22:00", "06:00"), 600, "2026-10-24", 54),
        (clock("06:00", "18:00", Weekday.MONDAY), 600, "2026-11-24", 0),
        (clock("06:00", "18:00", Weekday.TUESDAY), 600, "2026-11-24", 72),
        (clock("12:00", "12:10"), 86400, "2026-11-24", 1),
    ],
)
def test_ticks_of_a_day(window: Window, interval: int, day: str, expected: int) -> None:
    schedule = Schedule(interval * SECOND, BERLIN, window)
    assert schedule.ticks_per_day(date.fromisoformat(day)) == expected


def test_a_year_of_seconds_is_counted_without_making_them() -> None:
    schedule = Schedule(SECOND, BERLIN)
    assert schedule.count(at("2026-01-01T00:00"), at("2027-01-01T00:00")) == 365 * 86_400


@pytest.mark.parametrize(
    ("interval", "phase", "kind"),
    [(0, 0, "none"), (60, 60, "none"), (60, -1, "none"), (60, 0, "sun")],
)
def test_what_makes_no_schedule(interval: int, phase: int, kind: str) -> None:
    with pytest.raises(ValueError, match=r"phase|sun"):
        Schedule(interval * SECOND, BERLIN, Window(WindowKind(kind)), phase=phase * SECOND)


@pytest.mark.parametrize(
    ("failures", "health"),
    [(0, "online"), (1, "degraded"), (4, "degraded"), (5, "offline"), (99, "offline")],
)
def test_health(failures: int, health: str) -> None:
    assert camera_health(failures) == health
