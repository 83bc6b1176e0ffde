"""Windows: the parts of a day in which captures are wanted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo

from ..models import SunEvent, Weekday, WindowKind
from .grid import first_moment, last_moment
from .sun import Sun

_DAY = timedelta(days=1)
_HALF_DAY = timedelta(hours=12)
_ZERO = timedelta()
_WEEK = tuple(Weekday)
_SUN_ORDER = tuple(SunEvent)
_MIDNIGHT = time()


@dataclass(frozen=True, slots=True)
class Window:
    """When captures are wanted: by the local clock or by the sun, on some days of the week.

    A window whose end is not later in the day than its start goes on until that of the next day,
    and belongs to the day on which it opened. Without a kind, the window of a day is all of it.
    """

    kind: WindowKind = WindowKind.NONE
    start: time = time(6)
    end: time = time(18)
    start_event: SunEvent = SunEvent.SUNRISE
    start_offset: timedelta = _ZERO
    end_event: SunEvent = SunEvent.SUNSET
    end_offset: timedelta = _ZERO
    weekdays: frozenset[Weekday] = frozenset(Weekday)

    @property
    def limited(self) -> bool:
        """Whether there are times outside of it."""
        return self.kind is not WindowKind.NONE or self.weekdays != frozenset(Weekday)

    @property
    def overnight(self) -> bool:
        """Whether a window of the sun ends on the solar day after the one on which it opens."""
        end = (_SUN_ORDER.index(self.end_event), self.end_offset)
        return end <= (_SUN_ORDER.index(self.start_event), self.start_offset)


@dataclass(frozen=True, slots=True)
class Opening:
    """A window of one day as moments, [start, end) in UTC."""

    day: date
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Openings:
    """The openings of a window at a place. They follow each other day by day, and never overlap.

    Only a window of the sun looks at the sun.
    """

    window: Window
    zone: tzinfo
    sun: Sun | None

    def between(self, start: datetime, end: datetime) -> Iterator[Opening]:
        """Answer the openings of which some part lies in [start, end), in order."""
        if start >= end:
            return
        first = start.astimezone(self.zone).date() - self._reach * _DAY
        last = end.astimezone(self.zone).date() + self._reach * _DAY
        for number in range((last - first).days + 1):
            opening = self.on(first + number * _DAY)
            if opening is None or opening.end <= start:
                continue
            if opening.start >= end:
                return
            yield opening

    def on(self, day: date) -> Opening | None:
        """Answer the opening that belongs to a day, if it has one."""
        opening = self._whole(day)
        if opening is None:
            return None
        # Two at once there are never: the one that is open goes on, then the next one begins.
        before = (self._whole(day - number * _DAY) for number in range(1, self._lasting + 1))
        start = max([opening.start, *(other.end for other in before if other)])
        return Opening(day, start, opening.end) if start < opening.end else None

    def _whole(self, day: date) -> Opening | None:
        """Answer the opening of a day as if it were the only one."""
        window = self.window
        if _WEEK[day.weekday()] not in window.weekdays:
            return None
        if window.kind is WindowKind.SUN and self.sun is not None:
            start, end = self._by_sun(day, self.sun)
        elif window.kind is WindowKind.CLOCK:
            start, end = self._by_clock(day, window.start, window.end)
        else:
            start, end = self._by_clock(day, _MIDNIGHT, _MIDNIGHT)
        return Opening(day, start, end) if start < end else None

    def _by_clock(self, day: date, opens: time, closes: time) -> tuple[datetime, datetime]:
        last_day = day if closes > opens else day + _DAY
        start = first_moment(day, opens, self.zone)
        end = last_moment(last_day, closes, self.zone)
        if start == end and start.astimezone(self.zone).date() == day:
            # The clocks skipped all of it: it comes with the change, as ticks do.
            end += datetime.combine(last_day, closes) - datetime.combine(day, opens)
        return start, end

    def _by_sun(self, day: date, sun: Sun) -> tuple[datetime, datetime]:
        window = self.window
        opens = sun.solar_day(day, self.zone)
        closes = opens + _DAY if window.overnight else opens
        return (
            sun.moment(window.start_event, opens) + window.start_offset,
            sun.moment(window.end_event, closes) + window.end_offset,
        )

    @property
    def _reach(self) -> int:
        """By how many days an opening may lie away from the day it belongs to."""
        if self.window.kind is not WindowKind.SUN:
            return 1
        # Two, when the end is that of the next solar day and noon is late on the local clock.
        return 2 - (-max(abs(self.window.start_offset), abs(self.window.end_offset)) // _DAY)

    @property
    def _lasting(self) -> int:
        """How many of the days before may have an opening that is not over yet."""
        if self.window.kind is not WindowKind.SUN:
            return 1
        # Near a pole, an event can come as soon as half a day after that of the day before.
        return 1 + max(0, (self.window.end_offset - self.window.start_offset) // _HALF_DAY)
