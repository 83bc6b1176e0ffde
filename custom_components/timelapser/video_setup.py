"""What makes videos, assembled: the hub is too long a page to hold it as well."""

from typing import TYPE_CHECKING

from homeassistant.components.ffmpeg import get_ffmpeg_manager
from homeassistant.util import dt as dt_util

from .engine.monitoring.load import GB, free_disk
from .engine.videos.ahead import EncodeAhead
from .engine.videos.cache import SegmentCache
from .engine.videos.encoders import Encoders
from .engine.videos.planner import Planner
from .engine.videos.renderer import Renderer
from .engine.videos.service import VideoService

if TYPE_CHECKING:
    from .hub import TimelapserHub


def make_videos(hub: TimelapserHub, worker: str) -> tuple[VideoService, EncodeAhead, SegmentCache]:
    """Answer the service of a hub, what works ahead of it, and what they share.

    `worker` names this house to whoever works off the same queue.
    """
    rows, storage, executor = hub.rows, hub.storage, hub.image_pool
    ffmpeg = get_ffmpeg_manager(hub.hass).binary
    cache = SegmentCache(
        rows.segments,
        storage,
        executor,
        dt_util.utcnow,
        lambda: round(hub.shared_settings.load.segment_cache * GB),
    )
    planner = Planner(rows.selections, rows.timelapses, rows.cameras, dt_util.get_default_time_zone)
    renderer = Renderer(
        storage=storage,
        cache=cache,
        encoders=Encoders(ffmpeg),
        executor=executor,
        ffmpeg=ffmpeg,
    )
    service = VideoService(
        operations=rows.videos,
        planner=planner,
        renderer=renderer,
        storage=storage,
        executor=executor,
        now=dt_util.utcnow,
        publish=hub.publish,
        ffmpeg=ffmpeg,
        worker=worker,
        load=lambda: hub.shared_settings.load,
        free_disk=free_disk,
    )
    ahead = EncodeAhead(
        timelapses=rows.timelapses,
        planner=planner,
        renderer=renderer,
        settings=hub.settings_of,
        is_wanted=lambda: hub.shared_settings.load.encode_ahead,
        is_busy=lambda: service.is_busy,
        now=dt_util.utcnow,
    )
    return service, ahead, cache
