"""What is measured on one picture, without knowing the camera: the fast checks.

Features are shares, ratios or levels from about 0 to 1, so that one model fits all sizes. Maps
hold one value per block; the blocks lie in the same places in all pictures of a camera.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .analyzer import BLOCK, Analyzer, Blocks, Plane, Planes

type Flags = NDArray[np.bool_]

DARK: Final = 12.0
CLIPPED: Final = 245.0
"""Beyond these the sensor can tell no more, and flat areas say nothing."""
FLAT_STEP: Final = 0.6
"""Step to the neighbours up to which a pixel is flat: the noise of any sensor is above."""
GREY: Final = 129.0
NEAR_GREY: Final = 6.0
"""The grey of a decoder without a reference, which is in the middle of all channels."""
STRUCTURED: Final = 1.5
"""Mean step from column to column from which the lack of steps between rows is telling."""
VIVID: Final = 100.0
EXTREME: Final = 90.0
"""Sum and larger one of both chromas that paint and lamps hardly reach, but broken blocks do."""


@dataclass(frozen=True, slots=True)
class Maps:
    """Values per block, of shape (rows, columns) of blocks: mean levels, steps, and shares."""

    luma: Blocks
    across: Blocks
    down: Blocks
    blue: Blocks
    red: Blocks
    flat: Blocks

    @property
    def smeared(self) -> Flags:
        """Where there is structure along rows, but next to none between them."""
        return (self.down < 0.15 * self.across) & (self.across > STRUCTURED)


def longest_run(flags: Flags) -> int:
    """How many in a row hold, at most."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0


def differences(plane: Plane) -> tuple[Plane, Plane]:
    """Steps from the column before and from the row above, in the shape of the plane."""
    across, down = np.zeros_like(plane), np.zeros_like(plane)
    np.subtract(plane[:, 1:], plane[:, :-1], out=across[:, 1:])
    np.subtract(plane[1:], plane[:-1], out=down[1:])
    return across, down


def measure(planes: Planes, analyzer: Analyzer) -> tuple[Maps, dict[str, float]]:
    """Measure a picture: its maps, and its features by name."""
    luma = planes.luma
    across, down = (np.abs(step) for step in differences(luma))
    blue, red = planes.blue - 128, planes.red - 128
    flat = (across <= FLAT_STEP) & (down <= FLAT_STEP) & (luma > DARK) & (luma < CLIPPED)
    grey = flat & (np.abs(blue) + np.abs(red) < NEAR_GREY) & (np.abs(luma - GREY) < NEAR_GREY)
    *values, greyed = (
        analyzer.block_means(plane.astype(np.float32, copy=False), BLOCK)
        for plane in (luma, across, down, blue, red, flat, grey)
    )
    maps = Maps(*values)
    return maps, {
        **_levels(luma, blue, red),
        **_rows(across, down, flat),
        **_blocks(maps),
        "grey": float(greyed.mean()),
        "grey_band": float(greyed.mean(axis=1).max()),
        "noise": _noise(luma, across),
    }


def _levels(luma: Plane, blue: Plane, red: Plane) -> dict[str, float]:
    counts = np.bincount((luma.ravel() * 0.25).astype(np.intp), minlength=64)
    shares = counts[counts > 0] / luma.size
    sizes = np.abs(blue), np.abs(red)
    chroma = sizes[0] + sizes[1]
    return {
        "brightness": float(luma.mean()) / 255,
        "contrast": float(luma.std()) / 128,
        "entropy": float(-(shares * np.log2(shares)).sum()) / 6,
        "dark": float((luma <= DARK).mean()),
        "clipped": float((luma >= CLIPPED).mean()),
        "colour": float(chroma.mean()) / 128,
        "cast": float(np.hypot(blue.mean(), red.mean())) / 64,
        "vivid": float((chroma > VIVID).mean()),
        "extreme": float((np.maximum(*sizes) > EXTREME).mean()),
    }


def _rows(across: Plane, down: Plane, flat: Flags) -> dict[str, float]:
    """Rows that are filled, that repeat the one above, that begin another picture."""
    step, detail = down.mean(axis=1), across.mean(axis=1)
    repeated = (step < 0.12 * detail) & (detail > STRUCTURED / 2)
    jump = step[2:-1] / (np.maximum(step[1:-2], step[3:]) + 1.0)
    return {
        "flat_rows": longest_run(flat.mean(axis=1) > 0.5) / len(flat),
        "repeated_rows": longest_run(repeated) / len(flat),
        "jump": float(jump.max()),
    }


def _blocks(maps: Maps) -> dict[str, float]:
    smeared = maps.smeared
    pulled = (maps.across < 0.15 * maps.down) & (maps.down > STRUCTURED)
    steps = maps.across + maps.down
    return {
        "flat": float(maps.flat.mean()),
        "smeared": float(smeared.mean()),
        "smeared_band": float(smeared.mean(axis=1).max()),
        "pulled": float(pulled.mean()),
        "sparse": 1 - float(np.median(steps) / (steps.mean() + 0.2)),
    }


def _noise(luma: Plane, across: Plane) -> float:
    """How much of the detail changes its sign from pixel to pixel."""
    bend = np.abs(luma[:, 2:] - 2 * luma[:, 1:-1] + luma[:, :-2]).mean()
    return float(bend / (across.mean() + 0.5)) / 2
