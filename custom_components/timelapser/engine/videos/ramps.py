"""Speed ramps: a video slows down towards the border of two days, and speeds up after it.

At the border itself the images go by `SLOWEST` times slower than elsewhere; from there the speed
rises, along a cosine, until it is the usual one again half a ramp away. A ramp of R seconds shows
what otherwise takes 2 R / (SLOWEST + 1), so each border makes the video 3 R / 5 longer. Where days
are shorter than a ramp, it does not get as far, and adds less.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta, tzinfo
from fractions import Fraction
from math import cos, floor, pi
from typing import Final

from ..errors import RenderTooLongError
from ..models.render import RenderImage, Shot
from ..models.timing import Decision, Timing
from .timing import MOST_HOURS, decide

SLOWEST: Final = 4
MOST_SHARE: Final = Fraction(1, 2)
"""Of a duration that is asked for; ramps that would take more of it are shorter."""
_FAR: Final = float("inf")


def decide_with_ramps(
    images: Sequence[RenderImage], timing: Timing, zone: tzinfo, day_begins: time
) -> tuple[tuple[Shot, ...], Decision]:
    """Answer what `decide` does, with the ramps of a timing; they are within a target.

    `day_begins` is when one day ends and the next one begins. Raises RenderTooLongError.
    """
    borders = sum(_borders([image.captured_at for image in images], zone, day_begins))
    if not timing.ramp or not borders:
        return decide(images, timing)
    ramp = _fitting(timing, borders)
    shots, decision = decide(images, _without(timing, _longer(ramp) * borders))
    shots = ramped(shots, ramp * decision.fps, zone, day_begins)
    decision = _matched(replace(decision, frames=sum(shot.repeat for shot in shots)), timing)
    if decision.duration > MOST_HOURS * 3600:
        raise RenderTooLongError(hours=round(decision.duration / 3600, 1), most=MOST_HOURS)
    return shots, decision


def ramped(
    shots: Sequence[Shot], frames: Fraction | float, zone: tzinfo, day_begins: time
) -> tuple[Shot, ...]:
    """Answer the shots with ramps of so many frames; what is far from a border stays as it is."""
    reach = float(frames) / (SLOWEST + 1)
    begins = _begins(shots)
    borders = _places(shots, begins, zone, day_begins)
    answer: list[Shot] = []
    shown, at = 0, 0.0
    for shot, begin in zip(shots, begins, strict=True):
        distances = _distances(borders, begin, shot.repeat)
        if not isinstance(shot.image, RenderImage) or min(distances) >= reach:
            # Each border is rounded by itself, so that a change at one leaves all others alone.
            shown, at = 0, 0.0
            answer.append(shot)
            continue
        at += sum(_slowness(distance / reach) for distance in distances)
        ends = floor(at + 0.5)
        answer.append(replace(shot, repeat=ends - shown))
        shown = ends
    return tuple(answer)


def _slowness(distance: float) -> float:
    """Answer how much longer a frame is shown, at 0 (the border) to 1 (the end of the reach)."""
    return 1 + (SLOWEST - 1) * (1 + cos(pi * min(1.0, distance))) / 2


def _borders(moments: Sequence[datetime], zone: tzinfo, day_begins: time) -> Iterator[bool]:
    """Answer for each moment but the first whether a new day began before it."""
    back = timedelta(hours=day_begins.hour, minutes=day_begins.minute, seconds=day_begins.second)

    def day(moment: datetime) -> date:
        return (moment.astimezone(zone).replace(tzinfo=None) - back).date()

    # Clocks that are put back at midnight do not begin the day before once more.
    latest = date.min
    for number, moment in enumerate(moments):
        own = day(moment)
        if number:
            yield own > latest
        latest = max(latest, own)


def _begins(shots: Sequence[Shot]) -> list[int]:
    """Answer the number of each shot's first frame."""
    begins, at = [], 0
    for shot in shots:
        begins.append(at)
        at += shot.repeat
    return begins


def _places(
    shots: Sequence[Shot], begins: Sequence[int], zone: tzinfo, day_begins: time
) -> list[int]:
    """Answer the frames that are the first of a day, but for that of the video."""
    images = [
        (shot.image.captured_at, begin)
        for shot, begin in zip(shots, begins, strict=True)
        if isinstance(shot.image, RenderImage)
    ]
    is_border = _borders([moment for moment, _ in images], zone, day_begins)
    return [begin for (_, begin), new in zip(images[1:], is_border, strict=True) if new]


def _distances(borders: Sequence[int], begin: int, count: int) -> list[float]:
    """Answer how far the middle of each frame of a shot is from the nearest border, in frames."""
    after = bisect_right(borders, begin)
    before = borders[after - 1] if after else -_FAR
    following = borders[after] if after < len(borders) else _FAR
    middles = (begin + number + 0.5 for number in range(count))
    return [min(middle - before, following - middle) for middle in middles]


def _longer(ramp: Fraction) -> Fraction:
    """Answer the seconds that a ramp adds."""
    return ramp * (SLOWEST - 1) / (SLOWEST + 1)


def _fitting(timing: Timing, borders: int) -> Fraction:
    """Answer the ramp, in seconds, that does not take more than its share of a duration."""
    ramp = Fraction(str(timing.ramp))
    bound = timing.target_duration or timing.max_duration
    if not bound:
        return ramp
    held = Fraction(str(timing.hold_first)) + Fraction(str(timing.hold_last))
    most = (Fraction(str(bound)) - held) * MOST_SHARE / borders
    return min(ramp, most / _longer(Fraction(1)))


def _without(timing: Timing, longer: Fraction) -> Timing:
    """Answer what is asked of the video before the ramps make it longer."""
    names = ("target_duration", "min_duration", "max_duration")
    shorter = {name: getattr(timing, name) - float(longer) for name in names}
    # A shortest duration that the ramps reach by themselves is none any more.
    return replace(timing, **{name: max(0.0, seconds) for name, seconds in shorter.items()})


def _matched(decision: Decision, timing: Timing) -> Decision:
    """Make up for what was rounded, where a duration is asked for and the rate has room."""
    duration = decision.frames / decision.fps
    least, most = (
        Fraction(str(timing.target_duration or bound))
        for bound in (timing.min_duration, timing.max_duration)
    )
    wanted = max(duration, least)
    wanted = min(wanted, most or wanted)
    if wanted == duration:
        return decision
    exact = decision.frames / wanted
    in_bounds = timing.fps_min <= exact <= timing.fps_max
    return replace(decision, fps=exact) if in_bounds else decision
