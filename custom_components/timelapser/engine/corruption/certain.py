"""What needs no model: files that are cut, decoders that say so, pictures without a picture."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np

from .analyzer import Plane


class Reason(StrEnum):
    """Why an image does not score 100; the certain ones come first."""

    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    DECODER_ERRORS = "decoder_errors"
    TINY_FILE = "tiny_file"
    TINY_PICTURE = "tiny_picture"
    UNIFORM = "uniform"
    WHITE = "white"
    BLACK = "black"
    SIZE_CHANGED = "size_changed"
    JPEG_ERRORS = "jpeg_errors"
    ROWS_LOST = "rows_lost"
    ROWS_FILLED = "rows_filled"
    ROWS_SMEARED = "rows_smeared"
    ROWS_SHIFTED = "rows_shifted"
    BLOCKS_BROKEN = "blocks_broken"
    COLOURS_WRONG = "colours_wrong"
    NOISY = "noisy"
    UNLIKE_RECENT = "unlike_recent"
    UNUSUAL = "unusual"
    FROZEN = "frozen"


@dataclass(frozen=True, slots=True)
class Finding:
    """A reason, and where it shows: rows of the full picture, from the first to the last."""

    reason: Reason
    rows: tuple[int, int] | None = None


TOP_SCORE: Final = {
    Reason.UNREADABLE: 0,
    Reason.TRUNCATED: 10,
    Reason.DECODER_ERRORS: 15,
    Reason.TINY_FILE: 30,
    Reason.TINY_PICTURE: 60,
    Reason.UNIFORM: 10,
    Reason.WHITE: 30,
    # A lens in the dark is black without being broken: worth a look, not a quarantine.
    Reason.BLACK: 50,
    # A camera may have been set to another size.
    Reason.SIZE_CHANGED: 60,
}
"""The score that an image with a certain reason gets at most."""

TINY_BYTES: Final = 1024
TINY_SIDE: Final = 100
UNIFORM_DEVIATION: Final = 1.0
"""Of the luma, in levels: any scene and any sensor's noise in the light are above."""
BLACK_MEAN: Final = 8.0
BLACK_DEVIATION: Final = 0.2
"""Below any sensor's noise in the dark, which scaling leaves at about half a level."""
WHITE_MEAN: Final = 250.0


@dataclass(frozen=True, slots=True)
class Origin:
    """What is known of an image besides its pixels; sides in pixels of the full picture."""

    width: int
    height: int
    byte_count: int
    readable: bool = True
    truncated: bool = False
    decoder_errors: bool = False
    jpeg_errors: bool = False
    """The JPEG was decoded to its end, but not all of its data made sense."""


def certain_of_file(origin: Origin) -> tuple[Reason, ...]:
    """Certain reasons that are known without looking at the picture."""
    if not origin.readable:
        return (Reason.UNREADABLE,)
    checks = (
        (Reason.TRUNCATED, origin.truncated),
        (Reason.DECODER_ERRORS, origin.decoder_errors),
        (Reason.TINY_FILE, origin.byte_count < TINY_BYTES),
        (Reason.TINY_PICTURE, min(origin.width, origin.height) < TINY_SIDE),
    )
    return tuple(reason for reason, holds in checks if holds)


def certain_of_picture(luma: Plane) -> tuple[Reason, ...]:
    """Certain reasons that the picture itself gives: that nothing is in it."""
    mean, deviation = float(luma.mean()), float(np.std(luma))
    if mean < BLACK_MEAN:
        return (Reason.BLACK,) if deviation < BLACK_DEVIATION else ()
    if deviation >= UNIFORM_DEVIATION:
        return ()
    return (Reason.WHITE,) if mean > WHITE_MEAN else (Reason.UNIFORM,)
