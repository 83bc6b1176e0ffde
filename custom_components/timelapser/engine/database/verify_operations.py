"""Whether the counters say what is there: images, ticks and videos are counted again."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    Table,
    and_,
    case,
    delete,
    func,
    select,
    update,
)

from ..models import TickOutcome, Timelapse
from ..models.tick import WANTED
from .database import Database, total, upsert
from .tables import cameras, daily_statistics, images, ticks, timelapses, videos

type Values = dict[str, Any]
type Check = Callable[[Any, bool, Connection], list[Mismatch]]


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A counter that does not say what is there; `key` names the row."""

    table: str
    key: tuple[object, ...]
    counter: str
    stored: object
    counted: object


class VerifyOperations:
    """Compares and repairs counters."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def verify(self, *, repair: bool, timelapse: Timelapse | None = None) -> list[Mismatch]:
        """Answer all counters that are wrong, and with `repair` set them right.

        Only those of a timelapse and its camera where one is named.

        Each timelapse and each camera has a transaction of its own. All are the writer's, so that
        nothing is entered while it is counted, and captures need not wait for the whole.
        """
        checks: tuple[tuple[Table, Check], ...] = (
            (timelapses, _check_timelapse),
            (cameras, _check_camera),
        )
        found: list[Mismatch] = []
        for table, check in checks:
            if timelapse is not None:
                keys = [timelapse.id if table is timelapses else timelapse.camera_id]
            else:
                keys = await self._database.read(partial(_keys, table))
            for key in keys:
                found += await self._database.write(partial(check, key, repair))
        return found


_DAY_COUNTS: Final = (
    *("planned", "covered", "failed", "skipped", "images", "quarantined", "flagged"),
    *("byte_count", "score_sum"),
)
_NOTHING: Final[Values] = {**dict.fromkeys(_DAY_COUNTS, 0), "score_min": None}


def _keys(table: Table, connection: Connection) -> list[Any]:
    return list(connection.execute(select(table.c.id).order_by(table.c.id)).scalars())


def _check_timelapse(timelapse_id: int, repair: bool, connection: Connection) -> list[Mismatch]:
    row = _row(connection, timelapses, timelapse_id)
    if row is None:  # deleted meanwhile
        return []
    days = _count_days(connection, timelapse_id)
    sums = {name: sum(counts[name] for counts in days.values()) for name in _DAY_COUNTS}
    scores = [counts["score_min"] for counts in days.values() if counts["score_min"] is not None]
    own = images.c.timelapse_id == timelapse_id
    counted = {
        "image_count": sums["images"],
        "quarantine_count": sums["quarantined"],
        **{f"{name}_count": sums[name] for name in ("flagged", "failed", "skipped")},
        "byte_count": sums["byte_count"],
        "score_sum": sums["score_sum"],
        "score_min": min(scores, default=None),
        "first_day": min((day for day, counts in days.items() if counts["images"]), default=None),
        "first_image_at": connection.scalar(
            select(func.min(images.c.captured_at)).where(own, ~images.c.quarantined)
        ),
        **_newest_image(connection, own),
        **_count_videos(connection, videos.c.timelapse_id == timelapse_id),
    }
    found = _differences(timelapses, (timelapse_id,), row._mapping, counted)
    if found and repair:
        connection.execute(
            update(timelapses).where(timelapses.c.id == timelapse_id).values(counted)
        )
    return found + _check_days(connection, row, days, repair)


def _check_days(
    connection: Connection, timelapse: Row[Any], days: Mapping[date, Values], repair: bool
) -> list[Mismatch]:
    of_timelapse = daily_statistics.c.timelapse_id == timelapse.id
    rows = connection.execute(select(daily_statistics).where(of_timelapse))
    stored = {row.day: row._mapping for row in rows}
    found: list[Mismatch] = []
    for day in sorted(stored.keys() | days.keys()):
        counted = days.get(day, _NOTHING)
        wrong = _differences(
            daily_statistics, (timelapse.id, day), stored.get(day, _NOTHING), counted
        )
        if wrong and repair:
            if day in days:
                _store_day(connection, timelapse, day, counted)
            else:
                connection.execute(
                    delete(daily_statistics).where(of_timelapse, daily_statistics.c.day == day)
                )
        found += wrong
    return found


def _store_day(connection: Connection, timelapse: Row[Any], day: date, counted: Values) -> None:
    key = {"timelapse_id": timelapse.id, "day": day}
    insert = upsert(connection, daily_statistics).values(
        {**key, "camera_id": timelapse.camera_id, **counted}
    )
    connection.execute(insert.on_conflict_do_update(index_elements=list(key), set_=counted))


def _check_camera(camera_id: str, repair: bool, connection: Connection) -> list[Mismatch]:
    row = _row(connection, cameras, camera_id)
    if row is None:
        return []
    own = images.c.camera_id == camera_id
    counts = select(
        _count_if(~images.c.quarantined).label("image_count"),
        _count_if(images.c.quarantined).label("quarantine_count"),
        total(images.c.byte_count).label("byte_count"),
    ).where(own)
    counted = {
        **connection.execute(counts).one()._mapping,
        **_newest_image(connection, own),
        **_count_videos(connection, videos.c.camera_id == camera_id),
    }
    found = _differences(cameras, (camera_id,), row._mapping, counted)
    if found and repair:
        connection.execute(update(cameras).where(cameras.c.id == camera_id).values(counted))
    return found


def _count_days(connection: Connection, timelapse_id: int) -> dict[date, Values]:
    """What the images and ticks of each day amount to."""
    kept, quarantined = ~images.c.quarantined, images.c.quarantined
    of_images = (
        select(
            images.c.local_day,
            _count_if(kept).label("images"),
            _count_if(quarantined).label("quarantined"),
            _count_if(and_(kept, images.c.flagged)).label("flagged"),
            total(images.c.byte_count).label("byte_count"),
            total(images.c.score).label("score_sum"),
            func.min(images.c.score).label("score_min"),
        )
        .where(images.c.timelapse_id == timelapse_id)
        .group_by(images.c.local_day)
    )
    skipped = ticks.c.outcome == TickOutcome.SKIPPED
    wanted = and_(skipped, func.coalesce(ticks.c.reason, "").in_(WANTED))
    of_ticks = (
        select(
            ticks.c.local_day,
            total(ticks.c.count).label("planned"),
            _count_if(ticks.c.outcome == TickOutcome.CAPTURED).label("covered"),
            _count_if(ticks.c.outcome == TickOutcome.FAILED).label("failed"),
            total(case((skipped, ticks.c.count), else_=0)).label("skipped"),
        )
        .where(ticks.c.timelapse_id == timelapse_id, ~wanted)
        .group_by(ticks.c.local_day)
    )
    days: dict[date, Values] = defaultdict(_NOTHING.copy)
    for query in (of_images, of_ticks):
        for row in connection.execute(query):
            counts = dict(row._mapping)
            days[counts.pop("local_day")] |= counts
    return days


def _newest_image(connection: Connection, own: ColumnElement[bool]) -> Values:
    newest = (
        select(images.c.id, images.c.captured_at)
        .where(own, ~images.c.quarantined)
        .order_by(images.c.captured_at.desc(), images.c.id.desc())
        .limit(1)
    )
    row = connection.execute(newest).one_or_none()
    return {
        "last_image_id": row.id if row else None,
        "last_image_at": row.captured_at if row else None,
    }


def _count_videos(connection: Connection, own: ColumnElement[bool]) -> Values:
    counts = select(
        func.count().label("video_count"), total(videos.c.byte_count).label("video_byte_count")
    ).where(own)
    return dict(connection.execute(counts).one()._mapping)


def _differences(
    table: Table, key: tuple[object, ...], stored: Mapping[Any, Any], counted: Values
) -> list[Mismatch]:
    return [
        Mismatch(table.name, key, name, stored[name], value)
        for name, value in counted.items()
        if stored[name] != value
    ]


def _row(connection: Connection, table: Table, key: int | str) -> Row[Any] | None:
    return connection.execute(select(table).where(table.c.id == key)).one_or_none()


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return total(case((condition, 1), else_=0))
