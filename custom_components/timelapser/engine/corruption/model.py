"""The trained model: regression trees whose sum says how likely a picture is damaged."""

from dataclasses import dataclass
from functools import cache
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SHIPPED: Final = Path(__file__).with_name("model.json")


@dataclass(frozen=True, slots=True)
class Model:
    """Trees side by side, of arrays (trees, nodes); a leaf is a node that leads to itself.

    `curve` holds points of (log odds of damage, score), from pristine to certainly damaged.
    """

    version: str
    features: tuple[str, ...]
    depth: int
    base: float
    feature: NDArray[np.intp]
    threshold: NDArray[np.float64]
    below: NDArray[np.intp]
    above: NDArray[np.intp]
    missing: NDArray[np.intp]
    value: NDArray[np.float64]
    curve: NDArray[np.float64]

    def log_odds(self, features: NDArray[np.float64]) -> float:
        """How likely damage is, by features in the model's order; nan where not measured."""
        trees = np.arange(len(self.feature))
        node = np.zeros(len(trees), np.intp)
        for _ in range(self.depth):
            values = features[self.feature[trees, node]]
            side = np.where(
                values <= self.threshold[trees, node],
                self.below[trees, node],
                self.above[trees, node],
            )
            node = np.where(np.isnan(values), self.missing[trees, node], side)
        return self.base + float(self.value[trees, node].sum())

    def score(self, features: NDArray[np.float64]) -> float:
        """The score, from 0 to 100: 100 is pristine."""
        return float(np.interp(self.log_odds(features), self.curve[:, 0], self.curve[:, 1]))


def load(path: Path) -> Model:
    """Read a model; ValueError or KeyError where the file is none."""
    content = json.loads(path.read_text(encoding="utf-8"))
    names = tuple(content["features"])
    trees = [_Tree(tree, names) for tree in content["trees"]]
    size = max(len(tree.value) for tree in trees)

    def padded[T: np.generic](rows: list[list[Any]], kind: type[T]) -> NDArray[T]:
        return np.array([row + [0] * (size - len(row)) for row in rows], kind)

    return Model(
        version=content["version"],
        features=names,
        depth=max(tree.depth for tree in trees),
        base=content["base"],
        feature=padded([tree.feature for tree in trees], np.intp),
        threshold=padded([tree.threshold for tree in trees], np.float64),
        below=padded([tree.below for tree in trees], np.intp),
        above=padded([tree.above for tree in trees], np.intp),
        missing=padded([tree.missing for tree in trees], np.intp),
        value=padded([tree.value for tree in trees], np.float64),
        curve=np.array(content["curve"], np.float64),
    )


@cache
def shipped() -> Model:
    """The model that comes with the integration; reads a file at the first call."""
    return load(SHIPPED)


class _Tree:
    """A tree of the file, nested as people read it, laid out as columns of nodes."""

    def __init__(self, root: dict[str, Any] | float, names: tuple[str, ...]) -> None:
        self.feature: list[int] = []
        self.threshold: list[float] = []
        self.below: list[int] = []
        self.above: list[int] = []
        self.missing: list[int] = []
        self.value: list[float] = []
        self._index = {name: number for number, name in enumerate(names)}
        self.depth = 0
        self._add(root, 0)

    def _add(self, node: dict[str, Any] | float, depth: int) -> int:
        number = len(self.value)
        self.depth = max(self.depth, depth)
        for column in (self.feature, self.below, self.above, self.missing):
            column.append(0)
        self.threshold.append(0.0)
        self.value.append(0.0)
        if not isinstance(node, dict):
            self.value[number] = float(node)
            self.below[number] = self.above[number] = self.missing[number] = number
            return number
        self.feature[number] = self._index[node["if"]]
        self.threshold[number] = float(node["at_most"])
        self.below[number] = self._add(node["then"], depth + 1)
        self.above[number] = self._add(node["else"], depth + 1)
        missing = self.below if node["missing"] == "then" else self.above
        self.missing[number] = missing[number]
        return number
