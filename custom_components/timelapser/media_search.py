"""The search of the media source: by names, day and kind, with bounded results."""

from collections.abc import Collection

from homeassistant.components.media_player import MediaClass
from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.util import dt as dt_util

from .engine.database.browse_operations import Album, ImageEntry
from .engine.database.search_operations import TimelapseEntry, VideoEntry, Within
from .engine.errors import NotFoundError
from .hub import TimelapserHub
from .media_identifier import (
    CameraIdentifier,
    DayIdentifier,
    Identifier,
    ImageIdentifier,
    PeriodIdentifier,
    VideoIdentifier,
    text_of,
)
from .media_items import MediaItems
from .media_query import Kind, MediaQuery, understand

MAX_RESULTS = 100

DEFAULT_CLASSES = {
    None: {MediaClass.DIRECTORY, MediaClass.VIDEO},
    Kind.VIDEO: {MediaClass.VIDEO},
    Kind.QUARANTINE: {MediaClass.DIRECTORY, MediaClass.IMAGE},
}
"""What is answered where nobody says which classes of media are wanted."""


class MediaSearch:
    """Searches below a folder."""

    def __init__(self, hub: TimelapserHub, items: MediaItems) -> None:
        self._rows = hub.rows
        self._items = items

    async def async_search(
        self, folder: Identifier | None, text: str, classes: Collection[MediaClass] | None
    ) -> list[BrowseMediaSource]:
        """Answer what matches all words, folders first; raise NotFoundError without the folder."""
        within = await self._async_within(folder)
        today = dt_util.now().date()
        query = understand(text, today, self._labels)
        found = await self._async_find(within, query, classes)
        if query.kind is not None and not found:
            # A camera may be called "Video door".
            found = await self._async_find(within, understand(text, today, {}), classes)
        return found[:MAX_RESULTS]

    @property
    def _labels(self) -> dict[Kind, str]:
        return {
            Kind.VIDEO: self._items.text("media_videos"),
            Kind.QUARANTINE: self._items.text("media_quarantine"),
        }

    async def _async_within(self, folder: Identifier | None) -> Within:
        match folder:
            case None:
                return Within()
            case CameraIdentifier(camera_id):
                await self._rows.cameras.get(camera_id)
                return Within(camera_id)
            case ImageIdentifier() | VideoIdentifier():
                raise NotFoundError(kind="folder", id=text_of(folder))
            case DayIdentifier(album) | PeriodIdentifier(album):
                timelapse_id = album.timelapse_id
            case _:
                timelapse_id = folder.timelapse_id
        await self._rows.search.timelapse(timelapse_id)
        return Within(timelapse_id=timelapse_id)

    async def _async_find(
        self, within: Within, query: MediaQuery, classes: Collection[MediaClass] | None
    ) -> list[BrowseMediaSource]:
        if query.is_empty:
            return []
        wanted = set(classes or DEFAULT_CLASSES[query.kind])
        found: list[BrowseMediaSource] = []
        if wanted & {MediaClass.DIRECTORY, MediaClass.IMAGE}:
            entries = await self._async_timelapses(within, query)
            if MediaClass.DIRECTORY in wanted:
                found += await self._async_cameras(within, query)
                found += [self._folder(entry, query) for entry in entries]
            if MediaClass.IMAGE in wanted:
                found += await self._async_images(entries, query)
        if MediaClass.VIDEO in wanted and query.kind is not Kind.QUARANTINE:
            found += await self._async_videos(within, query)
        return found

    async def _async_cameras(self, within: Within, query: MediaQuery) -> list[BrowseMediaSource]:
        if within != Within() or query.day or query.kind:
            return []
        cameras = await self._rows.cameras.all()
        return [self._items.camera(camera) for camera in cameras if query.matches(camera.name)]

    async def _async_timelapses(self, within: Within, query: MediaQuery) -> list[TimelapseEntry]:
        def matches(entry: TimelapseEntry) -> bool:
            counts = {
                None: query.day is None or entry.image_count,
                Kind.VIDEO: entry.video_count,
                Kind.QUARANTINE: entry.quarantine_count,
            }
            return bool(counts[query.kind]) and query.matches(entry.names)

        zone = dt_util.get_default_time_zone()
        day = None if query.day is None else (query.day, zone)
        return await self._rows.search.timelapses(within, matches, day, MAX_RESULTS)

    async def _async_images(
        self, entries: Collection[TimelapseEntry], query: MediaQuery
    ) -> list[BrowseMediaSource]:
        """Images of a day or of the quarantine; otherwise the newest one of each timelapse."""
        if query.kind is Kind.VIDEO:
            return []
        paths = {entry.id: _path(entry) for entry in entries}
        quarantined = query.kind is Kind.QUARANTINE
        if query.day or quarantined:
            images = await self._rows.browse.newest(
                [*paths], quarantined=quarantined, between=query.between, limit=MAX_RESULTS
            )
        else:
            images = [
                ImageEntry(entry.sample_id, entry.id, entry.last_image_at, ())
                for entry in entries
                if entry.sample_id is not None and entry.last_image_at is not None
            ]
        return [
            self._items.image(image, paths[image.timelapse_id], quarantined=quarantined)
            for image in images
        ]

    async def _async_videos(self, within: Within, query: MediaQuery) -> list[BrowseMediaSource]:
        def matches(entry: VideoEntry) -> bool:
            return query.matches(entry.names)

        found = await self._rows.search.videos(within, matches, query.between, MAX_RESULTS)
        return [self._items.video(entry, _path(entry)) for entry in found]

    def _folder(self, entry: TimelapseEntry, query: MediaQuery) -> BrowseMediaSource:
        if query.kind is Kind.VIDEO:
            return self._items.videos(entry, path=_path(entry))
        quarantined = query.kind is Kind.QUARANTINE
        if query.day is not None:
            identifier = DayIdentifier(Album(entry.id, quarantined), query.day)
            if quarantined:
                return self._items.day(identifier, entry.quarantine_count, path=_path(entry))
            return self._items.day(
                identifier, entry.image_count, entry.sample_id, path=_path(entry)
            )
        if quarantined:
            return self._items.quarantine(entry, path=_path(entry))
        return self._items.timelapse(entry, path=entry.camera_name)


def _path(entry: TimelapseEntry | VideoEntry) -> str:
    return f"{entry.camera_name} · {entry.name}"
