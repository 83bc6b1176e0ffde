"""Deleting timelapses and videos: files and rows together, whenever it is cut off.

What is deleted first moves into the trash, in one step; then its rows go, in one transaction;
then its files. Whatever lies in the trash is on its way out: `finish` ends what was begun.
"""

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor
from functools import partial
import logging
from pathlib import PurePath
from typing import Final

from ..database.timelapse_operations import TimelapseOperations
from ..database.video_operations import VideoOperations
from ..errors import TimelapserError, TimelapseStateError
from ..images.trash import Trash, TrashEntry, TrashKind
from ..models import Timelapse, TimelapseState, Video

_LOGGER = logging.getLogger(__name__)

FILES_AT_ONCE: Final = 200
PAUSE: Final = 0.05
"""Seconds between two such steps, in which others have the thread and the disk."""


class DeletionService:
    """Deletes timelapses and videos; their files go in the background."""

    def __init__(
        self,
        *,
        timelapses: TimelapseOperations,
        videos: VideoOperations,
        cancel_renders: Callable[[int], Awaitable[None]],
        trash: Trash,
        executor: Executor,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._timelapses = timelapses
        self._videos = videos
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
        """Delete a video; another can be rendered from the same images."""
        suffix = PurePath(video.path).suffix
        await self._delete(
            video.path, TrashEntry(TrashKind.VIDEO, video.id, video.created_at, suffix)
        )

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

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)
