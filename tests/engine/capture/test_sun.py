"""Events of solar days: right where the sun rises, and sensible where it does not."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from astral import Observer
from astral.sun import dawn, dusk, sunrise, sunset
from hypothesis import given, settings
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.capture.sun import Sun
from custom_components.timelapser.engine.models import SunEvent

DAY = timedelta(days=1)
YEAR = [date(2026, 1, 1) + number * DAY for number in range(365)]
TROMSO = Sun(69.65, 18.96, 10.0)

places = st.builds(Sun, st.floats(-90, 90), st.floats(-180, 180), st.floats(0, 4000))
days = st.dates(date(1990, 1, 1), date(2060, 1, 1))


@pytest.mark.parametrize("latitude", [0.0, -35.0, 52.0])
@pytest.mark.parametrize(("longitude", "metres"), [(13.0, 0), (179.0, 300), (-179.0, 0)])
@pytest.mark.parametrize(
    ("event", "known"),
    [
        (SunEvent.ASTRONOMICAL_DAWN, lambda observer, day: dawn(observer, day, 18.0)),
        (SunEvent.CIVIL_DAWN, dawn),
        (SunEvent.SUNRISE, sunrise),
        (SunEvent.SUNSET, sunset),
        (SunEvent.CIVIL_DUSK, dusk),
        (SunEvent.NAUTICAL_DUSK, lambda observer, day: dusk(observer, day, 12.0)),
    ],
)
def test_events_are_those_of_astral(
    latitude: float,
    longitude: float,
    metres: int,
    event: SunEvent,
    known: Callable[[Observer, date], datetime],
) -> None:
    """The library finds them in another way, which has no answer where the sun stays up."""
    sun = Sun(latitude, longitude, metres)
    observer = Observer(latitude, longitude, metres)
    compared = 0
    for day in YEAR[::3]:
        try:
            expected = known(observer, day)
        except ValueError:
            continue
        compared += 1
        assert abs(sun.moment(event, day) - expected) < timedelta(seconds=60)
    assert compared > 70


@given(sun=places, day=days)
@settings(max_examples=50, deadline=None)
def test_events_follow_each_other(sun: Sun, day: date) -> None:
    """On every place and day: in the order of the enum, and all before those of the next day."""
    today = [sun.moment(event, day) for event in SunEvent]
    assert today == sorted(today)
    assert today[-1] <= sun.moment(SunEvent.ASTRONOMICAL_DAWN, day + DAY)
    noon = sun.moment(SunEvent.NOON, day)
    assert noon - today[0] <= timedelta(hours=12, minutes=1)
    assert today[-1] - noon <= timedelta(hours=12, minutes=1)


@pytest.mark.parametrize(
    ("day", "light", "dark"),
    [
        # The sun is up all day: night is not a second long. And the other way round.
        (date(2026, 6, 21), DAY, timedelta()),
        (date(2026, 12, 21), timedelta(), DAY),
    ],
)
def test_polar_days_and_nights(day: date, light: timedelta, dark: timedelta) -> None:
    some_seconds = timedelta(minutes=1)
    up = TROMSO.moment(SunEvent.SUNSET, day) - TROMSO.moment(SunEvent.SUNRISE, day)
    down = TROMSO.moment(SunEvent.SUNRISE, day + DAY) - TROMSO.moment(SunEvent.SUNSET, day)
    assert abs(up - light) < some_seconds
    assert abs(down - dark) < some_seconds


@pytest.mark.parametrize("event", SunEvent)
def test_times_have_no_jumps_through_the_year(event: SunEvent) -> None:
    moments = [TROMSO.moment(event, day) for day in YEAR]
    assert max(abs(b - a - DAY) for a, b in pairwise(moments)) < timedelta(minutes=75)


@pytest.mark.parametrize(
    ("zone", "longitude"),
    [
        ("Pacific/Fiji", 179.0),
        ("Pacific/Auckland", 174.8),
        ("Pacific/Chatham", -176.5),
        ("Pacific/Apia", -171.8),
        ("Pacific/Honolulu", -157.9),
        ("Asia/Anadyr", 177.5),
        ("America/Adak", -176.6),
        ("Europe/Madrid", -8.7),
        ("Asia/Urumqi", 87.6),
        # Zone and place need not fit: noon is about midnight here.
        ("UTC", 180.0),
        ("UTC", -179.5),
    ],
)
def test_every_local_day_has_its_noon(zone: str, longitude: float) -> None:
    sun = Sun(0.0, longitude)
    about = timedelta(hours=1)
    solar = [sun.solar_day(day, ZoneInfo(zone)) for day in YEAR]
    assert solar == [solar[0] + number * DAY for number in range(365)]
    for day, solar_day in zip(YEAR, solar, strict=True):
        noon = sun.moment(SunEvent.NOON, solar_day)
        near = {(noon + shift).astimezone(ZoneInfo(zone)).date() for shift in (-about, about)}
        assert day in near


@pytest.mark.parametrize(
    ("latitude", "moment", "elevation", "azimuth"),
    [
        # Equinox: it rises in the east, stands over the equator at noon, and sets in the west.
        (52.0, "2026-03-20T12:07", 38.0, 180.0),
        (-35.0, "2026-03-20T12:07", 55.0, 360.0),
        (52.0, "2026-03-20T06:07", 0.0, 90.0),
        (52.0, "2026-03-20T18:07", 0.5, 270.0),
        (52.0, "2026-06-21T12:02", 61.4, 180.0),
        (52.0, "2026-12-21T12:00", 14.6, 180.0),
    ],
)
def test_position(latitude: float, moment: str, elevation: float, azimuth: float) -> None:
    here = datetime.fromisoformat(moment).replace(tzinfo=UTC)
    sun = Sun(latitude, 0.0)
    position = sun.position(here)
    assert position.elevation == pytest.approx(elevation, abs=0.7)
    assert (position.azimuth - azimuth + 180) % 360 - 180 == pytest.approx(0, abs=1)
    assert 0 <= position.azimuth < 360
    assert sun.position(here.astimezone(ZoneInfo("Pacific/Auckland"))) == position
