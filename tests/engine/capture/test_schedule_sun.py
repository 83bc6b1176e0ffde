"""Windows of the sun: which events of which days they are between, and that there is light."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from custom_components.timelapser.engine.capture.schedule import Opening, Schedule, Window
from custom_components.timelapser.engine.capture.sun import Sun
from custom_components.timelapser.engine.models import SunEvent, Weekday, WindowKind

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
OSLO = ZoneInfo("Europe/Oslo")
TROMSO = Sun(69.65, 18.96)
BERLIN = Sun(52.5, 13.4)
SAMOA = Sun(-13.8, -171.8)
FIJI = Sun(-17.0, 179.0)
# Where the clock shows about midnight at noon.
ASTRAY = Sun(0.0, -179.0)


def by_sun(
    start: SunEvent, start_hours: int, end: SunEvent, end_hours: int, *weekdays: Weekday
) -> Window:
    return Window(
        WindowKind.SUN,
        start_event=start,
        start_offset=start_hours * HOUR,
        end_event=end,
        end_offset=end_hours * HOUR,
        weekdays=frozenset(weekdays or Weekday),
    )


@pytest.mark.parametrize(
    ("zone", "sun", "window", "asked", "day", "opens", "closes"),
    [
        # The days on which it opens and closes are solar ones: 0 is the one of the same name.
        ("Europe/Berlin", BERLIN, (SunEvent.SUNRISE, 1, SunEvent.SUNSET, -1), "24T12", 24, 0, 0),
        ("Europe/Berlin", BERLIN, (SunEvent.SUNSET, 0, SunEvent.SUNRISE, 0), "25T02", 24, 0, 1),
        ("Europe/Berlin", BERLIN, (SunEvent.SUNSET, 0, SunEvent.SUNRISE, 0), "25T12", 25, 0, 1),
        # The same event: a part of a day, a whole one, and one of an hour less.
        ("Europe/Berlin", BERLIN, (SunEvent.NOON, 0, SunEvent.NOON, 2), "24T12", 24, 0, 0),
        ("Europe/Berlin", BERLIN, (SunEvent.NOON, 0, SunEvent.NOON, 0), "24T12", 24, 0, 1),
        ("Europe/Berlin", BERLIN, (SunEvent.NOON, 0, SunEvent.NOON, -1), "24T12", 24, 0, 1),
        # Offsets across midnight, to the evening before and to the days after.
        ("Europe/Berlin", BERLIN, (SunEvent.SUNRISE, -10, SunEvent.NOON, 0), "23T22", 24, 0, 0),
        ("Europe/Berlin", BERLIN, (SunEvent.NOON, 10, SunEvent.SUNSET, 12), "25T02", 24, 0, 0),
        # The other side of the date line has the names of the local days.
        ("Pacific/Apia", SAMOA, (SunEvent.SUNRISE, 0, SunEvent.SUNSET, 0), "24T00", 24, -1, -1),
        ("Pacific/Fiji", FIJI, (SunEvent.SUNRISE, 0, SunEvent.SUNSET, 0), "24T00", 24, 0, 0),
        # A place that is far from its zone.
        ("UTC", ASTRAY, (SunEvent.CIVIL_DUSK, 0, SunEvent.SUNSET, 0), "26T03", 24, 0, 1),
        ("UTC", ASTRAY, (SunEvent.CIVIL_DUSK, 20, SunEvent.SUNSET, 20), "27T01", 24, 0, 1),
    ],
)
def test_openings_are_between_events(
    *,
    zone: str,
    sun: Sun,
    window: tuple[SunEvent, int, SunEvent, int],
    asked: str,
    day: int,
    opens: int,
    closes: int,
) -> None:
    """Days are those of November 2026."""
    schedule = Schedule(HOUR, ZoneInfo(zone), by_sun(*window), sun)
    first = date(2026, 11, day)
    start_event, start_hours, end_event, end_hours = window
    moment = datetime.fromisoformat(f"2026-11-{asked}").replace(tzinfo=UTC)
    assert schedule.next_opening(moment) == Opening(
        first,
        sun.moment(start_event, first + opens * DAY) + start_hours * HOUR,
        sun.moment(end_event, first + closes * DAY) + end_hours * HOUR,
    )


def test_an_opening_waits_until_the_one_before_is_over() -> None:
    """With days off in between, too: that of Monday lasts into the night to Wednesday."""
    window = by_sun(SunEvent.SUNRISE, -20, SunEvent.SUNSET, 20, Weekday.MONDAY, Weekday.WEDNESDAY)
    schedule = Schedule(HOUR, ZoneInfo("Europe/Berlin"), window, BERLIN)
    monday = date(2026, 11, 23)
    ends = [BERLIN.moment(SunEvent.SUNSET, day) + 20 * HOUR for day in (monday, monday + 2 * DAY)]
    assert schedule.next_opening(ends[0]) == Opening(monday + 2 * DAY, ends[0], ends[1])


def test_a_day_too_short_for_its_offsets_has_no_opening() -> None:
    window = by_sun(SunEvent.SUNRISE, 4, SunEvent.SUNSET, -4)
    schedule = Schedule(HOUR, ZoneInfo("Europe/Berlin"), window, BERLIN)
    opening = schedule.next_opening(datetime(2026, 12, 5, tzinfo=UTC))
    assert opening is not None
    assert date(2027, 1, 3) < opening.day < date(2027, 1, 12)
    assert schedule.ticks_per_day(date(2026, 12, 21)) == 0


def test_polar_day_and_night() -> None:
    """By day the sun is up for weeks, and not at all for others; by night it is the opposite."""
    daylight = Schedule(10 * MINUTE, OSLO, Window(WindowKind.SUN), TROMSO)
    darkness = Schedule(10 * MINUTE, OSLO, by_sun(SunEvent.SUNSET, 0, SunEvent.SUNRISE, 0), TROMSO)
    summer, winter = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 12, 5, tzinfo=UTC)
    for always, never, month in ((daylight, darkness, summer), (darkness, daylight, winter)):
        ticks = list(always.ticks(month, month + 30 * DAY))
        assert {later - earlier for earlier, later in pairwise(ticks)} == {10 * MINUTE}
        assert never.count(month, month + 30 * DAY) == 0
        following = never.next_tick(month)
        assert following is not None
        assert 35 * DAY < following - month < 60 * DAY


@pytest.mark.parametrize(
    ("zone", "sun"),
    [
        ("Europe/Berlin", Sun(52.5, 13.4, 34)),
        ("Europe/Oslo", Sun(69.65, 18.96)),
        ("Australia/Sydney", Sun(-33.9, 151.2)),
        ("Pacific/Fiji", Sun(-17.0, 179.0)),
        ("Pacific/Apia", Sun(-13.8, -171.8)),
    ],
)
def test_a_year_by_daylight(zone: str, sun: Sun) -> None:
    """A camera of the day sees the sun, at every tick; whenever the sun is up, there are ticks."""
    every = 20 * MINUTE
    schedule = Schedule(every, ZoneInfo(zone), Window(WindowKind.SUN), sun)
    begin = datetime(2026, 1, 1, tzinfo=UTC)
    ticks = set(schedule.ticks(begin, begin + 365 * DAY))
    for number in range(1, 365 * 72):
        moment = begin + number * every
        elevation = sun.position(moment).elevation
        # The last half of a degree is the sun's edge, the air, and what astral adds for a hill.
        if elevation > 0.5:
            assert moment in ticks
        elif elevation < -1.0:
            assert moment not in ticks
