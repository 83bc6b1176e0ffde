"""The grid of ticks: whole multiples of an interval on the local clock."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo

_DAY = timedelta(days=1)
_ZERO = timedelta()
_SECOND = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Run:
    """At least one tick: the first, and how many there are at steps of the interval."""

    first: datetime
    step: timedelta
    count: int

    def __iter__(self) -> Iterator[datetime]:
        return (self.first + number * self.step for number in range(self.count))


@dataclass(frozen=True, slots=True)
class Grid:
    """Moments whose local time since 1970 is a multiple of the interval, plus the phase.

    An interval that is not longer than a change of the clocks goes on by the local clock on either
    side of it, through both passes of an hour that comes twice. A longer one has every local time
    once: the tick of a skipped time comes with the change, that of a repeated one with its first
    pass. So no change swallows or doubles the tick of a day.
    """

    interval: timedelta
    phase: timedelta
    zone: tzinfo

    def runs(self, start: datetime, end: datetime) -> Iterator[Run]:
        """Answer the ticks in [start, end), in order, as runs of a day at most."""
        # From here on a local time is written as a UTC one, which keeps it out of the zone's hands.
        shown = None
        for begin, until, offset in _stretches(self.zone, start - _DAY, end):
            if begin >= end:
                return
            if shown is None or abs(begin + offset - shown) >= self.interval:
                shown = begin + offset
            earliest = shown if begin >= start else max(shown, start + offset)
            yield from self._ticks(earliest, min(until, end) + offset, offset, begin)
            shown = max(shown, until + offset)

    def _ticks(
        self, earliest: datetime, end: datetime, offset: timedelta, begin: datetime
    ) -> Iterator[Run]:
        """Answer the ticks of the local times in [earliest, end), none of them before `begin`."""
        origin = _EPOCH + self.phase
        number = -((origin - earliest) // self.interval)
        count = -((origin - end) // self.interval) - number
        if count <= 0:
            return
        first = origin + number * self.interval - offset
        if first < begin:
            yield Run(begin, self.interval, 1)
            first += self.interval
            count -= 1
        if count:
            yield Run(first, self.interval, count)


def first_moment(day: date, clock: time, zone: tzinfo) -> datetime:
    """Answer when a local clock first shows a time of a day, or passes it by."""
    early, late = _readings(day, clock, zone)
    return early if early <= late else _change(zone, late, early)


def last_moment(day: date, clock: time, zone: tzinfo) -> datetime:
    """Answer when a local clock last shows a time of a day, or passes it by."""
    early, late = _readings(day, clock, zone)
    return late if early <= late else _change(zone, late, early)


def _readings(day: date, clock: time, zone: tzinfo) -> tuple[datetime, datetime]:
    """Read a local time by the offsets before and after a change; swapped for a skipped one."""
    local = datetime.combine(day, clock, zone)
    return local.replace(fold=0).astimezone(UTC), local.replace(fold=1).astimezone(UTC)


def _stretches(
    zone: tzinfo, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, timedelta]]:
    """Cut a time into pieces of a day at most, each with one offset of the zone.

    A day in which the offset changes twice would be seen as having none or one: since 1900, no
    zone has changed it twice within two days.
    """
    begin, offset = start.replace(microsecond=0), _offset(zone, start)
    while begin < end:
        until = begin + _DAY
        after = _offset(zone, until)
        if after != offset:
            change = _change(zone, begin, until)
            yield begin, change, offset
            begin = change
        if begin < until:
            yield begin, until, after
        begin, offset = until, after


def _change(zone: tzinfo, before: datetime, after: datetime) -> datetime:
    """Answer the whole second at which the offset changes, between two moments around it."""
    before = before.replace(microsecond=0)
    offset = _offset(zone, before)

    def changed(second: int) -> bool:
        return _offset(zone, before + second * _SECOND) != offset

    return before + bisect_left(range((after - before) // _SECOND), True, key=changed) * _SECOND


def _offset(zone: tzinfo, moment: datetime) -> timedelta:
    return moment.astimezone(zone).utcoffset() or _ZERO
