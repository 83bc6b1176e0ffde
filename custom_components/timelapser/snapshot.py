"""All that is shown of a camera, read at once."""

from typing import TYPE_CHECKING

from homeassistant.config_entries import ConfigSubentry
from homeassistant.util import dt as dt_util

from .coordinator import CameraSnapshot
from .engine.database.statistics_operations import Scope

if TYPE_CHECKING:
    from .hub import TimelapserHub


async def async_snapshot(hub: TimelapserHub, subentry: ConfigSubentry) -> CameraSnapshot:
    """Read all that is shown of a camera, which gets its row with that."""
    camera_id = subentry.subentry_id
    folder = hub.storage.camera_folder(subentry.title, camera_id)
    camera = await hub.rows.cameras.ensure(camera_id, subentry.title, folder)
    image = await hub.rows.images.latest(camera_id)
    jobs = await hub.rows.videos.find_jobs(camera_id=camera_id, limit=1)
    return CameraSnapshot(
        camera,
        today=await hub.statistics.today(dt_util.get_default_time_zone(), Scope(camera_id)),
        timelapse=await hub.rows.timelapses.latest(camera_id),
        image=image,
        last_score=image.score if image else None,
        job=jobs[0] if jobs else None,
    )
