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
from ..plain import job_data, video_data
from .common import (
    ATTR_LIMIT,
    ATTR_TIMELAPSE_ID,
    LIMIT,
    TIMELAPSE,
    camera_action,
    given,
    hub_action,
    setting_fields,
)

ATTR_JOB_ID = "job_id"
ATTR_VIDEO_ID = "video_id"

SETTINGS_OF_VIDEO = setting_fields(
    *(name for name, setting in SCHEMA.items() if setting.group == "video")
)


async def _render(_hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    settings = given(call, SETTINGS_OF_VIDEO)
    return job_data(await camera.async_render_video(call.data.get(ATTR_TIMELAPSE_ID), settings))


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
    return video_data(video, path, VideoIdentifier(video.id).media_content_id)


ACTIONS = (
    camera_action(
        "render_video",
        _render,
        {
            **TIMELAPSE,
            **SETTINGS_OF_VIDEO,
        },
    ),
    hub_action("cancel_render", _cancel, {vol.Required(ATTR_JOB_ID): cv.positive_int}),
    camera_action(
        "delete_video", _delete, {vol.Required(ATTR_VIDEO_ID): cv.positive_int}, admin=True
    ),
    camera_action("list_videos", _list_videos, {**LIMIT, **TIMELAPSE}, query=True),
    camera_action("list_render_jobs", _list_jobs, {**LIMIT, **TIMELAPSE}, query=True),
)
