"""The analyzer for where OpenCV is installed."""

from typing import override

import cv2
import numpy as np

from ..models import Picture
from .analyzer import Analyzer, Plane, whole_part


class OpenCvAnalyzer(Analyzer):
    """OpenCV."""

    @property
    @override
    def name(self) -> str:
        return "OpenCV"

    @override
    def scaled(self, picture: Picture, rows: int, columns: int) -> Picture:
        if rows > len(picture) or columns > picture.shape[1]:
            return _resized(picture, rows, columns, cv2.INTER_LINEAR)
        factor, height, width = whole_part(picture, rows, columns)
        if factor > 1:
            whole = picture[:height, :width]
            picture = _resized(whole, height // factor, width // factor, cv2.INTER_AREA)
        return _resized(picture, rows, columns, cv2.INTER_AREA)

    @override
    def luma(self, picture: Picture) -> Picture:
        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8)

    @override
    def block_means(self, plane: Plane, side: int) -> Plane:
        rows, columns = plane.shape
        size = columns // side, rows // side
        return cv2.resize(plane, size, interpolation=cv2.INTER_AREA).astype(np.float32)


def _resized(picture: Picture, rows: int, columns: int, way: int) -> Picture:
    return np.asarray(cv2.resize(picture, (columns, rows), interpolation=way), np.uint8)
