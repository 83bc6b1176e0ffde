"""From settings to a schedule, and what comes of it in a day."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo

from ..models import Timelapse
from ..settings import ScheduleSettings, Settings
from .schedule import Schedule
from .sun import Sun
from .window import Window

SPREAD = timedelta(minutes=1)
"""Within this time from a tick of the grid, cameras take their turns."""


DAYS = 7


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a camera will bring on a usual day."""

    images: int
    byte_count: int


def plan(
    settings: Settings,
    zone: tzinfo,
    sun: Sun,
    *,
    turn: int = 0,
    timelapse: Timelapse | None = None,
    ends_at: datetime | None = None,
    stretch: int = 1,
) -> Schedule:
    """Answer the schedule that settings describe, for the camera with a turn, from 0.

    The interval is `stretch` times as long, as for a camera in trouble.
    """
    interval = timedelta(seconds=settings.capture.interval * stretch)
    return Schedule(
        interval=interval,
        zone=zone,
        window=window(settings.schedule),
        sun=sun,
        phase=timedelta() if settings.schedule.align else phase(turn, interval),
        begins_at=timelapse.start_at if timelapse else None,
        ends_at=ends_at,
    )


def window(settings: ScheduleSettings) -> Window:
    """Answer the window that settings describe."""
    return Window(
        kind=settings.window,
        start=settings.window_start,
        end=settings.window_end,
        start_event=settings.start_event,
        start_offset=timedelta(minutes=settings.start_offset),
        end_event=settings.end_event,
        end_offset=timedelta(minutes=settings.end_offset),
        weekdays=frozenset(settings.weekdays),
    )


def phase(turn: int, interval: timedelta) -> timedelta:
    """Answer how much later than the grid a camera ticks, so that all are spread evenly.

    Turns go 0, 1/2, 1/4, 3/4, 1/8 ... (van der Corput): those there are lie evenly, however many
    come later, and none of them moves when one does.
    """
    share, digit = 0.0, 0.5
    while turn:
        share += digit * (turn & 1)
        turn >>= 1
        digit /= 2
    spread = min(interval, SPREAD)
    # Whole milliseconds, as moments are stored.
    return timedelta(milliseconds=int(share * spread / timedelta(milliseconds=1)))


def estimate(schedule: Schedule, day: date, mean_bytes: float) -> Estimate:
    """Answer what a day will bring with images of a mean size: the mean of a week from that day."""
    week = sum(schedule.ticks_per_day(day + timedelta(days=number)) for number in range(DAYS))
    images = round(week / DAYS)
    return Estimate(images, round(images * mean_bytes))
