"""Picks the images of a video out of those in its range; see `Selection` for the order."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime, time, timedelta, tzinfo
from itertools import groupby, islice
from typing import Final

from ..models.schedule import Weekday
from ..models.selection import MIDNIGHT, Bucket, Candidate, Selection, Side

_WEEK: Final = tuple(Weekday)
_NOON: Final = 12 * 3600

type Pick = Callable[[list[Candidate]], Iterable[Candidate]]


def select(rows: Iterable[Candidate], selection: Selection, zone: tzinfo) -> list[Candidate]:
    """Answer what is taken of the rows, which come in the order of capture."""
    chosen = iter(rows)
    if selection.weekdays or selection.time_from is not None:
        chosen = _in_time(chosen, selection, zone)
    if (least := selection.without_dark) is not None:
        chosen = (row for row in chosen if row.luma is None or row.luma >= least)
    if (pick := _pick(selection, zone)) is not None:
        chosen = _pick_each(chosen, _key(selection, zone), pick)
    if selection.without_alike is not None:
        chosen = _without_alike(chosen, selection.without_alike)
    return list(islice(chosen, 0, None, selection.every_nth))


def _in_time(rows: Iterator[Candidate], selection: Selection, zone: tzinfo) -> Iterator[Candidate]:
    start, end = selection.time_from or MIDNIGHT, selection.time_to or MIDNIGHT
    days = {_WEEK.index(day) for day in selection.weekdays} or set(range(7))
    back = _since_midnight(start if end < start else MIDNIGHT)
    for row in rows:
        local = _local(row, zone)
        clock = local.time()
        within = start <= clock < end if start < end else clock >= start or clock < end
        if within and (local - back).weekday() in days:
            yield row


def _pick_each(
    rows: Iterator[Candidate], key: Callable[[Candidate], object], pick: Pick
) -> Iterator[Candidate]:
    for _, group in groupby(rows, key):
        yield from pick(list(group))


def _key(selection: Selection, zone: tzinfo) -> Callable[[Candidate], object]:
    """Answer what tells the hours or the days apart."""
    if selection.per_hour is not None or selection.best_of is Bucket.HOUR:
        return lambda row: _hour(row.captured_at.astimezone(zone))
    back = _since_midnight(selection.day_begins)
    latest = date.min

    def day(row: Candidate) -> date:
        nonlocal latest
        # Clocks that are put back must not begin the day before once more.
        latest = max(latest, (_local(row, zone) - back).date())
        return latest

    return day


def _hour(local: datetime) -> tuple[date, int, int]:
    return local.date(), local.hour, local.fold


def _pick(selection: Selection, zone: tzinfo) -> Pick | None:
    """Answer what is taken of each hour or day, if not all."""
    if (most := selection.per_hour or selection.per_day) is not None:
        return lambda rows: _spread(rows, most)
    if selection.best_of is not None:
        return lambda rows: (max(rows, key=lambda row: row.score),)
    if (clock := selection.nearest_time) is not None:
        return lambda rows: (min(rows, key=lambda row: _apart(_local(row, zone), clock)),)
    if (height := selection.nearest_elevation) is not None:
        rising = selection.side is Side.RISING
        return lambda rows: _nearest(rows, lambda row: _from_height(row, height, rising=rising))
    if (azimuth := selection.nearest_azimuth) is not None:
        return lambda rows: _nearest(rows, lambda row: _from_azimuth(row, azimuth))
    return None


def _spread(rows: list[Candidate], most: int) -> Iterable[Candidate]:
    if len(rows) <= most:
        return rows
    return (rows[number * len(rows) // most] for number in range(most))


def _nearest(
    rows: list[Candidate], distance: Callable[[Candidate], float | None]
) -> Iterable[Candidate]:
    known = [(far, row) for row in rows if (far := distance(row)) is not None]
    return (min(known, key=lambda pair: pair[0])[1],) if known else ()


def _apart(local: datetime, clock: time) -> float:
    """Answer the seconds between the times of day, the shorter way round."""
    shifted = local - _since_midnight(clock) + timedelta(seconds=_NOON)
    return abs(_since_midnight(shifted.time()).total_seconds() - _NOON)


def _from_height(row: Candidate, height: float, *, rising: bool) -> float | None:
    if row.sun_elevation is None or row.sun_azimuth is None:
        return None
    return abs(row.sun_elevation - height) if (row.sun_azimuth < 180) is rising else None


def _from_azimuth(row: Candidate, azimuth: float) -> float | None:
    if row.sun_azimuth is None:
        return None
    return abs((row.sun_azimuth - azimuth + 180) % 360 - 180)


def _without_alike(rows: Iterator[Candidate], bits: int) -> Iterator[Candidate]:
    last: int | None = None
    for row in rows:
        if row.phash is not None:
            if last is not None and (row.phash ^ last).bit_count() <= bits:
                continue
            last = row.phash
        yield row


def _local(row: Candidate, zone: tzinfo) -> datetime:
    """Answer what the local clock shows; without a zone, so that sums are those of the clock."""
    return row.captured_at.astimezone(zone).replace(tzinfo=None)


def _since_midnight(clock: time) -> timedelta:
    return timedelta(
        hours=clock.hour,
        minutes=clock.minute,
        seconds=clock.second,
        microseconds=clock.microsecond,
    )
