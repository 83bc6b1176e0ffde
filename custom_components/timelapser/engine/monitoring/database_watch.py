"""Notices when the database goes away and comes back, and then enters what waited for it."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
import logging
from typing import Final

from ..database.pool_manager import PoolManager
from ..errors import DatabaseError, StorageError
from ..images.recorder import Recorder

_LOGGER = logging.getLogger(__name__)

PROBE_EVERY: Final = 60.0
RETRY_FROM: Final = 2.0
"""Seconds until the first look at a database that is away; doubled up to PROBE_EVERY."""


class DatabaseWatch:
    """Probes the database; `on_change` hears whether it is away."""

    def __init__(
        self,
        pool: PoolManager,
        recorder: Recorder,
        on_change: Callable[[bool], None],
        *,
        probe_every: float = PROBE_EVERY,
        retry_from: float = RETRY_FROM,
    ) -> None:
        self._pool = pool
        self._recorder = recorder
        self._on_change = on_change
        self._probe_every = probe_every
        self._retry_from = retry_from
        self.away = False

    async def run(self) -> None:
        """Watch until cancelled."""
        retry = self._retry_from
        while True:
            if await self.look():
                retry = self._retry_from
                await self._wait(self._probe_every)
            else:
                await asyncio.sleep(retry)
                retry = min(retry * 2, self._probe_every)

    async def look(self) -> bool:
        """Probe once, and enter what waits; answer whether the database is there."""
        there = (await self._pool.probe()).error is None
        if there and self._recorder.waiting:
            there = await self._drain()
        if there is self.away:
            self.away = not there
            _LOGGER.log(
                logging.INFO if there else logging.WARNING,
                "The database is %s; %s entries wait for it",
                *("back" if there else "away", self._recorder.waiting),
            )
            self._on_change(self.away)
        return there

    async def _drain(self) -> bool:
        try:
            entered = await self._recorder.drain()
        except (DatabaseError, StorageError) as error:
            _LOGGER.debug("Entries go on waiting: %s", error)
            return False
        _LOGGER.info("%s entries that waited for the database are in it now", entered)
        return True

    async def _wait(self, seconds: float) -> None:
        """Wait, but no longer than until something has to wait for the database."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._recorder.put_aside.wait()
        self._recorder.put_aside.clear()
