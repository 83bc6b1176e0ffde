"""Whether a camera captures, and whether its images are judged."""

from typing import Any, override

from homeassistant.components.switch import SwitchEntity, SwitchEntityDescription
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .engine.models import TimelapseState
from .entity import CameraEntity
from .errors import translate_errors
from .hub import TimelapserConfigEntry

PARALLEL_UPDATES = 1

CAPTURE = SwitchEntityDescription(key="capture", translation_key="capture")
DETECTION = SwitchEntityDescription(
    key="corruption_detection",
    translation_key="corruption_detection",
    entity_category=EntityCategory.CONFIG,
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: TimelapserConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the switches of each camera."""
    for subentry_id, runtime in entry.runtime_data.cameras.items():
        async_add_entities(
            [CaptureSwitch(runtime, CAPTURE), DetectionSwitch(runtime, DETECTION)],
            config_subentry_id=subentry_id,
        )


class CaptureSwitch(CameraEntity, SwitchEntity):
    """On while the timelapse runs; turning it on starts one where there is none to resume."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether captures happen."""
        return self._state is TimelapseState.RUNNING

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Resume the paused timelapse, or start one."""
        if self._state is TimelapseState.PAUSED:
            await translate_errors(self.runtime.async_resume_timelapse)()
        elif not self.is_on:
            await translate_errors(self.runtime.async_start_timelapse)()

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Pause the timelapse."""
        if self.is_on:
            await translate_errors(self.runtime.async_pause_timelapse)()

    @property
    def _state(self) -> TimelapseState | None:
        return self.snapshot.timelapse.state if self.snapshot.timelapse else None


class DetectionSwitch(CameraEntity, SwitchEntity):
    """On while images are judged; it is the camera's own setting."""

    @property
    @override
    def is_on(self) -> bool:
        """Whether images are judged."""
        return self.runtime.settings.corruption.enabled

    @override
    async def async_turn_on(self, **kwargs: Any) -> None:
        """Judge images."""
        await self._async_set(True)

    @override
    async def async_turn_off(self, **kwargs: Any) -> None:
        """Keep images unjudged, unless they cannot be read at all."""
        await self._async_set(False)

    async def _async_set(self, on: bool) -> None:
        change = translate_errors(self.runtime.async_change_settings)
        await change({self.entity_description.key: on})
