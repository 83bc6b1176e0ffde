"""From examples to a model: gradient-boosted trees, checked on cameras they have not seen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
import importlib
import json
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .examples import Example

PARAMETERS: Final[Mapping[str, Any]] = {
    "objective": "binary",
    "learning_rate": 0.08,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.3,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "lambda_l2": 5.0,
    "verbose": -1,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
}
SEEDS: Final = (1, 2, 3)
"""Forests that are averaged: with few cameras, each by itself depends on chance."""
DIGITS: Final = 4
WEIGHT_LIGHT: Final = 0.1
"""Of an example again, as if heavy checks were off."""

# What is usual for good images differs between forests, and is to score the same: 70 where as many
# are flagged as may be, 96 in their middle. Other scores of good ones are at shares of this way.
GOOD_SHAPE: Final = ((2.25, 100), (1.5, 98), (1.0, 96), (0.5, 90), (0.175, 80), (0.0, 70))
# Scores of damaged ones are at log odds above the first.
DAMAGED_SHAPE: Final = ((0.8, 40), (2.5, 10), (5.0, 0))


@dataclass(frozen=True, slots=True)
class Table:
    """Examples as columns; `values` are of shape (examples, features), nan where not measured."""

    names: tuple[str, ...]
    values: NDArray[np.float64]
    damaged: NDArray[np.bool_]
    weight: NDArray[np.float64]
    camera: NDArray[np.str_]
    kind: NDArray[np.str_]
    own: NDArray[np.bool_]

    def save(self, path: Path) -> None:
        """Keep the table, so that another training does not measure again."""
        np.savez_compressed(
            path,
            names=np.array(self.names),
            values=self.values,
            damaged=self.damaged,
            weight=self.weight,
            camera=self.camera,
            kind=self.kind,
            own=self.own,
        )


def table(examples: Sequence[Example]) -> Table:
    """Lay examples out as columns."""
    names = tuple(sorted({name for example in examples for name in example.features}))
    values = [[example.features.get(name, np.nan) for name in names] for example in examples]
    return Table(
        names,
        np.array(values, np.float64),
        np.array([example.damaged for example in examples], np.bool_),
        np.array([example.weight for example in examples], np.float64),
        np.array([example.camera for example in examples], np.str_),
        np.array([example.kind for example in examples], np.str_),
        np.array([example.own for example in examples], np.bool_),
    )


def loaded(path: Path) -> Table:
    """A table that was kept."""
    with np.load(path) as columns:
        return Table(
            tuple(str(name) for name in columns["names"]),
            columns["values"],
            columns["damaged"],
            columns["weight"],
            columns["camera"],
            columns["kind"],
            columns["own"],
        )


def folds(cameras: Sequence[str], count: int) -> list[frozenset[str]]:
    """Cameras dealt into folds by chance, the same every time."""
    shuffled = [str(name) for name in np.random.default_rng(7).permutation(sorted(set(cameras)))]
    return [frozenset(shuffled[number::count]) for number in range(count)]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a forest is to see, and how large it gets."""

    names: tuple[str, ...]
    hidden: frozenset[str]
    trees: int
    leaves: int


def fit(data: Table, rows: NDArray[np.bool_], plan: Plan) -> dict[str, Any]:
    """Fit trees to some rows; a forest as the file has it, but for its curve.

    Features of the plan that are hidden are so in a copy of every row, of little weight.
    """
    lightgbm = importlib.import_module("lightgbm")
    columns = [data.names.index(name) for name in plan.names]
    values, weight = data.values[rows][:, columns], data.weight[rows]
    damaged = data.damaged[rows].astype(np.float64)
    if plan.hidden:
        copy = values.copy()
        copy[:, [name in plan.hidden for name in plan.names]] = np.nan
        values = np.concatenate((values, copy))
        weight = np.concatenate((weight, weight * WEIGHT_LIGHT))
        damaged = np.concatenate((damaged, damaged))
    found = lightgbm.Dataset(values, damaged, weight=weight, feature_name=list(plan.names))
    parameters = {**PARAMETERS, "num_leaves": plan.leaves}
    trees = []
    for seed in SEEDS:
        dump = lightgbm.train({**parameters, "seed": seed}, found, plan.trees).dump_model()
        trees += [_plain(tree["tree_structure"], plan.names) for tree in dump["tree_info"]]
    return {"features": list(plan.names), "trees": trees}


def _plain(node: Mapping[str, Any], names: Sequence[str]) -> Any:
    if "leaf_value" in node:
        return round(node["leaf_value"] / len(SEEDS), DIGITS)
    limit = float(f"{node['threshold']:.{DIGITS}g}")
    below, above = (_plain(node[side], names) for side in ("left_child", "right_child"))
    # Where no value was missing in training, the trees take a missing one for zero.
    low = node["default_left"] if node["missing_type"] == "NaN" else limit >= 0
    return [names[node["split_feature"]], limit, below, above, 0 if low else 1]


@dataclass(frozen=True, slots=True)
class Usual:
    """Log odds of good images of unseen cameras: those few of them reach, and their median."""

    limit: float = 0.0
    middle: float = -4.0


def curve(usual: Usual) -> list[list[float]]:
    """Points from log odds to scores; 70 is at the limit, 96 in the middle of good images."""
    way = usual.limit - usual.middle
    points = [(usual.limit - share * way, score) for share, score in GOOD_SHAPE]
    points += [(usual.limit + offset, score) for offset, score in DAMAGED_SHAPE]
    return [[round(odds, 4), score] for odds, score in points]


def write(path: Path, content: Mapping[str, Any]) -> None:
    """Write a model for people to read: a line for each tree."""
    parts = []
    for name, value in content.items():
        if isinstance(value, Mapping) and "trees" in value:
            lines = [f'    "{key}": {json.dumps(value[key])}' for key in ("features", "curve")]
            trees = ",\n".join(f"      {json.dumps(tree)}" for tree in value["trees"])
            inner = ",\n".join([*lines, f'    "trees": [\n{trees}\n    ]'])
            parts.append(f'  "{name}": {{\n{inner}\n  }}')
        else:
            parts.append(f'  "{name}": {json.dumps(value)}')
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
