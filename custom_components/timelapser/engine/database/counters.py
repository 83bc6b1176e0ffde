"""Counters of cameras, timelapses, days and hours; they change with what they count.

Every function works within the transaction that enters or removes the thing itself.
"""

from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    Column,
    Connection,
    Integer,
    Row,
    Table,
    Update,
    bindparam,
    case,
    delete,
    insert,
    select,
    update,
)

from ..models import NewImage, Tick, TickOutcome, Video
from ..models.tick import BLAMELESS
from .tables import (
    MILLISECOND,
    UtcTime,
    cameras,
    daily_statistics,
    hourly_statistics,
    images,
    timelapses,
)

type Counts = Mapping[str, int]


def count_image(connection: Connection, new: NewImage, image_id: int) -> None:
    """Count an image of a timelapse and of its camera; images may come in any order."""
    row = connection.execute(_TIMELAPSE, {"key": new.timelapse_id}).one()
    values: dict[str, object] = {
        "byte_count": row.byte_count + new.byte_count,
        "score_sum": row.score_sum + new.judgement.score,
        "score_min": _least(row.score_min, new.judgement.score),
    }
    if new.quarantined:
        values["quarantine_count"] = row.quarantine_count + 1
    else:
        values |= _kept(row, new, image_id)
    connection.execute(_UPDATE_TIMELAPSE, {"key": new.timelapse_id, **values})
    connection.execute(
        _count_camera(new.quarantined, new.imported),
        {
            "key": new.camera_id,
            "new_bytes": new.byte_count,
            "new_glitches": int(new.flagged or new.quarantined) + len(new.replaced),
            "new_id": image_id,
            "new_moment": new.captured_at,
        },
    )


# Statements are made once: making one costs more than running it.

_TIMELAPSE: Final = select(timelapses).where(timelapses.c.id == bindparam("key")).with_for_update()
_UPDATE_TIMELAPSE: Final = update(timelapses).where(timelapses.c.id == bindparam("key"))


@cache
def _count_camera(quarantined: bool, imported: bool) -> Update:
    """Count an image, maybe the newest; unless it was imported, the camera gave a picture."""
    row, moment = cameras.c, bindparam("new_moment", type_=UtcTime)
    changes: dict[str, Any] = {
        "byte_count": row.byte_count + bindparam("new_bytes"),
        "glitch_count": row.glitch_count + bindparam("new_glitches"),
    }
    if not imported:
        changes |= {"consecutive_failures": 0, "last_error": None}
    if quarantined:
        changes["quarantine_count"] = row.quarantine_count + 1
    else:
        newer = row.last_image_at > moment
        changes |= {
            "image_count": row.image_count + 1,
            "last_image_id": case((newer, row.last_image_id), else_=bindparam("new_id")),
            "last_image_at": case((newer, row.last_image_at), else_=moment),
        }
    return update(cameras).where(row.id == bindparam("key")).values(changes)


def _kept(row: Row[Any], new: NewImage, image_id: int) -> dict[str, object]:
    values: dict[str, object] = {
        "image_count": row.image_count + 1,
        "flagged_count": row.flagged_count + new.flagged,
        "first_image_at": _least(row.first_image_at, new.captured_at),
        "first_day": _least(row.first_day, new.local_day),
    }
    if row.last_image_at is None or row.last_image_at <= new.captured_at:
        # A pause is no gap.
        before = max((m for m in (row.last_image_at, row.resumed_at) if m), default=None)
        gap = (new.captured_at - before) // MILLISECOND if row.last_image_at and before else 0
        values |= {
            "last_image_at": new.captured_at,
            "last_image_id": image_id,
            "longest_gap": max(row.longest_gap, gap),
        }
    return values


def count_miss(connection: Connection, tick: Tick) -> None:
    """Count a tick that gave no image, unless people wanted it so."""
    if tick.is_wanted:
        return
    failed = tick.outcome is TickOutcome.FAILED
    counter = timelapses.c.failed_count if failed else timelapses.c.skipped_count
    added = 1 if failed else tick.count
    _update(connection, timelapses, tick.timelapse_id, {counter.name: counter + added})
    if failed:
        failures: dict[str, Any] = {"last_error": tick.reason}
        if tick.reason not in BLAMELESS:
            failures["consecutive_failures"] = cameras.c.consecutive_failures + 1
        _update(connection, cameras, tick.camera_id, failures)


