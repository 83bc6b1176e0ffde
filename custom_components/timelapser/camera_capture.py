"""A camera's captures: its clock, whether a tick may capture, and what comes of it."""

import asyncio
from collections.abc import Mapping
from contextlib import nullcontext
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .accounts import CameraAccounts
from .bursts import CameraBursts
from .clock import CameraClock
from .engine.capture import LIVE_BELOW, Live
from .engine.capture.health import Latency, Probing
from .engine.capture.planning import plan
from .engine.capture.schedule import Schedule
from .engine.capture.shared import SharedSource
from .engine.errors import (
    CaptureBusyError,
    NoTimelapseError,
    SourceError,
    StorageError,
    TimelapserError,
)
from .engine.models import Context, Image, SkipReason, Timelapse, TimelapseState
from .engine.settings import BurstSettings
from .gate import Gate, weather_allows
from .sources import has_stream, source_data

if TYPE_CHECKING:
    from .camera_runtime import CameraRuntime
    from .hub import TimelapserHub

_LOGGER = logging.getLogger(__name__)


RECENT = 50


class CameraCaptures:
    """Captures for one camera; nothing that happens here reaches another one."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        hub: TimelapserHub,
        camera: CameraRuntime,
        data: Mapping[str, Any],
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._hub = hub
        self._camera = camera
        self._data = dict(data)
        self._live: Live | None = None
        self.source = self._create_source()
        self.probing = Probing(dt_util.utcnow)
        self.lock = asyncio.Lock()
        self._gate = Gate(hass, camera.camera.name)
        self._clock = CameraClock(hass, self._tick, self.async_arm, self._spawn_stop)
        self._schedule: Schedule | None = None
        self._accounts = CameraAccounts(hub)
        self._due: datetime | None = None
        self._capture: asyncio.Task[None] | None = None
        self.bursts = CameraBursts(hass, entry, self, camera.camera.id)
        self._stopped = False

    @property
    def camera_name(self) -> str:
        """The camera's name, for errors."""
        return self._camera.camera.name

    @property
    def latency(self) -> Latency | None:
        """How long grabs took lately."""
        return self.source.latencies.latency

    @property
    def schedule(self) -> Schedule:
        """When the camera would capture with the settings in effect."""
        settings = self._camera.settings
        return plan(
            settings,
            dt_util.get_default_time_zone(),
            self._hub.sky.sun,
            turn=self._hub.turn(self._camera.camera.id),
            timelapse=self._unfinished,
            ends_at=self._stop_at,
            stretch=settings.corruption.degraded_stretch if self._camera.quality.degraded else 1,
        )

    @property
    def window_is_open(self) -> bool | None:
        """Whether the window is open; None without one."""
        schedule = self.schedule
        return schedule.is_open(dt_util.utcnow()) if schedule.window.limited else None

    # Life

    async def async_stop(self) -> None:
        """End the clock and what it began."""
        self._stopped = True
        self._clock.async_clear()
        await self.bursts.async_stop()
        if self._capture is not None:
            self._capture.cancel()
            await asyncio.gather(self._capture, return_exceptions=True)
        await self.source.close()

    async def async_apply(self, data: Mapping[str, Any]) -> None:
        """Take over changed data of the camera."""
        other = source_data(data) != source_data(self._data)
        self._data = dict(data)
        if other:
            self.probing.reset()
            self._hub.corruption.forget(self._camera.camera.id)
            await self._async_renew_source(at_once=True)
        self.async_arm()

    @callback
    def async_arm(self) -> None:
        """Set the clock for what is in effect now."""
        if self._stopped:
            return
        timelapse = self._unfinished
        running = timelapse is not None and timelapse.state is TimelapseState.RUNNING
        self.bursts.async_watch(self._camera.settings.burst.entity if running else "")
        schedule = self.schedule
        if self._schedule not in (None, schedule) and running and timelapse is not None:
            # What the former one planned has its outcome first; a tick that is due gets its own.
            due = self._due or self._clock.tick_at
            until = min(dt_util.utcnow(), due) if due else dt_util.utcnow()
            self._spawn(self._accounts.async_account(timelapse, until, self._schedule), "ledger")
        self._schedule = schedule
        self._clock.async_set(schedule, self._stop_at, ticking=running)
        self._camera.show(next_capture=self._clock.tick_at, window_open=self.window_is_open)
        if self._wanted_live(running) != self._live:
            self._spawn(self._async_renew_source(), "source")

    # Captures on demand

    async def async_capture_now(self) -> Image:
        """Add an image to the unfinished timelapse, which may be paused."""
        timelapse = self._own_timelapse()
        if self.lock.locked():
            raise CaptureBusyError(camera=self.camera_name)
        self._hub.load.check()
        return await self.async_capture(timelapse)

    async def async_burst(self, burst: BurstSettings | None = None) -> list[Image]:
        """Add images in quick succession, as the settings say where nothing else is asked for."""
        timelapse = self._own_timelapse()
        self._hub.load.check()
        return await self.bursts.async_burst(timelapse, burst or self._camera.settings.burst)

    async def async_keep_before(self, timelapse: Timelapse, count: int) -> list[Image]:
        """Add images from before now, as many as the source holds."""
        zone = dt_util.get_default_time_zone()
        async with self.lock:
            frames = await self.source.before(count)
            # Some of them were captured by ticks.
            recent = await self._hub.rows.images.find(
                timelapse_id=timelapse.id, quarantined=None, limit=RECENT
            )
            kept = {_stored(image.captured_at) for image in recent}
            return [
                await self._hub.captures.keep(
                    frame, timelapse, self._camera.settings, zone, note=self._note
                )
                for frame in frames
                if _stored(frame.captured_at) not in kept
            ]

    @callback
    def async_capture_soon(self) -> None:
        """Capture at once when the next tick is far."""
        tick_at = self._clock.tick_at
        soon = dt_util.utcnow() + timedelta(seconds=self._camera.settings.capture.timeout)
        timelapse = self._unfinished
        if tick_at is not None and tick_at <= soon:
            return
        now = dt_util.utcnow()
        running = timelapse is not None and timelapse.state is TimelapseState.RUNNING
        if timelapse is None or not running or not self.schedule.is_open(now):
            return
        if timelapse.start_at is None or timelapse.start_at <= now:
            self._spawn_capture(timelapse, None)

    # Ticks

    @callback
    def _tick(self, planned_at: datetime) -> None:
        # The next tick is armed first: nothing that goes wrong below can stop the clock.
        self._due = planned_at
        self.async_arm()
        self._due = None
        timelapse = self._unfinished
        if timelapse is None:
            return
        if self.lock.locked() or (self._capture and not self._capture.done()):
            self._accounts.know(timelapse, planned_at)
            self._spawn(self._async_skip(timelapse, planned_at, SkipReason.BUSY), "skip")
        else:
            self._spawn_capture(timelapse, planned_at)

    @callback
    def _spawn_capture(self, timelapse: Timelapse, planned_at: datetime | None) -> None:
        # Known now: what happens meanwhile must not let a retry wait for ever.
        deadline = self._clock.deadline if planned_at else None
        self._capture = self._spawn(self._async_tick(timelapse, planned_at, deadline), "capture")

    @callback
    def _spawn_stop(self) -> None:
        self._spawn(self._async_end(), "stop")

    async def _async_end(self) -> None:
        """Let the timelapse stop, after every tick until then has its outcome."""
        timelapse, stop_at = self._unfinished, self._stop_at
        if timelapse is not None and stop_at is not None:
            running = timelapse.state is TimelapseState.RUNNING
            until = min(dt_util.utcnow(), stop_at)
            if running and self._schedule is not None:
                await self._accounts.async_account(timelapse, until, self._schedule)
        await self._camera.async_timelapse_changed()

    def _spawn(self, work: Any, name: str) -> asyncio.Task[None]:
        return self._entry.async_create_background_task(
            self._hass, work, f"timelapser {name} {self._camera.camera.id}"
        )

    async def _async_tick(
        self, timelapse: Timelapse, planned_at: datetime | None, deadline: datetime | None
    ) -> None:
        """Capture for the clock, where no caller waits for an error."""
        try:
            if planned_at is not None:
                await self._accounts.async_account(timelapse, planned_at, self._schedule)
            reason = await self._async_why_not(planned_at or dt_util.utcnow())
            if not self._runs(timelapse):
                return
            if reason is None:
                await self.async_capture(timelapse, planned_at, deadline)
            elif planned_at is not None:
                await self._async_skip(timelapse, planned_at, reason)
        except TimelapserError as error:
            _LOGGER.debug("Camera %s: %s", self._camera.camera.id, error)
        except Exception:
            _LOGGER.exception("Camera %s: the capture failed unexpectedly", self._camera.camera.id)

    async def _async_why_not(self, moment: datetime) -> SkipReason | None:
        """Answer why there is no capture at this moment, if so."""
        if self._schedule is not None and not self._schedule.is_open(moment):
            return SkipReason.WINDOW
        return await self.async_why_not()

    async def async_why_not(self) -> SkipReason | None:
        """Answer why there is no capture now, whatever the window says."""
        if (reason := self._hub.load.reason) is not None:
            return reason
        settings = self._camera.settings
        weather = self._hub.sky.weather(settings.context.weather)
        if not weather_allows(settings.context, weather):
            return SkipReason.WEATHER
        if not await self._gate.async_is_open(settings.schedule.gate):
            return SkipReason.GATE
        return None if self.probing.may_try(dt_util.utcnow()) else SkipReason.OFFLINE

    async def _async_skip(
        self, timelapse: Timelapse, planned_at: datetime, reason: SkipReason
    ) -> None:
        zone = dt_util.get_default_time_zone()
        await self._hub.captures.skip(timelapse, planned_at, zone, reason)
        await self._camera.async_refresh()
        self._camera.trouble.async_look()

    async def async_capture(
        self,
        timelapse: Timelapse,
        planned_at: datetime | None = None,
        deadline: datetime | None = None,
    ) -> Image:
        """Capture, whatever the window says; raise SourceError or StorageError."""
        trouble = self._camera.trouble
        async with self.lock:
            try:
                image = await self._hub.captures.capture(
                    self.source,
                    timelapse,
                    self._camera.settings,
                    dt_util.get_default_time_zone(),
                    planned_at=planned_at,
                    deadline=deadline,
                    note=self._note,
                    degraded=self._camera.quality.degraded,
                )
            except StorageError:
                await self._camera.async_refresh()
                raise
            except SourceError as error:
                await self._camera.async_refresh()
                self.probing.failed(error, self._camera.camera.consecutive_failures)
                trouble.async_failed(error)
                raise
            self.probing.reset()
            before = self._camera.coordinator.data.image
            await self._camera.async_refresh(image)
            trouble.async_captured(before, image)
            self._camera.quality.async_judged(image)
            return image

    def _note(self, moment: datetime) -> Context:
        return self._hub.sky.context(self._camera.settings.context, moment)

    # Sources

    def _create_source(self) -> SharedSource:
        return SharedSource(self._hub.sources.create(self._data, self._live))

    async def async_restart_source(self) -> None:
        """Let go of the source's connection, which shows the same picture again and again."""
        await self.source.restart()

    async def _async_renew_source(self, *, at_once: bool = False) -> None:
        """Make the source anew: it is another one, or stays open now, or no more.

        A capture that runs ends before, unless the former source is wrong `at_once`.
        """
        async with nullcontext() if at_once else self.lock:
            timelapse = self._unfinished
            running = timelapse is not None and timelapse.state is TimelapseState.RUNNING
            live = self._wanted_live(running)
            if live == self._live and not at_once:
                return
            self._live = live
            former, self.source = self.source, self._create_source()
            await former.close()
            if self._stopped:
                await self.source.close()

    def _wanted_live(self, running: bool) -> Live | None:
        """Answer how the stream stays open between captures, if it does."""
        kept = self._camera.settings.burst.before
        often = self.schedule.interval < timedelta(seconds=LIVE_BELOW)
        camera_id = self._camera.camera.id
        # Nothing is read all night for a window of the day.
        captures = running and (kept > 0 or self.window_is_open is not False)
        wanted = captures and has_stream(self._data) and (often or kept > 0)
        if not self._hub.may_stay_open(camera_id, wanted):
            return None
        return Live(kept, self._camera.settings.burst.interval)

    # The timelapse

    @property
    def _unfinished(self) -> Timelapse | None:
        timelapse = self._camera.timelapse
        if timelapse is None or timelapse.state is TimelapseState.COMPLETED:
            return None
        return timelapse

    def _runs(self, timelapse: Timelapse) -> bool:
        now = self._camera.timelapse
        if now is None or now.id != timelapse.id:
            return False
        return now.state is TimelapseState.RUNNING

    @property
    def _stop_at(self) -> datetime | None:
        timelapse = self._unfinished
        stop = timelapse and self._hub.timelapses.planned_stop(timelapse)
        return stop.at if stop else None

    def _own_timelapse(self) -> Timelapse:
        if (timelapse := self._unfinished) is None:
            raise NoTimelapseError(camera=self.camera_name)
        return timelapse

    def is_unfinished(self, timelapse: Timelapse) -> bool:
        """Whether images may be added to a timelapse still."""
        now = self._unfinished
        return now is not None and now.id == timelapse.id


def _stored(moment: datetime) -> int:
    """Answer a moment in the milliseconds in which it is stored."""
    return int(moment.timestamp() * 1000)
