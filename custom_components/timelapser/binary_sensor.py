"""What is true of a camera, or not: reachable, degraded, inside its window."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import override

from homeassistant.components.binary_sensor import (
    BinarySensorDeviceClass,
    BinarySensorEntity,
    BinarySensorEntityDescription,
)
from homeassistant.const import EntityCategory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import CameraSnapshot
from .engine.models import CameraHealth
from .entity import CameraEntity
from .hub import TimelapserConfigEntry

PARALLEL_UPDATES = 0


@dataclass(frozen=True, kw_only=True)
class CameraBinarySensorDescription(BinarySensorEntityDescription):
    """A binary sensor and how its state follows from a snapshot."""

    value_fn: Callable[[CameraSnapshot], bool | None]


BINARY_SENSORS = (
    CameraBinarySensorDescription(
        key="online",
        translation_key="online",
        device_class=BinarySensorDeviceClass.CONNECTIVITY,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: snapshot.health is not CameraHealth.OFFLINE,
    ),
    CameraBinarySensorDescription(
        key="degraded",
        translation_key="degraded",
        device_class=BinarySensorDeviceClass.PROBLEM,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: snapshot.degraded,
    ),
    CameraBinarySensorDescription(
        key="window_open",
        translation_key="window_open",
        value_fn=lambda snapshot: snapshot.window_open is not False,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: TimelapserConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the binary sensors of each camera."""
    for subentry_id, runtime in entry.runtime_data.cameras.items():
        async_add_entities(
            [CameraBinarySensor(runtime, description) for description in BINARY_SENSORS],
            config_subentry_id=subentry_id,
        )


class CameraBinarySensor(CameraEntity, BinarySensorEntity):
    """What is true of a camera's snapshot."""

    entity_description: CameraBinarySensorDescription

    @property
    @override
    def is_on(self) -> bool | None:
        """Whether it is true now."""
        return self.entity_description.value_fn(self.snapshot)
