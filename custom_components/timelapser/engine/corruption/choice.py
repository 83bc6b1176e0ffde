"""Which analyzer to use."""

from importlib.util import find_spec

from .analyzer import Analyzer
from .analyzer_numpy import NumpyAnalyzer


def opencv_is_installed() -> bool:
    """Whether OpenCV can be imported, as far as that can be told without doing so."""
    try:
        return find_spec("cv2") is not None
    except ValueError:
        # Another thread imports it at this very moment: it is half there, without a spec.
        return True


def best_analyzer() -> Analyzer:
    """OpenCV where it can be imported, else NumPy and Pillow, which always can."""
    if not opencv_is_installed():
        return NumpyAnalyzer()
    try:
        from .analyzer_opencv import OpenCvAnalyzer  # noqa: PLC0415  # optional
    except ImportError:
        return NumpyAnalyzer()
    return OpenCvAnalyzer()
