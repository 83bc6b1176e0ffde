"""Deleting timelapses, videos and images: files and rows together, whenever it is cut off.

What is deleted first moves into the trash, in one step; then its rows go, in one transaction;
then its files. Whatever lies in the trash is on its way out: `finish` ends what was begun.

Of images, a list lies in the trash instead, as they go by the thousand. What still has its row
when `finish` reads the list has not been deleted, and stays.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from concurrent.futures import Executor
from functools import partial
import logging
from pathlib import PurePath
from typing import Final

from ..database.retention_operations import RetentionOperations
from ..database.timelapse_operations import TimelapseOperations
from ..database.video_operations import VideoOperations
from ..errors import TimelapserError, TimelapseStateError
from ..images.trash import Trash, TrashEntry, TrashKind
from ..models import Timelapse, TimelapseState, Video
from ..models.retention import GoneImage

_LOGGER = logging.getLogger(__name__)

FILES_AT_ONCE: Final = 200
PAUSE: Final = 0.05
"""Seconds between two such steps, in which others have the thread and the disk."""


class DeletionService:
    """Deletes timelapses and videos, whose files go in the background, and images."""

    def __init__(
        self,
        *,
        timelapses: TimelapseOperations,
        videos: VideoOperations,
        images: RetentionOperations,
        cancel_renders: Callable[[int], Awaitable[None]],
        trash: Trash,
        executor: Executor,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._timelapses = timelapses
        self._videos = videos
        self._images = images
        self._cancel_renders = cancel_renders
        self._trash = trash
        self._executor = executor
        self._sleep = sleep
        self._wake = asyncio.Event()
        self._finishing = asyncio.Lock()

    async def delete_timelapse(self, timelapse: Timelapse) -> None:
        """Delete a completed timelapse with all images and videos; cancel its render jobs.

        Raises TimelapseStateError for one that is not completed.
        """
        if timelapse.state is not TimelapseState.COMPLETED:
            raise TimelapseStateError(timelapse=timelapse.name, state=timelapse.state)
        await self._cancel_renders(timelapse.id)
        entry = TrashEntry(TrashKind.TIMELAPSE, timelapse.id, timelapse.started_at)
        await self._delete(timelapse.folder, entry)

    async def delete_video(self, video: Video) -> None:
        """Delete a video with its pictures; another can be rendered from the same images."""
        for path in (video.path, video.poster_path, *video.previews):
            if path is not None:
                suffix = PurePath(path).suffix
                await self._delete(
                    path, TrashEntry(TrashKind.VIDEO, video.id, video.created_at, suffix)
                )

    async def delete_images(
        self, image_ids: Collection[int], *, spare_starred: bool
    ) -> list[GoneImage]:
        """Delete some images, at most a few hundred; answer which went.

        Those that a render needs are left, and with `spare_starred` those of starred timelapses.
        """
        # Nobody else may end what is just being begun.
        async with self._finishing:
            places = await self._images.places(image_ids)
            if not places:
                return []
            entry = await self._run(partial(self._trash.note, places))
            try:
                gone = await self._images.delete(image_ids, spare_starred=spare_starred)
                await self._delete_rows(entry)
                await self._run(partial(self._trash.remove_some, entry, FILES_AT_ONCE))
            except BaseException:
                # The list tells what is left to do, as it would after a crash.
                self._wake.set()
                raise
            return gone

    async def run(self) -> None:
        """Remove the files of what was deleted, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            try:
                await self.finish()
            except (TimelapserError, OSError) as error:
                _LOGGER.warning("What is deleted is not all removed yet: %s", error)

    async def finish(self) -> int:
        """End every deletion that was begun; answer how many."""
        async with self._finishing:
            entries = await self._run(self._trash.entries)
            for entry in entries:
                await self._delete_rows(entry)
                while not await self._run(partial(self._trash.remove_some, entry, FILES_AT_ONCE)):
                    await self._sleep(PAUSE)
            return len(entries)

    async def _delete(self, relative: str, entry: TrashEntry) -> None:
        await self._run(partial(self._trash.put, relative, entry))
        try:
            await self._delete_rows(entry)
        finally:
            self._wake.set()

    async def _delete_rows(self, entry: TrashEntry) -> None:
        match entry.kind:
            case TrashKind.TIMELAPSE:
                await self._timelapses.delete(entry.id, entry.moment)
            case TrashKind.VIDEO:
                await self._videos.delete(entry.id, entry.moment)
            case TrashKind.IMAGES:
                await self._delete_listed(entry)

    async def _delete_listed(self, entry: TrashEntry) -> None:
        """Remove the files of the listed images that have no row any more."""
        listed = await self._run(partial(self._trash.listed, entry))
        gone = await self._images.without_row(listed)
        await self._run(partial(self._trash.remove_images, entry, gone))

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
