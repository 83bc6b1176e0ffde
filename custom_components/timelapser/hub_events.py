"""What the hub does when something happens: events go to the bus, to repairs and to cameras."""

from datetime import datetime
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import EVENT_CORE_CONFIG_UPDATE
from homeassistant.core import Event as BusEvent
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.event import async_track_time_change

from .const import EVENT_TIMELAPSER
from .engine.events import (
    Event,
    MemoryLow,
    MemoryOk,
    RenderChanged,
    StorageLow,
    StorageOk,
    TimelapseCompleted,
    VideoFinished,
    VideoProgress,
)
from .engine.models import Timelapse
from .engine.monitoring.load import GB
from .engine.timelapses.progress import Outlook
from .issues import DATABASE_AWAY, MEMORY_LOW, STORAGE_LOW, async_show_issue
from .library import timelapse_outlook
from .plain import event_data
from .thumbnail_care import async_purge_completed

if TYPE_CHECKING:
    from .camera_runtime import CameraRuntime
    from .hub import TimelapserHub


class HubEvents:
    """Hands on what services and Home Assistant tell."""

    def __init__(self, hass: HomeAssistant, entry: ConfigEntry, hub: TimelapserHub) -> None:
        self._hass = hass
        self._entry = entry
        self._hub = hub
        self._progress: tuple[int, int] | None = None

    @callback
    def async_listen(self) -> None:
        """Follow the clock and the place of the house, until the entry is unloaded."""
        self._entry.async_on_unload(
            # At every full hour: some days have no midnight, and the time zone may be changed.
            async_track_time_change(self._hass, self._async_hour_begins, minute=0, second=0)
        )
        self._entry.async_on_unload(
            self._hass.bus.async_listen(EVENT_CORE_CONFIG_UPDATE, self._place_changed)
        )

    @callback
    def async_forget(self) -> None:
        """Take back what is shown of disk, memory and cameras: the next start looks again."""
        for issue in (STORAGE_LOW, MEMORY_LOW):
            async_show_issue(self._hass, issue, False)
        for camera in self._hub.cameras.values():
            camera.trouble.async_forget()
            camera.quality.async_forget()

    @callback
    def async_publish(self, event: Event) -> None:
        """Tell an event to whom it concerns."""
        camera = self._hub.cameras.get(event.camera_id)
        if isinstance(event, RenderChanged) and camera is not None:
            camera.async_render_changed(event.job)
        if isinstance(event, VideoFinished) and camera is not None:
            self._entry.async_create_background_task(
                self._hass, camera.async_refresh(), f"timelapser refresh {event.camera_id}"
            )
        if isinstance(event, TimelapseCompleted) and camera is not None:
            self._entry.async_create_background_task(
                self._hass,
                async_purge_completed(self._hub, camera, event.timelapse),
                f"timelapser purge {event.camera_id}",
            )
        self._show_load(event)
        if not isinstance(event, VideoProgress):
            self._hub.coordinator.async_something_happened()
        elif not self._is_another_percent(event):
            return
        self._hass.bus.async_fire(EVENT_TIMELAPSER, event_data(event, self._outlook_of))

    def _is_another_percent(self, event: VideoProgress) -> bool:
        """Whether the bus is to hear of it: the recorder keeps all that goes there."""
        progress = event.job.id, int(event.job.progress * 100)
        if progress == self._progress:
            return False
        self._progress = progress
        return True

    @callback
    def async_database_changed(self, away: bool) -> None:
        """Show that the database is away, or read all that could not be read meanwhile."""
        async_show_issue(self._hass, DATABASE_AWAY, away)
        if not away:
            for camera in self._hub.cameras.values():
                self._refresh(camera)

    def _refresh(self, camera: CameraRuntime) -> None:
        self._entry.async_create_background_task(
            self._hass, camera.async_timelapse_changed(), f"timelapser refresh {camera.camera.id}"
        )

    def _show_load(self, event: Event) -> None:
        match event:
            case StorageLow() | StorageOk():
                resume = self._hub.shared_settings.load.resume_above
                async_show_issue(
                    self._hass,
                    STORAGE_LOW,
                    isinstance(event, StorageLow),
                    placeholders={"free": f"{event.free / GB:.1f}", "resume": f"{resume:g}"},
                )
            case MemoryLow() | MemoryOk():
                async_show_issue(
                    self._hass, MEMORY_LOW, isinstance(event, MemoryLow), ir.IssueSeverity.WARNING
                )

    async def _async_hour_begins(self, _now: datetime) -> None:
        """Show a new day where one has begun."""
        for camera in self._hub.cameras.values():
            await camera.async_refresh_day()
            # Timers do not notice when the system's clock is set.
            camera.captures.async_arm()

    @callback
    def _place_changed(self, _event: BusEvent) -> None:
        """Take over another time zone, or another place under the sun."""
        for camera in self._hub.cameras.values():
            camera.captures.async_arm()

    def _outlook_of(self, timelapse: Timelapse) -> Outlook:
        return timelapse_outlook(self._hub.cameras[timelapse.camera_id], timelapse)
