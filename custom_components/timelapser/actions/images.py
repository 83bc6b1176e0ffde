"""Actions on images."""

from dataclasses import replace
from datetime import date, datetime
from typing import Any

from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..api.images import IMAGE_URL
from ..camera_runtime import CameraRuntime
from ..engine.errors import NotFoundError
from ..engine.images.service import ImageSize
from ..engine.models import Frame, Image, TransformSettings
from ..hub import TimelapserHub
from ..library import async_rejudge
from ..plain import image_data, judgement_data
from .common import ATTR_LIMIT, ATTR_TIMELAPSE_ID, LIMIT, TIMELAPSE, camera_action

ATTR_APPLY = "apply"
ATTR_BEFORE = "before"
ATTR_DAY = "day"
ATTR_IMAGE_ID = "image_id"
ATTR_QUARANTINED = "quarantined"
SHOWN = 200


async def _list(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    before: datetime | None = call.data.get(ATTR_BEFORE)
    day: date | None = call.data.get(ATTR_DAY)
    found = await hub.rows.images.find(
        camera_id=camera.camera.id,
        timelapse_id=call.data.get(ATTR_TIMELAPSE_ID),
        day=day,
        quarantined=call.data[ATTR_QUARANTINED],
        before=dt_util.as_utc(before) if before else None,
        limit=call.data[ATTR_LIMIT],
    )
    return {"images": [{**image_data(image), **_urls(image)} for image in found]}


def _urls(image: Image) -> dict[str, str]:
    """Where an image can be had by who is logged in."""
    return {
        name: IMAGE_URL.format(image_id=image.id, size=size)
        for name, size in (("url", ImageSize.FULL), ("thumbnail", ImageSize.THUMB))
    }


async def _test(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    image = await hub.rows.images.get(call.data[ATTR_IMAGE_ID])
    if image.camera_id != camera.camera.id:
        raise NotFoundError(kind="image", id=image.id)
    path = await hub.images.path(image, ImageSize.FULL)
    if path is None:
        raise NotFoundError(kind="image", id=image.id)
    content = await call.hass.async_add_executor_job(path.read_bytes)
    # As it is: what is done to the camera's pictures was done when it was kept.
    settings = replace(camera.settings, picture=TransformSettings())
    frame = Frame(image.captured_at, content)
    _ingested, judgement = await hub.images.examine(frame, settings, camera.camera.id)
    return {"image_id": image.id, **judgement_data(judgement)}


async def _rejudge(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    apply: bool = call.data[ATTR_APPLY]
    found = await async_rejudge(hub, camera, call.data[ATTR_TIMELAPSE_ID], apply=apply)
    return {
        "applied": apply,
        "judged": found.judged,
        "unreadable": found.unreadable,
        "changed": len(found.changes),
        "images": [
            {
                "image_id": change.image.id,
                "captured_at": change.image.captured_at.isoformat(),
                "before": change.image.score,
                "quarantined": change.verdict.quarantined,
                "flagged": change.verdict.flagged,
                **judgement_data(change.verdict.judgement),
            }
            for change in found.changes[:SHOWN]
        ],
    }


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
    camera_action("test_image", _test, {vol.Required(ATTR_IMAGE_ID): cv.positive_int}, query=True),
    camera_action(
        "rejudge_images",
        _rejudge,
        {
            vol.Required(ATTR_TIMELAPSE_ID): cv.positive_int,
            vol.Optional(ATTR_APPLY, default=False): cv.boolean,
        },
        admin=True,
    ),
)
