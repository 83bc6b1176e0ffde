"""What is measured on an image, on a small luma picture of it."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FLAT_DEVIATION = 0.5
"""Deviation within a row below which it is flat: a filled row, not a plain wall or the sky."""
CLIPPED_MEAN = 250.0
"""Mean from which a row is white because the sensor can tell no more."""
REPEATED_STEP = 0.2
"""Mean step to the row above below which a row is a copy of it."""
STRUCTURED_DEVIATION = 3.0
"""Deviation within a row from which a copy of it is telling."""


@dataclass(frozen=True, slots=True)
class Metrics:
    """Measurements of one image; luma values run from 0 to 255, bands are shares of the height."""

    byte_count: int
    width: int
    height: int
    readable: bool = True
    truncated: bool = False
    decoder_errors: bool = False
    mean: float = 0.0
    deviation: float = 0.0
    flat_band: float = 0.0
    """Highest band of flat rows."""
    repeated_band: float = 0.0
    """Highest band of rows that repeat the one above them."""


def measure(
    luma: NDArray[np.uint8],
    byte_count: int,
    width: int,
    height: int,
    *,
    truncated: bool,
    decoder_errors: bool,
) -> Metrics:
    """Measure a luma picture of shape (rows, columns), some hundred columns wide."""
    values = luma.astype(np.float32)
    deviation = values.std(axis=1)
    step = np.abs(np.diff(values, axis=0)).mean(axis=1)
    repeated = (step < REPEATED_STEP) & (deviation[1:] > STRUCTURED_DEVIATION)
    # A blinding sky is flat, too, where it is clipped.
    flat = (deviation < FLAT_DEVIATION) & (values.mean(axis=1) < CLIPPED_MEAN)
    return Metrics(
        byte_count,
        width,
        height,
        truncated=truncated,
        decoder_errors=decoder_errors,
        mean=float(values.mean()),
        deviation=float(values.std()),
        flat_band=_longest_run(flat) / len(luma),
        repeated_band=_longest_run(repeated) / len(luma),
    )


def _longest_run(rows: NDArray[np.bool_]) -> int:
    edges = np.flatnonzero(np.diff(np.concatenate(([False], rows, [False])).astype(np.int8)))
    return int((edges[1::2] - edges[::2]).max()) if edges.size else 0
