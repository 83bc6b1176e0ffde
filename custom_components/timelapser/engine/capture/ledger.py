"""The ledger: every planned tick has an outcome, those that nobody was there for as well."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo
from typing import Final

from ..database.tick_operations import TickOperations
from ..images.recorder import Recorder
from ..models import SkipReason, Tick, TickOutcome, Timelapse
from .schedule import Schedule
from .window import Window

HOURLY: Final = timedelta(days=2)
"""For so long, statistics are kept by the hour, too."""
HOUR: Final = timedelta(hours=1)
MOMENT: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Span:
    """A time, without its beginning and with its end, in which ticks were skipped."""

    reason: SkipReason
    schedule: Schedule
    after: datetime
    until: datetime

    def tick(self, timelapse: Timelapse) -> Tick | None:
        """Answer the ticks in it as one, if there are any."""
        first = self.schedule.next_tick(self.after)
        if first is None or first > self.until:
            return None
        count = self.schedule.count(self.after, self.until)
        return Tick(
            timelapse.camera_id,
            timelapse.id,
            first,
            first.astimezone(self.schedule.zone).date(),
            TickOutcome.SKIPPED,
            self.reason,
            self._last() if count > 1 else None,
            count,
        )

    def _last(self) -> datetime | None:
        """Answer the last tick, which mostly is less than an interval from the end."""
        step = self.schedule.interval
        while True:
            begin = max(self.after, self.until - step)
            ticks = [*self.schedule.ticks(begin, self.until)]
            if ticks or begin == self.after:
                return ticks[-1] if ticks else None
            step *= 2


class Ledger:
    """Enters what became of the ticks of a camera that no capture was tried for."""

    def __init__(self, recorder: Recorder, ticks: TickOperations) -> None:
        self._recorder = recorder
        self._ticks = ticks

    async def known_until(self, timelapse: Timelapse) -> datetime:
        """Answer the moment up to which every tick has an outcome."""
        last = await self._ticks.last(timelapse.id)
        # Rows know whole milliseconds only, and a window by the sun may open between two.
        return last + MOMENT - datetime.resolution if last else timelapse.started_at

    async def account(
        self, timelapse: Timelapse, schedule: Schedule, after: datetime, now: datetime
    ) -> None:
        """Enter the ticks later than `after` and earlier than `now`."""
        first = replace(schedule, window=Window()).next_tick(after)
        if first is None or first >= now:
            return
        for span in spans(timelapse, schedule, after, now - MOMENT):
            for piece in _pieces(span, now):
                tick = piece.tick(timelapse)
                if tick is not None:
                    await self._recorder.record_miss(tick)


def spans(
    timelapse: Timelapse, schedule: Schedule, after: datetime, until: datetime
) -> Iterator[Span]:
    """Answer why nothing was captured in a time that nobody looked after.

    Before it was resumed, the timelapse was paused; outside of its window, nothing was wanted;
    the rest is time in which Home Assistant did not run.
    """
    always = replace(schedule, window=Window())
    resumed_at = timelapse.resumed_at
    if resumed_at is not None and after < resumed_at <= until:
        yield Span(SkipReason.PAUSED, always, after, resumed_at)
        after = resumed_at
    if not schedule.window.limited:
        yield Span(SkipReason.STOPPED, schedule, after, until)
        return
    moment = after
    while after < until:
        opening = schedule.next_opening(moment)
        opens = opening.start - MOMENT if opening else until
        if after < opens:
            yield Span(SkipReason.WINDOW, always, after, min(until, opens))
            after = opens
        if opening is None:
            return
        closes = opening.end - MOMENT
        if after < min(until, closes):
            yield Span(SkipReason.STOPPED, schedule, after, min(until, closes))
        after, moment = max(after, closes), opening.end


def _pieces(span: Span, now: datetime) -> Iterator[Span]:
    """Cut a span at local midnights, and where statistics ask for it at full hours."""
    by_the_hour = _full_hour(now - HOURLY)
    after = span.after
    while after < span.until:
        begin = after + MOMENT
        end = _next_midnight(begin, span.schedule.zone)
        if not span.reason.is_wanted:
            end = min(end, by_the_hour if begin < by_the_hour else _full_hour(begin) + HOUR)
        until = min(span.until, end - MOMENT)
        yield replace(span, after=after, until=until)
        after = until


def _full_hour(moment: datetime) -> datetime:
    return moment.replace(minute=0, second=0, microsecond=0)


def _next_midnight(moment: datetime, zone: tzinfo) -> datetime:
    day = moment.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(day, time(), zone).astimezone(UTC)
