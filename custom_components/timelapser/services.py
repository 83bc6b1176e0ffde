"""Actions: everything that automations and scripts can ask for."""

from collections.abc import Awaitable, Callable, Coroutine
from datetime import date, datetime
from typing import Any

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID, ATTR_NAME
from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .camera_runtime import CameraRuntime
from .const import DOMAIN
from .engine.errors import HubNotLoadedError, NotFoundError
from .engine.models import Quality, Video
from .engine.settings import SCHEMA, Number
from .errors import translate_errors
from .hub import TimelapserHub
from .media_identifier import VideoIdentifier
from .plain import image_data, job_data, timelapse_data, video_data

ATTR_TIMELAPSE_ID = "timelapse_id"
ATTR_JOB_ID = "job_id"
ATTR_INTERVAL = "interval"
ATTR_FPS = "fps"
ATTR_QUALITY = "quality"
ATTR_LIMIT = "limit"
ATTR_DAY = "day"
ATTR_BEFORE = "before"
ATTR_QUARANTINED = "quarantined"

type CameraAction = Callable[[TimelapserHub, CameraRuntime, ServiceCall], Awaitable[dict[str, Any]]]


def _bounded(name: str) -> vol.All:
    bounds = SCHEMA[name].values
    assert isinstance(bounds, Number)  # noqa: S101
    return vol.All(vol.Coerce(int), vol.Range(min=bounds.minimum, max=bounds.maximum))


_CAMERA = {vol.Required(ATTR_DEVICE_ID): cv.string}
_LIMIT = {
    vol.Optional(ATTR_LIMIT, default=100): vol.All(vol.Coerce(int), vol.Range(min=1, max=1000))
}
_TIMELAPSE = {vol.Optional(ATTR_TIMELAPSE_ID): cv.positive_int}


async def _capture_now(
    hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall
) -> dict[str, Any]:
    return image_data(await camera.async_capture_now())


