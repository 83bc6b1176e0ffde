"""Actions on settings: of the hub, of a camera, or of one of its timelapses."""

from collections.abc import Mapping
from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..camera_runtime import CameraRuntime
from ..engine.models import Timelapse
from ..engine.settings import (
    SCHEMA,
    Choice,
    Choices,
    Number,
    Resolved,
    Setting,
    Switch,
    plain,
    resolve,
)
from ..hub import TimelapserHub
from ..library import async_change_timelapse_settings
from .common import (
    ATTR_SETTINGS,
    ATTR_TIMELAPSE_ID,
    SETTINGS,
    TIMELAPSE,
    find_camera,
    hub_action,
)

TARGET = {vol.Optional(ATTR_DEVICE_ID): cv.string, **TIMELAPSE}


async def _get(hub: TimelapserHub, call: ServiceCall) -> dict[str, Any]:
    camera, timelapse = await _target(hub, call)
    if camera is None:
        return {"settings": _data(resolve(hub.levels))}
    return {"settings": _data(resolve(camera.levels(timelapse)))}


async def _set(hub: TimelapserHub, call: ServiceCall) -> dict[str, Any]:
    changes: Mapping[str, object] = call.data[ATTR_SETTINGS]
    camera, timelapse = await _target(hub, call)
    if camera is None:
        await hub.async_change_settings(changes)
    elif timelapse is None:
        await camera.async_change_settings(changes)
    else:
        await async_change_timelapse_settings(hub, camera, timelapse, changes)
    return await _get(hub, call)


async def _target(
    hub: TimelapserHub, call: ServiceCall
) -> tuple[CameraRuntime | None, Timelapse | None]:
    if ATTR_DEVICE_ID not in call.data:
        return None, None
    camera = find_camera(hub, call)
    if ATTR_TIMELAPSE_ID not in call.data:
        return camera, None
    return camera, await camera.async_own_timelapse(call.data[ATTR_TIMELAPSE_ID])


def _data(resolved: Resolved) -> dict[str, Any]:
    return {
        name: {
            "value": plain(resolved.values[name]),
            "level": resolved.origins[name].value,
            "default": plain(setting.default),
            **_allowed(setting),
        }
        for name, setting in SCHEMA.items()
    }


def _allowed(setting: Setting) -> dict[str, Any]:
    match setting.values:
        case Number(minimum, maximum, unit):
            return {"minimum": minimum, "maximum": maximum, "unit": unit}
        case Switch():
            return {"choices": [True, False]}
        case Choice(words) | Choices(words):
            return {"choices": [*words]}
        case kind:
            return {"expected": kind.expected}


ACTIONS = (
    hub_action("get_settings", _get, TARGET, query=True),
    hub_action(
        "set_settings",
        _set,
        {**TARGET, vol.Required(ATTR_SETTINGS): SETTINGS},
        admin=True,
    ),
)
