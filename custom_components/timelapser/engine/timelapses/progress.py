"""When a timelapse stops by itself, how far it is, and when it will probably end."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from ..models import Timelapse
from .days import day_number


class StopReason(StrEnum):
    """Why a timelapse was completed: people, or the rule of that name."""

    USER = "user"
    MOMENT = "stop_at"
    DAYS = "stop_after_days"
    IMAGES = "stop_after_images"


@dataclass(frozen=True, slots=True)
class Stop:
    """A moment at which a rule ends a timelapse."""

    at: datetime
    reason: StopReason


@dataclass(frozen=True, slots=True)
class Outlook:
    """Where a timelapse is: its day, and for one with a rule its progress, 0 to 1, and its end."""

    day_number: int | None
    progress: float | None
    expected_end: datetime | None


def planned_stop(timelapse: Timelapse, zone: tzinfo) -> Stop | None:
    """Answer the first moment at which the clock ends a timelapse, past or not."""
    stops = []
    if timelapse.stop_at is not None:
        stops.append(Stop(timelapse.stop_at, StopReason.MOMENT))
    if timelapse.stop_after_days is not None:
        # Until the first image comes, the day of the start counts as the first.
        first_day = timelapse.first_day or timelapse.started_at.astimezone(zone).date()
        end = _midnight(first_day + timedelta(days=timelapse.stop_after_days), zone)
        stops.append(Stop(end, StopReason.DAYS))
    return min(stops, key=lambda stop: stop.at, default=None)


def due_stop(timelapse: Timelapse, now: datetime, zone: tzinfo) -> Stop | None:
    """Answer why and when a timelapse has to be complete, or None while it may go on."""
    stop = planned_stop(timelapse, zone)
    if stop is not None and stop.at <= now:
        return Stop(_not_before_the_last_image(timelapse, stop.at, now), stop.reason)
    if (
        timelapse.stop_after_images is not None
        and timelapse.image_count >= timelapse.stop_after_images
    ):
        return Stop(timelapse.last_image_at or now, StopReason.IMAGES)
    return None


def outlook(timelapse: Timelapse, interval: float, now: datetime, zone: tzinfo) -> Outlook:
    """Answer where a timelapse is; `interval` in seconds between two images to come."""
    end = timelapse.completed_at
    until = end or now
    day = None
    if timelapse.first_day is not None:
        last = (timelapse.last_image_at or until) if end else now
        day = day_number(timelapse.first_day, last.astimezone(zone).date())
    return Outlook(
        day,
        _progress(timelapse, until, zone),
        None if end else _end(timelapse, interval, now, zone),
    )


def _progress(timelapse: Timelapse, until: datetime, zone: tzinfo) -> float | None:
    shares = []
    stop = planned_stop(timelapse, zone)
    if stop is not None:
        whole = stop.at - timelapse.started_at
        shares.append((until - timelapse.started_at) / whole if whole else 1.0)
    if timelapse.stop_after_images is not None:
        shares.append(timelapse.image_count / timelapse.stop_after_images)
    return min(1.0, max(0.0, *shares)) if shares else None


def _end(timelapse: Timelapse, interval: float, now: datetime, zone: tzinfo) -> datetime | None:
    stop = planned_stop(timelapse, zone)
    ends = [] if stop is None else [stop.at]
    if timelapse.stop_after_images is not None:
        left = max(0, timelapse.stop_after_images - timelapse.image_count)
        ends.append((timelapse.last_image_at or now) + left * _pace(timelapse, interval))
    return max(now, min(ends)) if ends else None


def _pace(timelapse: Timelapse, interval: float) -> timedelta:
    """Time between two images: the interval, or what it came to so far where that is longer."""
    planned = timedelta(seconds=interval)
    first, last = timelapse.first_image_at, timelapse.last_image_at
    if first is None or last is None or timelapse.image_count < 2:
        return planned
    return max(planned, (last - first) / (timelapse.image_count - 1))


def _not_before_the_last_image(timelapse: Timelapse, at: datetime, now: datetime) -> datetime:
    """Keep the end behind everything that happened, where a rule was met when it was made."""
    return min(now, max(at, timelapse.started_at, timelapse.last_image_at or at))


def _midnight(day: date, zone: tzinfo) -> datetime:
    # Where clocks skip midnight, this is the moment at which they do.
    return datetime.combine(day, time(), zone).astimezone(UTC)