def count_periods(connection: Connection, new: NewImage | None, tick: Tick | None) -> None:
    """Count an image, a tick, or both of them, in their day and their hour."""
    if tick is not None and tick.is_wanted:
        tick = None
    some = new or tick
    if some is None:
        return
    for table, period in ((daily_statistics, _day), (hourly_statistics, _hour)):
        counts: dict[date, Counts] = {}
        if new is not None:
            counts[period(new)] = _image_counts(new)
        if tick is not None:
            counts[period(tick)] = {**counts.get(period(tick), {}), **_tick_counts(tick)}
        for moment, added in counts.items():
            add(connection, table, some.timelapse_id, some.camera_id, moment, added)


def add(  # noqa: PLR0917
    connection: Connection,
    table: Table,
    timelapse_id: int,
    camera_id: str,
    period: date,
    counts: Counts,
) -> None:
    """Add counts to the row of a timelapse and a period, which may not exist yet."""
    column: Column[Any] = list(table.primary_key)[1]
    added = {f"new_{name}": count for name, count in counts.items()}
    changed = connection.execute(
        _add_statement(table, tuple(counts)), {"key": timelapse_id, "period": period, **added}
    )
    # No upsert: SQLAlchemy would compile it anew each time. There is one writer.
    if not changed.rowcount:
        row = {"timelapse_id": timelapse_id, column.name: period, "camera_id": camera_id, **counts}
        connection.execute(insert(table), row)


@cache
def _add_statement(table: Table, names: tuple[str, ...]) -> Update:
    row = table.c
    period: Column[Any] = list(table.primary_key)[1]
    changes: dict[str, Any] = {
        name: row[name] + bindparam(f"new_{name}") for name in names if name != "score_min"
    }
    if "score_min" in names:
        score = bindparam("new_score_min", type_=Integer)
        changes["score_min"] = case((row.score_min < score, row.score_min), else_=score)
    return (
        update(table)
        .where(row.timelapse_id == bindparam("key"), period == bindparam("period"))
        .values(changes)
    )


def _image_counts(new: NewImage) -> Counts:
    return {
        "images": int(not new.quarantined),
        "quarantined": int(new.quarantined),
        "flagged": int(new.flagged and not new.quarantined),
        "byte_count": new.byte_count,
        "score_sum": new.judgement.score,
        "score_min": new.judgement.score,
    }


def _tick_counts(tick: Tick) -> Counts:
    return {
        "planned": tick.count,
        "covered": int(tick.outcome is TickOutcome.CAPTURED),
        "failed": int(tick.outcome is TickOutcome.FAILED),
        "skipped": tick.count if tick.outcome is TickOutcome.SKIPPED else 0,
    }


def _day(thing: NewImage | Tick) -> date:
    return thing.local_day


def _hour(thing: NewImage | Tick) -> datetime:
    moment = thing.captured_at if isinstance(thing, NewImage) else thing.planned_at
    return moment.replace(minute=0, second=0, microsecond=0)


def count_video(connection: Connection, video: Video, sign: int = 1) -> None:
    """Count a video that came, or with `sign` -1 one that went."""
    for table, key in ((timelapses, video.timelapse_id), (cameras, video.camera_id)):
        changes = {
            "video_count": table.c.video_count + sign,
            "video_byte_count": table.c.video_byte_count + sign * video.file.byte_count,
        }
        _update(connection, table, key, changes)


def forget_timelapse(connection: Connection, timelapse_id: int) -> None:
    """Delete a timelapse with all its rows, and take its counts from the camera's."""
    row = connection.execute(select(timelapses).where(timelapses.c.id == timelapse_id)).one()
    names = ("image_count", "quarantine_count", "byte_count", "video_count", "video_byte_count")
    changes = {name: cameras.c[name] - getattr(row, name) for name in names}
    _update(connection, cameras, row.camera_id, changes)
    connection.execute(delete(timelapses).where(timelapses.c.id == timelapse_id))
    newest = (
        select(images.c.id, images.c.captured_at)
        .where(images.c.camera_id == row.camera_id, images.c.quarantined.is_(False))
        .order_by(images.c.captured_at.desc())
        .limit(1)
    )
    found = connection.execute(newest).one_or_none()
    pointer = {
        "last_image_id": found.id if found else None,
        "last_image_at": found.captured_at if found else None,
    }
    _update(connection, cameras, row.camera_id, pointer)


def _update(
    connection: Connection, table: Table, key: int | str, values: Mapping[str, Any]
) -> None:
    connection.execute(update(table).where(table.c.id == key).values(dict(values)))


def _least[T: (int, date, datetime)](one: T | None, other: T) -> T:
    return other if one is None else min(one, other)
