"""Decides for how many frames each image of a video is shown, and how fast they go by."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction
from itertools import pairwise
from math import ceil
from statistics import median
from typing import Final

from ..errors import RenderTooLongError
from ..models.render import Card, RenderImage, Shot
from ..models.timing import Decision, Gaps, Reason, Timing

CARD_SECONDS: Final = 2
USUAL_INTERVALS: Final = 10
"""A gap is longer than so many usual intervals, where nothing else is said."""
MOST_HOURS: Final = 12
"""The longest video."""
_SHORTEST: Final = 1e-3


def decide(images: Sequence[RenderImage], timing: Timing) -> tuple[tuple[Shot, ...], Decision]:
    """Answer the shots of a video of at least one image, and what was decided.

    The duration is exactly the one that was asked for wherever the bounds of the rate allow it.
    Raises RenderTooLongError.
    """
    shots, decision = _true_time(images, timing) if timing.true_time else _even(images, timing)
    hours = decision.duration / 3600
    if hours > MOST_HOURS:
        raise RenderTooLongError(hours=round(hours, 1), most=MOST_HOURS)
    return shots, decision


def _even(images: Sequence[RenderImage], timing: Timing) -> tuple[tuple[Shot, ...], Decision]:
    """Every image that is shown is shown for as long as the others."""
    decision = _rate(len(images), timing)
    shown = images[:: decision.every_nth]
    shots = [Shot(image, decision.repeat) for image in shown]
    return _with_holds(shots, timing, replace(decision, images=len(shown)))


def _rate(count: int, timing: Timing) -> Decision:
    """Answer the rate for so many images; frames and images do not count the holds yet."""
    natural = Fraction(count, timing.fps) + _held(timing)
    target, reason = _target(natural, timing)
    if target == natural:
        return Decision(Fraction(timing.fps), count, count, reason)
    body = target - _held(timing)
    ideal = count / body
    fewest, most = ceil(ideal / timing.fps_max), ceil(timing.fps_min / ideal)
    # One of these meets the duration, unless the bounds of the rate are narrow.
    ways = [(max(1, fewest), 1), (1, max(1, most)), (max(1, fewest - 1), 1), (1, max(1, most - 1))]
    choices = [_fitted(count, body, timing, *way) for way in ways]
    chosen = min(choices, key=lambda choice: abs(choice.frames / choice.fps - body))
    if chosen.frames / chosen.fps != body:
        reason = Reason.FPS_BOUNDS
    elif chosen.repeat > 1:
        reason = Reason.FEW_IMAGES
    elif chosen.every_nth > 1:
        reason = Reason.MANY_IMAGES
    return replace(chosen, reason=reason)


def _fitted(count: int, body: Fraction, timing: Timing, every_nth: int, repeat: int) -> Decision:
    """Answer the rate at which some of the images, or all of them held, fit best."""
    shown = -(-count // every_nth)
    frames = shown * repeat
    fps = min(max(frames / body, Fraction(timing.fps_min)), Fraction(timing.fps_max))
    return Decision(fps, frames, shown, Reason.TARGET_DURATION, every_nth, repeat)


def _target(natural: Fraction, timing: Timing) -> tuple[Fraction, Reason]:
    """Answer how long a video has to be that would be so long by itself, in seconds, and why."""
    if timing.target_duration:
        return _exact(timing.target_duration), Reason.TARGET_DURATION
    if timing.min_duration and natural < _exact(timing.min_duration):
        return _exact(timing.min_duration), Reason.MIN_DURATION
    if timing.max_duration and natural > _exact(timing.max_duration):
        return _exact(timing.max_duration), Reason.MAX_DURATION
    return natural, Reason.FIXED_FPS


def _with_holds(
    shots: list[Shot], timing: Timing, decision: Decision
) -> tuple[tuple[Shot, ...], Decision]:
    """Hold the first and the last image; a bit faster or slower where that ends exactly."""
    fps = decision.fps
    first, last = (round(_exact(held) * fps) for held in (timing.hold_first, timing.hold_last))
    shots[0] = replace(shots[0], repeat=shots[0].repeat + first)
    shots[-1] = replace(shots[-1], repeat=shots[-1].repeat + last)
    # The holds are whole frames, which shifts the duration by a part of one.
    frames = decision.frames + first + last
    duration = decision.frames / fps + _held(timing)
    exact = frames / duration
    if timing.fps_min <= exact <= timing.fps_max and fps.denominator != 1:
        fps = exact
    return tuple(shots), replace(decision, fps=fps, frames=frames)


def _true_time(images: Sequence[RenderImage], timing: Timing) -> tuple[tuple[Shot, ...], Decision]:
    """As much of the video passes between two images as did of the world, but for the gaps."""
    intervals = [
        (after.captured_at - before.captured_at).total_seconds()
        for before, after in pairwise(images)
    ]
    usual = max(median(intervals), _SHORTEST) if intervals else 1.0
    longest = timing.gap_after or usual * USUAL_INTERVALS
    gaps = sum(interval > longest for interval in intervals)
    # How long each image is shown, in seconds of the world.
    lasting = [
        usual if interval > longest and timing.gaps is not Gaps.HOLD else interval
        for interval in intervals
    ]
    cards = gaps * CARD_SECONDS * timing.fps if timing.gaps is Gaps.CARD else 0
    step, reason = _step(sum(lasting), usual, cards, timing)
    shots: list[Shot] = []
    for number, (image, repeat) in enumerate(zip(images, _repeats(lasting, step), strict=True)):
        if repeat:
            shots.append(Shot(image, repeat))
        if cards and number < len(intervals) and intervals[number] > longest:
            shots.append(Shot(Card(gap_text(intervals[number])), CARD_SECONDS * timing.fps))
    shown = sum(isinstance(shot.image, RenderImage) for shot in shots)
    frames = sum(shot.repeat for shot in shots)
    decision = Decision(Fraction(timing.fps), frames, shown, reason, gaps=gaps)
    return _with_holds(shots, timing, decision)


def _step(world: float, usual: float, cards: int, timing: Timing) -> tuple[float, Reason]:
    """Answer how many seconds of the world a frame stands for."""
    natural = Fraction(world / usual + 1 + cards) / timing.fps + _held(timing)
    target, reason = _target(natural, timing)
    if target == natural:
        return usual, Reason.TRUE_TIME
    frames = (target - _held(timing)) * timing.fps - cards
    if frames < 2 or not world:
        return usual, Reason.FPS_BOUNDS
    return world / float(frames - 1), Reason.TRUE_TIME if timing.target_duration else reason


def _repeats(lasting: Sequence[float], step: float) -> Iterator[int]:
    """Answer the frames of each image; what is rounded at one is made up for at the next."""
    begun, at = 0, 0.0
    for seconds in lasting:
        at += seconds
        ends = round(at / step)
        yield ends - begun
        begun = ends
    yield 1


def gap_text(seconds: float) -> str:
    """Answer what a card says of a gap."""
    gap = timedelta(seconds=round(seconds))
    if gap.days:
        hours = gap.seconds // 3600
        return f"No signal {gap.days} d {hours} h" if hours else f"No signal {gap.days} d"
    hours, minutes = divmod(gap.seconds // 60, 60)
    if hours:
        return f"No signal {hours} h {minutes} min" if minutes else f"No signal {hours} h"
    return f"No signal {minutes} min" if minutes else f"No signal {gap.seconds} s"


def _held(timing: Timing) -> Fraction:
    return _exact(timing.hold_first) + _exact(timing.hold_last)


def _exact(seconds: float) -> Fraction:
    """Answer the number that was written, not the nearest binary one."""
    return Fraction(str(seconds))
