"""Media source: cameras, their timelapses, images by day and hour, videos, and a search."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import override

from homeassistant.components.media_player import BrowseError, SearchMedia, SearchMediaQuery
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
    Unresolvable,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError

from .api.images import IMAGE_URL
from .api.videos import VIDEO_URL
from .const import DOMAIN
from .engine.errors import HubNotLoadedError, NotFoundError, TimelapserError
from .engine.images.service import ImageSize
from .errors import translated
from .hub import TimelapserHub
from .media_browser import MediaBrowser
from .media_identifier import (
    Identifier,
    ImageIdentifier,
    VideoIdentifier,
    parse_identifier,
    text_of,
)
from .media_items import MediaItems
from .media_search import MediaSearch

MIME_TYPES = {".webm": "video/webm"}
"""Of videos that are no MP4."""


async def async_get_media_source(hass: HomeAssistant) -> TimelapserMediaSource:
    """Answer the media source."""
    return TimelapserMediaSource(hass)


class TimelapserMediaSource(MediaSource):
    """Browses by rows of the database; no path ever comes from an identifier.

    Everybody who is logged in may look; what changes something is left to actions.
    """

    name = "Timelapser"

    def __init__(self, hass: HomeAssistant) -> None:
        super().__init__(DOMAIN)
        self._hass = hass

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        """Answer where an image or a video can be had, and its file."""
        with _raising(Unresolvable):
            match _parsed(item, "media"):
                case ImageIdentifier() as image:
                    return await self._async_image(self._hub(), image)
                case VideoIdentifier() as video:
                    return await self._async_video(self._hub(), video)
                case folder:
                    raise NotFoundError(kind="media", id=text_of(folder))

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        """Answer a folder with what is in it."""
        with _raising(BrowseError):
            browser = MediaBrowser(self._hub(), MediaItems(self._hass))
            if (folder := _folder(item)) is None:
                return await browser.async_open_root(self.name)
            return await browser.async_open(folder)

    @override
    async def async_search_media(
        self, item: MediaSourceItem, query: SearchMediaQuery
    ) -> SearchMedia:
        """Answer what is found below a folder."""
        with _raising(BrowseError):
            search = MediaSearch(self._hub(), MediaItems(self._hass))
            classes = query.media_filter_classes
            found = await search.async_search(_folder(item), query.search_query, classes)
            return SearchMedia(result=found)

    def _hub(self) -> TimelapserHub:
        for entry in self._hass.config_entries.async_loaded_entries(DOMAIN):
            hub: TimelapserHub = entry.runtime_data
            return hub
        raise HubNotLoadedError

    async def _async_image(self, hub: TimelapserHub, identifier: ImageIdentifier) -> PlayMedia:
        image = await hub.rows.images.get(identifier.image_id)
        path = await hub.images.path(image, ImageSize.FULL)
        if path is None:
            raise NotFoundError(kind="image", id=image.id)
        url = IMAGE_URL.format(image_id=image.id, size=ImageSize.FULL)
        return PlayMedia(url, "image/jpeg", path=path)

    async def _async_video(self, hub: TimelapserHub, identifier: VideoIdentifier) -> PlayMedia:
        video = await hub.rows.videos.get_video(identifier.video_id)

        def file() -> Path:
            path = hub.storage.resolve(video.path)
            if not path.is_file():
                raise NotFoundError(kind="video", id=video.id)
            return path

        path = await self._hass.async_add_executor_job(file)
        mime_type = MIME_TYPES.get(path.suffix, "video/mp4")
        return PlayMedia(VIDEO_URL.format(video_id=video.id), mime_type, path=path)


def _parsed(item: MediaSourceItem, kind: str) -> Identifier:
    text = item.identifier or ""  # None for the root
    try:
        return parse_identifier(text)
    except ValueError as error:
        raise NotFoundError(kind=kind, id=text) from error


def _folder(item: MediaSourceItem) -> Identifier | None:
    return _parsed(item, "folder") if item.identifier else None


@contextmanager
def _raising[E: HomeAssistantError](kind: type[E]) -> Iterator[None]:
    """Raise errors of this kind in place of ours."""
    try:
        yield
    except TimelapserError as error:
        raise translated(error, kind) from error
