"""One camera at work: tick, grab, judge, keep, tell."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .clock import CameraClock
from .coordinator import CameraCoordinator, CameraSnapshot
from .engine.database.statistics_operations import DayStatistics, Scope
from .engine.errors import (
    CaptureBusyError,
    DatabaseUnavailableError,
    NotFoundError,
    NoTimelapseError,
    SourceError,
    TimelapserError,
)
from .engine.models import (
    Camera,
    CameraHealth,
    CameraSource,
    Image,
    JobState,
    RenderJob,
    StopRules,
    Timelapse,
    TimelapseState,
)
from .engine.settings import Level, Settings, changed, resolve
from .sources import create_source, source_data

if TYPE_CHECKING:
    from .hub import TimelapserHub

_LOGGER = logging.getLogger(__name__)


class CameraRuntime:
    """Runs a camera's captures; nothing that happens here reaches another camera."""

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        hub: TimelapserHub,
        subentry: ConfigSubentry,
        snapshot: CameraSnapshot,
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._hub = hub
        self._subentry = subentry
        self._data = dict(subentry.data)
        self._source = self._create_source()
        self._capture: asyncio.Task[None] | None = None
        self.capture_lock = asyncio.Lock()
        # Rows that were read earlier are never shown after rows that were read later.
        self._reading = asyncio.Lock()
        self._stopped = False
        self._clock = CameraClock(hass, self._tick, self._spawn_stop)
        self.coordinator = CameraCoordinator(hass, entry, subentry.title, snapshot)

    @property
    def camera(self) -> Camera:
        """The camera's row."""
        return self.coordinator.data.camera

    @property
    def timelapse(self) -> Timelapse | None:
        """The newest timelapse, finished or not."""
        return self.coordinator.data.timelapse

    @property
    def source(self) -> CameraSource:
        """Where frames come from."""
        return self._source

    @property
    def settings(self) -> Settings:
        """The settings in effect: hub, then camera, then unfinished timelapse."""
        return resolve(self.levels_now).settings

    @property
    def levels_now(self) -> dict[Level, Mapping[str, object]]:
        """What each level sets, down to the unfinished timelapse."""
        timelapse = self.timelapse
        unfinished = timelapse is not None and timelapse.state is not TimelapseState.COMPLETED
        return self.levels(timelapse if unfinished else None)

    def levels(self, timelapse: Timelapse | None) -> dict[Level, Mapping[str, object]]:
        """What each level sets for this camera and one of its timelapses."""
        levels: dict[Level, Mapping[str, object]] = {
            Level.HUB: self._entry.options,
            Level.CAMERA: self._subentry.data,
        }
        if timelapse is not None:
            levels[Level.TIMELAPSE] = timelapse.settings
        return levels

    async def async_own_timelapse(self, timelapse_id: int) -> Timelapse:
        """Answer a timelapse of this camera; raise NotFoundError when it has no such one."""
        timelapse = await self._hub.timelapse_rows.get(timelapse_id)
        if timelapse.camera_id != self.camera.id:
            raise NotFoundError(kind="timelapse", id=timelapse_id)
        return timelapse

    # Life

    @callback
    def async_start(self) -> None:
        """Begin to capture when the timelapse runs, and has not ended while nobody looked."""
        self._arm()

    async def async_stop(self) -> None:
        """End the clock and what it began."""
        self._stopped = True
        self._clock.async_clear()
        if self._capture is not None:
            self._capture.cancel()
            with suppress(asyncio.CancelledError):
                await self._capture
        await self._source.close()

    async def async_apply(self, subentry: ConfigSubentry) -> None:
        """Take over changed data of the subentry."""
        # Home Assistant changes subentries in place, so what was there before is kept apart.
        before, self._data = self._data, dict(subentry.data)
        self._subentry = subentry
        self._hub.settings.tell(self.camera.id, Level.CAMERA, before, self._data)
        self._arm()
        if source_data(before) != source_data(self._data):
            former, self._source = self._source, self._create_source()
            await former.close()

    # Verbs

    async def async_start_timelapse(
        self,
        name: str | None = None,
        settings: Mapping[str, object] | None = None,
        rules: StopRules | None = None,
    ) -> Timelapse:
        """Start a timelapse; the first image is taken at once when the first tick is far."""
        now = dt_util.now()
        title = name or f"{self._subentry.title[:200]} {now:%Y-%m-%d %H:%M}"
        own = changed(self.levels(None), Level.TIMELAPSE, settings or {})
        timelapse = await self._hub.timelapses.start(self.camera, title, own, rules)
        await self.async_timelapse_changed()
        tick_at = self._clock.tick_at
        soon = dt_util.utcnow() + timedelta(seconds=self.settings.capture.timeout)
        if tick_at is None or tick_at > soon:
            self._spawn_capture(None)
        return timelapse

    async def async_pause_timelapse(self) -> Timelapse:
        """Pause the timelapse."""
        timelapse = await self._hub.timelapses.pause(self.camera)
        await self.async_timelapse_changed()
        return timelapse

    async def async_resume_timelapse(self) -> Timelapse:
        """Resume the paused timelapse."""
        timelapse = await self._hub.timelapses.resume(self.camera)
        await self.async_timelapse_changed()
        return timelapse

    async def async_complete_timelapse(self) -> Timelapse:
        """Complete the timelapse."""
        timelapse = await self._hub.timelapses.complete(self.camera)
        await self.async_timelapse_changed()
        return timelapse

    async def async_capture_now(self) -> Image:
        """Add an image to the unfinished timelapse, which may be paused."""
        timelapse = self.timelapse
        if timelapse is None or timelapse.state is TimelapseState.COMPLETED:
            raise NoTimelapseError(camera=self.camera.name)
        if self.capture_lock.locked():
            raise CaptureBusyError(camera=self.camera.name)
        return await self._async_capture(timelapse, None)

    async def async_render_video(
        self, timelapse_id: int | None = None, settings: Mapping[str, object] | None = None
    ) -> RenderJob:
        """Queue a video of a timelapse of this camera, the newest where none is named."""
        if timelapse_id is None:
            if self.timelapse is None:
                raise NoTimelapseError(camera=self.camera.name)
            timelapse_id = self.timelapse.id
        timelapse = await self.async_own_timelapse(timelapse_id)
        levels = self.levels(timelapse)
        levels[Level.TIMELAPSE] = changed(levels, Level.TIMELAPSE, settings or {})
        video = resolve(levels).settings.video
        return await self._hub.videos.request_render(timelapse.id, video)

    async def async_change_settings(self, changes: Mapping[str, object]) -> None:
        """Change what the camera itself sets; None takes a value back."""
        heirs = [(self.camera.name, self.levels_now)]
        own = changed(self.levels(None), Level.CAMERA, changes, heirs)
        kept = {key: value for key, value in self._subentry.data.items() if key not in changes}
        self._hass.config_entries.async_update_subentry(
            self._entry, self._subentry, data={**kept, **own}
        )

    # Clock

    @callback
    def _arm(self) -> None:
        if self._stopped:
            return
        timelapse = self.timelapse
        running = timelapse is not None and timelapse.state is TimelapseState.RUNNING
        stop = timelapse and self._hub.timelapses.planned_stop(timelapse)
        self._clock.async_set(
            timedelta(seconds=self.settings.capture.interval) if running else None,
            stop.at if stop else None,
        )
        self._show(next_capture=self._clock.tick_at)

    @callback
    def _tick(self, planned_at: datetime) -> None:
        # The next tick is armed first: nothing that goes wrong below can stop the clock.
        self._arm()
        self._spawn_capture(planned_at)

    @callback
    def _spawn_stop(self) -> None:
        self._entry.async_create_background_task(
            self._hass, self.async_timelapse_changed(), f"timelapser stop {self.camera.id}"
        )

    @callback
    def _spawn_capture(self, planned_at: datetime | None) -> None:
        timelapse = self.timelapse
        if timelapse is None:
            return
        if self.capture_lock.locked() or (self._capture and not self._capture.done()):
            if planned_at is not None:
                self._entry.async_create_background_task(
                    self._hass,
                    self._async_skip(timelapse, planned_at),
                    f"timelapser skip {self.camera.id}",
                )
            return
        self._capture = self._entry.async_create_background_task(
            self._hass,
            self._async_tick(timelapse, planned_at),
            f"timelapser capture {self.camera.id}",
        )

    async def _async_tick(self, timelapse: Timelapse, planned_at: datetime | None) -> None:
        """Capture for the clock, where no caller waits for an error."""
        try:
            await self._async_capture(timelapse, planned_at)
        except TimelapserError as error:
            _LOGGER.debug("Camera %s: %s", self.camera.id, error)
        except Exception:
            _LOGGER.exception("Camera %s: the capture failed unexpectedly", self.camera.id)

    async def _async_capture(self, timelapse: Timelapse, planned_at: datetime | None) -> Image:
        health = self.coordinator.data.health
        async with self.capture_lock:
            try:
                image = await self._hub.captures.capture(
                    self._source,
                    timelapse,
                    self.settings,
                    dt_util.get_default_time_zone(),
                    planned_at=planned_at,
                    deadline=self._clock.deadline if planned_at else None,
                )
            except SourceError as error:
                await self.async_refresh()
                self._log_health(health, error)
                raise
            self._show(last_score=image.score)
            await self.async_refresh(image)
            self._log_health(health, None)
            return image

    async def _async_skip(self, timelapse: Timelapse, planned_at: datetime) -> None:
        await self._hub.captures.skip(timelapse, planned_at, dt_util.get_default_time_zone())
        await self.async_refresh()

    # Showing

    async def async_refresh(self, image: Image | None = None) -> None:
        """Read the rows again and show them; `image` is the one just judged."""
        async with self._reading:
            await self._async_read(image)

    async def _async_read(self, image: Image | None) -> None:
        if image is None or image.quarantined:
            image = self.coordinator.data.image
        try:
            camera = await self._hub.camera_rows.get(self.camera.id)
            timelapse = await self._hub.timelapse_rows.latest(self.camera.id)
            if timelapse is not None:
                timelapse = await self._hub.timelapses.stop_when_due(timelapse)
            today = await self._hub.statistics.today(
                dt_util.get_default_time_zone(), Scope(self.camera.id)
            )
        except DatabaseUnavailableError:
            # Captures go on meanwhile; their rows wait on disk.
            self._show(image=image)
            return
        before = self.timelapse
        self._show(camera=camera, timelapse=timelapse, image=image, today=today)
        if timelapse is not None and before is not None and timelapse.state is not before.state:
            self._arm()

    async def async_reload(self) -> None:
        """Read and show everything anew, after more than captures has changed."""
        async with self._reading:
            snapshot = await self._hub.async_snapshot(self._subentry)
            self.coordinator.async_set_updated_data(snapshot)
        self._arm()

    async def async_refresh_day(self) -> None:
        """Begin to count anew when the day that is shown is over."""
        day = dt_util.now().date()
        if self.coordinator.data.today.day != day:
            self._show(today=DayStatistics(day=day))
            await self.async_refresh()

    @callback
    def async_render_changed(self, job: RenderJob) -> None:
        """Show a render job: the newest one, or whichever runs."""
        shown = self.coordinator.data.job
        if shown is None or shown.id <= job.id or job.state is JobState.RUNNING:
            self._show(job=job)

    async def async_timelapse_changed(self) -> None:
        """Show the timelapse as it is now, and capture when it runs."""
        await self.async_refresh()
        self._arm()

    @callback
    def _show(self, **changes: Any) -> None:
        self.coordinator.async_set_updated_data(replace(self.coordinator.data, **changes))

    def _log_health(self, before: CameraHealth, error: SourceError | None) -> None:
        """Say once that a camera is gone, and once that it is back."""
        after = self.coordinator.data.health
        if after is CameraHealth.OFFLINE and before is not CameraHealth.OFFLINE:
            _LOGGER.warning("Camera %s is offline: %s", self.camera.name, error)
        elif before is CameraHealth.OFFLINE and after is CameraHealth.ONLINE:
            _LOGGER.info("Camera %s is back online", self.camera.name)

    def _create_source(self) -> CameraSource:
        return create_source(self._hass, self._subentry.data, self._hub.grab_pool)
