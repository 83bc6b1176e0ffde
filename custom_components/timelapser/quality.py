"""How good a camera's images are lately: degraded mode, and what people are told of it."""

from collections.abc import Iterable
import logging
from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback

from .engine.corruption.degraded import DegradedWatch
from .engine.errors import TimelapserError
from .engine.events import CameraDegraded, CameraRecovered
from .engine.models import CorruptionAction, CorruptionLog, Image
from .issues import CameraIssue, async_camera_issue, local

if TYPE_CHECKING:
    from .camera_runtime import CameraRuntime
    from .hub import TimelapserHub

_LOGGER = logging.getLogger(__name__)

REMEMBERED = 200
"""Judgements that are looked at again after a start."""


class CameraQuality:
    """Watches the judgements of a camera."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, hub: TimelapserHub, camera: CameraRuntime
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._hub = hub
        self._camera = camera
        self._watch = DegradedWatch()

    @property
    def degraded(self) -> bool:
        """Whether the camera's recent images are mostly bad."""
        return self._watch.active

    @callback
    def async_recall(self, judgements: Iterable[CorruptionLog]) -> None:
        """Go through the judgements of before a start, the newest first, without telling."""
        settings = self._camera.settings.corruption
        if not settings.enabled:
            return
        for judgement in reversed([*judgements]):
            if judgement.action is CorruptionAction.REPLACED:
                continue
            bad = judgement.action is not CorruptionAction.KEPT
            self._watch.see(bad, judgement.judged_at, settings)
        self._camera.show(degraded=self.degraded)
        self._show_issue()

    @callback
    def async_judged(self, image: Image) -> None:
        """Take note of an image."""
        settings = self._camera.settings.corruption
        bad = image.flagged or image.quarantined
        if not settings.enabled:
            self.async_reset()
        elif self._watch.see(bad, image.captured_at, settings):
            self._changed()

    @callback
    def async_reset(self) -> bool:
        """Leave degraded mode by hand; answer whether the camera was in it."""
        left = self._watch.reset()
        if left:
            self._changed()
        return left

    @callback
    def _changed(self) -> None:
        camera = self._camera.camera
        since = self._watch.since
        self._camera.show(degraded=self.degraded)
        self._show_issue()
        if since is None:
            _LOGGER.info("Camera %s sends good images again", camera.name)
            self._hub.publish(CameraRecovered(camera.id))
        else:
            _LOGGER.warning("Camera %s sends mostly bad images", camera.name)
            self._hub.publish(CameraDegraded(camera.id, since))
            if self._camera.settings.corruption.degraded_pause:
                self._entry.async_create_background_task(
                    self._hass, self._async_pause(), f"timelapser pause {camera.id}"
                )
        # The interval may be another one now.
        self._camera.captures.async_arm()

    @callback
    def async_forget(self) -> None:
        """Take the issue back, as the camera is there no more; the next start shows it again."""
        async_camera_issue(self._hass, CameraIssue.DEGRADED, self._camera.camera.id, None)

    @callback
    def _show_issue(self) -> None:
        camera, since = self._camera.camera, self._watch.since
        placeholders = {"camera": camera.name, "since": local(since)} if since else None
        async_camera_issue(self._hass, CameraIssue.DEGRADED, camera.id, placeholders)

    async def _async_pause(self) -> None:
        try:
            await self._camera.async_pause_timelapse()
        except TimelapserError as error:
            _LOGGER.debug("Camera %s is not paused: %s", self._camera.camera.id, error)
