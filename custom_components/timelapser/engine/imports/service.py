"""Imports, one at a time: found, read, judged, written, entered."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Executor
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from ..database.operations import Operations
from ..errors import ImportRunningError, NothingToImportError
from ..images.service import ImageService, Shelf
from ..models import Context, Frame, Timelapse
from ..settings import Settings
from .files import Clock, Found, find_files, read_frame
from .moments import EARLIEST
from .recordings import keyframes
from .report import ImportReport, LeftOut, UnreadableFileError
from .timeline import Timeline


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportRequest:
    """What is imported, and how; without a timelapse, a completed one is made under `name`.

    With `only_gaps`, nothing comes closer than `every` to an image that is there. Videos give a
    picture that often; pictures are taken as they are, unless it is a gap that is filled.
    """

    camera_id: str
    roots: tuple[Path, ...]
    settings: Settings
    name: str
    every: timedelta
    timelapse: Timelapse | None = None
    only_gaps: bool = False
    begin: datetime | None = None
    end: datetime | None = None
    pattern: str | None = None
    missing: tuple[str, ...] = ()
    """Titles of what could not be fetched."""

    def wants(self, moment: datetime) -> bool:
        """Whether a moment lies in the time that was asked for."""
        return not (
            (self.begin is not None and moment < self.begin)
            or (self.end is not None and moment >= self.end)
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportParts:
    """What an import works with; `has_room` raises while the disk is nearly full."""

    rows: Operations
    images: ImageService
    executor: Executor
    now: Callable[[], datetime]
    zone: Callable[[], tzinfo]
    has_room: Callable[[], None]


class ImportService:
    """Imports what lies in folders into a timelapse; nothing of it is changed or removed there."""

    def __init__(self, parts: ImportParts) -> None:
        self._parts = parts
        self._cancelled: asyncio.Event | None = None

    @property
    def is_running(self) -> bool:
        """Whether an import runs."""
        return self._cancelled is not None

    def cancel(self) -> None:
        """End the import that runs, if any, after the picture it is at; it can be run again."""
        if self._cancelled is not None:
            self._cancelled.set()

    async def run(self, request: ImportRequest) -> ImportReport:
        """Import; what is there already, byte for byte, is left out.

        Raises ImportRunningError, NothingToImportError, and StorageLowError, StorageError or
        DatabaseError in its midst: what was imported until then stays.
        """
        if self._cancelled is not None:
            raise ImportRunningError
        self._cancelled = asyncio.Event()
        try:
            run = _Import(self._parts, request, self._cancelled)
            return await run.run()
        finally:
            self._cancelled = None


class _Import:
    """One import under way."""

    def __init__(
        self, parts: ImportParts, request: ImportRequest, cancelled: asyncio.Event
    ) -> None:
        self._parts = parts
        self._request = request
        self._cancelled = cancelled
        self._report = ImportReport()
        self._timeline = Timeline(())

    async def run(self) -> ImportReport:
        request, report = self._request, self._report
        for title in request.missing:
            report.leave_out(title, LeftOut.NOT_FETCHED)
        clock = Clock(self._parts.zone(), self._parts.now(), request.pattern)
        files = await self._run(lambda: find_files(request.roots, clock, report))
        if not files:
            raise NothingToImportError(files=report.files)
        timelapse = request.timelapse or await self._create(files[0].moment or clock.now)
        rows = await self._parts.rows.images.for_render(timelapse.id)
        self._timeline = Timeline(row.captured_at for row in rows)
        try:
            for file in files:
                await self._import_file(file, timelapse)
                if report.cancelled:
                    break
        finally:
            report.timelapse = await self._tidy(timelapse)
        return report

    async def _create(self, begin: datetime) -> Timelapse:
        now = self._parts.now()
        return await self._parts.rows.timelapses.create_completed(
            self._request.camera_id, self._request.name, min(begin, now), now
        )

    async def _tidy(self, timelapse: Timelapse) -> Timelapse | None:
        rows = self._parts.rows
        if self._request.timelapse is None and not self._report.imported:
            await rows.timelapses.delete(timelapse.id, timelapse.started_at)
            return None
        # Images that come between others change what was counted in their order.
        await rows.counters.verify(repair=True, timelapse=timelapse)
        return await rows.timelapses.get(timelapse.id)

    async def _import_file(self, file: Found, timelapse: Timelapse) -> None:
        try:
            async with aclosing(self._frames(file)) as frames:
                async for frame in frames:
                    if self._cancelled.is_set():
                        self._report.cancelled = True
                        return
                    reason = self._why_not(frame) or await self._keep(frame, timelapse)
                    if reason is not None:
                        self._report.leave_out(file.name, reason)
        except UnreadableFileError:
            self._report.leave_out(file.name, LeftOut.UNREADABLE)

    async def _frames(self, file: Found) -> AsyncGenerator[Frame]:
        if not file.is_video:
            yield await self._run(lambda: read_frame(file))
            return
        pictures = keyframes(file.path, file.moment, self._request.every)
        try:
            while (frame := await self._run(lambda: next(pictures, None))) is not None:
                yield frame
        finally:
            await self._run(pictures.close)

    def _why_not(self, frame: Frame) -> LeftOut | None:
        request, moment = self._request, frame.captured_at
        if moment < EARLIEST:
            return LeftOut.NO_TIME
        if not request.wants(moment):
            return LeftOut.OUT_OF_RANGE
        if request.only_gaps and self._timeline.is_covered(moment, request.every):
            return LeftOut.NO_GAP
        return None

    async def _keep(self, frame: Frame, timelapse: Timelapse) -> LeftOut | None:
        """Write and enter a picture; answer why not, if it is not wanted."""
        parts, settings = self._parts, self._request.settings
        parts.has_room()
        ingested, judgement = await parts.images.examine(frame, settings)
        if not ingested.origin.readable:
            return LeftOut.UNREADABLE
        if await parts.rows.images.has_content(timelapse.id, ingested.content_hash):
            return LeftOut.ALREADY_THERE
        shelf = Shelf(timelapse, parts.zone(), Context())
        new = await parts.images.keep_import(
            ingested, judgement, frame.captured_at, shelf, settings
        )
        await parts.rows.images.record(new)
        self._timeline.add(new.captured_at)
        self._report.imported += 1
        self._report.byte_count += new.byte_count
        return None

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._parts.executor, work)
