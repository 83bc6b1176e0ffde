"""How well scores tell damaged images from good ones."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .judging import GOOD, Judged

type Values = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Outcome:
    """Scores and truth of images; frozen pictures are left out, for the score says nothing."""

    score: Values
    damaged: NDArray[np.bool_]
    severity: NDArray[np.intp]
    called: NDArray[np.bool_]
    kind: NDArray[np.str_]


def outcome(judged: Sequence[Judged]) -> Outcome:
    """Collect what was judged."""
    told = [one for one in judged if not one.image.frozen]
    return Outcome(
        np.array([one.scored.exact for one in told], np.float64),
        np.array([one.image.damaged for one in told], np.bool_),
        np.array([one.image.severity for one in told], np.intp),
        np.array([one.verdict != GOOD for one in told], np.bool_),
        np.array([one.image.kind for one in told], np.str_),
    )


def area(good: Values, bad: Values) -> float:
    """Area under the curve: how often a damaged image scores below a good one."""
    below = (bad[:, None] < good[None]).mean()
    return float(below + (bad[:, None] == good[None]).mean() / 2)


def limit_at(good: Values, rate: float) -> float:
    """The score below which at most that share of the good images lies."""
    return float(np.sort(good)[int(rate * len(good) + 1e-9)])


def summary(found: Outcome) -> dict[str, float]:
    """The figures that are kept with a model."""
    good, bad = found.score[~found.damaged], found.score[found.damaged]
    limit = limit_at(good, 0.01)
    severe = found.score[found.damaged & (found.severity == 3)]
    moderate = found.score[found.damaged & (found.severity == 2)]
    figures = {
        "images": len(found.score),
        "damaged": len(bad),
        "auc": area(good, bad),
        "tpr_at_1_percent_fpr": float((bad < limit).mean()),
        "severe_at_1_percent_fpr": float((severe < limit).mean()) if len(severe) else 0.0,
        "moderate_at_1_percent_fpr": float((moderate < limit).mean()) if len(moderate) else 0.0,
        "fpr": float(found.called[~found.damaged].mean()),
        "tpr": float(found.called[found.damaged].mean()),
    }
    return {name: round(value, 4) for name, value in figures.items()}


def by_kind(found: Outcome) -> dict[str, str]:
    """For each kind of image, how many of them are called bad."""
    return {
        str(
            kind
        ): f"{int(found.called[found.kind == kind].sum())}/{int((found.kind == kind).sum())}"
        for kind in sorted(set(found.kind))
    }
