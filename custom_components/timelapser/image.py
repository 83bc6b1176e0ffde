"""The latest image of a camera."""

from typing import override

from homeassistant.components.image import ImageEntity, ImageEntityDescription
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.entity_platform import AddConfigEntryEntitiesCallback

from .camera_runtime import CameraRuntime
from .engine.images.service import ImageSize
from .entity import CameraEntity
from .hub import TimelapserConfigEntry, TimelapserHub

PARALLEL_UPDATES = 0

LATEST = ImageEntityDescription(key="latest", translation_key="latest")


async def async_setup_entry(
    hass: HomeAssistant,
    entry: TimelapserConfigEntry,
    async_add_entities: AddConfigEntryEntitiesCallback,
) -> None:
    """Add the image of each camera."""
    for subentry_id, runtime in entry.runtime_data.cameras.items():
        async_add_entities(
            [LatestImage(hass, entry.runtime_data, runtime)], config_subentry_id=subentry_id
        )


class LatestImage(CameraEntity, ImageEntity):
    """The newest image that was kept."""

    _attr_content_type = "image/jpeg"

    def __init__(self, hass: HomeAssistant, hub: TimelapserHub, runtime: CameraRuntime) -> None:
        CameraEntity.__init__(self, runtime, LATEST)
        ImageEntity.__init__(self, hass)
        self._hub = hub
        self._take_over()

    @override
    async def async_image(self) -> bytes | None:
        """Answer the file's bytes."""
        image = self.snapshot.image
        path = image and await self._hub.images.path(image, ImageSize.FULL)
        return await self.hass.async_add_executor_job(path.read_bytes) if path else None

    @override
    @callback
    def _handle_coordinator_update(self) -> None:
        self._take_over()
        super()._handle_coordinator_update()

    @callback
    def _take_over(self) -> None:
        image = self.snapshot.image
        self._attr_image_last_updated = image.captured_at if image else None
