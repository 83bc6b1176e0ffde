"""Buttons: capture now, start and complete the timelapse, render."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.button import ButtonEntity, ButtonEntityDescription
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .camera_runtime import CameraRuntime
from .entity import CameraEntity
from .errors import translate_errors
from .hub import TimelapserConfigEntry

PARALLEL_UPDATES = 1


@dataclass(frozen=True, kw_only=True)
class CameraButtonDescription(ButtonEntityDescription):
    """A button and what it does."""

    press_fn: Callable[[CameraRuntime], Awaitable[object]]


BUTTONS = (
    CameraButtonDescription(
        key="capture_now",
        translation_key="capture_now",
        press_fn=lambda runtime: runtime.async_capture_now(),
    ),
    CameraButtonDescription(
        key="start_timelapse",
        translation_key="start_timelapse",
        press_fn=lambda runtime: runtime.async_start_timelapse(),
    ),
    CameraButtonDescription(
        key="complete_timelapse",
        translation_key="complete_timelapse",
        press_fn=lambda runtime: runtime.async_complete_timelapse(),
    ),
    CameraButtonDescription(
        key="render_video",
        translation_key="render_video",
        press_fn=lambda runtime: runtime.async_render_video(),
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: TimelapserConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the buttons of each camera."""
    for subentry_id, runtime in entry.runtime_data.cameras.items():
        async_add_entities(
            [CameraButton(runtime, description) for description in BUTTONS],
            config_subentry_id=subentry_id,
        )


class CameraButton(CameraEntity, ButtonEntity):
    """Does one thing with a camera."""

    entity_description: CameraButtonDescription

    @override
    async def async_press(self) -> None:
        """Do it."""
        await translate_errors(self.entity_description.press_fn)(self.runtime)
