"""What a media browser shows: folders with how much is in them, and what is in one.

Counts of days come from counters, and finer ones from one grouped query over an index. Images
whose files are gone are left out, so a folder may hold fewer than the counter of its day says.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    cast,
    extract,
    func,
    select,
    type_coerce,
)

from .database import Database
from .tables import EPOCH, MILLISECOND, daily_statistics, images

HOUR: Final = timedelta(hours=1)
FINER: Final = {HOUR: timedelta(minutes=10), timedelta(minutes=10): timedelta(minutes=1)}
"""Into what a period is cut that holds too much; minutes are cut no further."""
DAY_LIMIT: Final = 200
"""Images of a day that are shown at once; more are cut into hours."""
PERIOD_LIMIT: Final = 500
"""The same for shorter periods."""

_HALF_DAY: Final = timedelta(hours=12) // MILLISECOND
_BY_DAY: Final = timedelta(hours=11) // MILLISECOND
"""From noon; with an hour less than half a day, summer time never makes it another day."""


@dataclass(frozen=True, slots=True)
class Album:
    """The images that a timelapse kept, or those that it put aside."""

    timelapse_id: int
    quarantined: bool = False


@dataclass(frozen=True, slots=True)
class DayEntry:
    """A local day of an album; the sample is an image from about its noon."""

    day: date
    image_count: int
    sample_id: int


@dataclass(frozen=True, slots=True)
class PeriodEntry:
    """Some time of an album, from `begin` on for as long as it was asked for."""

    begin: datetime
    image_count: int
    sample_id: int


@dataclass(frozen=True, slots=True)
class ImageEntry:
    """An image in a list."""

    id: int
    timelapse_id: int
    captured_at: datetime
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Contents:
    """What a day or a period holds: images, or periods of `step` where those would be too many."""

    image_count: int
    images: tuple[ImageEntry, ...] = ()
    periods: tuple[PeriodEntry, ...] = ()
    step: timedelta = HOUR


class BrowseOperations:
    """Reads what is shown of images, and never more rows than are."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def days(self, album: Album, zone: tzinfo) -> list[DayEntry]:
        """The local days that have images, the newest first."""
        days = daily_statistics.c
        count = days.quarantined if album.quarantined else days.images
        query = (
            select(days.day, count, sample(zone, quarantined=album.quarantined))
            .where(days.timelapse_id == album.timelapse_id, count > 0)
            .order_by(days.day.desc())
        )

        def work(connection: Connection) -> list[DayEntry]:
            return [DayEntry(*row) for row in connection.execute(query) if row[2] is not None]

        return await self._database.read(work)

    async def day(self, album: Album, day: date, zone: tzinfo) -> Contents:
        """What a local day holds, by hours of the local clock where that is too much."""
        offset = datetime.combine(day, time(), zone).utcoffset() or timedelta()
        where = (*_of(album), images.c.local_day == day)
        return await self._contents(where, HOUR, -offset % HOUR, DAY_LIMIT)

    async def period(self, album: Album, begin: datetime, length: timedelta) -> Contents:
        """What a period holds, by shorter ones where that is too much."""
        step = FINER.get(length)
        where = (*_of(album), *between_moments(images.c.captured_at, begin, begin + length))
        phase = (begin - EPOCH) % (step or length)
        return await self._contents(
            where, step or length, phase, PERIOD_LIMIT, divisible=step is not None
        )

    async def newest(
        self,
        timelapse_ids: Collection[int],
        *,
        quarantined: bool,
        between: tuple[datetime, datetime] | None,
        limit: int,
    ) -> list[ImageEntry]:
        """Images of some timelapses, the newest first."""
        where = [images.c.timelapse_id.in_(timelapse_ids), *_shown(quarantined)]
        if between is not None:
            where += between_moments(images.c.captured_at, *between)
        # An index holds all that is needed to find them, but not their reasons.
        ids = select(images.c.id).where(*where).order_by(images.c.captured_at.desc()).limit(limit)
        return await self._database.read(
            lambda connection: list(_listed(connection, [images.c.id.in_(ids)], limit))
        )

    async def _contents(
        self,
        where: Collection[ColumnElement[bool]],
        step: timedelta,
        phase: timedelta,
        limit: int,
        *,
        divisible: bool = True,
    ) -> Contents:
        """Images, or periods of `step`, which begin `phase` after whole multiples of it."""

        def work(connection: Connection) -> Contents:
            periods = tuple(_periods(connection, where, step, phase))
            count = sum(period.image_count for period in periods)
            if divisible and count > limit:
                return Contents(count, periods=periods, step=step)
            return Contents(count, images=tuple(_listed(connection, where, limit)))

        return await self._database.read(work)


