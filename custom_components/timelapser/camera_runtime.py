"""One camera: its settings, its timelapses, and what is shown of it."""

import asyncio
from collections.abc import Mapping
from dataclasses import replace
import logging
from typing import TYPE_CHECKING, Any

from homeassistant.config_entries import ConfigEntry, ConfigSubentry
from homeassistant.const import CONF_ENTITY_ID
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import entity_registry as er
from homeassistant.util import dt as dt_util

from .camera_capture import CameraCaptures
from .coordinator import CameraCoordinator, CameraSnapshot
from .engine.database.statistics_operations import DayStatistics
from .engine.errors import (
    CameraExistsError,
    DatabaseUnavailableError,
    NotFoundError,
    NoTimelapseError,
)
from .engine.models import (
    Camera,
    CameraSource,
    Image,
    JobState,
    RenderJob,
    Timelapse,
    TimelapseRules,
    TimelapseState,
    VideoSettings,
)
from .engine.settings import Level, Settings, changed, resolve
from .frames import async_test, async_test_source
from .gate import async_check_gate
from .quality import CameraQuality
from .snapshot import async_snapshot
from .sources import source_data
from .trouble import CameraTrouble

if TYPE_CHECKING:
    from .hub import TimelapserHub

_LOGGER = logging.getLogger(__name__)


