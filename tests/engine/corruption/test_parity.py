"""Both analyzers answer the same, up to rounding."""

import numpy as np
import pytest

from custom_components.timelapser.engine.corruption.analyzer import Analyzer
from custom_components.timelapser.engine.corruption.choice import best_analyzer
from custom_components.timelapser.engine.corruption.compare import compare
from custom_components.timelapser.engine.corruption.history import History
from custom_components.timelapser.engine.corruption.judge import accepted, examine, judge
from custom_components.timelapser.engine.corruption.model import shipped
from custom_components.timelapser.engine.models import Picture
from scripts.corruption.damage import EDITS

from .pictures import MINUTE, NOON, NUMPY, origin, view

SCORE_TOLERANCE = 3
FEATURE_TOLERANCE = 0.06
OFTEN_TOLERANCE = 0.01


@pytest.fixture
def opencv() -> Analyzer:
    pytest.importorskip("cv2")
    from custom_components.timelapser.engine.corruption.analyzer_opencv import OpenCvAnalyzer

    return OpenCvAnalyzer()


def test_choice(opencv: Analyzer) -> None:
    assert best_analyzer().name == opencv.name
    assert NUMPY.name != opencv.name


def measured(picture: Picture, analyzer: Analyzer) -> tuple[dict[str, float], float]:
    history = History()
    for number in range(3, 0, -1):
        before = examine(view(NOON - number * MINUTE), origin(), analyzer)
        history = accepted(before, history, analyzer)
    examined = examine(picture, origin(), analyzer)
    assert examined.signature is not None
    features = {**examined.features, **compare(examined.signature, history, analyzer).features}
    return features, judge(examined, history, shipped(), analyzer).exact


@pytest.mark.parametrize("name", ["whole", *sorted(EDITS)])
def test_same_numbers(opencv: Analyzer, name: str) -> None:
    picture = view(NOON)
    if name != "whole":
        picture = EDITS[name](picture, np.random.default_rng(3))
    ours, score = measured(picture, NUMPY)
    theirs, other = measured(picture, opencv)
    assert ours.keys() == theirs.keys()
    apart = [abs(ours[key] - theirs[key]) for key in ours]
    worst = max(ours, key=lambda key: abs(ours[key] - theirs[key]))
    assert max(apart) < FEATURE_TOLERANCE, (worst, ours[worst], theirs[worst])
    assert np.mean(apart) < OFTEN_TOLERANCE
    assert abs(score - other) <= SCORE_TOLERANCE


@pytest.mark.parametrize("shape", [(450, 800, 3), (450, 800), (180, 320, 3), (800, 450, 3)])
@pytest.mark.parametrize("size", [(136, 240), (272, 480), (426, 240)])
def test_scaling(opencv: Analyzer, shape: tuple[int, ...], size: tuple[int, int]) -> None:
    random = np.random.default_rng(1)
    small = random.integers(0, 255, (shape[0] // 10, shape[1] // 10, *shape[2:]))
    picture = np.repeat(np.repeat(small, 10, axis=0), 10, axis=1).astype(np.uint8)
    ours, theirs = (one.scaled(picture, *size) for one in (NUMPY, opencv))
    assert ours.shape == theirs.shape == (*size, *shape[2:])
    if size[0] <= shape[0] and size[1] <= shape[1]:
        assert np.abs(ours.astype(int) - theirs).max() <= 1
