"""Actions on videos and render jobs."""

from typing import Any

from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from ..camera_runtime import CameraRuntime
from ..engine.models import Video
from ..engine.settings import SCHEMA
from ..hub import TimelapserHub
from ..library import async_delete_video
from ..media_identifier import VideoIdentifier
from ..plain import forecast_data, job_data, video_data
from .common import (
    ATTR_LIMIT,
    ATTR_TIMELAPSE_ID,
    LIMIT,
    TIMELAPSE,
    camera_action,
    camera_of_device,
    given,
    hub_action,
    setting_fields,
)
from .render_fields import (
    ATTR_GRID_WITH,
    FIELDS,
    PRIORITIES,
    asked_settings,
    home_timelapse,
    render_spec,
)

ATTR_DRY_RUN = "dry_run"
ATTR_JOB_ID = "job_id"
ATTR_PRIORITY = "priority"
ATTR_VIDEO_ID = "video_id"

SETTINGS_OF_VIDEO = setting_fields(
    *(name for name, setting in SCHEMA.items() if setting.group == "video")
)


async def _render(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    asked = asked_settings(given(call, SETTINGS_OF_VIDEO))
    timelapse, settings = await camera.async_video_settings(home_timelapse(call.data), asked)
    devices = call.data.get(ATTR_GRID_WITH, ())
    others = [camera_of_device(hub, call.hass, device).camera.id for device in devices]
    spec = render_spec(timelapse.id, settings, call.data, others)
    if call.data[ATTR_DRY_RUN]:
        return forecast_data(await hub.videos.forecast(timelapse.id, spec))
    priority = PRIORITIES[call.data[ATTR_PRIORITY]]
    return job_data(await hub.videos.request(timelapse.id, spec, priority=priority))


async def _cancel(hub: TimelapserHub, call: ServiceCall) -> dict[str, Any]:
    return job_data(await hub.videos.cancel(call.data[ATTR_JOB_ID]))


async def _delete(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    return _video(hub, await async_delete_video(hub, camera, call.data[ATTR_VIDEO_ID]))


async def _list_videos(
    hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall
) -> dict[str, Any]:
    found = await hub.rows.videos.find_videos(
        camera.camera.id, call.data.get(ATTR_TIMELAPSE_ID), call.data[ATTR_LIMIT]
    )
    return {"videos": [_video(hub, video) for video in found]}


async def _list_jobs(
    hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall
) -> dict[str, Any]:
    found = await hub.rows.videos.find_jobs(
        camera.camera.id, call.data.get(ATTR_TIMELAPSE_ID), call.data[ATTR_LIMIT]
    )
    return {"render_jobs": [job_data(job) for job in found]}


def _video(hub: TimelapserHub, video: Video) -> dict[str, Any]:
    path = str(hub.storage.resolve(video.path))
    data = video_data(video, path, VideoIdentifier(video.id).media_content_id)
    poster = video.poster_path and str(hub.storage.resolve(video.poster_path))
    return {**data, "poster_path": poster}


ACTIONS = (
    camera_action(
        "render_video",
        _render,
        {
            **TIMELAPSE,
            **SETTINGS_OF_VIDEO,
            **FIELDS,
            vol.Optional(ATTR_PRIORITY, default="manual"): vol.In(PRIORITIES),
            vol.Optional(ATTR_DRY_RUN, default=False): cv.boolean,
        },
    ),
    hub_action("cancel_render", _cancel, {vol.Required(ATTR_JOB_ID): cv.positive_int}),
    camera_action(
        "delete_video", _delete, {vol.Required(ATTR_VIDEO_ID): cv.positive_int}, admin=True
    ),
    camera_action("list_videos", _list_videos, {**LIMIT, **TIMELAPSE}, query=True),
    camera_action("list_render_jobs", _list_jobs, {**LIMIT, **TIMELAPSE}, query=True),
)
