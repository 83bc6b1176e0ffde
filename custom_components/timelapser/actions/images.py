"""Actions on images."""

from datetime import date, datetime
from typing import Any

from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..camera_runtime import CameraRuntime
from ..hub import TimelapserHub
from ..plain import image_data
from .common import ATTR_LIMIT, ATTR_TIMELAPSE_ID, LIMIT, TIMELAPSE, camera_action

ATTR_BEFORE = "before"
ATTR_DAY = "day"
ATTR_QUARANTINED = "quarantined"


async def _list(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    before: datetime | None = call.data.get(ATTR_BEFORE)
    day: date | None = call.data.get(ATTR_DAY)
    found = await hub.image_rows.find(
        camera_id=camera.camera.id,
        timelapse_id=call.data.get(ATTR_TIMELAPSE_ID),
        day=day,
        quarantined=call.data[ATTR_QUARANTINED],
        before=dt_util.as_utc(before) if before else None,
        limit=call.data[ATTR_LIMIT],
    )
    return {"images": [image_data(image) for image in found]}


ACTIONS = (
    camera_action(
        "list_images",
        _list,
        {
            **LIMIT,
            **TIMELAPSE,
            vol.Optional(ATTR_DAY): cv.date,
            vol.Optional(ATTR_BEFORE): cv.datetime,
            vol.Optional(ATTR_QUARANTINED, default=False): cv.boolean,
        },
        query=True,
    ),
)
