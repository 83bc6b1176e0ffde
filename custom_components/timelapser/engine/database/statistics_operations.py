"""Sums of counters: of all cameras, of one, or of a timelapse. Images are never counted here."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any, Final

from sqlalchemy import Column, Connection, Select, Table, bindparam, delete, func, select

from .database import Database, total
from .tables import MILLISECOND, daily_statistics, hourly_statistics, timelapses

WEEK: Final = 7
DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose statistics are meant: everybody's where nothing is named."""

    camera_id: str | None = None
    timelapse_id: int | None = None

    @property
    def values(self) -> dict[str, str | int]:
        """What is named."""
        named = {"camera_id": self.camera_id, "timelapse_id": self.timelapse_id}
        return {name: value for name, value in named.items() if value is not None}

    @property
    def names(self) -> tuple[str, ...]:
        """Which of the two are named."""
        return tuple(self.values)


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
        first_hour = now - timedelta(hours=24) + MILLISECOND
        first_day, yesterday = today - timedelta(days=WEEK - 1), today - DAY

        def work(connection: Connection) -> Summary:
            return Summary(
                _totals(connection, scope),
                DayStatistics(
                    day=today, **_sums(connection, daily_statistics, scope, today, today)
                ),
                Sums(**_sums(connection, hourly_statistics, scope, first_hour, now)),
                Sums(**_sums(connection, daily_statistics, scope, first_day, today)),
                Sums(**_sums(connection, daily_statistics, scope, first_day - DAY, yesterday)),
            )

        return await self._database.read(work)

    async def day(self, scope: Scope, day: date) -> DayStatistics:
        """The sums of one day."""
        return await self._database.read(lambda connection: fetch_day(connection, scope, day))

    async def days(
        self, scope: Scope, first: date = date.min, last: date = date.max
    ) -> list[DayStatistics]:
        """The sums of each day that has any, the oldest first."""
        query = _days_query(scope.names)
        values = {**scope.values, "first": first, "last": last}

        def work(connection: Connection) -> list[DayStatistics]:
            return [DayStatistics(**row._mapping) for row in connection.execute(query, values)]

        return await self._database.read(work)

    async def purge_hours(self, before: datetime) -> int:
        """Remove hours that began before a moment; answer how many rows."""
        query = delete(hourly_statistics).where(hourly_statistics.c.hour < before)
        return await self._database.write(lambda connection: connection.execute(query).rowcount)


_COUNTS: Final = tuple(name for name in Sums.__dataclass_fields__ if name != "score_min")
_TOTALS: Final = {
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


def fetch_day(connection: Connection, scope: Scope, day: date) -> DayStatistics:
    """The sums of one day, within a transaction."""
    return DayStatistics(day=day, **_sums(connection, daily_statistics, scope, day, day))


def _totals(connection: Connection, scope: Scope) -> Totals:
    counts, ticks = (
        connection.execute(query(scope.names), scope.values).one()._mapping
        for query in (_totals_query, _ticks_query)
    )
    return Totals(**counts, **ticks)


def _sums(
    connection: Connection, table: Table, scope: Scope, first: date, last: date
) -> dict[str, Any]:
    values = {**scope.values, "first": first, "last": last}
    return dict(connection.execute(_sums_query(table, scope.names), values).one()._mapping)


# Statements are made once: making one costs more than running it.


@cache
def _totals_query(names: tuple[str, ...]) -> Select[Any]:
    row = timelapses.c
    query = select(
        *(total(column).label(name) for name, column in _TOTALS.items()),
        func.min(row.score_min).label("score_min"),
        func.coalesce(func.max(row.longest_gap), 0).label("longest_gap"),
        func.min(row.first_image_at).label("first_image_at"),
        func.max(row.last_image_at).label("last_image_at"),
    )
    return _scoped(query, names, row.camera_id, row.id)


@cache
def _ticks_query(names: tuple[str, ...]) -> Select[Any]:
    days = daily_statistics.c
    query = select(total(days.planned).label("planned"), total(days.covered).label("covered"))
    return _scoped(query, names, days.camera_id, days.timelapse_id)


@cache
def _days_query(names: tuple[str, ...]) -> Select[Any]:
    day = daily_statistics.c.day
    return _sums_query(daily_statistics, names).add_columns(day).group_by(day).order_by(day)


@cache
def _sums_query(table: Table, names: tuple[str, ...]) -> Select[Any]:
    """Sums over the periods between two parameters, `first` and `last`."""
    period: Column[Any] = list(table.primary_key)[1]
    query = select(
        *(total(table.c[name]).label(name) for name in _COUNTS),
        func.min(table.c.score_min).label("score_min"),
    ).where(period.between(bindparam("first"), bindparam("last")))
    return _scoped(query, names, table.c.camera_id, table.c.timelapse_id)


def _scoped(
    query: Select[Any], names: tuple[str, ...], camera: Column[Any], timelapse: Column[Any]
) -> Select[Any]:
    """Answer the query with one more parameter for each name of a scope."""
    columns = {"camera_id": camera, "timelapse_id": timelapse}
    return query.where(*(columns[name] == bindparam(name) for name in names))


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None