_MOMENT: Final = type_coerce(images.c.captured_at, BigInteger)


def _of(album: Album) -> tuple[ColumnElement[bool], ...]:
    return (images.c.timelapse_id == album.timelapse_id, *_shown(album.quarantined))


def _shown(quarantined: bool) -> tuple[ColumnElement[bool], ...]:
    return (images.c.quarantined.is_(quarantined), images.c.missing.is_(False))


def between_moments(
    column: ColumnElement[datetime], begin: datetime, end: datetime
) -> tuple[ColumnElement[bool], ...]:
    """The conditions for a time from `begin` on, and before `end`."""
    return (column >= begin, column < end)


def sample(zone: tzinfo, *, quarantined: bool = False) -> ColumnElement[int | None]:
    """An image of a row of the daily statistics: one by daylight says most.

    The first two are found by moment, which is quick; the last one is for days with images only at
    night, and for those that another time zone has moved.
    """
    days, moment, noon = daily_statistics.c, images.c.captured_at, _noon(zone)
    query = select(images.c.id).where(
        images.c.timelapse_id == days.timelapse_id, *_shown(quarantined)
    )
    after = query.where(_MOMENT.between(noon, noon + _BY_DAY)).order_by(moment)
    before = query.where(_MOMENT.between(noon - _BY_DAY, noon)).order_by(moment.desc())
    some = query.where(images.c.local_day == days.day)
    return func.coalesce(_first(after), _first(before), _first(some))


def _noon(zone: tzinfo) -> ColumnElement[int]:
    """Noon of a row of the daily statistics, in milliseconds; an hour off is near enough."""
    offset = datetime.now(zone).utcoffset() or timedelta()
    midnight = cast(extract("epoch", daily_statistics.c.day), BigInteger) * 1000
    return midnight + (_HALF_DAY - offset // MILLISECOND)


def _first(query: Select[tuple[int]]) -> ScalarSelect[int]:
    return query.limit(1).correlate(daily_statistics).scalar_subquery()


def _periods(
    connection: Connection,
    where: Collection[ColumnElement[bool]],
    step: timedelta,
    phase: timedelta,
) -> Iterator[PeriodEntry]:
    slot = (_MOMENT - phase // MILLISECOND) // (step // MILLISECOND)
    query = (
        select(slot.label("slot"), func.count(), func.min(images.c.id))
        .where(*where)
        .group_by("slot")
        .order_by(slot.label("slot").desc())
    )
    for number, count, sample_id in connection.execute(query):
        yield PeriodEntry(EPOCH + phase + number * step, count, sample_id)


def _listed(
    connection: Connection, where: Collection[ColumnElement[bool]], limit: int
) -> Iterator[ImageEntry]:
    row = images.c
    query = (
        select(row.id, row.timelapse_id, row.captured_at, row.reasons)
        .where(*where)
        .order_by(row.captured_at.desc())
        .limit(limit)
    )
    for number, timelapse_id, captured_at, reasons in connection.execute(query):
        yield ImageEntry(number, timelapse_id, captured_at, tuple(reasons))
