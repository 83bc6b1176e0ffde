"""Which analyzer is taken."""

import sys
from types import ModuleType

import pytest

from custom_components.timelapser.engine.corruption.analyzer_numpy import NumpyAnalyzer
from custom_components.timelapser.engine.corruption.choice import (
    best_analyzer,
    opencv_is_installed,
)

OURS = "custom_components.timelapser.engine.corruption.analyzer_opencv"


def test_half_imported_by_another_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    half = ModuleType("cv2")
    half.__spec__ = None
    monkeypatch.setitem(sys.modules, "cv2", half)
    assert opencv_is_installed()


def test_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    monkeypatch.delitem(sys.modules, OURS, raising=False)
    assert isinstance(best_analyzer(), NumpyAnalyzer)
