"""Actions that look back: judgements, and the log."""

from typing import Any

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..engine.models import LogLevel
from ..hub import TimelapserHub
from .common import ATTR_LIMIT, ATTR_TIMELAPSE_ID, LIMIT, TIMELAPSE, find_camera, hub_action

ATTR_BELOW = "below"
ATTR_LEVEL = "level"

CAMERA = {vol.Optional(ATTR_DEVICE_ID): cv.string}


async def _corruption_log(hub: TimelapserHub, call: ServiceCall) -> dict[str, Any]:
    camera = find_camera(hub, call) if ATTR_DEVICE_ID in call.data else None
    found = await hub.rows.judgements.find(
        camera_id=camera.camera.id if camera else None,
        timelapse_id=call.data.get(ATTR_TIMELAPSE_ID),
        below=call.data.get(ATTR_BELOW),
        limit=call.data[ATTR_LIMIT],
    )
    return {
        "corruption_log": [
            {
                "camera_id": log.camera_id,
                "timelapse_id": log.timelapse_id,
                "image_id": log.image_id,
                "judged_at": log.judged_at.isoformat(),
                "score": log.score,
                "action": log.action.value,
                "reasons": list(log.reasons),
                "details": list(log.details),
                "features": dict(log.features),
                "model": log.model,
            }
            for log in found
        ]
    }


async def _logs(hub: TimelapserHub, call: ServiceCall) -> dict[str, Any]:
    camera = find_camera(hub, call) if ATTR_DEVICE_ID in call.data else None
    found = await hub.rows.logs.find(
        camera_id=camera.camera.id if camera else None,
        level=call.data.get(ATTR_LEVEL),
        limit=call.data[ATTR_LIMIT],
    )
    return {
        "logs": [
            {
                "logged_at": row.logged_at.isoformat(),
                "level": row.level.value,
                "source": row.source,
                "message": row.message,
                "camera_id": row.camera_id,
                "data": dict(row.data),
            }
            for row in found
        ]
    }


ACTIONS = (
    hub_action(
        "get_corruption_log",
        _corruption_log,
        {
            **CAMERA,
            **TIMELAPSE,
            **LIMIT,
            vol.Optional(ATTR_BELOW): vol.All(vol.Coerce(int), vol.Range(1, 101)),
        },
        query=True,
    ),
    hub_action(
        "get_logs",
        _logs,
        {**CAMERA, **LIMIT, vol.Optional(ATTR_LEVEL): vol.Coerce(LogLevel)},
        query=True,
    ),
)
