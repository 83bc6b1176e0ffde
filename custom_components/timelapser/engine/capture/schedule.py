"""When captures happen: pure functions of time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, tzinfo
from functools import cached_property
from itertools import chain

from ..models import WindowKind
from .grid import Grid, Run
from .sun import Sun
from .window import Opening, Openings, Window

__all__ = ["Opening", "Schedule", "Window"]

_HORIZON = timedelta(days=400)
"""How far ahead is looked: past any polar night, and any day of the week."""


@dataclass(frozen=True)
class Schedule:
    """The moments at which a camera captures: ticks of a grid, inside the openings of a window.

    An opening between two ticks of the grid has one tick of its own, at its start plus the phase
    if that is inside. `begins_at` and `ends_at` (exclusive) only leave ticks out; they move none.
    All moments are aware; those answered are UTC. Raises ValueError for an interval that is not
    positive, a phase that is not below it, and a window of the sun without one.
    """

    interval: timedelta
    zone: tzinfo
    window: Window = Window()
    sun: Sun | None = None
    phase: timedelta = timedelta()
    begins_at: datetime | None = None
    ends_at: datetime | None = None

    def __post_init__(self) -> None:
        if not timedelta() <= self.phase < self.interval:
            raise ValueError("The phase has to be less than the interval")
        if self.window.kind is WindowKind.SUN and self.sun is None:
            raise ValueError("A window of the sun needs one")

    def next_tick(self, after: datetime) -> datetime | None:
        """Answer the first tick later than `after`, or None without one in the next 400 days."""
        run = next(self._runs(*self._ahead(_past(after))), None)
        return None if run is None else run.first

    def ticks(self, after: datetime, until: datetime) -> Iterator[datetime]:
        """Answer the ticks in (after, until], in order."""
        return chain.from_iterable(self._runs(*self._clip(_past(after), _past(until))))

    def count(self, after: datetime, until: datetime) -> int:
        """Count the ticks in (after, until] without making them."""
        return sum(run.count for run in self._runs(*self._clip(_past(after), _past(until))))

    def is_open(self, moment: datetime) -> bool:
        """Answer whether captures are planned around a moment."""
        start, end = self._clip(moment.astimezone(UTC), _past(moment))
        return start < end and (not self.window.limited or self._opening_at(moment) is not None)

    def logical_day(self, moment: datetime) -> date:
        """Answer the day of the opening in which a moment lies, else its local date."""
        opening = self._opening_at(moment) if self.window.limited else None
        return moment.astimezone(self.zone).date() if opening is None else opening.day

    def next_opening(self, after: datetime) -> Opening | None:
        """Answer the opening in which `after` lies, else the next one, cut at begin and end.

        None when no more comes within 400 days, and always for a window that is not `limited`.
        """
        if not self.window.limited:
            return None
        opening = next(self._openings.between(*self._ahead(after.astimezone(UTC))), None)
        if opening is None:
            return None
        return Opening(opening.day, *self._clip(opening.start, opening.end))

    def ticks_per_day(self, day: date) -> int:
        """Count the ticks of a logical day."""
        opening = self._openings.on(day)
        if opening is None:
            return 0
        return sum(run.count for run in self._runs(*self._clip(opening.start, opening.end)))

    @cached_property
    def _grid(self) -> Grid:
        return Grid(self.interval, self.phase, self.zone)

    @cached_property
    def _openings(self) -> Openings:
        return Openings(self.window, self.zone, self.sun)

    def _ahead(self, start: datetime) -> tuple[datetime, datetime]:
        begin = max(start, self.begins_at or start)
        return self._clip(begin, begin + _HORIZON)

    def _clip(self, start: datetime, end: datetime) -> tuple[datetime, datetime]:
        begin, finish = max(start, self.begins_at or start), min(end, self.ends_at or end)
        return begin.astimezone(UTC), finish.astimezone(UTC)

    def _opening_at(self, moment: datetime) -> Opening | None:
        return next(self._openings.between(moment, _past(moment)), None)

    def _runs(self, start: datetime, end: datetime) -> Iterator[Run]:
        """Answer the ticks in [start, end), in order."""
        if not self.window.limited:
            yield from self._grid.runs(start, end)
            return
        for opening in self._openings.between(start, end):
            runs = self._grid.runs(max(start, opening.start), min(end, opening.end))
            first = next(runs, None) or self._own(opening, start, end)
            if first is not None:
                yield first
                yield from runs

    def _own(self, opening: Opening, start: datetime, end: datetime) -> Run | None:
        """Answer the tick in [start, end) that is there because the grid misses the opening."""
        if next(self._grid.runs(opening.start, opening.end), None) is not None:
            return None
        tick = opening.start + self.phase
        if tick >= opening.end:
            tick = opening.start
        return Run(tick, self.interval, 1) if start <= tick < end else None


def _past(moment: datetime) -> datetime:
    """The next moment there is. In UTC, as sums in a zone are sums of what its clocks show."""
    return moment.astimezone(UTC) + datetime.resolution
