"""Whether a camera shows the same picture again and again."""

from datetime import datetime
from typing import Final

import numpy as np
from numpy.typing import NDArray

SAME: Final = 0.02
"""Mean difference in grey levels: one pixel in fifty differs by one. Noise alone makes more."""
FLAT: Final = 2.0
"""Standard deviation below which there is nothing to be seen that could move, as at night."""

type Signature = NDArray[np.uint8]
"""A picture's luma, scaled down to about 100 pixels of width."""


class FrozenWatch:
    """Compares every picture of a camera with the first of those that looked like it."""

    def __init__(self) -> None:
        self._first: Signature | None = None
        self._since: datetime | None = None
        self.pictures = 0

    @property
    def since(self) -> datetime | None:
        """Since when the picture is the same; None when it changes, or cannot be told."""
        return self._since if self.pictures > 1 else None

    def see(self, signature: Signature, moment: datetime) -> None:
        """Take note of the next picture."""
        if self._first is not None and _is_same(self._first, signature):
            self.pictures += 1
        else:
            self._first, self._since, self.pictures = signature, moment, 1


def _is_same(one: Signature, other: Signature) -> bool:
    if one.shape != other.shape or float(other.std()) < FLAT:
        return False
    return float(np.abs(one.astype(np.int16) - other).mean()) <= SAME