class CameraRuntime:
    """Holds what belongs to a camera, and does what people ask of it."""

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
        self.data = dict(subentry.data)
        # Rows that were read earlier are never shown after rows that were read later.
        self._reading = asyncio.Lock()
        self._resolved: tuple[dict[Level, Mapping[str, object]], Settings] | None = None
        self.coordinator = CameraCoordinator(hass, entry, subentry.title, snapshot)
        self.trouble = CameraTrouble(hass, entry, hub, self)
        self.quality = CameraQuality(hass, entry, hub, self)
        self.captures = CameraCaptures(hass, entry, hub, self, subentry.data)

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
        return self.captures.source

    @property
    def settings(self) -> Settings:
        """The settings in effect: hub, then camera, then unfinished timelapse."""
        levels = self.levels_now
        # Resolving takes a while, and this is asked for again and again.
        if self._resolved is None or self._resolved[0] != levels:
            self._resolved = (levels, resolve(levels).settings)
        return self._resolved[1]

    def with_changes(self, changes: Mapping[str, object]) -> Settings:
        """Answer the settings in effect with changes for once; raise as `changed` does."""
        levels = self.levels_now
        own = changed(levels, Level.TIMELAPSE, changes)
        return resolve({**levels, Level.TIMELAPSE: own}).settings

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
        timelapse = await self._hub.rows.timelapses.get(timelapse_id)
        if timelapse.camera_id != self.camera.id:
            raise NotFoundError(kind="timelapse", id=timelapse_id)
        return timelapse

    # Life

    @callback
    def async_start(self) -> None:
        """Begin to capture when the timelapse runs, and has not ended while nobody looked."""
        self.captures.async_arm()

    async def async_stop(self) -> None:
        """End the clock and what it began."""
        await self.captures.async_stop()

    async def async_apply(self, subentry: ConfigSubentry) -> None:
        """Take over changed data of the subentry."""
        # Home Assistant changes subentries in place, so what was there before is kept apart.
        before, self.data = self.data, dict(subentry.data)
        self._subentry = subentry
        self._hub.settings.tell(self.camera.id, Level.CAMERA, before, self.data)
        if source_data(before) != source_data(self.data):
            self.trouble.async_forget()
            self.quality.async_reset()
        await self.captures.async_apply(self.data)

    # Verbs

    async def async_start_timelapse(
        self,
        name: str | None = None,
        settings: Mapping[str, object] | None = None,
        rules: TimelapseRules | None = None,
    ) -> Timelapse:
        """Start a timelapse; the first image is taken at once when the first tick is far."""
        now = dt_util.now()
        title = name or f"{self._subentry.title[:200]} {now:%Y-%m-%d %H:%M}"
        await async_check_gate(self._hass, settings or {})
        own = changed(self.levels(None), Level.TIMELAPSE, settings or {})
        timelapse = await self._hub.timelapses.start(self.camera, title, own, rules)
        await self.async_timelapse_changed()
        self.captures.async_capture_soon()
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
        return await self.captures.async_capture_now()

    async def async_try_again(self) -> None:
        """Take a picture of a camera that was away; raise SourceError when it still is."""
        await async_test(self._hub, self.source, self.settings)
        self.captures.probing.reset()
        self.trouble.async_forget()
        self.captures.async_capture_soon()

    async def async_use_entity(self, entity_id: str) -> None:
        """Take pictures of another camera entity from now on; raise SourceError without one."""
        entity = er.async_get(self._hass).async_get(entity_id)
        unique_id = entity.id if entity else entity_id
        others = {other.unique_id for other in self._entry.subentries.values()}
        if unique_id in others - {self._subentry.unique_id}:
            raise CameraExistsError
        data, _frame = await async_test_source(
            self._hub, {**self.data, CONF_ENTITY_ID: unique_id}, self.settings
        )
        self._hass.config_entries.async_update_subentry(
            self._entry, self._subentry, data=data, unique_id=unique_id
        )

    async def async_render_video(
        self, timelapse_id: int | None = None, settings: Mapping[str, object] | None = None
    ) -> RenderJob:
        """Queue a video of all images of a timelapse, the newest where none is named."""
        timelapse, video = await self.async_video_settings(timelapse_id, settings or {})
        return await self._hub.videos.request_render(timelapse.id, video)

    async def async_video_settings(
        self, timelapse_id: int | None, changes: Mapping[str, object]
    ) -> tuple[Timelapse, VideoSettings]:
        """Answer a timelapse of this camera, or the newest, and how its videos are made.

        Raises NoTimelapseError, NotFoundError, and as `changed` does for changes for once.
        """
        if timelapse_id is None:
            if self.timelapse is None:
                raise NoTimelapseError(camera=self.camera.name)
            timelapse_id = self.timelapse.id
        timelapse = await self.async_own_timelapse(timelapse_id)
        levels = self.levels(timelapse)
        levels[Level.TIMELAPSE] = changed(levels, Level.TIMELAPSE, changes)
        return timelapse, resolve(levels).settings.video

    async def async_change_settings(self, changes: Mapping[str, object]) -> None:
        """Change what the camera itself sets; None takes a value back."""
        await async_check_gate(self._hass, changes)
        heirs = [(self.camera.name, self.levels_now)]
        own = changed(self.levels(None), Level.CAMERA, changes, heirs)
        kept = {key: value for key, value in self._subentry.data.items() if key not in changes}
        self._hass.config_entries.async_update_subentry(
            self._entry, self._subentry, data={**kept, **own}
        )

    # Showing

    async def async_refresh(self, image: Image | None = None) -> None:
        """Read the rows again and show them; `image` is the one just judged."""
        async with self._reading:
            await self._async_read(image)

    async def _async_read(self, image: Image | None) -> None:
        changes: dict[str, Any] = {}
        if image is not None:
            changes["last_score"] = image.score
            if not image.quarantined:
                changes["image"] = image
        before = self.timelapse
        stop_before = self._hub.timelapses.planned_stop(before) if before else None
        try:
            found = await self._hub.rows.overviews.get(self.camera.id, dt_util.now().date())
            timelapse = found.timelapse
            if timelapse is not None:
                timelapse = await self._hub.timelapses.stop_when_due(timelapse)
        except DatabaseUnavailableError:
            # Captures go on meanwhile; their rows wait on disk.
            self.show(**changes)
            return
        self.show(camera=found.camera, timelapse=timelapse, today=found.today, **changes)
        if timelapse is None or before is None:
            return
        stop = self._hub.timelapses.planned_stop(timelapse)
        if timelapse.state is not before.state or stop != stop_before:
            self.captures.async_arm()

    async def async_reload(self) -> None:
        """Read and show everything anew, after more than captures has changed."""
        async with self._reading:
            snapshot = await async_snapshot(self._hub, self._subentry)
            snapshot = replace(snapshot, degraded=self.quality.degraded)
            self.coordinator.async_set_updated_data(snapshot)
        self.captures.async_arm()

    async def async_refresh_day(self) -> None:
        """Begin to count anew when the day that is shown is over."""
        day = dt_util.now().date()
        if self.coordinator.data.today.day != day:
            self.show(today=DayStatistics(day=day))
            await self.async_refresh()

    @callback
    def async_render_changed(self, job: RenderJob) -> None:
        """Show a render job: the newest one, or whichever runs."""
        shown = self.coordinator.data.job
        if shown is None or shown.id <= job.id or job.state is JobState.RUNNING:
            self.show(job=job)

    async def async_timelapse_changed(self) -> None:
        """Show the timelapse as it is now, and capture when it runs."""
        await self.async_refresh()
        if self.timelapse is None or self.timelapse.state is not TimelapseState.RUNNING:
            # Nothing is asked of the camera now.
            self.trouble.async_forget()
        self.captures.async_arm()

    @callback
    def show(self, **changes: Any) -> None:
        """Show what has changed."""
        self.coordinator.async_set_updated_data(replace(self.coordinator.data, **changes))
