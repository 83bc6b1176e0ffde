"""What there is to say of cameras, of a timelapse and of the whole house, in figures."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
import shutil
from typing import Final

from ..database.statistics_operations import (
    WEEK,
    DayStatistics,
    Scope,
    StatisticsOperations,
    Summary,
    Sums,
    Totals,
)
from ..images.files import Storage

KEPT_HOURS: Final = timedelta(days=2)
EVERYTHING: Final = Scope()


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that the storage folder is on, in bytes."""

    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of a scope; the disk only with those of the whole house.

    `growth_per_day` is the mean of bytes of images over the last seven whole days, or over as
    many as there are.
    """

    totals: Totals
    today: DayStatistics
    last_24_hours: Sums
    last_7_days: Sums
    growth_per_day: float
    disk: Disk | None = None

    @property
    def days_until_full(self) -> float | None:
        """How long the disk lasts when it goes on like this; None when nothing grows."""
        if self.disk is None or self.growth_per_day <= 0:
            return None
        return self.disk.free / self.growth_per_day


class StatisticsService:
    """Answers figures from counters; days are those of the zone that is passed in."""

    def __init__(
        self,
        operations: StatisticsOperations,
        storage: Storage,
        executor: Executor,
        now: Callable[[], datetime],
    ) -> None:
        self._operations = operations
        self._storage = storage
        self._executor = executor
        self._now = now

    async def statistics(self, zone: tzinfo, scope: Scope = EVERYTHING) -> Statistics:
        """All figures of a scope."""
        now = self._now()
        today = now.astimezone(zone).date()
        summary = await self._operations.summary(scope, today, now)
        return Statistics(
            totals=summary.totals,
            today=summary.today,
            last_24_hours=summary.last_24_hours,
            last_7_days=summary.last_7_days,
            growth_per_day=_growth(summary, today, zone),
            disk=await self._disk() if scope == EVERYTHING else None,
        )

    async def today(self, zone: tzinfo, scope: Scope) -> DayStatistics:
        """What was counted today."""
        return await self._operations.day(scope, self._now().astimezone(zone).date())

    async def trend(
        self, zone: tzinfo, days: int, scope: Scope = EVERYTHING
    ) -> list[DayStatistics]:
        """The last days, today too, that have any figures; the oldest first."""
        today = self._now().astimezone(zone).date()
        return await self._operations.days(scope, today - timedelta(days=days - 1), today)

    async def purge(self) -> int:
        """Remove what no figure needs any more; answer how many rows."""
        return await self._operations.purge_hours(self._now() - KEPT_HOURS)

    async def _disk(self) -> Disk | None:
        """Look at the disk; a folder that is away has none."""
        loop = asyncio.get_running_loop()
        try:
            usage = await loop.run_in_executor(
                self._executor, shutil.disk_usage, self._storage.root
            )
        except OSError:
            return None
        return Disk(usage.total, usage.free)


def _growth(summary: Summary, today: date, zone: tzinfo) -> float:
    first = summary.totals.first_image_at
    age = (today - first.astimezone(zone).date()).days if first else 0
    return summary.week_before.byte_count / min(age, WEEK) if age > 0 else 0.0
