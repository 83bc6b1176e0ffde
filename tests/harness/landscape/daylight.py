"""The light of the day in the scene: colours and where sun and moon stand, at `t` in [0, 1)."""

from collections.abc import Sequence
from dataclasses import dataclass
import math
from typing import Self

import numpy as np

from .canvas import Colour

# Time; sky at the top, half-way, at the horizon; what light does to the ground's colours.
_DAY: tuple[tuple[float, Colour, Colour, Colour, Colour], ...] = (
    (0.00, (9, 15, 42), (20, 32, 76), (42, 60, 108), (0.23, 0.29, 0.47)),
    (0.17, (12, 18, 50), (28, 38, 86), (66, 70, 118), (0.25, 0.30, 0.48)),
    (0.22, (34, 50, 110), (112, 96, 146), (226, 148, 132), (0.44, 0.41, 0.52)),
    (0.27, (82, 120, 194), (206, 172, 180), (255, 204, 142), (0.84, 0.70, 0.62)),
    (0.33, (76, 142, 222), (146, 194, 236), (240, 226, 200), (1.00, 0.95, 0.85)),
    (0.50, (54, 126, 214), (118, 180, 236), (202, 228, 242), (1.05, 1.04, 1.00)),
    (0.66, (66, 130, 212), (146, 190, 230), (240, 224, 188), (1.04, 0.97, 0.83)),
    (0.74, (74, 88, 164), (222, 144, 128), (255, 176, 92), (0.92, 0.66, 0.52)),
    (0.79, (38, 42, 104), (136, 84, 132), (232, 118, 96), (0.52, 0.42, 0.50)),
    (0.85, (14, 20, 56), (36, 42, 92), (78, 72, 116), (0.28, 0.31, 0.47)),
    (1.00, (9, 15, 42), (20, 32, 76), (42, 60, 108), (0.23, 0.29, 0.47)),
)


@dataclass(frozen=True, slots=True)
class Daylight:
    """What the hour does to the scene; positions are parts of the width and the height."""

    sky: tuple[Colour, Colour, Colour]
    ground: Colour
    night: float
    sun: tuple[float, float]
    moon: tuple[float, float]

    @classmethod
    def at(cls, t: float) -> Self:
        """The light at a time of day."""
        times = [row[0] for row in _DAY]
        top, middle, horizon, ground = (
            _mix(t, times, colours) for colours in zip(*(row[1:] for row in _DAY), strict=True)
        )
        return cls(
            sky=(top, middle, horizon),
            ground=ground,
            night=float(np.interp(t, (0.18, 0.26, 0.74, 0.83), (1, 0, 0, 1))),
            sun=_on_arc(t - 0.25, 0.52),
            moon=_on_arc(t + 0.25, 0.46),
        )

    @property
    def sun_colour(self) -> Colour:
        """White at noon, orange near the horizon."""
        height = min(1.0, max(0.0, (0.62 - self.sun[1]) / 0.3))
        return 255, 170 + 75 * height, 70 + 140 * height


def _mix(t: float, times: Sequence[float], colours: Sequence[Colour]) -> Colour:
    red, green, blue = (
        float(np.interp(t, times, channel)) for channel in zip(*colours, strict=True)
    )
    return red, green, blue


def _on_arc(since_rise: float, height: float) -> tuple[float, float]:
    angle = since_rise * 2 * math.pi
    return 0.5 - 0.40 * math.cos(angle), 0.62 - height * math.sin(angle)