async def _start(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    settings = {key: call.data[key] for key in (ATTR_INTERVAL,) if key in call.data}
    name = call.data.get(ATTR_NAME)
    return timelapse_data(await camera.async_start_timelapse(name, settings))


async def _pause(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    return timelapse_data(await camera.async_pause_timelapse())


async def _resume(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    return timelapse_data(await camera.async_resume_timelapse())


async def _complete(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    return timelapse_data(await camera.async_complete_timelapse())


async def _render(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    settings = {key: call.data[key] for key in (ATTR_FPS, ATTR_QUALITY) if key in call.data}
    return job_data(await camera.async_render_video(call.data.get(ATTR_TIMELAPSE_ID), settings))


async def _test(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    frame = await hub.async_test(camera.source)
    return {
        "width": frame.width,
        "height": frame.height,
        "bytes": frame.byte_count,
        "score": frame.judgement.score,
        "reasons": list(frame.judgement.reasons),
        "preview": frame.preview,
    }


async def _list_timelapses(
    hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall
) -> dict[str, Any]:
    found = await hub.timelapse_rows.find(camera.camera.id, call.data[ATTR_LIMIT])
    return {"timelapses": [timelapse_data(timelapse) for timelapse in found]}


async def _list_images(
    hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall
) -> dict[str, Any]:
    before: datetime | None = call.data.get(ATTR_BEFORE)
    day: date | None = call.data.get(ATTR_DAY)
    found = await hub.image_rows.find(
        camera_id=camera.camera.id,
        timelapse_id=call.data.get(ATTR_TIMELAPSE_ID),
        day=day,
        quarantined=call.data[ATTR_QUARANTINED],
        before=dt_util.as_utc(before) if before else None,
        limit=call.data[ATTR_LIMIT],
    )
    return {"images": [image_data(image) for image in found]}


async def _list_videos(
    hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall
) -> dict[str, Any]:
    found = await hub.video_rows.find_videos(
        camera.camera.id, call.data.get(ATTR_TIMELAPSE_ID), call.data[ATTR_LIMIT]
    )
    return {"videos": [_video(hub, video) for video in found]}


async def _list_jobs(
    hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall
) -> dict[str, Any]:
    found = await hub.video_rows.find_jobs(
        camera.camera.id, call.data.get(ATTR_TIMELAPSE_ID), call.data[ATTR_LIMIT]
    )
    return {"render_jobs": [job_data(job) for job in found]}


@translate_errors
async def _cancel_render(call: ServiceCall) -> ServiceResponse:
    job = await _loaded_hub(call.hass).videos.cancel(call.data[ATTR_JOB_ID])
    return job_data(job)


_VERBS: dict[str, tuple[CameraAction, dict[Any, Any]]] = {
    "capture_now": (_capture_now, {}),
    "start_timelapse": (
        _start,
        {
            vol.Optional(ATTR_NAME): vol.All(cv.string, vol.Length(min=1, max=255)),
            vol.Optional(ATTR_INTERVAL): _bounded(ATTR_INTERVAL),
        },
    ),
    "pause_timelapse": (_pause, {}),
    "resume_timelapse": (_resume, {}),
    "complete_timelapse": (_complete, {}),
    "render_video": (
        _render,
        {
            **_TIMELAPSE,
            vol.Optional(ATTR_FPS): _bounded(ATTR_FPS),
            vol.Optional(ATTR_QUALITY): vol.In([*Quality]),
        },
    ),
}
_QUERIES: dict[str, tuple[CameraAction, dict[Any, Any]]] = {
    "test_camera": (_test, {}),
    "list_timelapses": (_list_timelapses, _LIMIT),
    "list_images": (
        _list_images,
        {
            **_LIMIT,
            **_TIMELAPSE,
            vol.Optional(ATTR_DAY): cv.date,
            vol.Optional(ATTR_BEFORE): cv.datetime,
            vol.Optional(ATTR_QUARANTINED, default=False): cv.boolean,
        },
    ),
    "list_videos": (_list_videos, {**_LIMIT, **_TIMELAPSE}),
    "list_render_jobs": (_list_jobs, {**_LIMIT, **_TIMELAPSE}),
}


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register all actions."""
    for actions, response in (
        (_VERBS, SupportsResponse.OPTIONAL),
        (_QUERIES, SupportsResponse.ONLY),
    ):
        for name, (action, fields) in actions.items():
            hass.services.async_register(
                DOMAIN,
                name,
                _for_camera(action),
                schema=vol.Schema({**_CAMERA, **fields}),
                supports_response=response,
            )
    hass.services.async_register(
        DOMAIN,
        "cancel_render",
        _cancel_render,
        schema=vol.Schema({vol.Required(ATTR_JOB_ID): cv.positive_int}),
        supports_response=SupportsResponse.OPTIONAL,
    )


def _for_camera(
    action: CameraAction,
) -> Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]:
    @translate_errors
    async def handler(call: ServiceCall) -> ServiceResponse:
        hub = _loaded_hub(call.hass)
        return await action(hub, _camera(hub, call), call)

    return handler


def _loaded_hub(hass: HomeAssistant) -> TimelapserHub:
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            hub: TimelapserHub = entry.runtime_data
            return hub
    raise HubNotLoadedError


def _camera(hub: TimelapserHub, call: ServiceCall) -> CameraRuntime:
    device_id = call.data[ATTR_DEVICE_ID]
    device = dr.async_get(call.hass).async_get(device_id)
    for domain, identifier in device.identifiers if device else ():
        if domain == DOMAIN and identifier in hub.cameras:
            return hub.cameras[identifier]
    raise NotFoundError(kind="camera", id=device_id)


def _video(hub: TimelapserHub, video: Video) -> dict[str, Any]:
    path = str(hub.storage.resolve(video.path))
    return video_data(video, path, VideoIdentifier(video.id).media_content_id)
