"""What all entities of a camera share, and all of the hub."""

from homeassistant.helpers import device_registry as dr
from homeassistant.helpers.device_registry import DeviceInfo
from homeassistant.helpers.entity import EntityDescription
from homeassistant.helpers.update_coordinator import CoordinatorEntity

from .camera_runtime import CameraRuntime
from .const import DOMAIN
from .coordinator import CameraCoordinator, CameraSnapshot
from .hub_coordinator import HubCoordinator


class CameraEntity(CoordinatorEntity[CameraCoordinator]):
    """An entity of a camera's device."""

    _attr_has_entity_name = True

    def __init__(self, runtime: CameraRuntime, description: EntityDescription) -> None:
        super().__init__(runtime.coordinator)
        self.runtime = runtime
        self.entity_description = description
        camera, entry = runtime.camera, runtime.coordinator.config_entry
        self._attr_unique_id = f"{camera.id}_{description.key}"
        self._attr_device_info = DeviceInfo(
            identifiers={(DOMAIN, camera.id)},
            name=camera.name,
            manufacturer="Timelapser",
            model="Camera",
            via_device_id=dr.async_get_device_id_by_identifier(
                runtime.coordinator.hass,
                (DOMAIN, entry.entry_id),
                config_entry_id=entry.entry_id,
            ),
        )

    @property
    def snapshot(self) -> CameraSnapshot:
        """The camera as it is now."""
        return self.coordinator.data


class HubEntity(CoordinatorEntity[HubCoordinator]):
    """An entity of the hub's device."""

    _attr_has_entity_name = True

    def __init__(self, coordinator: HubCoordinator, description: EntityDescription) -> None:
        super().__init__(coordinator)
        self.entity_description = description
        entry_id = coordinator.config_entry.entry_id
        self._attr_unique_id = f"{entry_id}_{description.key}"
        self._attr_device_info = DeviceInfo(identifiers={(DOMAIN, entry_id)})
