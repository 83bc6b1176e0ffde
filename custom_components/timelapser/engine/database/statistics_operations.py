"""Sums of counters: of all cameras, of one, or of a timelapse. Images are never counted here."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    delete,
    func,
    select,
)

from .database import Database, total
from .tables import daily_statistics, hourly_statistics, timelapses

WEEK: Final = 7


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose statistics are meant: everybody's where nothing is named."""

    camera_id: str | None = None
    timelapse_id: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What was counted of planned ticks, of which `covered` gave an image, and of images."""

    planned: int = 0
    covered: int = 0
    failed: int = 0
    skipped: int = 0
    images: int = 0
    quarantined: int = 0
    flagged: int = 0
    byte_count: int = 0
    score_sum: int = 0
    score_min: int | None = None

    @property
    def success_rate(self) -> float | None:
        """Share of the attempts that gave a picture, good or bad, 0 to 1."""
        pictures = self.images + self.quarantined
        return _ratio(pictures, pictures + self.failed)

    @property
    def score_mean(self) -> float | None:
        """Mean corruption score, of quarantined images too."""
        return _ratio(self.score_sum, self.images + self.quarantined)

    @property
    def coverage(self) -> float | None:
        """Share of the planned ticks that gave an image, 0 to 1."""
        return _ratio(self.covered, self.planned)


@dataclass(frozen=True, slots=True, kw_only=True)
class DayStatistics(Sums):
    """What was counted on a local day."""

    day: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals(Sums):
    """What was counted since ever; `longest_gap` between two images in milliseconds."""

    videos: int = 0
    video_byte_count: int = 0
    longest_gap: int = 0
    first_image_at: datetime | None = None
    last_image_at: datetime | None = None

    @property
    def stored_bytes(self) -> int:
        """What images and videos take."""
        return self.byte_count + self.video_byte_count


@dataclass(frozen=True, slots=True)
class Summary:
    """All sums at one moment; `week_before` are the seven whole days before today."""

    totals: Totals
    today: DayStatistics
    last_24_hours: Sums
    last_7_days: Sums
    week_before: Sums


class StatisticsOperations:
    """Reads counters; the only ones it removes are of hours long gone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def summary(self, scope: Scope, today: date, now: datetime) -> Summary:
        """All sums of a scope, at one moment.

        The last 24 hours are the hour that runs and the 23 before it.
        """
        week = timedelta(days=WEEK)
        days, hours = daily_statistics.c.day, hourly_statistics.c.hour

        def work(connection: Connection) -> Summary:
            return Summary(
                _totals(connection, scope),
                _day(connection, scope, today),
                _sums(connection, hourly_statistics, scope, hours > now - timedelta(hours=24)),
                _sums(connection, daily_statistics, scope, days > today - week, days <= today),
                _sums(connection, daily_statistics, scope, days >= today - week, days < today),
            )

        return await self._database.read(work)

    async def day(self, scope: Scope, day: date) -> DayStatistics:
        """The sums of one day."""
        return await self._database.read(lambda connection: _day(connection, scope, day))

    async def days(
        self, scope: Scope, first: date | None = None, last: date | None = None
    ) -> list[DayStatistics]:
        """The sums of each day that has any, the oldest first."""
        day = daily_statistics.c.day
        query = _select(daily_statistics, scope, day).group_by(day).order_by(day)
        if first is not None:
            query = query.where(day >= first)
        if last is not None:
            query = query.where(day <= last)

        def work(connection: Connection) -> list[DayStatistics]:
            return [DayStatistics(**row._mapping) for row in connection.execute(query)]

        return await self._database.read(work)

    async def purge_hours(self, before: datetime) -> int:
        """Remove hours that began before a moment; answer how many rows."""
        query = delete(hourly_statistics).where(hourly_statistics.c.hour < before)
        return await self._database.write(lambda connection: connection.execute(query).rowcount)


_PERIOD_COUNTS: Final = tuple(
    name for name in Sums.__dataclass_fields__ if name not in ("score_min", "day")
)
_TOTAL_COUNTS: Final = {
    "images": timelapses.c.image_count,
    "quarantined": timelapses.c.quarantine_count,
    "flagged": timelapses.c.flagged_count,
    "failed": timelapses.c.failed_count,
    "skipped": timelapses.c.skipped_count,
    "byte_count": timelapses.c.byte_count,
    "score_sum": timelapses.c.score_sum,
    "videos": timelapses.c.video_count,
    "video_byte_count": timelapses.c.video_byte_count,
}


def _totals(connection: Connection, scope: Scope) -> Totals:
    row = timelapses.c
    query = select(
        *(total(column).label(name) for name, column in _TOTAL_COUNTS.items()),
        func.min(row.score_min).label("score_min"),
        func.coalesce(func.max(row.longest_gap), 0).label("longest_gap"),
        func.min(row.first_image_at).label("first_image_at"),
        func.max(row.last_image_at).label("last_image_at"),
    )
    if scope.camera_id is not None:
        query = query.where(row.camera_id == scope.camera_id)
    if scope.timelapse_id is not None:
        query = query.where(row.id == scope.timelapse_id)
    days = daily_statistics.c
    ticks = _scoped(
        select(total(days.planned).label("planned"), total(days.covered).label("covered")),
        daily_statistics,
        scope,
    )
    return Totals(
        **connection.execute(query).one()._mapping, **connection.execute(ticks).one()._mapping
    )


def _day(connection: Connection, scope: Scope, day: date) -> DayStatistics:
    query = _select(daily_statistics, scope).where(daily_statistics.c.day == day)
    return DayStatistics(day=day, **connection.execute(query).one()._mapping)


def _sums(connection: Connection, table: Table, scope: Scope, *period: ColumnElement[bool]) -> Sums:
    query = _select(table, scope).where(*period)
    return Sums(**connection.execute(query).one()._mapping)


def _select(table: Table, scope: Scope, *keys: Column[Any]) -> Select[Any]:
    counts = (total(table.c[name]).label(name) for name in _PERIOD_COUNTS)
    least = func.min(table.c.score_min).label("score_min")
    return _scoped(select(*keys, *counts, least), table, scope)


def _scoped(query: Select[Any], table: Table, scope: Scope) -> Select[Any]:
    if scope.camera_id is not None:
        query = query.where(table.c.camera_id == scope.camera_id)
    if scope.timelapse_id is not None:
        query = query.where(table.c.timelapse_id == scope.timelapse_id)
    return query


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
