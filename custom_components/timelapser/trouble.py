"""What people are told of a camera in trouble: in the log, in repairs, by events."""

from datetime import datetime, timedelta
import logging
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.util import dt as dt_util

from .engine.errors import SourceError
from .engine.events import CameraFrozen, ResolutionChanged
from .engine.models import CameraHealth, Image
from .issues import CameraIssue, async_camera_issue, local
from .sources import entity_is_gone

if TYPE_CHECKING:
    from .camera_runtime import CameraRuntime
    from .hub import TimelapserHub

_LOGGER = logging.getLogger(__name__)

FEW_PICTURES = 3
"""A picture that was seen less often than this is not called frozen, whatever the time."""


class CameraTrouble:
    """Tells once that something is wrong, and once that it is right again."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, hub: TimelapserHub, camera: CameraRuntime
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._hub = hub
        self._camera = camera
        self._said_offline = camera.coordinator.data.health is CameraHealth.OFFLINE
        self._frozen = False
        self._failing_since: datetime | None = None
        self._picture = camera.settings.picture

    @callback
    def async_failed(self, error: SourceError) -> None:
        """Take note of a failed capture."""
        health = self._camera.coordinator.data.health
        self._failing_since = self._failing_since or dt_util.utcnow()
        if health is CameraHealth.OFFLINE and not self._said_offline:
            self._said_offline = True
            _LOGGER.warning("Camera %s is offline: %s", self._camera.camera.name, error)
        self.async_look()

    @callback
    def async_look(self) -> None:
        """Show an issue when the camera is away for too long, or its entity for good."""
        if entity_is_gone(self._hass, self._camera.data):
            self._show(CameraIssue.ENTITY_GONE)
            return
        health = self._camera.coordinator.data.health
        minutes = self._camera.settings.health.offline_repair
        camera, since = self._camera.camera, self._failing_since
        if health is not CameraHealth.OFFLINE or not minutes or since is None:
            return
        if dt_util.utcnow() - since >= timedelta(minutes=minutes):
            self._show(CameraIssue.OFFLINE, error=camera.last_error or "", since=local(since))

    @callback
    def async_captured(self, before: Image | None, image: Image) -> None:
        """Take note of an image; `before` is the one kept before it."""
        self._failing_since = None
        if self._said_offline:
            self._said_offline = False
            _LOGGER.info("Camera %s is back online", self._camera.camera.name)
        for issue in (CameraIssue.OFFLINE, CameraIssue.ENTITY_GONE):
            self._take_back(issue)
        self._notice_size(before, image)
        self._notice_frozen()

    @callback
    def async_forget(self) -> None:
        """Take all back, as the camera is there no more or is another one now."""
        self._frozen = False
        self._failing_since = None
        for issue in (CameraIssue.OFFLINE, CameraIssue.ENTITY_GONE, CameraIssue.FROZEN):
            self._take_back(issue)

    def _notice_size(self, before: Image | None, image: Image) -> None:
        former, self._picture = self._picture, self._camera.settings.picture
        # Those who cut or turn the picture know that its size changes.
        if before is None or image.quarantined or former != self._picture:
            return
        old, new = (before.width, before.height), (image.width, image.height)
        if old != new:
            name = self._camera.camera.name
            _LOGGER.info("Camera %s sends %sx%s now, %sx%s before", name, *new, *old)
            self._hub.publish(ResolutionChanged(self._camera.camera.id, old, new))

    def _notice_frozen(self) -> None:
        watch = self._hub.images.frozen_watch(self._camera.camera.id)
        minutes = self._camera.settings.health.frozen_after
        since = watch.since
        frozen = (
            minutes > 0
            and since is not None
            and watch.pictures >= FEW_PICTURES
            and dt_util.utcnow() - since >= timedelta(minutes=minutes)
        )
        if frozen and since is not None and not self._frozen:
            self._show(CameraIssue.FROZEN, since=local(since))
            self._hub.publish(CameraFrozen(self._camera.camera.id, since))
            # A stream that stays open may have stuck; a new one tells.
            self._entry.async_create_background_task(
                self._hass,
                self._camera.captures.async_restart_source(),
                f"timelapser restart {self._camera.camera.id}",
            )
        elif self._frozen and not frozen:
            self._take_back(CameraIssue.FROZEN)
        self._frozen = frozen

    def _show(self, issue: CameraIssue, **placeholders: str) -> None:
        camera = self._camera.camera
        async_camera_issue(self._hass, issue, camera.id, {"camera": camera.name, **placeholders})

    def _take_back(self, issue: CameraIssue) -> None:
        async_camera_issue(self._hass, issue, self._camera.camera.id, None)
