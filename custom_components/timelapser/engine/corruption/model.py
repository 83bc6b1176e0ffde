"""The trained model: regression trees whose sum says how likely a picture is damaged."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

SHIPPED: Final = Path(__file__).with_name("model.json")


@dataclass(frozen=True, slots=True)
class Forest:
    """Trees side by side, as arrays (trees, nodes); a leaf is a node that leads to itself.

    `curve` holds points of (log odds of damage, score), from pristine to certainly damaged.
    """

    features: tuple[str, ...]
    depth: int
    feature: NDArray[np.intp]
    limit: NDArray[np.float64]
    below: NDArray[np.intp]
    above: NDArray[np.intp]
    missing: NDArray[np.intp]
    value: NDArray[np.float64]
    curve: NDArray[np.float64]

    def log_odds(self, features: Mapping[str, float]) -> float:
        """How likely damage is; features that were not measured may be missing."""
        order = (features.get(name, np.nan) for name in self.features)
        row = np.fromiter(order, np.float64, len(self.features))
        trees = np.arange(len(self.feature))
        node = np.zeros(len(trees), np.intp)
        for _ in range(self.depth):
            values = row[self.feature[trees, node]]
            low = values <= self.limit[trees, node]
            side = np.where(low, self.below[trees, node], self.above[trees, node])
            node = np.where(np.isnan(values), self.missing[trees, node], side)
        return float(self.value[trees, node].sum())

    def score(self, features: Mapping[str, float]) -> float:
        """The score, from 0 to 100: 100 is pristine."""
        return float(np.interp(self.log_odds(features), self.curve[:, 0], self.curve[:, 1]))


@dataclass(frozen=True, slots=True)
class Model:
    """What judges pictures of cameras with a history, and a camera's first picture."""

    version: str
    with_history: Forest
    alone: Forest


def load(path: Path) -> Model:
    """Read a model; ValueError, KeyError or TypeError where the file is none."""
    content = json.loads(path.read_text(encoding="utf-8"))
    forests = (_forest(content[name]) for name in ("with_history", "alone"))
    return Model(content["version"], *forests)


@cache
def shipped() -> Model:
    """The model that comes with the integration; reads a file at the first call."""
    return load(SHIPPED)


def _forest(content: Mapping[str, Any]) -> Forest:
    names = tuple(content["features"])
    index = {name: number for number, name in enumerate(names)}
    trees = [_Tree(tree, index) for tree in content["trees"]]
    size = max(len(tree.value) for tree in trees)

    def padded[T: np.generic](rows: list[list[Any]], kind: type[T]) -> NDArray[T]:
        return np.array([row + [0] * (size - len(row)) for row in rows], kind)

    return Forest(
        features=names,
        depth=max(tree.depth for tree in trees),
        feature=padded([tree.feature for tree in trees], np.intp),
        limit=padded([tree.limit for tree in trees], np.float64),
        below=padded([tree.below for tree in trees], np.intp),
        above=padded([tree.above for tree in trees], np.intp),
        missing=padded([tree.missing for tree in trees], np.intp),
        value=padded([tree.value for tree in trees], np.float64),
        curve=np.array(content["curve"], np.float64),
    )


class _Tree:
    """A tree of the file, nested as people read it, laid out as columns of nodes.

    A node of the file is a value, or the list [feature, limit, node for values up to the limit,
    node for those above it, 0 or 1: which of these two is for missing values].
    """

    def __init__(self, root: Any, index: Mapping[str, int]) -> None:
        self.feature: list[int] = []
        self.limit: list[float] = []
        self.below: list[int] = []
        self.above: list[int] = []
        self.missing: list[int] = []
        self.value: list[float] = []
        self.depth = 0
        self._add(root, index, 0)

    def _add(self, node: Any, index: Mapping[str, int], depth: int) -> int:
        number = len(self.value)
        self.depth = max(self.depth, depth)
        for column in (self.feature, self.below, self.above, self.missing):
            column.append(number if column is not self.feature else 0)
        self.limit.append(0.0)
        self.value.append(0.0)
        if not isinstance(node, list):
            self.value[number] = float(node)
            return number
        name, limit, below, above, missing = node
        self.feature[number], self.limit[number] = index[name], float(limit)
        self.below[number] = self._add(below, index, depth + 1)
        self.above[number] = self._add(above, index, depth + 1)
        self.missing[number] = (self.below[number], self.above[number])[missing]
        return number
