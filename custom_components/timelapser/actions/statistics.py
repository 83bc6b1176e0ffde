"""The action that answers statistics."""

from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..engine.database.statistics_operations import WEEK, Scope
from ..engine.errors import NotFoundError
from ..hub import TimelapserHub
from ..plain_statistics import day_data, statistics_data
from .common import ATTR_TIMELAPSE_ID, TIMELAPSE, find_camera, hub_action

ATTR_DAYS = "days"


async def _get(hub: TimelapserHub, call: ServiceCall) -> dict[str, Any]:
    scope = await _scope(hub, call)
    zone = dt_util.get_default_time_zone()
    found = await hub.statistics.statistics(zone, scope)
    trend = await hub.statistics.trend(zone, call.data[ATTR_DAYS], scope)
    return {
        "camera_id": scope.camera_id,
        "timelapse_id": scope.timelapse_id,
        **statistics_data(found),
        "days": [day_data(day) for day in trend],
    }


async def _scope(hub: TimelapserHub, call: ServiceCall) -> Scope:
    camera_id = find_camera(hub, call).camera.id if ATTR_DEVICE_ID in call.data else None
    timelapse_id = call.data.get(ATTR_TIMELAPSE_ID)
    if timelapse_id is not None:
        timelapse = await hub.timelapse_rows.get(timelapse_id)
        if camera_id not in {None, timelapse.camera_id}:
            raise NotFoundError(kind="timelapse", id=timelapse_id)
        camera_id = timelapse.camera_id
    return Scope(camera_id, timelapse_id)


ACTIONS = (
    hub_action(
        "get_statistics",
        _get,
        {
            vol.Optional(ATTR_DEVICE_ID): cv.string,
            **TIMELAPSE,
            vol.Optional(ATTR_DAYS, default=WEEK): vol.All(
                vol.Coerce(int), vol.Range(min=1, max=365)
            ),
        },
        query=True,
    ),
)
