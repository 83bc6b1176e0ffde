"""Counts, moments, health and progress of a camera; sums and the disk of the hub."""

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
from homeassistant.const import EntityCategory, UnitOfInformation, UnitOfRatio, UnitOfTime
from homeassistant.core import HomeAssistant
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback
from homeassistant.util import dt as dt_util

from .coordinator import CameraSnapshot
from .engine.corruption.quality import Quality, quality_of
from .engine.models import CameraHealth, TimelapseState
from .engine.timelapses.days import day_number
from .entity import CameraEntity, HubEntity
from .hub import TimelapserConfigEntry
from .hub_coordinator import HubSnapshot

PARALLEL_UPDATES = 0

NO_TIMELAPSE = "none"


@dataclass(frozen=True, kw_only=True)
class CameraSensorDescription(SensorEntityDescription):
    """A sensor and how its value follows from a snapshot."""

    value_fn: Callable[[CameraSnapshot], str | float | datetime | None]


@dataclass(frozen=True, kw_only=True)
class HubSensorDescription(SensorEntityDescription):
    """A sensor and how its value follows from a snapshot of the hub."""

    value_fn: Callable[[HubSnapshot], float | None]


def _day_number(snapshot: CameraSnapshot) -> int | None:
    timelapse = snapshot.timelapse
    if timelapse is None or timelapse.first_day is None:
        return None
    over = timelapse.completed_at
    return day_number(
        timelapse.first_day, dt_util.as_local(over).date() if over else snapshot.today.day
    )


def _coverage_today(snapshot: CameraSnapshot) -> float | None:
    coverage = snapshot.today.coverage
    return None if coverage is None else coverage * 100


def _free(snapshot: HubSnapshot) -> int | None:
    disk = snapshot.statistics.disk
    return disk.free if disk else None


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
        key="quality",
        translation_key="quality",
        device_class=SensorDeviceClass.ENUM,
        options=[*Quality],
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: quality_of(snapshot.today.score_mean),
    ),
    CameraSensorDescription(
        key="glitches",
        translation_key="glitches",
        state_class=SensorStateClass.TOTAL_INCREASING,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda snapshot: snapshot.camera.glitch_count,
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
    CameraSensorDescription(
        key="images_today",
        translation_key="images_today",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda snapshot: snapshot.today.images,
    ),
    CameraSensorDescription(
        key="quarantined_today",
        translation_key="quarantined_today",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda snapshot: snapshot.today.quarantined,
    ),
    CameraSensorDescription(
        key="coverage_today",
        translation_key="coverage_today",
        native_unit_of_measurement=UnitOfRatio.PERCENTAGE,
        state_class=SensorStateClass.MEASUREMENT,
        suggested_display_precision=0,
        value_fn=_coverage_today,
    ),
    CameraSensorDescription(
        key="storage_used",
        translation_key="storage_used",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.MEGABYTES,
        suggested_display_precision=0,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        entity_registry_enabled_default=False,
        value_fn=lambda snapshot: snapshot.camera.byte_count + snapshot.camera.video_byte_count,
    ),
    CameraSensorDescription(
        key="video_count",
        translation_key="video_count",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda snapshot: snapshot.camera.video_count,
    ),
    CameraSensorDescription(
        key="day_number",
        translation_key="day_number",
        value_fn=_day_number,
    ),
)

HUB_SENSORS = (
    HubSensorDescription(
        key="images_total",
        translation_key="images_total",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda snapshot: snapshot.statistics.totals.images,
    ),
    HubSensorDescription(
        key="storage_used",
        translation_key="storage_used",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=2,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: snapshot.statistics.totals.stored_bytes,
    ),
    HubSensorDescription(
        key="storage_free",
        translation_key="storage_free",
        device_class=SensorDeviceClass.DATA_SIZE,
        native_unit_of_measurement=UnitOfInformation.BYTES,
        suggested_unit_of_measurement=UnitOfInformation.GIGABYTES,
        suggested_display_precision=1,
        state_class=SensorStateClass.MEASUREMENT,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=_free,
    ),
    HubSensorDescription(
        key="days_until_full",
        translation_key="days_until_full",
        device_class=SensorDeviceClass.DURATION,
        native_unit_of_measurement=UnitOfTime.DAYS,
        suggested_display_precision=0,
        entity_category=EntityCategory.DIAGNOSTIC,
        value_fn=lambda snapshot: snapshot.statistics.days_until_full,
    ),
    HubSensorDescription(
        key="queue_length",
        translation_key="queue_length",
        state_class=SensorStateClass.MEASUREMENT,
        value_fn=lambda snapshot: snapshot.queue_length,
    ),
)


async def async_setup_entry(
    hass: HomeAssistant,
    entry: TimelapserConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the sensors of the hub and of each camera."""
    hub = entry.runtime_data
    async_add_entities([HubSensor(hub.coordinator, description) for description in HUB_SENSORS])
    for subentry_id, runtime in hub.cameras.items():
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


class HubSensor(HubEntity, SensorEntity):
    """A value of the hub's snapshot."""

    entity_description: HubSensorDescription

    @property
    @override
    def native_value(self) -> float | None:
        """The value now."""
        return self.entity_description.value_fn(self.coordinator.data)
