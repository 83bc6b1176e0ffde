"""What people do with what a camera has kept: describe it, and delete it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from itertools import batched
from typing import TYPE_CHECKING, Final

from homeassistant.util import dt as dt_util

from .engine.corruption.rejudge import Rejudged
from .engine.errors import NotFoundError, NotQuarantinedError, TimelapserError
from .engine.events import ImageRestored, Purged
from .engine.images.ingest import ingest
from .engine.images.purging import IMAGES_AT_ONCE
from .engine.models import (
    Frame,
    Image,
    Timelapse,
    TimelapseChanges,
    TimelapseState,
    Video,
)
from .engine.models.retention import GoneImage
from .engine.settings import CaptureSettings, CorruptionSettings, resolve
from .engine.timelapses.progress import Outlook, outlook
from .gate import async_check_gate

if TYPE_CHECKING:
    from .camera_runtime import CameraRuntime
    from .hub import TimelapserHub

STILL_SO: Final = timedelta(days=1)
"""An image that is older says little about how the next ones should look."""


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


async def async_own_image(hub: TimelapserHub, camera: CameraRuntime, image_id: int) -> Image:
    """Answer one of the camera's images; raise NotFoundError when it is none of them."""
    image = await hub.rows.images.get(image_id)
    if image.camera_id != camera.camera.id:
        raise NotFoundError(kind="image", id=image_id)
    return image


async def async_restore_image(hub: TimelapserHub, camera: CameraRuntime, image_id: int) -> Image:
    """Take an image out of the quarantine: somebody has looked, and it is good.

    Raises NotQuarantinedError for one that is not there, StorageError where its file is missing.
    """
    image = await async_own_image(hub, camera, image_id)
    if not image.quarantined:
        raise NotQuarantinedError(image=image_id)
    await hub.images.move(image.folder, image.captured_at, to_quarantine=False)
    try:
        await hub.rows.retention.restore(image_id)
    except TimelapserError:
        # What the row says counts; after a crash, the next start does the same.
        await hub.images.move(image.folder, image.captured_at, to_quarantine=True)
        raise
    if dt_util.utcnow() - image.captured_at < STILL_SO:
        async with camera.captures.lock:  # one image of a camera is judged at a time
            await hub.hass.loop.run_in_executor(hub.image_pool, _learn, hub, image)
    image = await hub.rows.images.get(image_id)
    hub.publish(ImageRestored(image.camera_id, image))
    await camera.async_reload()
    return image


def _learn(hub: TimelapserHub, image: Image) -> None:
    """Have the next images compared with a restored one as well: things look like that now."""
    path = hub.storage.image_path(image.folder, image.captured_at, False)
    try:
        content = path.read_bytes()
    except OSError:
        return
    ingested = ingest(Frame(image.captured_at, content), CaptureSettings().jpeg_quality)
    accepting = CorruptionSettings(flag_below=0, quarantine_below=0)
    assessment = hub.corruption.assess(
        image.camera_id, ingested.picture, ingested.origin, accepting, heavy=True
    )
    hub.corruption.settle(image.camera_id, assessment)


async def async_delete_images(
    hub: TimelapserHub, camera: CameraRuntime, image_ids: Sequence[int]
) -> list[GoneImage]:
    """Delete some of the camera's images, starred or not; answer which went.

    Those that a render needs are left. Raises NotFoundError when one is none of the camera's.
    """
    for image_id in image_ids:
        await async_own_image(hub, camera, image_id)
    gone: list[GoneImage] = []
    for some in batched(image_ids, IMAGES_AT_ONCE, strict=False):
        gone += await hub.deletion.delete_images(some, spare_starred=False)
    if gone:
        size = sum(image.byte_count for image in gone)
        hub.publish(Purged(camera.camera.id, len(gone), 0, size))
        await camera.async_reload()
    return gone


async def async_show_again(hub: TimelapserHub, camera_ids: Iterable[str]) -> None:
    """Show cameras of which something has gone."""
    for camera_id in camera_ids:
        if camera_id in hub.cameras:
            await hub.cameras[camera_id].async_reload()


def timelapse_outlook(camera: CameraRuntime, timelapse: Timelapse) -> Outlook:
    """Answer where a timelapse is now."""
    interval = resolve(camera.levels(timelapse)).settings.capture.interval
    return outlook(timelapse, interval, dt_util.utcnow(), dt_util.get_default_time_zone())
