"""What settings must hold together: a setting alone may be right, and wrong beside another."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ..errors import (
    CropError,
    FpsOrderError,
    InvalidRequestError,
    StorageOrderError,
    ThresholdOrderError,
)

LEAST_LEFT: Final = 10
"""Percent of a picture's width and height that a crop has to leave."""

type Values = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Rule:
    """Some settings, whether they go together, and what to say when they do not."""

    names: frozenset[str]
    holds: Callable[[Values], bool]
    error: Callable[[str, Values], InvalidRequestError]


def _crop(first: str, second: str) -> Rule:
    return Rule(
        frozenset({first, second}),
        lambda values: values[first] + values[second] <= 100 - LEAST_LEFT,
        lambda where, values: CropError(
            where=where, first=first, second=second, total=f"{values[first] + values[second]:g}"
        ),
    )


RULES: Final = (
    Rule(
        frozenset({"flag_below", "quarantine_below"}),
        lambda values: values["quarantine_below"] <= values["flag_below"],
        lambda where, values: ThresholdOrderError(
            where=where,
            quarantine=str(values["quarantine_below"]),
            flag=str(values["flag_below"]),
        ),
    ),
    Rule(
        frozenset({"stop_below", "resume_above"}),
        lambda values: values["stop_below"] <= values["resume_above"],
        lambda where, values: StorageOrderError(
            where=where, stop=f"{values['stop_below']:g}", resume=f"{values['resume_above']:g}"
        ),
    ),
    Rule(
        frozenset({"fps_min", "fps_max"}),
        lambda values: values["fps_min"] <= values["fps_max"],
        lambda where, values: FpsOrderError(
            where=where, first=str(values["fps_min"]), second=str(values["fps_max"])
        ),
    ),
    _crop("crop_left", "crop_right"),
    _crop("crop_top", "crop_bottom"),
)
