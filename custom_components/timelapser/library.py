"""What people do with what a camera has kept: describe it, and delete it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from homeassistant.util import dt as dt_util

from .engine.corruption.rejudge import Rejudged
from .engine.errors import NotFoundError
from .engine.models import Timelapse, TimelapseChanges, TimelapseState, Video
from .engine.settings import resolve
from .engine.timelapses.progress import Outlook, outlook
from .gate import async_check_gate

if TYPE_CHECKING:
    from .camera_runtime import CameraRuntime
    from .hub import TimelapserHub


async def async_update_timelapse(
    hub: TimelapserHub, camera: CameraRuntime, timelapse_id: int, changes: TimelapseChanges
) -> Timelapse:
    """Change what people may change of one of the camera's timelapses."""
    timelapse = await camera.async_own_timelapse(timelapse_id)
    timelapse = await hub.timelapses.update(timelapse, changes)
    await camera.async_timelapse_changed()
    return timelapse


async def async_change_timelapse_settings(
    hub: TimelapserHub, camera: CameraRuntime, timelapse: Timelapse, changes: Mapping[str, object]
) -> None:
    """Change what one of the camera's timelapses sets; it takes effect at once."""
    await async_check_gate(hub.hass, changes)
    levels = camera.levels(timelapse)
    await hub.settings.change_timelapse(camera.camera.id, timelapse.id, levels, changes)
    await camera.async_timelapse_changed()


async def async_rejudge(
    hub: TimelapserHub, camera: CameraRuntime, timelapse_id: int, *, apply: bool
) -> Rejudged:
    """Judge the images of one of the camera's timelapses again; change them only to `apply`."""
    timelapse = await camera.async_own_timelapse(timelapse_id)
    settings = resolve(camera.levels(timelapse)).settings
    found = await hub.rejudging.rejudge(timelapse, settings, apply=apply)
    if apply:
        await camera.async_reload()
    return found


async def async_delete_timelapse(
    hub: TimelapserHub, camera: CameraRuntime, timelapse_id: int, *, force: bool
) -> Timelapse:
    """Delete one of the camera's timelapses; with `force`, complete it first.

    Raises TimelapseStateError for an unfinished one without `force`.
    """
    timelapse = await camera.async_own_timelapse(timelapse_id)
    if force and timelapse.state is not TimelapseState.COMPLETED:
        timelapse = await camera.async_complete_timelapse()
    # A capture that runs still writes into the folder.
    async with camera.captures.lock:
        await hub.deletion.delete_timelapse(timelapse)
    await camera.async_reload()
    return timelapse


async def async_delete_video(hub: TimelapserHub, camera: CameraRuntime, video_id: int) -> Video:
    """Delete one of the camera's videos."""
    video = await hub.rows.videos.get_video(video_id)
    if video.camera_id != camera.camera.id:
        raise NotFoundError(kind="video", id=video_id)
    await hub.deletion.delete_video(video)
    await camera.async_reload()
    return video


def timelapse_outlook(camera: CameraRuntime, timelapse: Timelapse) -> Outlook:
    """Answer where a timelapse is now."""
    interval = resolve(camera.levels(timelapse)).settings.capture.interval
    return outlook(timelapse, interval, dt_util.utcnow(), dt_util.get_default_time_zone())
