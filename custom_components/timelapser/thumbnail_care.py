"""The care of thumbnails, as people and the life of a timelapse ask for it."""

import logging
from typing import TYPE_CHECKING

from .engine.errors import TimelapserError
from .engine.images.thumbnails import Care, wanted_copies
from .engine.models import Timelapse
from .engine.settings import resolve

if TYPE_CHECKING:
    from .camera_runtime import CameraRuntime
    from .hub import TimelapserHub

_LOGGER = logging.getLogger(__name__)


async def async_regenerate(
    hub: TimelapserHub,
    camera: CameraRuntime,
    timelapse_id: int | None,
    *,
    only_missing: bool,
    dry_run: bool,
) -> Care:
    """Look after the thumbnails of one of the camera's timelapses, or of all."""
    if timelapse_id is None:
        timelapses = await hub.rows.timelapses.find(camera.camera.id)
    else:
        timelapses = [await camera.async_own_timelapse(timelapse_id)]
    wanted = [
        wanted_copies(timelapse, resolve(camera.levels(timelapse)).settings.thumbnails)
        for timelapse in timelapses
    ]
    return await hub.thumbnails.regenerate(wanted, only_missing=only_missing, dry_run=dry_run)


async def async_purge_completed(
    hub: TimelapserHub, camera: CameraRuntime, timelapse: Timelapse
) -> None:
    """Remove the small copies of a timelapse that has just ended, if its settings say so."""
    if not resolve(camera.levels(timelapse)).settings.thumbnails.purge_small:
        return
    try:
        await hub.thumbnails.purge_small(timelapse)
    except TimelapserError as error:
        _LOGGER.warning("Small copies of %s were not all removed: %s", timelapse.name, error)
