"""The care of thumbnails: served, made when somebody looks, checked and repaired, removed."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from io import BytesIO
import logging
from pathlib import Path
from typing import Final

from PIL import Image as Pillow

from ..database.image_operations import ImageOperations
from ..errors import StorageError, ThumbnailsBusyError
from ..models import Image, Timelapse, TimelapseState
from ..settings.groups import ThumbnailSettings
from .copies import Copies, Tended
from .files import Storage, ThumbSize
from .service import ImageSize

_LOGGER = logging.getLogger(__name__)

PAGE: Final = 500
PAUSE: Final = 0.02
"""Seconds between two images, in which others have the thread and the disk."""


@dataclass(frozen=True, slots=True)
class Served:
    """A file to be shown; not `exact` where it stands in for a copy that cannot be written."""

    path: Path
    exact: bool = True


@dataclass(frozen=True, slots=True)
class Wanted:
    """The copies that the images of a timelapse should have."""

    timelapse: Timelapse
    sizes: Collection[ThumbSize] = tuple(ThumbSize)


@dataclass(slots=True)
class Care:
    """How far it is: images that there are, that were looked at, and what came of it."""

    expected: int = 0
    total: int = 0
    missing: int = 0
    unreadable: int = 0
    made: int = 0
    failed: int = 0
    cancelled: bool = False

    def add(self, tended: Tended) -> None:
        """Count an image."""
        self.total += 1
        self.missing += tended.missing
        self.unreadable += tended.unreadable
        self.made += tended.made
        self.failed += tended.failed


class ThumbnailService:
    """Finds copies on an executor, and makes them on a single thread of its own.

    So nothing is made twice at once, however many ask, and captures never wait behind it.
    """

    def __init__(
        self,
        rows: ImageOperations,
        storage: Storage,
        executor: Executor,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rows = rows
        self._copies = Copies(storage)
        self._finder = executor
        self._maker = ThreadPoolExecutor(1, "timelapser-thumb")
        self._sleep = sleep
        self.care: Care | None = None
        """Of the run that goes on, if one does."""
        self._running = asyncio.Lock()
        self._closed = False

    async def find(self, image: Image, size: ImageSize) -> Served | None:
        """Answer an image's file; a copy that is missing is made, or a larger one stands in.

        None where there is nothing that can be shown.
        """
        if size is ImageSize.FULL:
            path = await _run(self._finder, partial(self._copies.full, image))
            return Served(path) if path else None
        kind = ThumbSize(size)
        path = await _run(self._finder, partial(self._copies.find, image, kind))
        if path is not None:
            return Served(path)
        try:
            path = await _run(self._maker, partial(self._copies.find_or_make, image, kind))
        except StorageError:
            path = await _run(self._finder, partial(self._copies.larger, image, kind))
            return Served(path, exact=False) if path else None
        return Served(path) if path else None

    async def regenerate(
        self,
        wanted: Collection[Wanted],
        *,
        only_missing: bool = True,
        dry_run: bool = False,
        progress: Callable[[Care], None] | None = None,
    ) -> Care:
        """Look at the copies of all images, and make those that are missing or bad, or all.

        With `dry_run` it only counts. `progress` is told after each image. Raises
        ThumbnailsBusyError while another such run goes on.
        """
        if self.care is not None:
            raise ThumbnailsBusyError(done=self.care.total, total=self.care.expected)
        self.care = care = Care(expected=sum(_image_count(each.timelapse) for each in wanted))
        try:
            async with self._running:
                async for image, sizes in self._images(wanted):
                    if care.cancelled:
                        break
                    work = partial(
                        self._copies.tend,
                        image,
                        sizes,
                        only_missing=only_missing,
                        dry_run=dry_run,
                    )
                    care.add(await _run(self._maker, work))
                    if progress is not None:
                        progress(care)
                    await self._sleep(PAUSE)
        finally:
            self.care = None
        _LOGGER.info("Thumbnails: %s", care)
        return care

    def cancel(self) -> bool:
        """End the run that goes on after the image at hand; answer whether there is one."""
        if self.care is None:
            return False
        self.care.cancelled = True
        return True

    async def close(self) -> None:
        """End the run that goes on, wait for it, and let go of the thread."""
        self._closed = True
        self.cancel()
        async with self._running:
            await _run(self._finder, partial(self._maker.shutdown, cancel_futures=True))

    async def purge_small(self, timelapse: Timelapse) -> int:
        """Remove the small copies of a timelapse, a day at a time; answer how many.

        Raises StorageError where the disk does not let them go.
        """
        removed = 0
        for day in await _run(self._maker, partial(self._copies.days, timelapse.folder)):
            if self._closed:
                break
            work = partial(self._copies.remove_small, timelapse.folder, day)
            removed += await _run(self._maker, work)
            await self._sleep(PAUSE)
        return removed

    async def _images(
        self, wanted: Collection[Wanted]
    ) -> AsyncIterator[tuple[Image, Collection[ThumbSize]]]:
        for each in wanted:
            before = None
            while page := await self._rows.find(
                timelapse_id=each.timelapse.id, quarantined=None, before=before, limit=PAGE
            ):
                for image in page:
                    yield image, each.sizes
                before = page[-1].captured_at


def wanted_copies(timelapse: Timelapse, settings: ThumbnailSettings) -> Wanted:
    """Answer which copies a timelapse should have; purged small ones are not missed."""
    purged = settings.purge_small and timelapse.state is TimelapseState.COMPLETED
    return Wanted(timelapse, (ThumbSize.THUMB,) if purged else tuple(ThumbSize))


def _image_count(timelapse: Timelapse) -> int:
    return timelapse.image_count + timelapse.quarantine_count


async def _run[T](executor: Executor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(executor, work)


def _placeholder() -> bytes:
    buffer = BytesIO()
    Pillow.new("L", (200, 150), 0x60).save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


PLACEHOLDER: Final = _placeholder()
"""A grey JPEG, to be shown where there is no picture."""
