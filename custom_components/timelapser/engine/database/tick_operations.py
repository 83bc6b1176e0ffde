"""The `ticks` table: what became of every planned moment."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, func, insert, select, update

from ..models import Tick, TickOutcome
from ..models.tick import WANTED
from .database import Database, total
from .statistics_operations import Scope
from .tables import ticks


@dataclass(frozen=True, slots=True)
class Misses:
    """How many ticks gave no image for the same reason."""

    outcome: TickOutcome
    reason: str | None
    count: int

    @property
    def is_wanted(self) -> bool:
        """Whether it is as people set it up."""
        return self.outcome is TickOutcome.SKIPPED and self.reason in WANTED


class TickOperations:
    """Reads ticks; they are entered with the images that they gave."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, timelapse_id: int) -> datetime | None:
        """The last moment whose outcome is known."""

        def work(connection: Connection) -> datetime | None:
            row = _newest(connection, timelapse_id)
            return (row.last_at or row.planned_at) if row else None

        return await self._database.read(work)

    async def misses(self, scope: Scope, since: datetime) -> list[Misses]:
        """Ticks that gave no image since a moment, by reason, the most frequent first."""
        count = total(ticks.c.count).label("misses")
        query = (
            _missed(select(ticks.c.outcome, ticks.c.reason, count), scope, since)
            .group_by(ticks.c.outcome, ticks.c.reason)
            .order_by(count.desc(), ticks.c.reason)
        )

        def work(connection: Connection) -> list[Misses]:
            return [
                Misses(TickOutcome(row.outcome), row.reason, row.misses)
                for row in connection.execute(query)
            ]

        return await self._database.read(work)

    async def gaps(self, scope: Scope, since: datetime, limit: int) -> list[Tick]:
        """The ticks since a moment that gave no image, the newest first."""
        newest_first = ticks.c.planned_at.desc(), ticks.c.id.desc()
        query = _missed(select(ticks), scope, since).order_by(*newest_first).limit(limit)

        def work(connection: Connection) -> list[Tick]:
            return [_tick(row._mapping) for row in connection.execute(query)]

        return await self._database.read(work)


_COVERED: Final = (TickOutcome.CAPTURED, TickOutcome.QUARANTINED)


def enter_tick(connection: Connection, tick: Tick) -> None:
    """Enter a tick; one that is skipped like the one before it makes that row longer."""
    if tick.outcome is TickOutcome.SKIPPED:
        newest = _newest(connection, tick.timelapse_id)
        if newest is not None and _goes_on(newest, tick):
            last_at = tick.last_at or tick.planned_at
            row = update(ticks).where(ticks.c.id == newest.id)
            connection.execute(
                row.values(last_at=last_at, count=newest._mapping["count"] + tick.count)
            )
            return
    connection.execute(_INSERT, asdict(tick))


def same_tick(tick: Tick) -> Select[tuple[int]]:
    """Look for a tick that is entered already, perhaps in a row that stands for several."""
    return select(ticks.c.id).where(
        ticks.c.timelapse_id == tick.timelapse_id,
        ticks.c.planned_at <= tick.planned_at,
        func.coalesce(ticks.c.last_at, ticks.c.planned_at) >= (tick.last_at or tick.planned_at),
        ticks.c.outcome == tick.outcome,
    )


_INSERT: Final = insert(ticks)


def _newest(connection: Connection, timelapse_id: int) -> Row[Any] | None:
    query = (
        select(ticks)
        .where(ticks.c.timelapse_id == timelapse_id)
        .order_by(ticks.c.planned_at.desc(), ticks.c.id.desc())
        .limit(1)
    )
    return connection.execute(query).one_or_none()


def _goes_on(row: Row[Any], tick: Tick) -> bool:
    same = (row.outcome, row.reason, row.local_day) == (tick.outcome, tick.reason, tick.local_day)
    return same and (row.last_at or row.planned_at) < tick.planned_at


def _missed(query: Select[Any], scope: Scope, since: datetime) -> Select[Any]:
    if scope.timelapse_id is not None:
        query = query.where(ticks.c.timelapse_id == scope.timelapse_id)
    elif scope.camera_id is not None:
        query = query.where(ticks.c.camera_id == scope.camera_id)
    return query.where(ticks.c.planned_at >= since, ticks.c.outcome.not_in(_COVERED))


def _tick(row: Mapping[Any, Any]) -> Tick:
    values = {name: value for name, value in row.items() if name != "id"}
    return Tick(**{**values, "outcome": TickOutcome(values["outcome"])})
