"""Actions on the life of timelapses."""

from typing import Any

from homeassistant.const import ATTR_NAME
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..camera_runtime import CameraRuntime
from ..hub import TimelapserHub
from ..plain import timelapse_data
from .common import ATTR_LIMIT, LIMIT, bounded, camera_action

ATTR_INTERVAL = "interval"

NAME = vol.All(cv.string, vol.Length(min=1, max=255))


async def _start(_hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    settings = {key: call.data[key] for key in (ATTR_INTERVAL,) if key in call.data}
    name = call.data.get(ATTR_NAME)
    return timelapse_data(await camera.async_start_timelapse(name, settings))


async def _pause(_hub: TimelapserHub, camera: CameraRuntime, _call: ServiceCall) -> dict[str, Any]:
    return timelapse_data(await camera.async_pause_timelapse())


async def _resume(_hub: TimelapserHub, camera: CameraRuntime, _call: ServiceCall) -> dict[str, Any]:
    return timelapse_data(await camera.async_resume_timelapse())


async def _complete(
    _hub: TimelapserHub, camera: CameraRuntime, _call: ServiceCall
) -> dict[str, Any]:
    return timelapse_data(await camera.async_complete_timelapse())


async def _list(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    found = await hub.timelapse_rows.find(camera.camera.id, call.data[ATTR_LIMIT])
    return {"timelapses": [timelapse_data(timelapse) for timelapse in found]}


ACTIONS = (
    camera_action(
        "start_timelapse",
        _start,
        {vol.Optional(ATTR_NAME): NAME, vol.Optional(ATTR_INTERVAL): bounded(ATTR_INTERVAL)},
    ),
    camera_action("pause_timelapse", _pause),
    camera_action("resume_timelapse", _resume),
    camera_action("complete_timelapse", _complete),
    camera_action("list_timelapses", _list, LIMIT, query=True),
)
