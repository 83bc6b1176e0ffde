"""Actions on images in quarantine, and the one that deletes images."""

from typing import Any, Final

from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..camera_runtime import CameraRuntime
from ..engine.errors import NoImageNamedError, NotQuarantinedError
from ..hub import TimelapserHub
from ..library import async_delete_images, async_own_image, async_restore_image
from ..plain import image_data
from .common import camera_action

ATTR_IMAGE_ID: Final = "image_id"
ATTR_IMAGE_IDS: Final = "image_ids"
MOST: Final = 1000


async def _restore(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    return image_data(await async_restore_image(hub, camera, call.data[ATTR_IMAGE_ID]))


async def _delete(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    wanted: list[int] = call.data.get(ATTR_IMAGE_IDS, [])
    if not wanted:
        if ATTR_IMAGE_ID not in call.data:
            raise NoImageNamedError
        image = await async_own_image(hub, camera, call.data[ATTR_IMAGE_ID])
        if not image.quarantined:
            raise NotQuarantinedError(image=image.id)
        wanted = [image.id]
    gone = await async_delete_images(hub, camera, wanted)
    deleted = {image.id for image in gone}
    return {
        "deleted": sorted(deleted),
        "left": [image_id for image_id in dict.fromkeys(wanted) if image_id not in deleted],
        "bytes": sum(image.byte_count for image in gone),
    }


ACTIONS = (
    camera_action("restore_image", _restore, {vol.Required(ATTR_IMAGE_ID): cv.positive_int}),
    camera_action(
        "delete_image",
        _delete,
        {
            vol.Exclusive(ATTR_IMAGE_ID, "which"): cv.positive_int,
            vol.Exclusive(ATTR_IMAGE_IDS, "which"): vol.All(
                cv.ensure_list, vol.Length(min=1, max=MOST), [cv.positive_int]
            ),
        },
        admin=True,
    ),
)
