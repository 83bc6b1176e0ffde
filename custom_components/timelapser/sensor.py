"""Counts, moments, health and progress of a camera."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import override

from homeassistant.components.sensor import (
    SensorDeviceClass,
    SensorEntity,
    SensorEntityDescription,
    SensorStateClass,
)
from homeassistant.const import EntityCategory, UnitOfRatio
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .coordinator import CameraSnapshot
from .engine.models import CameraHealth, TimelapseState
from .entity import CameraEntity
from .hub import TimelapserConfigEntry

PARALLEL_UPDATES = 0

NO_TIMELAPSE = "none"


@dataclass(frozen=True, kw_only=True)
class CameraSensorDescription(SensorEntityDescription):
    """A sensor and how its value follows from a snapshot."""

    value_fn: Callable[[CameraSnapshot], str | float | datetime | None]


SENSORS = (
    CameraSensorDescription(
        key="image_count",
        translation_key="image_count",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda snapshot: snapshot.timelapse.image_count if snapshot.timelapse else 0,
    ),
    CameraSensorDescription(
        key="last_capture",
        translation_key="last_capture",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda snapshot: snapshot.image.captured_at if snapshot.image else None,
    ),
    CameraSensorDescription(
        key="next_capture",
        translation_key="next_capture",
        device_class=SensorDeviceClass.TIMESTAMP,
        value_fn=lambda snapshot: snapshot.next_capture,
    ),
    CameraSensorDescription(
        key="corruption_score",
        translation_key="corruption_score",
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: snapshot.last_score,
    ),
    CameraSensorDescription(
        key="health",
        translation_key="health",
        device_class=SensorDeviceClass.ENUM,
        options=[*CameraHealth],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: snapshot.health,
    ),
    CameraSensorDescription(
        key="timelapse_state",
        translation_key="timelapse_state",
        device_class=SensorDeviceClass.ENUM,
        options=[NO_TIMELAPSE, *TimelapseState],
        value_fn=lambda snapshot: snapshot.timelapse.state if snapshot.timelapse else NO_TIMELAPSE,
    ),
    CameraSensorDescription(
        key="render_progress",
        translation_key="render_progress",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=lambda snapshot: snapshot.job.progress * 100 if snapshot.job else None,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: TimelapserConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of each camera."""
    for subentry_id, runtime in entry.runtime_data.cameras.items():
        async_add_entities(
            [CameraSensor(runtime, description) for description in SENSORS],
            config_subentry_id=subentry_id,
        )


class CameraSensor(CameraEntity, SensorEntity):
    """A value of a camera's snapshot."""

    entity_description: CameraSensorDescription

    @property
    @override
    def native_value(self) -> str | float | datetime | None:
        """The value now."""
        return self.entity_description.value_fn(self.snapshot)
