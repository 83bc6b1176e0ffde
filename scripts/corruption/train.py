"""Train the model of corruption detection: measure, fit, check and write; see `options`."""

from argparse import Namespace
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
import importlib.util
import json
import logging
from pathlib import Path
import sys
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from custom_components.timelapser.engine.corruption.analyzer_numpy import NumpyAnalyzer
from custom_components.timelapser.engine.corruption.model import SHIPPED, Model, load

from .examples import Example, of_camera, sorts
from .figures import by_kind, limit_at, outcome, summary
from .fitting import Plan, Table, Usual, curve, fit, folds, loaded, table, write
from .judging import Judged, judged
from .labelled import Labelled, by_camera, read

FLAGGED = {"with_history": 0.004, "alone": 0.01}
"""Share of the good images of unseen cameras that may be flagged, each for itself.

In a row it gets more: where one is not accepted, the next has less to agree with.
"""
TREES = {"with_history": (120, 16), "alone": (40, 8)}
"""How many trees for each seed, and leaves of each tree."""


def main(options: Namespace) -> None:
    """Measure, check, fit and write, as `options.of_training` answers it."""
    if importlib.util.find_spec("lightgbm") is None:
        sys.exit("Training needs LightGBM: install lightgbm with pip, into the same Python.")
    cameras = by_camera(read(options.labels))
    if options.table is not None and options.table.exists():
        data = loaded(options.table)
    else:
        data = measured(cameras, options.made, options.jobs)
        if options.table is not None:
            data.save(options.table)
    plans = planned(data)
    training, usual = checked(data, cameras, options.folds, plans)
    everything = np.ones(len(data.damaged), np.bool_)
    forests = {name: fit(data, everything, plan) for name, plan in plans.items()}
    content = {"version": options.version, "training": training} | with_curves(forests, usual)
    output: Path = options.output or SHIPPED
    write(output, content)
    print(f"{output}: {output.stat().st_size // 1024} KB")


def planned(data: Table) -> dict[str, Plan]:
    """What each forest is fitted to."""
    of_history, of_heavy = sorts(NumpyAnalyzer())
    single = tuple(name for name in data.names if name not in of_history)
    return {
        "with_history": Plan(data.names, of_heavy, *TREES["with_history"]),
        "alone": Plan(single, frozenset(), *TREES["alone"]),
    }


def measured(cameras: dict[str, list[Labelled]], made: int, jobs: int) -> Table:
    """Measure all cameras, some at a time; takes minutes."""
    examples: list[Example] = []
    tasks = list(enumerate(cameras.values()))
    with ProcessPoolExecutor(jobs) as pool:
        for number, rows in enumerate(pool.map(partial(_measure, made), tasks), 1):
            examples += rows
            print(f"{number} of {len(cameras)} cameras measured", file=sys.stderr)
    return table(examples)


def _measure(made: int, task: tuple[int, list[Labelled]]) -> list[Example]:
    logging.getLogger("libav").setLevel(logging.CRITICAL)  # damage is what we want
    number, images = task
    return list(of_camera(images, NumpyAnalyzer(), np.random.default_rng(number), made))


def checked(
    data: Table, cameras: dict[str, list[Labelled]], count: int, plans: Mapping[str, Plan]
) -> tuple[dict[str, Any], dict[str, Usual]]:
    """Figures of models on cameras they have not seen, and what is usual for good images."""
    parts = folds(list(cameras), count)
    seen = [~np.isin(data.camera, list(part)) for part in parts]
    forests = {name: [fit(data, rows, plan) for rows in seen] for name, plan in plans.items()}
    any_usual = dict.fromkeys(plans, Usual())
    models = [_model({name: forests[name][n] for name in plans}, any_usual) for n in range(count)]
    usual = _usual(data, parts, models)
    models = [_model({name: forests[name][n] for name in plans}, usual) for n in range(count)]
    given: list[Judged] = []
    online: list[Judged] = []
    for number, (part, one) in enumerate(zip(parts, models, strict=True), 1):
        new: list[Judged] = []
        for camera in sorted(part):
            images = cameras[camera]
            new += judged(images, one, NumpyAnalyzer())
            given += judged(images, one, NumpyAnalyzer(), lambda seen, _: not seen.image.damaged)
        print(f"fold {number}: {json.dumps(summary(outcome(new)))}")
        online += new
    figures = {"online": summary(outcome(online)), "given": summary(outcome(given))}
    print(f"unseen cameras: {json.dumps(figures)}")
    print(json.dumps(by_kind(outcome(online))))
    kept = {"cameras": len(cameras), "folds": count, "examples": len(data.damaged)}
    return kept | figures, usual


def _model(forests: Mapping[str, Mapping[str, Any]], usual: Mapping[str, Usual]) -> Model:
    """A model as it would be read again."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.json"
        write(path, {"version": "check"} | with_curves(forests, usual))
        return load(path)


def with_curves(
    forests: Mapping[str, Mapping[str, Any]], usual: Mapping[str, Usual]
) -> dict[str, Any]:
    """Forests with the curves from their log odds to scores."""
    return {name: {**forest, "curve": curve(usual[name])} for name, forest in forests.items()}


def _usual(data: Table, parts: Sequence[frozenset[str]], models: list[Model]) -> dict[str, Usual]:
    """What is usual for the good images of unseen cameras."""
    good: dict[str, list[float]] = {"with_history": [], "alone": []}
    for part, model in zip(parts, models, strict=True):
        for row in data.values[np.isin(data.camera, list(part)) & data.own & ~data.damaged]:
            features = dict(zip(data.names, row.tolist(), strict=True))
            good["alone"].append(model.alone.log_odds(features))
            if not np.isnan(features["change"]):
                good["with_history"].append(model.with_history.log_odds(features))
    return {
        name: Usual(-limit_at(-np.array(odds), FLAGGED[name]), float(np.median(odds)))
        for name, odds in good.items()
    }
