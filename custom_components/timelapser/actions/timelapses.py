"""Actions on the life of timelapses."""

from typing import Any, Final, cast

from homeassistant.const import ATTR_NAME
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..camera_runtime import CameraRuntime
from ..engine.models import Timelapse, TimelapseChanges, TimelapseRules
from ..hub import TimelapserHub
from ..library import async_delete_timelapse, async_update_timelapse, timelapse_outlook
from ..plain import timelapse_data
from .common import (
    ATTR_LIMIT,
    ATTR_SETTINGS,
    ATTR_TIMELAPSE_ID,
    LIMIT,
    SETTINGS,
    camera_action,
    given,
    setting_fields,
)

ATTR_FORCE: Final = "force"
ATTR_INTERVAL: Final = "interval"
ATTR_NOTES: Final = "notes"
ATTR_STARRED: Final = "starred"

NAME: Final = vol.All(cv.string, vol.Length(min=1, max=255))
NOTES: Final = vol.All(cv.string, vol.Length(max=2000))
MOMENT: Final = vol.Any(None, vol.All(cv.datetime, dt_util.as_utc))
# None takes a rule back.
RULES: Final = {
    vol.Optional("start_at"): MOMENT,
    vol.Optional("stop_at"): MOMENT,
    vol.Optional("stop_after_days"): vol.Any(None, vol.All(vol.Coerce(int), vol.Range(1, 36_500))),
    vol.Optional("stop_after_images"): vol.Any(
        None, vol.All(vol.Coerce(int), vol.Range(1, 100_000_000))
    ),
}
TIMELAPSE_ID: Final = {vol.Required(ATTR_TIMELAPSE_ID): cv.positive_int}


def _answer(camera: CameraRuntime, timelapse: Timelapse) -> dict[str, Any]:
    return timelapse_data(timelapse, timelapse_outlook(camera, timelapse))


async def _start(_hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    settings = dict(call.data.get(ATTR_SETTINGS, {}))
    if ATTR_INTERVAL in call.data:
        settings[ATTR_INTERVAL] = call.data[ATTR_INTERVAL]
    name = call.data.get(ATTR_NAME)
    rules = cast("TimelapseRules", given(call, RULES))
    return _answer(camera, await camera.async_start_timelapse(name, settings, rules))


async def _pause(_hub: TimelapserHub, camera: CameraRuntime, _call: ServiceCall) -> dict[str, Any]:
    return _answer(camera, await camera.async_pause_timelapse())


async def _resume(_hub: TimelapserHub, camera: CameraRuntime, _call: ServiceCall) -> dict[str, Any]:
    return _answer(camera, await camera.async_resume_timelapse())


async def _complete(
    _hub: TimelapserHub, camera: CameraRuntime, _call: ServiceCall
) -> dict[str, Any]:
    return _answer(camera, await camera.async_complete_timelapse())


async def _update(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    changes = cast("TimelapseChanges", given(call, CHANGES))
    timelapse_id = call.data[ATTR_TIMELAPSE_ID]
    return _answer(camera, await async_update_timelapse(hub, camera, timelapse_id, changes))


async def _delete(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    timelapse_id = call.data[ATTR_TIMELAPSE_ID]
    force = call.data[ATTR_FORCE]
    return _answer(camera, await async_delete_timelapse(hub, camera, timelapse_id, force=force))


async def _list(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    found = await hub.rows.timelapses.find(camera.camera.id, call.data[ATTR_LIMIT])
    return {"timelapses": [_answer(camera, timelapse) for timelapse in found]}


CHANGES: Final = {
    vol.Optional(ATTR_NAME): NAME,
    vol.Optional(ATTR_STARRED): cv.boolean,
    vol.Optional(ATTR_NOTES): NOTES,
    **RULES,
}

ACTIONS = (
    camera_action(
        "start_timelapse",
        _start,
        {
            vol.Optional(ATTR_NAME): NAME,
            **setting_fields(ATTR_INTERVAL),
            **RULES,
            vol.Optional(ATTR_SETTINGS): SETTINGS,
        },
    ),
    camera_action("pause_timelapse", _pause),
    camera_action("resume_timelapse", _resume),
    camera_action("complete_timelapse", _complete),
    camera_action("update_timelapse", _update, {**TIMELAPSE_ID, **CHANGES}),
    camera_action(
        "delete_timelapse",
        _delete,
        {**TIMELAPSE_ID, vol.Optional(ATTR_FORCE, default=False): cv.boolean},
        admin=True,
    ),
    camera_action("list_timelapses", _list, LIMIT, query=True),
)
