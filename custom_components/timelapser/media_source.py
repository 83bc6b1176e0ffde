"""Media source: cameras, their timelapses, images by day, and videos."""

from typing import override

from homeassistant.components.media_player import BrowseError, MediaClass, MediaType
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.config_entries import ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util

from .api.images import IMAGE_URL
from .api.videos import VIDEO_URL
from .const import DOMAIN
from .engine.errors import HubNotLoadedError, NotFoundError, TimelapserError
from .engine.images.service import ImageSize
from .engine.models import Camera, Image, Timelapse, Video
from .errors import translated
from .hub import TimelapserHub
from .media_identifier import (
    CameraIdentifier,
    DayIdentifier,
    Identifier,
    ImageIdentifier,
    TimelapseIdentifier,
    VideoIdentifier,
    parse_identifier,
    text_of,
)

DAY_LIMIT = 1000


async def async_get_media_source(hass: HomeAssistant) -> TimelapserMediaSource:
    """Answer the media source."""
    return TimelapserMediaSource(hass)


class TimelapserMediaSource(MediaSource):
    """Browses by rows of the database; no path ever comes from an identifier."""

    name = "Timelapser"

    def __init__(self, hass: HomeAssistant) -> None:
        super().__init__(DOMAIN)
        self._hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Answer where an image or a video can be had."""
        try:
            return await self._async_resolve(self._hub(), parse_identifier(item.identifier))
        except ValueError as error:
            unknown = NotFoundError(kind="media", id=item.identifier)
            raise translated(unknown, Unresolvable) from error
        except TimelapserError as error:
            raise translated(error, Unresolvable) from error

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Answer a folder with what is in it."""
        try:
            hub = self._hub()
            if not item.identifier:
                return await self._async_cameras(hub)
            return await self._async_browse(hub, parse_identifier(item.identifier))
        except ValueError as error:
            unknown = NotFoundError(kind="media", id=item.identifier)
            raise translated(unknown, BrowseError) from error
        except TimelapserError as error:
            raise translated(error, BrowseError) from error

    def _hub(self) -> TimelapserHub:
        for entry in self._hass.config_entries.async_entries(DOMAIN):
            if entry.state is ConfigEntryState.LOADED:
                hub: TimelapserHub = entry.runtime_data
                return hub
        raise HubNotLoadedError

    async def _async_resolve(self, hub: TimelapserHub, identifier: Identifier) -> PlayMedia:
        match identifier:
            case ImageIdentifier(image_id):
                image = await hub.rows.images.get(image_id)
                path = await hub.images.path(image, ImageSize.FULL)
                return PlayMedia(_image_url(image_id, ImageSize.FULL), "image/jpeg", path=path)
            case VideoIdentifier(video_id):
                video = await hub.rows.videos.get_video(video_id)
                path = hub.storage.resolve(video.path)
                return PlayMedia(VIDEO_URL.format(video_id=video_id), "video/mp4", path=path)
        raise NotFoundError(kind="media", id=text_of(identifier))

    async def _async_browse(self, hub: TimelapserHub, identifier: Identifier) -> BrowseMediaSource:
        match identifier:
            case CameraIdentifier(camera_id):
                camera = await hub.rows.cameras.get(camera_id)
                found = await hub.rows.timelapses.find(camera_id)
                return _camera(camera, [_timelapse(timelapse) for timelapse in found])
            case TimelapseIdentifier(timelapse_id):
                timelapse = await hub.rows.timelapses.get(timelapse_id)
                videos = await hub.rows.videos.find_videos(timelapse_id=timelapse_id)
                days = await hub.rows.images.days(timelapse_id)
                return _timelapse(
                    timelapse,
                    [_video(video, timelapse.last_image_id) for video in videos]
                    + [
                        _day(DayIdentifier(timelapse_id, day.day), day.image_count, day.sample_id)
                        for day in days
                    ],
                )
            case DayIdentifier(timelapse_id, day):
                images = await hub.rows.images.find(
                    timelapse_id=timelapse_id, day=day, limit=DAY_LIMIT
                )
                return _day(identifier, len(images), None, [_image(image) for image in images])
        raise NotFoundError(kind="folder", id=text_of(identifier))

    async def _async_cameras(self, hub: TimelapserHub) -> BrowseMediaSource:
        cameras = await hub.rows.cameras.all()
        return BrowseMediaSource(
            domain=DOMAIN,
            identifier=None,
            media_class=MediaClass.APP,
            media_content_type="",
            title=self.name,
            can_play=False,
            can_expand=True,
            children=[_camera(camera) for camera in cameras],
            children_media_class=MediaClass.DIRECTORY,
        )


def _image_url(image_id: int, size: ImageSize) -> str:
    return IMAGE_URL.format(image_id=image_id, size=size)


def _thumbnail(image_id: int | None) -> str | None:
    return None if image_id is None else _image_url(image_id, ImageSize.THUMB)


def _folder(
    identifier: Identifier,
    title: str,
    image_id: int | None,
    children: list[BrowseMediaSource] | None,
) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=text_of(identifier),
        media_class=MediaClass.DIRECTORY,
        media_content_type="",
        title=title,
        can_play=False,
        can_expand=True,
        thumbnail=_thumbnail(image_id),
        children=children,
    )


def _camera(camera: Camera, children: list[BrowseMediaSource] | None = None) -> BrowseMediaSource:
    return _folder(CameraIdentifier(camera.id), camera.name, camera.last_image_id, children)


def _timelapse(
    timelapse: Timelapse, children: list[BrowseMediaSource] | None = None
) -> BrowseMediaSource:
    return _folder(
        TimelapseIdentifier(timelapse.id), timelapse.name, timelapse.last_image_id, children
    )


def _day(
    identifier: DayIdentifier,
    image_count: int,
    image_id: int | None,
    children: list[BrowseMediaSource] | None = None,
) -> BrowseMediaSource:
    title = f"{identifier.day.isoformat()} ({image_count})"
    return _folder(identifier, title, image_id, children)


def _image(image: Image) -> BrowseMediaSource:
    local = dt_util.as_local(image.captured_at)
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=text_of(ImageIdentifier(image.id)),
        media_class=MediaClass.IMAGE,
        media_content_type=MediaType.IMAGE,
        title=f"{local:%H:%M:%S}",
        can_play=True,
        can_expand=False,
        thumbnail=_thumbnail(image.id),
    )


def _video(video: Video, image_id: int | None) -> BrowseMediaSource:
    local = dt_util.as_local(video.created_at)
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=text_of(VideoIdentifier(video.id)),
        media_class=MediaClass.VIDEO,
        media_content_type=MediaType.VIDEO,
        title=f"{local:%Y-%m-%d %H:%M} · {video.file.duration:.1f} s",
        can_play=True,
        can_expand=False,
        thumbnail=_thumbnail(image_id),
    )
