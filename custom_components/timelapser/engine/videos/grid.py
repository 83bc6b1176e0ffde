"""Several pictures in one frame: which stand together, and where.

The images of one selection lead. Beside each of them stands, in every other column, the one that
was taken nearest to it, because no two cameras take theirs at quite the same moment. For two
ranges of dates the local clocks of both are compared, counted from the first day of each.
"""

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta, tzinfo
from itertools import pairwise
from math import ceil, sqrt
from statistics import median
from typing import Final

from ..models.render import Mosaic, RenderImage, Shot

STALE: Final = 3
"""Usual intervals of a column within which there must be an image; else its tile is dark."""
LARGEST: Final = (3840, 2160)
"""Of frames with several tiles: what is larger, many machines cannot play."""
LONE: Final = timedelta(minutes=1)
"""How near an image must be that is the only one of its column."""

type Box = tuple[int, int, int, int]
"""Left, top, right and bottom, in pixels."""
type Column = Sequence[RenderImage | None]
"""What stands beside each leading image; None is a dark tile."""


def columns(pictures: int) -> int:
    """Answer how many stand side by side: 2 for up to four, 3 for up to nine."""
    return ceil(sqrt(pictures))


def rows(pictures: int) -> int:
    """Answer how many stand above each other."""
    return -(-pictures // columns(pictures))


def canvas(pictures: int, tile: tuple[int, int]) -> tuple[int, int]:
    """Answer how large a frame is with tiles of a size, or smaller ones where it gets too large."""
    if pictures == 1:
        return tile
    width, height = tile[0] * columns(pictures), tile[1] * rows(pictures)
    longest, shortest = LARGEST
    scale = min(1.0, longest / max(width, height), shortest / min(width, height))
    return round(width * scale), round(height * scale)


def boxes(pictures: int, size: tuple[int, int]) -> list[Box]:
    """Answer where the tiles of a frame lie, of a size that is even; all sides are even."""
    xs = _edges(size[0], columns(pictures))
    ys = _edges(size[1], rows(pictures))
    places = [(x, y) for y in pairwise(ys) for x in pairwise(xs)]
    return [(left, top, right, bottom) for (left, right), (top, bottom) in places[:pictures]]


def leading_images(shots: Sequence[Shot]) -> list[RenderImage]:
    """Answer the images of a video, without cards."""
    return [shot.image for shot in shots if isinstance(shot.image, RenderImage)]


def at_once(leading: Sequence[RenderImage], other: Sequence[RenderImage]) -> Column:
    """Answer what stands beside the leading images of what was taken at the same moments.

    `other` are in the order of capture.
    """
    moments = [image.captured_at for image in leading]
    return _nearest(moments, [image.captured_at for image in other], other)


def side_by_side(
    leading: Sequence[RenderImage],
    other: Sequence[RenderImage],
    firsts: tuple[date, date],
    zone: tzinfo,
) -> Column:
    """Answer what stands beside the leading images when two ranges of dates run together.

    `firsts` are the local days that both begin with: images of the same time of the same day,
    counted from those, stand together.
    """
    shift = firsts[0] - firsts[1]
    moments = [_local(image, zone) for image in leading]
    # Where clocks are put back, their hour comes twice: the order is that of the clock.
    there = sorted(other, key=lambda image: _local(image, zone))
    return _nearest(moments, [_local(image, zone) + shift for image in there], there)


def with_columns(shots: Sequence[Shot], others: Sequence[Column]) -> tuple[Shot, ...]:
    """Answer the shots with mosaics instead of their images; cards stay."""
    if not others:
        return tuple(shots)
    mosaics = map(Mosaic, zip(leading_images(shots), *others, strict=True))
    return tuple(
        replace(shot, image=next(mosaics)) if isinstance(shot.image, RenderImage) else shot
        for shot in shots
    )


def _nearest(
    wanted: Sequence[datetime], there: Sequence[datetime], images: Sequence[RenderImage]
) -> Column:
    """Answer the image that is nearest to each moment, of those `there`; None where none is."""
    intervals = [(later - earlier).total_seconds() for earlier, later in pairwise(there)]
    farthest = timedelta(seconds=STALE * median(intervals)) if intervals else LONE
    found: list[RenderImage | None] = []
    for moment in wanted:
        place = bisect_left(there, moment)
        near = range(max(0, place - 1), min(len(there), place + 1))
        best = min(near, key=lambda index: abs(there[index] - moment), default=None)
        is_near = best is not None and abs(there[best] - moment) <= farthest
        found.append(images[best] if best is not None and is_near else None)
    return found


def _edges(length: int, parts: int) -> list[int]:
    return [length * part // parts // 2 * 2 for part in range(parts)] + [length]


def _local(image: RenderImage, zone: tzinfo) -> datetime:
    """Answer what the local clock showed."""
    return image.captured_at.astimezone(zone).replace(tzinfo=None)
