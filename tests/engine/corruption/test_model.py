"""Models: what a file says is what is computed, also where something was not measured."""

import json
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from custom_components.timelapser.engine.corruption.model import SHIPPED, load, shipped
from scripts.corruption.fitting import write

TREES: list[Any] = [
    ["torn", 0.5, -1.0, ["grey", 0.25, 1.25, 3.25, 0], 1],
    ["grey", 0.75, 0.0, 0.5, 0],
    -0.25,
]
FOREST = {
    "features": ["grey", "torn"],
    "curve": [[-1.25, 100], [1.0, 70], [3.0, 0]],
    "trees": TREES,
}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    content = {
        "version": "test",
        "with_history": FOREST,
        "alone": FOREST | {"trees": [0.0]},
    }
    path = tmp_path / "model.json"
    write(path, content)
    return path


@pytest.mark.parametrize(
    ("features", "odds", "score"),
    [
        ({"grey": 0.0, "torn": 0.0}, -1.25, 100.0),
        ({"grey": 0.0, "torn": 0.5}, -1.25, 100.0),
        ({"grey": 0.25, "torn": 0.6}, 1.0, 70.0),
        ({"grey": 0.5, "torn": 0.6}, 3.0, 0.0),
        ({"grey": 0.9, "torn": 0.6}, 3.5, 0.0),
        ({"grey": 0.9, "torn": 0.1}, -0.75, 100 - 30 * 0.5 / 2.25),
        ({"torn": 0.6}, 1.0, 70.0),
        ({"grey": 0.5}, 3.0, 0.0),
        ({"other": 9.0}, 1.0, 70.0),
    ],
)
def test_trees(path: Path, features: dict[str, float], odds: float, score: float) -> None:
    forest = load(path).with_history
    assert forest.log_odds(features) == pytest.approx(odds)
    assert forest.score(features) == pytest.approx(score)


def test_two_forests(path: Path) -> None:
    model = load(path)
    assert model.version == "test"
    assert model.alone.log_odds({"torn": 0.6, "grey": 0.9}) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"with_history": FOREST | {"features": ["grey"]}},
        {"with_history": FOREST | {"trees": []}},
        {"with_history": FOREST | {"trees": [["grey", 1]]}},
        {"alone": {}},
    ],
)
def test_files_that_are_no_model(path: Path, change: dict[str, Any]) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    with pytest.raises((KeyError, ValueError)):
        load(path)


def test_shipped_model() -> None:
    model = shipped()
    for forest in (model.with_history, model.alone):
        assert 0 <= forest.score({}) <= 100
        assert len(set(forest.features)) == len(forest.features)
        scores = list(forest.curve[:, 1])
        assert scores == sorted(scores, reverse=True)
        assert {0, 40, 70, 100} <= set(scores)


def test_shipped_model_says_how_it_was_checked() -> None:
    training = json.loads(SHIPPED.read_text())["training"]
    assert training["folds"] > 1
    for figures in (training["online"], training["given"]):
        assert figures["auc"] > 0.95
        assert figures["fpr"] <= 0.02
        assert figures["tpr"] >= 0.8


def test_shipped_model_is_quick() -> None:
    forest = shipped().with_history
    features = dict.fromkeys(forest.features, 0.0)
    times = []
    for _ in range(30):
        begin = perf_counter()
        forest.score(features)
        times.append(perf_counter() - begin)
    # Well under a millisecond; the bound is for machines that are busy with other things.
    assert min(times) < 0.005
