"""The action that answers statistics."""

from datetime import timedelta
from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..engine.capture.planning import estimate
from ..engine.database.statistics_operations import WEEK, Scope
from ..engine.errors import NotFoundError
from ..engine.monitoring.statistics import Statistics
from ..hub import TimelapserHub
from ..plain_statistics import (
    day_data,
    gap_data,
    latency_data,
    misses_data,
    plan_data,
    statistics_data,
)
from .common import ATTR_TIMELAPSE_ID, TIMELAPSE, find_camera, hub_action

ATTR_DAYS: Final = "days"
GAPS: Final = 50


async def _get(hub: TimelapserHub, call: ServiceCall) -> dict[str, Any]:
    scope = await _scope(hub, call)
    zone = dt_util.get_default_time_zone()
    found = await hub.statistics.statistics(zone, scope)
    trend = await hub.statistics.trend(zone, call.data[ATTR_DAYS], scope)
    return {
        "camera_id": scope.camera_id,
        "timelapse_id": scope.timelapse_id,
        **statistics_data(found),
        **await _ledger(hub, scope, call.data[ATTR_DAYS]),
        **_camera(hub, scope, found),
        "days": [day_data(day) for day in trend],
    }


async def _ledger(hub: TimelapserHub, scope: Scope, days: int) -> dict[str, Any]:
    """What became of ticks that gave no image, in the last days."""
    since = dt_util.utcnow() - timedelta(days=days)
    return {
        "missed": [misses_data(misses) for misses in await hub.rows.ticks.misses(scope, since)],
        "gaps": [gap_data(tick) for tick in await hub.rows.ticks.gaps(scope, since, GAPS)],
    }


def _camera(hub: TimelapserHub, scope: Scope, found: Statistics) -> dict[str, Any]:
    """What is planned of a camera, and how long its grabs take."""
    camera = hub.cameras.get(scope.camera_id or "")
    if camera is None:
        return {}
    totals = found.totals
    pictures = totals.images + totals.quarantined
    schedule = camera.captures.schedule
    mean = totals.byte_count / pictures if pictures else 0.0
    return {
        "plan": plan_data(
            estimate(schedule, dt_util.now().date(), mean),
            camera.coordinator.data.next_capture,
            camera.captures.window_is_open,
            dt_util.utcnow(),
        ),
        "latency": latency_data(camera.captures.latency),
    }


async def _scope(hub: TimelapserHub, call: ServiceCall) -> Scope:
    camera_id = find_camera(hub, call).camera.id if ATTR_DEVICE_ID in call.data else None
    timelapse_id = call.data.get(ATTR_TIMELAPSE_ID)
    if timelapse_id is not None:
        timelapse = await hub.rows.timelapses.get(timelapse_id)
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
