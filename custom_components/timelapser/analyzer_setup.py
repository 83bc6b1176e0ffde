"""Which analyzer measures pictures: OpenCV where it is, or can be had, else NumPy."""

from collections.abc import Callable
import logging
import platform
import sys
from typing import Final

from homeassistant.core import HomeAssistant
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from .const import DOMAIN
from .engine.corruption.analyzer import Analyzer
from .engine.corruption.analyzer_numpy import NumpyAnalyzer
from .engine.corruption.choice import best_analyzer, opencv_is_installed
from .engine.models import AnalyzerChoice

_LOGGER = logging.getLogger(__name__)

OPENCV: Final = ["opencv-python-headless==5.0.0.93"]


async def async_analyzer(hass: HomeAssistant, choice: AnalyzerChoice) -> Callable[[], Analyzer]:
    """Answer what makes the analyzer of a choice; NumPy's is complete, so nothing ever fails.

    OpenCV is installed only where its wheels run. On musl (Home Assistant OS) there are none, and
    asking for one would begin to compile it for hours.
    """
    if choice is AnalyzerChoice.NUMPY:
        return NumpyAnalyzer
    there = await hass.async_add_executor_job(opencv_is_installed)
    if not there and _has_wheels():
        try:
            await async_process_requirements(hass, DOMAIN, OPENCV, is_built_in=False)
        except RequirementsNotFound:
            _LOGGER.debug("OpenCV cannot be installed; NumPy measures the same")
    elif not there and choice is AnalyzerChoice.OPENCV:
        _LOGGER.warning("OpenCV is not made for this system; NumPy measures the same")
    return best_analyzer


def _has_wheels() -> bool:
    return sys.platform == "linux" and platform.libc_ver()[0] == "glibc"
