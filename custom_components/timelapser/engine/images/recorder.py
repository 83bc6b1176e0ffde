"""Entering images and ticks; while the database is away they wait on disk, in order."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
import logging

from ..database.image_operations import ImageOperations
from ..errors import DatabaseError, DatabaseUnavailableError
from ..models import Image, NewImage, Tick, Timelapse
from .spool import Entry, Spool

_LOGGER = logging.getLogger(__name__)


class Recorder:
    """Enters at once where nothing waits, else behind all that waits."""

    def __init__(self, operations: ImageOperations, spool: Spool, executor: Executor) -> None:
        self._operations = operations
        self._spool = spool
        self._executor = executor
        self._writing = asyncio.Lock()
        self._draining = asyncio.Lock()
        self.put_aside = asyncio.Event()

    @property
    def waiting(self) -> int:
        """How many entries wait for the database."""
        return len(self._spool)

    async def open(self) -> None:
        """Find what waits since an earlier run."""
        await self._change(self._spool.open)

    async def record(self, timelapse: Timelapse, new: NewImage, tick: Tick | None) -> Image:
        """Enter an image with its tick; one that has to wait has the id 0 until then."""
        if not self.waiting:
            try:
                return await self._operations.record(new, tick)
            except DatabaseUnavailableError:
                pass
        await self._put_aside(Entry(new, tick))
        return _provisional(timelapse, new)

    async def record_miss(self, tick: Tick) -> None:
        """Enter a tick that gave no image."""
        if not self.waiting:
            try:
                await self._operations.record_miss(tick)
            except DatabaseUnavailableError:
                pass
            else:
                return
        await self._put_aside(Entry(None, tick))

    async def drain(self) -> int:
        """Enter what waits, the oldest first; answer how many entries.

        Raises DatabaseUnavailableError when the database goes away meanwhile; nothing is lost,
        and nothing is entered twice, whenever this ends.
        """
        async with self._draining:
            return await self._drain()

    async def _drain(self) -> int:
        entered = 0
        while self.waiting:
            async with self._writing:
                entry = await self._run(self._spool.first)
            if entry is None:
                break
            try:
                await self._operations.record_late(entry.image, entry.tick)
            except DatabaseUnavailableError:
                raise
            except DatabaseError as error:
                _LOGGER.warning("An entry that waited for the database was refused: %s", error)
                await self._change(self._spool.set_first_aside)
                continue
            await self._change(self._spool.remove_first)
            entered += 1
        return entered

    async def _put_aside(self, entry: Entry) -> None:
        await self._change(self._spool.append, entry)
        self.put_aside.set()

    async def _change[*Ts](self, change: Callable[[*Ts], None], *args: *Ts) -> None:
        async with self._writing:
            await self._run(change, *args)

    async def _run[*Ts, T](self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *args)


def _provisional(timelapse: Timelapse, new: NewImage) -> Image:
    return Image(
        id=0,
        camera_id=new.camera_id,
        timelapse_id=new.timelapse_id,
        folder=timelapse.folder,
        captured_at=new.captured_at,
        local_day=new.local_day,
        width=new.width,
        height=new.height,
        byte_count=new.byte_count,
        score=new.judgement.score,
        reasons=new.judgement.reasons,
        quarantined=new.quarantined,
        flagged=new.flagged,
        context=new.context,
    )
