"""The `ticks` table: what became of every planned moment."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, case, func, insert, select, update

from ..models import SkipReason, Tick, TickOutcome
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
        # A capture that takes long is entered after ticks that come later.
        query = _newest_first(timelapse_id).where(ticks.c.count > 0).limit(LOOKED_AT)

        def work(connection: Connection) -> datetime | None:
            ends = [row.last_at or row.planned_at for row in connection.execute(query)]
            return max(ends, default=None)

        return await self._database.read(work)

    async def misses(self, scope: Scope, since: datetime) -> list[Misses]:
        """Ticks that gave no image since a moment, by reason, the most frequent first."""
        count = total(case((ticks.c.count == 0, 1), else_=ticks.c.count)).label("misses")
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


LOOKED_AT: Final = 20
LONGEST: Final = timedelta(hours=26)
_COVERED: Final = (TickOutcome.CAPTURED, TickOutcome.QUARANTINED)


def enter_tick(connection: Connection, tick: Tick) -> None:
    """Enter a tick; one that is skipped like the one before it makes that row longer.

    Not so where captures take long: between those ticks lie others that gave images.
    """
    if tick.outcome is TickOutcome.SKIPPED and tick.reason != SkipReason.BUSY:
        newest = connection.execute(_newest_first(tick.timelapse_id).limit(1)).one_or_none()
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
        ticks.c.reason == tick.reason,
    )


_INSERT: Final = insert(ticks)


def _newest_first(timelapse_id: int) -> Select[Any]:
    return (
        select(ticks)
        .where(ticks.c.timelapse_id == timelapse_id)
        .order_by(ticks.c.planned_at.desc(), ticks.c.id.desc())
    )


def _goes_on(row: Row[Any], tick: Tick) -> bool:
    same = (row.outcome, row.reason, row.local_day) == (tick.outcome, tick.reason, tick.local_day)
    return same and (row.last_at or row.planned_at) < tick.planned_at


def _missed(query: Select[Any], scope: Scope, since: datetime) -> Select[Any]:
    if scope.timelapse_id is not None:
        query = query.where(ticks.c.timelapse_id == scope.timelapse_id)
    elif scope.camera_id is not None:
        query = query.where(ticks.c.camera_id == scope.camera_id)
    return query.where(
        # No row is longer than a local day; an index finds those that begin late enough.
        ticks.c.planned_at >= since - LONGEST,
        func.coalesce(ticks.c.last_at, ticks.c.planned_at) >= since,
        ticks.c.outcome.not_in(_COVERED),
    )


def _tick(row: Mapping[Any, Any]) -> Tick:
    values = {name: value for name, value in row.items() if name != "id"}
    return Tick(**{**values, "outcome": TickOutcome(values["outcome"])})
