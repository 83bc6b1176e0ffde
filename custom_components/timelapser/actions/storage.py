"""The action that purges, or says what would go."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any, Final

from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..engine.images.retention import Plan, Removal
from ..hub import TimelapserHub
from .common import find_camera, hub_action

ATTR_DRY_RUN: Final = "dry_run"
SHOWN: Final = 200
"""Ids of images and of videos: an answer with a million of them helps nobody."""


async def _purge(hub: TimelapserHub, call: ServiceCall) -> dict[str, Any]:
    camera_id = find_camera(hub, call).camera.id if ATTR_DEVICE_ID in call.data else None
    dry_run: bool = call.data[ATTR_DRY_RUN]
    found = await hub.purging.plan(camera_id)
    if not dry_run:
        found = await hub.purging.carry_out(found)
    return {"dry_run": dry_run, **_data(hub, found)}


def _data(hub: TimelapserHub, plan: Plan) -> dict[str, Any]:
    """Answer what goes as plain data: how much by rule, by camera and in all, and the oldest."""
    by_rule: defaultdict[str, list[Removal]] = defaultdict(list)
    by_camera: defaultdict[str, list[Removal]] = defaultdict(list)
    for removal in (*plan.images, *plan.videos):
        by_rule[removal.rule.value].append(removal)
        by_camera[removal.camera_id].append(removal)
    return {
        "images": len(plan.images),
        "videos": len(plan.videos),
        "bytes": plan.byte_count,
        "rules": {rule: _sum(some) for rule, some in by_rule.items()},
        "cameras": [
            {"camera_id": camera_id, "name": _name(hub, camera_id), **_sum(some)}
            for camera_id, some in by_camera.items()
        ],
        "image_ids": [removal.id for removal in plan.images[:SHOWN]],
        "video_ids": [removal.id for removal in plan.videos[:SHOWN]],
    }


def _sum(removals: Iterable[Removal]) -> dict[str, int]:
    sizes = [removal.byte_count for removal in removals]
    return {"count": len(sizes), "bytes": sum(sizes)}


def _name(hub: TimelapserHub, camera_id: str) -> str | None:
    """Answer a camera's name; one that was removed may still have images."""
    camera = hub.cameras.get(camera_id)
    return camera.camera.name if camera else None


ACTIONS = (
    hub_action(
        "purge",
        _purge,
        {
            vol.Optional(ATTR_DEVICE_ID): cv.string,
            vol.Optional(ATTR_DRY_RUN, default=True): cv.boolean,
        },
        admin=True,
    ),
)
