"""Deflicker: even brightness from image to image, from the luma that every image has stored.

The gains of a chunk follow from its own images alone, so a new image never changes an older chunk.
Each image is brought to a straight line through its neighbours' logarithms of luma, which follows
dawn and dusk, also at the ends of a chunk.
"""

from collections.abc import Sequence
from datetime import datetime
from itertools import pairwise
from math import exp, log
from statistics import median
from typing import Final

WINDOW: Final = 7
"""Neighbours looked at on either side."""
FEWEST: Final = 3
"""Images that a line is drawn through at least."""
LEAST_LUMA: Final = 8.0
"""Below it an image is noise, which a gain would only show."""
LEAST, MOST = 0.7, 1.4
DIGITS: Final = 3
PAUSE: Final = 4.0
"""Times the usual time between two images: what lies beyond is another light."""

# In limited range black is 16 of 255, and contrast turns around one half.
_BLACK: Final = 0.5 - 16 / 255

type Sample = tuple[datetime, float | None]
"""When an image was taken, and its mean luma, 0 to 255."""


def gains(samples: Sequence[Sample]) -> list[float]:
    """Answer what to multiply the brightness of each image of a chunk with; 1 without luma."""
    answer = [1.0] * len(samples)
    for run in _runs(samples):
        logs = [log(luma) for _, luma in run.values() if luma]
        for place, index in enumerate(run):
            answer[index] = _gain(logs, place)
    return answer


def gain_filter(frame_gains: Sequence[float], fps: int) -> str | None:
    """Answer the filter that gives each frame its gain, None where there is nothing to do.

    It works on frames of limited range, and knows a frame by its time: numbers begin anew when a
    picture has another size.
    """
    steps = [
        (number, gain)
        for number, gain in enumerate(frame_gains)
        if not number or gain != frame_gains[number - 1]
    ]
    if all(gain == 1 for _, gain in steps):
        return None
    gain = f"st(0,round(t*{fps}));st(1,{_choice(steps)})"
    # With a gamma of 1 exactly, the filter takes a short cut that rounds coarsely.
    return (
        f"eq=eval=frame:gamma=1.0001:gamma_r=1.0001:gamma_b=1.0001:contrast='{gain};ld(1)'"
        f":brightness='{gain};(ld(1)-1)*{_BLACK:.6f}':saturation='{gain};ld(1)'"
    )


def _runs(samples: Sequence[Sample]) -> list[dict[int, Sample]]:
    """Answer the images that can be compared, by their place: bright enough, without a pause."""
    bright = {i: each for i, each in enumerate(samples) if each[1] and each[1] >= LEAST_LUMA}
    moments = [moment for moment, _ in bright.values()]
    steps = [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]
    longest = PAUSE * median(steps) if steps else 0.0
    runs: list[dict[int, Sample]] = []
    for (index, sample), step in zip(bright.items(), [None, *steps], strict=False):
        if step is None or step > longest:
            runs.append({})
        runs[-1][index] = sample
    return runs


def _gain(logs: list[float], place: int) -> float:
    first, end = max(0, place - WINDOW), min(len(logs), place + WINDOW + 1)
    if end - first < FEWEST:
        return 1.0
    gain = exp(_line_at(logs[first:end], place - first) - logs[place])
    return round(min(MOST, max(LEAST, gain)), DIGITS)


def _line_at(values: list[float], place: int) -> float:
    """Answer the line of least squares through the values, at one of their places."""
    middle = (len(values) - 1) / 2
    mean = sum(values) / len(values)
    weight = sum((x - middle) ** 2 for x in range(len(values)))
    slope = sum((x - middle) * (y - mean) for x, y in enumerate(values)) / weight
    return mean + slope * (place - middle)


def _choice(steps: Sequence[tuple[int, float]]) -> str:
    """Answer an expression for the value of the frame whose number register 0 holds."""
    if len(steps) == 1:
        return f"{steps[0][1]:g}"
    half = len(steps) // 2
    return f"if(lt(ld(0),{steps[half][0]}),{_choice(steps[:half])},{_choice(steps[half:])})"
