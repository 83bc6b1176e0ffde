"""Folders of the media source, each with what is in it."""

from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.util import dt as dt_util

from .engine.database.browse_operations import Album, Contents
from .engine.database.search_operations import TimelapseEntry, Within
from .engine.errors import NotFoundError
from .hub import TimelapserHub
from .media_identifier import (
    CameraIdentifier,
    DayIdentifier,
    Identifier,
    PeriodIdentifier,
    QuarantineIdentifier,
    TimelapseIdentifier,
    VideosIdentifier,
    text_of,
)
from .media_items import MediaItems


class MediaBrowser:
    """Opens folders; raises NotFoundError where there is none."""

    def __init__(self, hub: TimelapserHub, items: MediaItems) -> None:
        self._rows = hub.rows
        self._items = items

    async def async_open_root(self, title: str) -> BrowseMediaSource:
        """Open the folder of all cameras that ever were."""
        cameras = await self._rows.cameras.all()
        return self._items.root(title, [self._items.camera(camera) for camera in cameras])

    async def async_open(self, identifier: Identifier) -> BrowseMediaSource:
        """Open a folder."""
        match identifier:
            case CameraIdentifier(camera_id):
                return await self._async_camera(camera_id)
            case TimelapseIdentifier(timelapse_id):
                return await self._async_timelapse(timelapse_id)
            case VideosIdentifier(timelapse_id):
                entry = await self._rows.search.timelapse(timelapse_id)
                return self._items.videos(entry, await self._async_videos(entry))
            case QuarantineIdentifier(timelapse_id):
                entry = await self._rows.search.timelapse(timelapse_id)
                days = await self._async_days(Album(timelapse_id, quarantined=True))
                return self._items.quarantine(entry, days)
            case DayIdentifier():
                return await self._async_day(identifier)
            case PeriodIdentifier():
                return await self._async_period(identifier)
        raise NotFoundError(kind="folder", id=text_of(identifier))

    async def _async_camera(self, camera_id: str) -> BrowseMediaSource:
        camera = await self._rows.cameras.get(camera_id)
        entries = await self._rows.search.timelapses(Within(camera_id))
        return self._items.camera(camera, [self._items.timelapse(entry) for entry in entries])

    async def _async_timelapse(self, timelapse_id: int) -> BrowseMediaSource:
        """Its videos, what it put aside, and its days; a single video needs no folder."""
        entry = await self._rows.search.timelapse(timelapse_id)
        children = []
        if entry.video_count == 1:
            children += await self._async_videos(entry)
        elif entry.video_count:
            children.append(self._items.videos(entry))
        if entry.quarantine_count:
            children.append(self._items.quarantine(entry))
        children += await self._async_days(Album(timelapse_id))
        return self._items.timelapse(entry, children)

    async def _async_videos(self, entry: TimelapseEntry) -> list[BrowseMediaSource]:
        found = await self._rows.search.videos(Within(timelapse_id=entry.id))
        return [self._items.video(video) for video in found]

    async def _async_days(self, album: Album) -> list[BrowseMediaSource]:
        days = await self._rows.browse.days(album, dt_util.get_default_time_zone())
        return [
            self._items.day(DayIdentifier(album, day.day), day.image_count, day.sample_id)
            for day in days
        ]

    async def _async_day(self, identifier: DayIdentifier) -> BrowseMediaSource:
        album, zone = identifier.album, dt_util.get_default_time_zone()
        await self._rows.search.timelapse(album.timelapse_id)
        contents = await self._rows.browse.day(album, identifier.day, zone)
        children = self._contents(album, contents)
        return self._items.day(identifier, contents.image_count, children=children)

    async def _async_period(self, identifier: PeriodIdentifier) -> BrowseMediaSource:
        album = identifier.album
        await self._rows.search.timelapse(album.timelapse_id)
        contents = await self._rows.browse.period(album, identifier.begin, identifier.length)
        children = self._contents(album, contents)
        return self._items.period(identifier, contents.image_count, children=children)

    def _contents(self, album: Album, contents: Contents) -> list[BrowseMediaSource]:
        periods = [
            self._items.period(
                PeriodIdentifier(album, period.begin, contents.step),
                period.image_count,
                period.sample_id,
            )
            for period in contents.periods
        ]
        return periods + [
            self._items.image(image, quarantined=album.quarantined) for image in contents.images
        ]
