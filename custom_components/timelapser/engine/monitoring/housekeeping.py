"""What is kept for some days only, and goes by itself."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
import logging
from typing import Final

from ..database.corruption_operations import CorruptionOperations
from ..database.log_operations import LogOperations
from ..errors import DatabaseError
from ..settings import Settings
from .statistics import StatisticsService

_LOGGER = logging.getLogger(__name__)

EVERY: Final = 6 * 3600.0
"""Seconds, as the seed's clean-up has it."""


class Housekeeping:
    """Purges log rows, judgements and hourly counters."""

    def __init__(
        self,
        logs: LogOperations,
        judgements: CorruptionOperations,
        statistics: StatisticsService,
        settings: Callable[[], Settings],
        now: Callable[[], datetime],
    ) -> None:
        self._logs = logs
        self._judgements = judgements
        self._statistics = statistics
        self._settings = settings
        self._now = now

    async def run(self) -> None:
        """Purge now and again, until cancelled."""
        while True:
            try:
                await self.purge()
            except DatabaseError as error:
                _LOGGER.debug("Nothing purged: %s", error)
            await asyncio.sleep(EVERY)

    async def purge(self) -> None:
        """Purge once."""
        retention, now = self._settings().retention, self._now()
        logs = await self._logs.purge(now - timedelta(days=retention.logs))
        judgements = await self._judgements.purge(now - timedelta(days=retention.corruption_logs))
        await self._statistics.purge()
        _LOGGER.debug("Purged %s log rows and %s judgements", logs, judgements)
