"""Actions on thumbnails."""

from typing import Any

from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..camera_runtime import CameraRuntime
from ..hub import TimelapserHub
from ..thumbnail_care import async_regenerate
from .common import ATTR_TIMELAPSE_ID, TIMELAPSE, camera_action

ATTR_CANCEL = "cancel"
ATTR_DRY_RUN = "dry_run"
ATTR_ONLY_MISSING = "only_missing"


async def _regenerate(
    hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall
) -> dict[str, Any]:
    if call.data[ATTR_CANCEL]:
        return {"cancelled": hub.thumbnails.cancel()}
    care = await async_regenerate(
        hub,
        camera,
        call.data.get(ATTR_TIMELAPSE_ID),
        only_missing=call.data[ATTR_ONLY_MISSING],
        dry_run=call.data[ATTR_DRY_RUN],
    )
    return {
        "total": care.total,
        "missing": care.missing,
        "unreadable": care.unreadable,
        "made": care.made,
        "failed": care.failed,
        "cancelled": care.cancelled,
    }


ACTIONS = (
    camera_action(
        "regenerate_thumbnails",
        _regenerate,
        {
            **TIMELAPSE,
            vol.Optional(ATTR_ONLY_MISSING, default=True): cv.boolean,
            vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
            vol.Optional(ATTR_CANCEL, default=False): cv.boolean,
        },
        admin=True,
    ),
)
