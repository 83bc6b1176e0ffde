"""The analyzer that works everywhere: NumPy, and Pillow for what NumPy is slow at."""

from typing import override

import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow

from ..models import Picture
from .analyzer import Analyzer, Plane, whole_part


class NumpyAnalyzer(Analyzer):
    """NumPy and Pillow."""

    @property
    @override
    def name(self) -> str:
        return "NumPy"

    @override
    def scaled(self, picture: Picture, rows: int, columns: int) -> Picture:
        if rows > len(picture) or columns > picture.shape[1]:
            image = Pillow.fromarray(picture)
            return np.asarray(image.resize((columns, rows), Pillow.Resampling.BILINEAR))
        factor, height, width = whole_part(picture, rows, columns)
        if factor > 1:
            image = Pillow.fromarray(picture)
            picture = np.asarray(image.reduce(factor, (0, 0, width, height)))
        # Pillow's box counts pixels at the edge of an area wholly or not at all.
        fewer = _averaged(picture, rows)
        averaged = _averaged(np.ascontiguousarray(fewer.swapaxes(0, 1)), columns)
        return np.rint(averaged).astype(np.uint8).swapaxes(0, 1)

    @override
    def luma(self, picture: Picture) -> Picture:
        return np.asarray(Pillow.fromarray(picture).convert("L"))

    @override
    def block_means(self, plane: Plane, side: int) -> Plane:
        rows, columns = plane.shape
        down = np.add.reduceat(plane, np.arange(0, rows, side), axis=0)
        total = down.reshape(-1, columns // side, side).sum(axis=2)
        return np.asarray(total / (side * side), np.float32)


def _averaged(lines: NDArray[np.uint8] | NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Fewer lines, each the mean over its share of the old ones."""
    edges = np.linspace(0, len(lines), count + 1)[:-1]
    first = edges.astype(np.intp)
    # Of the line that an edge cuts, a part belongs to the area before.
    part = (edges - first).astype(np.float32).reshape(-1, *[1] * (lines.ndim - 1))
    cut = part * lines[first]
    total = np.add.reduceat(lines, first, axis=0, dtype=np.float32) - cut
    total[:-1] += cut[1:]
    return np.asarray(total * np.float32(count / len(lines)), np.float32)
