"""A camera's clock: when it captures, when its window opens, and when its timelapse stops."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from homeassistant.core import CALLBACK_TYPE, HomeAssistant, callback
from homeassistant.helpers.event import async_track_point_in_utc_time
from homeassistant.util import dt as dt_util

from .engine.capture.schedule import Schedule

RETRY: Final = timedelta(minutes=1)
"""Until the next attempt where a timelapse could not be stopped in time."""


class CameraClock:
    """Calls at the next tick, edge of a window and stop, once; then it wants to be set again."""

    def __init__(
        self,
        hass: HomeAssistant,
        on_tick: Callable[[datetime], None],
        on_edge: Callable[[], None],
        on_stop: Callable[[], None],
    ) -> None:
        self._hass = hass
        self._on_tick = on_tick
        self._on_edge = on_edge
        self._on_stop = on_stop
        self._timers: list[CALLBACK_TYPE] = []
        self._stop_at: datetime | None = None
        self._stopped_for: datetime | None = None
        self.tick_at: datetime | None = None

    @property
    def deadline(self) -> datetime | None:
        """When a capture that runs has to be over: at the next tick, or else at the stop."""
        return self.tick_at or self._stop_at

    @callback
    def async_set(self, schedule: Schedule, stop_at: datetime | None, *, ticking: bool) -> None:
        """Tick as the schedule says, or only follow its window; stop at a moment, or never."""
        now = dt_util.utcnow()
        due = self.tick_at if self.tick_at is not None and self.tick_at <= now else None
        self.async_clear()
        self._stop_at = stop_at
        if stop_at is not None:
            again = stop_at == self._stopped_for
            self._call(self._stop, max(stop_at, now + RETRY) if again else stop_at)
        if ticking and (tick_at := schedule.next_tick(now)) is not None:
            self.tick_at = tick_at
            self._call(self._tick, tick_at)
        if schedule.window.limited and (opening := schedule.next_opening(now)):
            self._call(self._edge, opening.start if opening.start > now else opening.end)
        if due is not None and ticking:
            # Its timer had not fired yet.
            self._on_tick(due)

    @callback
    def async_clear(self) -> None:
        """Call no more."""
        self.tick_at = None
        while self._timers:
            self._timers.pop()()

    def _call(self, work: Callable[[datetime], None], moment: datetime) -> None:
        self._timers.append(async_track_point_in_utc_time(self._hass, work, moment))

    @callback
    def _tick(self, _now: datetime) -> None:
        due, self.tick_at = self.tick_at, None
        if due is not None:
            self._on_tick(due)

    @callback
    def _edge(self, _now: datetime) -> None:
        self._on_edge()

    @callback
    def _stop(self, _now: datetime) -> None:
        self._stopped_for = self._stop_at
        self._on_stop()
