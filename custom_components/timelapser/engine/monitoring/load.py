"""Whether the machine has room for captures: on the disk, and in memory."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import timedelta
import logging
from pathlib import Path
import shutil
from typing import Final

from ..errors import MemoryLowError, StorageLowError, TimelapserError
from ..events import Event, MemoryLow, MemoryOk, Publish, StorageLow, StorageOk
from ..models import SkipReason
from ..settings import LoadSettings

_LOGGER = logging.getLogger(__name__)

GB: Final = 10**9
MB: Final = 10**6
EVERY: Final = timedelta(seconds=30)
MEMORY_STOP: Final = 64 * MB
"""A 4K picture is 25 MB decoded; below this, the system begins to end processes."""
MEMORY_RESUME: Final = 128 * MB
MEMINFO: Final = Path("/proc/meminfo")


@dataclass(slots=True)
class Guard:
    """Closes below one limit and opens from a higher one, so that it does not flutter."""

    closed: bool = False

    def see(self, free: float | None, stop_below: float, resume_above: float) -> bool:
        """Take note of what is free, if that is known; answer whether the guard has changed."""
        before = self.closed
        if free is not None:
            limit = max(stop_below, resume_above) if self.closed else stop_below
            self.closed = free < limit
        return self.closed is not before


class LoadWatch:
    """Looks at disk and memory every half minute; captures wait while one is short."""

    def __init__(
        self,
        root: Path,
        limits: Callable[[], LoadSettings],
        executor: Executor,
        publish: Publish,
        *,
        disk: Callable[[Path], int | None] | None = None,
        memory: Callable[[], int | None] | None = None,
    ) -> None:
        self._root = root
        self._limits = limits
        self._executor = executor
        self._publish = publish
        self._read_disk = disk or free_disk
        self._read_memory = memory or free_memory
        self._disk, self._memory = Guard(), Guard()
        self.disk_free: int | None = None
        self.memory_free: int | None = None

    @property
    def reason(self) -> SkipReason | None:
        """Why nothing may be captured, if so."""
        if self._disk.closed:
            return SkipReason.DISK
        return SkipReason.MEMORY if self._memory.closed else None

    def check(self) -> None:
        """Raise StorageLowError or MemoryLowError while nothing may be captured."""
        if (error := self._error()) is not None:
            raise error

    async def run(self) -> None:
        """Look again and again."""
        while True:
            await self.look()
            await asyncio.sleep(EVERY.total_seconds())

    async def look(self) -> None:
        """Look once, and tell what has changed."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._executor, self._read)
        self.disk_free, self.memory_free = found
        limits = self._limits()
        if self._disk.see(self.disk_free, limits.stop_below * GB, limits.resume_above * GB):
            free = self.disk_free or 0
            self._tell(StorageLow if self._disk.closed else StorageOk, free)
        if self._memory.see(self.memory_free, MEMORY_STOP, MEMORY_RESUME):
            self._tell(MemoryLow if self._memory.closed else MemoryOk, self.memory_free or 0)

    def _read(self) -> tuple[int | None, int | None]:
        return self._read_disk(self._root), self._read_memory()

    def _tell(self, kind: type[StorageLow | StorageOk | MemoryLow | MemoryOk], free: int) -> None:
        event: Event = kind("", free)
        if (error := self._error()) is not None:
            _LOGGER.warning("Nothing is captured: %s", error)
        else:
            _LOGGER.info("Captures go on: %s", event.type)
        self._publish(event)

    def _error(self) -> TimelapserError | None:
        if self._disk.closed:
            free = (self.disk_free or 0) / GB
            return StorageLowError(free=f"{free:.1f}", resume=f"{self._limits().resume_above:g}")
        if self._memory.closed:
            return MemoryLowError(free=f"{(self.memory_free or 0) / MB:.0f}")
        return None


def free_disk(root: Path) -> int | None:
    """Answer the free bytes of the disk of a folder; None while it is away."""
    try:
        return shutil.disk_usage(root).free
    except OSError:
        return None


def free_memory(meminfo: Path = MEMINFO) -> int | None:
    """Answer the bytes that can be had without swapping; None where Linux does not say."""
    try:
        for line in meminfo.read_text(encoding="ascii").splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024
    except OSError, ValueError, IndexError:
        pass
    return None
