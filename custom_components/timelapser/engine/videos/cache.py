"""The cache of segments: files below the storage folder, with a row each.

A segment's file is written under another name first, and its name holds a checksum, so that damage
shows. Whatever is wrong with the cache or its database costs an encode, and never a video.
"""

import asyncio
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from datetime import datetime
from functools import partial
from itertools import batched
import logging
from pathlib import Path
from typing import Final
from uuid import uuid4
import zlib

from ..database.segment_operations import SegmentOperations, SegmentRow
from ..errors import DatabaseError
from ..images.files import PART_SUFFIX, Storage
from .joining import Joiner, Piece, SegmentError

_LOGGER = logging.getLogger(__name__)

FOLDER: Final = ".cache/segments"
BLOCK: Final = 1024 * 1024
PAGE: Final = 200
ABANDONED_AFTER: Final = 3600.0
"""Seconds after which a file without a row is nobody's work any more."""


class SegmentCache:
    """Keeps segments up to a number of bytes; those not used for the longest time go first."""

    def __init__(
        self,
        rows: SegmentOperations,
        storage: Storage,
        executor: Executor,
        now: Callable[[], datetime],
        limit: Callable[[], int],
    ) -> None:
        self._rows = rows
        self._storage = storage
        self._executor = executor
        self._now = now
        self._limit = limit

    @property
    def folder(self) -> Path:
        """Where all segments lie."""
        return self._storage.resolve(FOLDER)

    async def find(self, keys: Collection[str]) -> dict[str, SegmentRow]:
        """Answer the segments with these keys."""
        try:
            return await self._rows.find(keys)
        except DatabaseError as error:
            _LOGGER.debug("No segments are known: %s", error)
            return {}

    async def beside(self, folder: str) -> list[SegmentRow]:
        """Answer the segments of the same chunk, the longest first."""
        try:
            return await self._rows.in_folder(f"{FOLDER}/{folder}")
        except DatabaseError:
            return []

    async def touch(self, paths: Collection[Path]) -> None:
        """Note that segments are in use."""
        try:
            await self._rows.touch([self._storage.relative(path) for path in paths], self._now())
        except DatabaseError as error:
            _LOGGER.debug("The use of segments is not noted: %s", error)

    async def open(self, row: SegmentRow, joiner: Joiner) -> Piece | None:
        """Answer a segment that is whole; forget one that is not."""
        path = self._storage.resolve(row.path)
        with suppress(SegmentError):
            if await self._run(lambda: _is_whole(path, row.byte_count)):
                contents = await joiner.inspect(path)
                if len(contents.order) == row.frames:
                    return Piece(path, contents, row.frames)
        _LOGGER.warning("A segment is missing or damaged, and will be made anew: %s", row.path)
        await self.drop([row])
        return None

    async def part(self, folder: str) -> Path:
        """Answer a path to write a segment of a chunk to."""
        path = self._storage.resolve(f"{FOLDER}/{folder}") / f".{uuid4().hex}{PART_SUFFIX}"
        await self._run(lambda: path.parent.mkdir(parents=True, exist_ok=True))
        return path

    async def keep(self, part: Path, key: str, timelapse_id: int, frames: int) -> Path:
        """Name and enter a segment that is complete; answer where it lies."""
        path, size = await self._run(lambda: _publish(part, key))
        row = SegmentRow(key, timelapse_id, self._storage.relative(path), frames, size, self._now())
        try:
            await self._rows.put(row)
        except DatabaseError as error:
            _LOGGER.debug("A segment stays without a row: %s", error)
        return path

    async def discard(self, part: Path) -> None:
        """Remove what may have been written of a segment."""
        await self._run(lambda: part.unlink(missing_ok=True))

    async def drop(self, rows: Collection[SegmentRow]) -> None:
        """Remove segments."""
        paths = [row.path for row in rows]
        try:
            await self._rows.remove(paths)
        except DatabaseError:
            return
        await self._run(lambda: _unlink([self._storage.resolve(path) for path in paths]))

    async def trim(self) -> int:
        """Remove what is over the limit; answer how many bytes."""
        removed = 0
        try:
            over = (await self._rows.size())[1] - self._limit()
            while removed < over and (page := await self._rows.oldest(PAGE)):
                going = list(_up_to(page, over - removed))
                await self.drop(going)
                removed += sum(row.byte_count for row in going)
        except DatabaseError as error:
            _LOGGER.debug("The cache is not trimmed: %s", error)
        return removed

    async def clean(self) -> int:
        """Remove rows without a file and files without a row; answer how many.

        Folders that are empty go too: call it before anything is rendered.
        """
        removed = await self._clean_rows() + await self._clean_files()
        await self._run(partial(_remove_empty, self.folder))
        return removed

    async def frame_bytes(self, folder: str) -> float | None:
        """Answer the usual bytes of a frame in a folder, None where it has no segments."""
        try:
            frames, size = await self._rows.size(f"{FOLDER}/{folder}")
        except DatabaseError:
            return None
        return size / frames if frames else None

    async def _clean_rows(self) -> int:
        removed, key = 0, ""
        while page := await self._rows.after(key, PAGE):
            gone = await self._run(partial(self._without_file, page))
            await self._rows.remove([row.path for row in gone])
            removed, key = removed + len(gone), page[-1].key
        return removed

    async def _clean_files(self) -> int:
        root = self.folder
        before = self._now().timestamp() - ABANDONED_AFTER
        removed = 0
        files = await self._run(lambda: list(_abandoned(root, before)))
        for page in batched(files, PAGE, strict=False):
            names = {self._storage.relative(path): path for path in page}
            lost = [names[name] for name in names.keys() - await self._rows.known(names)]
            await self._run(partial(_unlink, lost))
            removed += len(lost)
        return removed

    def _without_file(self, rows: Collection[SegmentRow]) -> list[SegmentRow]:
        return [row for row in rows if not self._storage.resolve(row.path).is_file()]

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _publish(part: Path, key: str) -> tuple[Path, int]:
    path = part.with_name(f"{key}-{_checksum(part)}.seg")
    size = part.stat().st_size
    part.replace(path)
    return path, size


def _is_whole(path: Path, size: int) -> bool:
    try:
        return path.stat().st_size == size and path.stem.endswith(f"-{_checksum(path)}")
    except OSError:
        return False


def _checksum(path: Path) -> str:
    value = 0
    with path.open("rb") as file:
        while block := file.read(BLOCK):
            value = zlib.crc32(block, value)
    return f"{value:08x}"


def _unlink(paths: Collection[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def _remove_empty(root: Path) -> None:
    for folder, _, _ in root.walk(top_down=False):
        with suppress(OSError):
            folder.rmdir()


def _up_to(rows: Collection[SegmentRow], size: int) -> Iterator[SegmentRow]:
    """Answer the first rows that are at least as large together."""
    for row in rows:
        if size <= 0:
            return
        size -= row.byte_count
        yield row


def _abandoned(root: Path, before: float) -> Iterator[Path]:
    for folder, _, names in root.walk():
        for name in names:
            path = folder / name
            with suppress(OSError):
                if path.stat().st_mtime < before:
                    yield path
