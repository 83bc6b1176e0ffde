"""Which analyzer to use."""

from importlib.util import find_spec

from .analyzer import Analyzer
from .analyzer_numpy import NumpyAnalyzer


def best_analyzer() -> Analyzer:
    """OpenCV where it is installed, else NumPy and Pillow, which always are."""
    if find_spec("cv2") is None:
        return NumpyAnalyzer()
    from .analyzer_opencv import OpenCvAnalyzer  # noqa: PLC0415  # optional

    return OpenCvAnalyzer()
