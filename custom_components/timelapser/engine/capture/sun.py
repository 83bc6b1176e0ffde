"""Where the sun is, and when it passes the events of its day."""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from functools import lru_cache

from astral import Observer
from astral.sun import (
    SUN_APPARENT_RADIUS,
    adjust_to_horizon,
    elevation,
    noon,
    refraction_at_zenith,
    zenith_and_azimuth,
)

from ..models import SunEvent

_DAY = timedelta(days=1)
_SECOND = timedelta(seconds=1)

_DEPRESSION: Mapping[SunEvent, float] = {
    SunEvent.ASTRONOMICAL_DAWN: 18.0,
    SunEvent.NAUTICAL_DAWN: 12.0,
    SunEvent.CIVIL_DAWN: 6.0,
    SunEvent.SUNRISE: SUN_APPARENT_RADIUS,
    SunEvent.SUNSET: SUN_APPARENT_RADIUS,
    SunEvent.CIVIL_DUSK: 6.0,
    SunEvent.NAUTICAL_DUSK: 12.0,
    SunEvent.ASTRONOMICAL_DUSK: 18.0,
}
"""Degrees of the sun's centre below a horizon without air: what sets, sets with its upper edge."""

_ORDER = tuple(SunEvent)


@dataclass(frozen=True, slots=True)
class SunPosition:
    """Where the sun stands: degrees above the horizon, and degrees from north through east."""

    elevation: float
    azimuth: float


@dataclass(frozen=True, slots=True)
class Sun:
    """The sun as seen from a place: degrees north, degrees east, metres above sea level.

    Its days are solar ones, from midnight to midnight of the sun. What Home Assistant's own sun
    integration says is computed by the same library, and agrees with this to some seconds.
    """

    latitude: float
    longitude: float
    elevation: float = 0.0

    def moment(self, event: SunEvent, day: date) -> datetime:
        """Answer when an event of a solar day comes, to the second, in UTC.

        Where the sun does not cross the height of an event on that day, the event is as near to
        it as the day allows: sunrise and sunset are the two midnights while the sun is always up,
        and both are noon while it is always down. So times have no jumps through the year.
        """
        return _moment(self, event, day)

    def solar_day(self, day: date, zone: tzinfo) -> date:
        """Answer the solar day whose noon lies in a local day.

        Solar days are numbered as UTC and the longitude have it, which is another number than the
        local one where the zone is on the other side of the date line. The mean noon decides, so
        that no local day gets two noons or none.
        """
        mean_noon = datetime.combine(day, time(12), UTC) - timedelta(hours=self.longitude / 15)
        return day - (mean_noon.astimezone(zone).date() - day)

    def position(self, moment: datetime) -> SunPosition:
        """Answer where the sun appears to stand, with the air's refraction."""
        zenith, azimuth = zenith_and_azimuth(_observer(self), moment.astimezone(UTC))
        return SunPosition(90.0 - zenith, azimuth % 360.0)


def _observer(sun: Sun) -> Observer:
    return Observer(sun.latitude, sun.longitude, sun.elevation)


@lru_cache(maxsize=2048)
def _moment(sun: Sun, event: SunEvent, day: date) -> datetime:
    observer = _observer(sun)
    midday = _noon(observer, day)
    if event is SunEvent.NOON:
        return midday
    height = _height(event, sun.elevation)
    if _ORDER.index(event) < _ORDER.index(SunEvent.NOON):
        return _first_second(observer, _midnight(observer, day), midday, height, rising=True)
    return _first_second(observer, midday, _midnight(observer, day + _DAY), height, rising=False)


def _height(event: SunEvent, metres: float) -> float:
    """Geometric elevation of the sun at an event, in degrees, as astral has it."""
    zenith = 90.0 + _DEPRESSION[event] + adjust_to_horizon(metres)
    return float(90.0 - zenith - refraction_at_zenith(zenith))


def _noon(observer: Observer, day: date) -> datetime:
    return noon(observer, day).astimezone(UTC)


def _midnight(observer: Observer, day: date) -> datetime:
    """The midnight at which a solar day begins: halfway between two noons, on a whole second."""
    before = _noon(observer, day - _DAY)
    return before + (_noon(observer, day) - before) // (2 * _SECOND) * _SECOND


def _first_second(
    observer: Observer, start: datetime, end: datetime, height: float, *, rising: bool
) -> datetime:
    """Answer when the sun has passed a height; `start` or `end` where it does not in between."""
    sign = 1 if rising else -1

    def passed(second: int) -> float:
        moment = start + timedelta(seconds=second)
        return float(sign * elevation(observer, moment, with_refraction=False))

    return start + timedelta(
        seconds=bisect_left(range((end - start) // _SECOND), sign * height, key=passed)
    )
