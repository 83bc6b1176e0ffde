"""Which images of an hour or of a day stay, for each way of thinning.

Choosing again among those that stayed chooses all of them: thinning twice is thinning once.
"""

from collections.abc import Callable, Hashable, Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Any

from ..models.retention import LibraryImage, ThinKeep
from ..settings import RetentionSettings
from .likeness import distance

type Choice = Callable[[Sequence[LibraryImage]], Sequence[LibraryImage]]
"""Answers which images of a bucket, the oldest first, stay: one at least."""
type Rank = Callable[[LibraryImage], Any]
"""The lower, the better."""


def local_hour(zone: tzinfo, image: LibraryImage) -> Hashable:
    """Name the hour of an image; one that comes twice, when clocks are set back, is two."""
    local = image.captured_at.astimezone(zone)
    return image.local_day, local.hour, local.utcoffset()


def light(least: float, images: Sequence[LibraryImage]) -> Sequence[LibraryImage]:
    """Those that are bright enough or of unknown brightness, or else the brightest one."""
    chosen = [image for image in images if image.luma is None or image.luma >= least]
    return chosen or [max(images, key=lambda image: image.luma or 0.0)]


def different(bits: int, images: Sequence[LibraryImage]) -> Sequence[LibraryImage]:
    """Those whose hash differs by more bits from the last one that stays; the first stays."""
    chosen: list[LibraryImage] = []
    for image in images:
        before = chosen[-1].phash if chosen else None
        if before is None or image.phash is None or distance(before, image.phash) > bits:
            chosen.append(image)
    return chosen


def best(rank: Rank, images: Sequence[LibraryImage]) -> Sequence[LibraryImage]:
    """The one of the lowest rank, the oldest of equals."""
    return [min(images, key=rank)]


def day_rank(settings: RetentionSettings, zone: tzinfo) -> Rank:
    """Rank by the distance from a time of the day, or from a height of the sun.

    The sun passes every height twice a day, in the east and in the west. Where it is not known,
    or was never on that side, the time of the day decides.
    """

    def by_clock(image: LibraryImage) -> float:
        local = image.captured_at.astimezone(zone)
        wanted = datetime.combine(local.date(), settings.keep_time)
        return abs(local.replace(tzinfo=None) - wanted) / timedelta(seconds=1)

    def by_sun(image: LibraryImage) -> tuple[bool, float]:
        elevation, azimuth = image.sun_elevation, image.sun_azimuth
        if elevation is None or azimuth is None:
            return True, by_clock(image)
        in_the_east = azimuth < 180
        if in_the_east is not (settings.keep is ThinKeep.MORNING_SUN):
            return True, by_clock(image)
        return False, abs(elevation - settings.keep_elevation)

    return by_clock if settings.keep is ThinKeep.CLOCK else by_sun


def hour_rank(settings: RetentionSettings, zone: tzinfo) -> Rank:
    """Rank as the day does by the sun; by the clock, all hours keep about the same minute."""
    if settings.keep is not ThinKeep.CLOCK:
        return day_rank(settings, zone)
    minute = timedelta(minutes=settings.keep_time.minute, seconds=settings.keep_time.second)

    def by_minute(image: LibraryImage) -> timedelta:
        local = image.captured_at.astimezone(zone)
        begin = local.replace(minute=0, second=0, microsecond=0)
        return abs(local - begin - minute)

    return by_minute
