"""What the judgement asks of an image library: the few steps that read every pixel."""

from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from ..models import Picture

type Plane = NDArray[np.float32]
"""One channel, of shape (rows, columns), with values from 0 to 255."""

type Blocks = NDArray[np.float16 | np.float32]
"""One value per block, of shape (rows, columns) of blocks."""

BLOCK: Final = 8
"""Side of a block of the small planes in pixels; of the large luma it is twice that."""
COLUMNS: Final = 30
SMALL_WIDTH: Final = BLOCK * COLUMNS
MIN_ROWS: Final = 4
MAX_ROWS: Final = 60
"""Blocks down the picture: 4 are wider, 60 are taller than what any camera sends."""


@dataclass(frozen=True, slots=True)
class Planes:
    """A picture as the features see it; for heavy checks also its luma, as it is and larger.

    `large` is twice as wide as the small planes, `grey` as wide as the picture.
    """

    luma: Plane
    blue: Plane
    red: Plane
    large: Plane | None
    grey: Picture | None


class Analyzer(Protocol):
    """An image library; what two of them answer differs by rounding only."""

    @property
    def name(self) -> str:
        """What it is called in system health."""

    def scaled(self, picture: Picture, rows: int, columns: int) -> Picture:
        """Scale by averaging areas: by a whole number, then the rest; linearly to a larger size."""

    def luma(self, picture: Picture) -> Picture:
        """The luma of a picture in RGB, by the weights of JPEG."""

    def block_means(self, plane: Plane, side: int) -> Plane:
        """The mean of every square block; both sides of the plane are whole multiples."""


def whole_part(picture: Picture, rows: int, columns: int) -> tuple[int, int, int]:
    """By what whole number a picture may be reduced first; height and width that this divides."""
    height, width = picture.shape[:2]
    factor = max(1, min(height // rows, width // columns))
    return factor, height // factor * factor, width // factor * factor


def planes(picture: Picture, analyzer: Analyzer, *, large: bool) -> Planes:
    """Bring any picture (RGB or grey) to the size at which all cameras are measured.

    The small planes are 240 columns wide, about an eighth of 1080p, and rows make whole blocks.
    """
    height, width = picture.shape[:2]
    blocks = 2 * round(height / width * COLUMNS / 2)
    rows = BLOCK * min(max(blocks, MIN_ROWS), MAX_ROWS)
    small = analyzer.scaled(picture, rows, SMALL_WIDTH).astype(np.float32)
    grey, big = None, None
    if large:
        grey = picture if picture.ndim == 2 else analyzer.luma(picture)
        big = analyzer.scaled(grey, rows * 2, SMALL_WIDTH * 2).astype(np.float32)
    if small.ndim == 2:
        neutral = np.full_like(small, 128)
        return Planes(small, neutral, neutral, big, grey)
    red, green, blue = (small[:, :, channel] for channel in range(3))
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return Planes(luma, 128 + (blue - luma) / 1.772, 128 + (red - luma) / 1.402, big, grey)
