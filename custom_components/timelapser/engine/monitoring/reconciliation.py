"""Files and rows compared, and each made to say what the other does; nothing is lost by it."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping
from concurrent.futures import Executor
from datetime import date, datetime, tzinfo
import logging
from pathlib import PurePath
import re
from typing import Final

from ..database.operations import Operations
from ..database.reconciliation_operations import StoredImage
from ..errors import NotFoundError, StorageError
from ..events import Publish, Reconciled
from ..images.files import Storage
from ..images.inventory import DayFiles, Inventory, Place
from ..images.service import ImageService
from ..models import JobState, LogLevel, NewLogRow, Timelapse
from ..settings import Settings
from ..timelapses.deletion import DeletionService

_LOGGER = logging.getLogger(__name__)

PAUSE: Final = 0.05
"""Seconds between two folders, in which others have the disk."""

_VIDEO_NAME = re.compile(r"\d{8}T\d{6}Z-(\d+)\.(?:mp4|webm|jpg|gif|webp)")


class ReconciliationService:
    """Compares the storage folder with the database, one folder at a time."""

    def __init__(
        self,
        *,
        rows: Operations,
        storage: Storage,
        images: ImageService,
        deletion: DeletionService,
        executor: Executor,
        publish: Publish,
        now: Callable[[], datetime],
        zone: Callable[[], tzinfo],
        settings: Callable[[Timelapse], Settings],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rows = rows
        self._storage = storage
        self._inventory = Inventory(storage)
        self._images = images
        self._deletion = deletion
        self._executor = executor
        self._publish = publish
        self._now = now
        self._zone = zone
        self._settings = settings
        self._sleep = sleep
        self._running = asyncio.Lock()

    async def run(self) -> Mapping[str, int]:
        """Compare everything once; answer how much of what was set right.

        What this run itself writes meanwhile is left alone. Raises DatabaseError.
        """
        async with self._running:
            findings: Counter[str] = Counter()
            findings["deletions"] += await self._deletion.finish()
            findings["leftovers"] += await self._run(self._inventory.remove_leftovers)
            for timelapse in await self._rows.timelapses.find():
                await self._reconcile(timelapse, findings)
            findings["counters"] += len(await self._rows.counters.verify(repair=True))
            found = {name: count for name, count in findings.items() if count}
            if found:
                await self._tell(found)
            return found

    async def _reconcile(self, timelapse: Timelapse, findings: Counter[str]) -> None:
        days = await self._run(self._inventory.days, timelapse.folder)
        days |= await self._rows.files.utc_days(timelapse.id)
        for day in sorted(days):
            try:
                await self._reconcile_day(timelapse, day, findings)
            except (OSError, StorageError) as error:
                _LOGGER.warning("%s of %s was left out: %r", day, timelapse.folder, error)
            await self._sleep(PAUSE)
        await self._reconcile_videos(timelapse, findings)

    async def _reconcile_day(self, timelapse: Timelapse, day: date, findings: Counter[str]) -> None:
        files = await self._run(self._inventory.day, timelapse.folder, day)
        findings["leftovers"] += files.leftovers
        rows = {row.captured_at: row for row in await self._rows.files.stored(timelapse.id, day)}
        await self._enter(timelapse, _orphans(files, rows), findings)
        for row in _misplaced(files, rows.values()):
            await self._images.move(
                timelapse.folder, row.captured_at, to_quarantine=row.quarantined
            )
            findings["moved"] += 1
        present = {place.captured_at for place in files.present}
        await self._mark(
            [row.id for row in rows.values() if row.missing and row.captured_at in present],
            findings,
            missing=False,
        )
        absent = [
            row for row in rows.values() if not row.missing and row.captured_at not in present
        ]
        await self._mark(
            await self._run(self._without_file, timelapse, absent), findings, missing=True
        )

    async def _enter(
        self, timelapse: Timelapse, places: Iterable[Place], findings: Counter[str]
    ) -> None:
        for place in places:
            new = await self._images.adopt(
                timelapse, place, self._settings(timelapse), self._zone()
            )
            await self._rows.images.record_late(new, None)
            findings["quarantined" if new.quarantined else "entered"] += 1

    async def _mark(self, ids: list[int], findings: Counter[str], *, missing: bool) -> None:
        if ids:
            await self._rows.files.mark_missing(ids, missing=missing)
            findings["missing" if missing else "found_again"] += len(ids)

    def _without_file(self, timelapse: Timelapse, rows: list[StoredImage]) -> list[int]:
        """Answer the rows without a file: it may have come since the folder was looked at."""
        return [
            row.id
            for row in rows
            if not self._storage.image_path(
                timelapse.folder, row.captured_at, row.quarantined
            ).exists()
        ]

    async def _reconcile_videos(self, timelapse: Timelapse, findings: Counter[str]) -> None:
        # Without the folder, a disk may be missing rather than its videos.
        files = await self._run(self._inventory.videos, timelapse.folder)
        if files is None:
            return
        findings["leftovers"] += files.leftovers
        rows = {
            PurePath(video.path).name: video
            for video in await self._rows.videos.find_videos(timelapse_id=timelapse.id, limit=None)
        }
        known = {PurePath(name).stem for name in rows}
        for name in files.old - rows.keys():
            if PurePath(name).stem not in known and await self._is_left_over(name, timelapse):
                path = self._storage.videos_folder(timelapse.folder) / name
                await self._run(path.unlink, True)
                findings["leftovers"] += 1
        for name in rows.keys() - files.present:
            video = rows[name]
            if not await self._run(self._storage.resolve(video.path).exists):
                await self._rows.videos.delete(video.id, video.created_at)
                findings["videos_lost"] += 1

    async def _is_left_over(self, name: str, timelapse: Timelapse) -> bool:
        """Answer whether a render that was cut off wrote a file, which is made again.

        A finished job without a video has lost its row, not its file: that is left to people.
        """
        match = _VIDEO_NAME.fullmatch(name)
        if match is None:
            return False
        try:
            job = await self._rows.videos.get_job(int(match[1]))
        except NotFoundError:
            return False
        lost_row = job.state is JobState.FINISHED and job.video_id is None
        return job.timelapse_id == timelapse.id and not lost_row

    async def _tell(self, findings: Mapping[str, int]) -> None:
        text = ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in findings.items())
        lost = findings.keys() & {"missing", "videos_lost", "counters"}
        row = NewLogRow(
            logged_at=self._now(),
            level=LogLevel.WARNING if lost else LogLevel.INFO,
            source="reconciliation",
            message=f"Files and rows were compared: {text}",
            data=findings,
        )
        _LOGGER.info(row.message)
        await self._rows.logs.add(row)
        self._publish(Reconciled("", findings))

    async def _run[*Ts, T](self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *args)


def _orphans(files: DayFiles, rows: Mapping[datetime, StoredImage]) -> list[Place]:
    """Answer the files from earlier runs without a row, one for each moment."""
    found: dict[datetime, Place] = {}
    for place in sorted(files.old):
        if place.captured_at not in rows:
            found.setdefault(place.captured_at, place)
    return list(found.values())


def _misplaced(files: DayFiles, rows: Iterable[StoredImage]) -> list[StoredImage]:
    """Answer the rows whose file is in the other folder: a move was cut off before its row."""
    return [
        row
        for row in rows
        if Place(row.captured_at, row.quarantined) not in files.present
        and Place(row.captured_at, not row.quarantined) in files.old
    ]
