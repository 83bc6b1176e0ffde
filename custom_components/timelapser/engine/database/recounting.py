"""Counters of images that go, or that leave the quarantine; each change is one transaction."""

from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, Select, Table, func, select, update

from .tables import cameras, daily_statistics, hourly_statistics, images, timelapses

type Counts = Mapping[str, int]

COLUMNS: Final = (
    *(images.c.id, images.c.camera_id, images.c.timelapse_id, images.c.captured_at),
    *(images.c.local_day, images.c.byte_count, images.c.score),
    *(images.c.quarantined, images.c.flagged),
)
"""What has to be known of an image."""

_TIMELAPSE: Final = {
    "images": "image_count",
    "quarantined": "quarantine_count",
    "flagged": "flagged_count",
    "byte_count": "byte_count",
    "score_sum": "score_sum",
}
_CAMERA: Final = {name: _TIMELAPSE[name] for name in ("images", "quarantined", "byte_count")}


class _Change(NamedTuple):
    """An image, and what is to be added to the counters that have it."""

    image: Row[Any]
    counts: Counts


def uncount(connection: Connection, gone: Iterable[Row[Any]]) -> None:
    """Take images from all counters, after their rows are deleted."""
    _recount(connection, [_Change(image, _counts(image, -1)) for image in gone])


def count_restored(connection: Connection, image: Row[Any]) -> None:
    """Count an image as kept and good, after its row says so; `image` is as it was before."""
    _recount(connection, [_Change(image, {"images": 1, "quarantined": -1})])


def _counts(image: Row[Any], sign: int) -> Counts:
    return {
        "images": sign * (not image.quarantined),
        "quarantined": sign * image.quarantined,
        "flagged": sign * (image.flagged and not image.quarantined),
        "byte_count": sign * image.byte_count,
        "score_sum": sign * image.score,
    }


def _recount(connection: Connection, changes: list[_Change]) -> None:
    for (timelapse_id, day), counts in _sums(changes, _day).items():
        least = _least_score(timelapse_id).where(images.c.local_day == day)
        _add_to_period(connection, daily_statistics, (timelapse_id, day), counts, least)
    for (timelapse_id, hour), counts in _sums(changes, _hour).items():
        next_hour = hour + timedelta(hours=1)
        least = _least_score(timelapse_id).where(
            images.c.captured_at >= hour, images.c.captured_at < next_hour
        )
        _add_to_period(connection, hourly_statistics, (timelapse_id, hour), counts, least)
    for timelapse_id, counts in _sums(changes, lambda image: int(image.timelapse_id)).items():
        values = _added(timelapses, _TIMELAPSE, counts) | _bounds(connection, timelapse_id)
        connection.execute(update(timelapses).where(timelapses.c.id == timelapse_id).values(values))
    for camera_id, counts in _sums(changes, lambda image: str(image.camera_id)).items():
        newest = _newest(connection, images.c.camera_id == camera_id)
        values = _added(cameras, _CAMERA, counts) | newest
        connection.execute(update(cameras).where(cameras.c.id == camera_id).values(values))


def _sums[K: Hashable](
    changes: Iterable[_Change], key_of: Callable[[Row[Any]], K]
) -> Mapping[K, Counts]:
    sums: defaultdict[K, Counter[str]] = defaultdict(Counter)
    for change in changes:
        sums[key_of(change.image)].update(change.counts)
    return sums


def _day(image: Row[Any]) -> tuple[int, date]:
    return image.timelapse_id, image.local_day


def _hour(image: Row[Any]) -> tuple[int, datetime]:
    return image.timelapse_id, image.captured_at.replace(minute=0, second=0, microsecond=0)


def _add_to_period(
    connection: Connection,
    table: Table,
    key: tuple[int, date],
    counts: Counts,
    least_score: Select[Any],
) -> None:
    """Change the row of a timelapse and a period; hours are not kept for long."""
    own = (column == value for column, value in zip(table.primary_key, key, strict=True))
    values = _added(table, {name: name for name in counts}, counts)
    values["score_min"] = least_score.scalar_subquery()
    connection.execute(update(table).where(*own).values(values))


def _added(table: Table, columns: Mapping[str, str], counts: Counts) -> dict[str, Any]:
    return {
        column: table.c[column] + counts[name] for name, column in columns.items() if name in counts
    }


def _least_score(timelapse_id: int) -> Select[Any]:
    return select(func.min(images.c.score)).where(images.c.timelapse_id == timelapse_id)


def _bounds(connection: Connection, timelapse_id: int) -> dict[str, Any]:
    """The first and the last of a timelapse; days are asked for what would take all images."""
    own, days = images.c.timelapse_id == timelapse_id, daily_statistics.c
    of_days = days.timelapse_id == timelapse_id
    first = select(func.min(images.c.captured_at)).where(own, ~images.c.quarantined)
    return {
        "score_min": connection.scalar(select(func.min(days.score_min)).where(of_days)),
        "first_day": connection.scalar(select(func.min(days.day)).where(of_days, days.images > 0)),
        "first_image_at": connection.scalar(first),
        **_newest(connection, own),
    }


def _newest(connection: Connection, own: Any) -> dict[str, Any]:
    query = (
        select(images.c.id, images.c.captured_at)
        .where(own, ~images.c.quarantined)
        .order_by(images.c.captured_at.desc(), images.c.id.desc())
        .limit(1)
    )
    row = connection.execute(query).one_or_none()
    return {
        "last_image_id": row.id if row else None,
        "last_image_at": row.captured_at if row else None,
    }
