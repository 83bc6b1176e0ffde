"""Why a picture scores low, in words and rows: rules beside the model, which only scores."""

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .certain import Finding, Reason
from .features import Flags, longest_run
from .history import History, Signature

SHARE: Final = 0.5
"""Share of a row of blocks that has to be damaged for the row to be named."""
MOST: Final = 3


def explain(
    signature: Signature, features: Mapping[str, float], lost: Flags | None, history: History
) -> list[Finding]:
    """What is wrong with a picture, the plainest first; at most three findings."""
    maps = signature.maps
    rows = len(maps.flat)
    before = history.comparable(signature)
    smeared, flat = maps.smeared, maps.flat > 0.9
    for entry in before:
        smeared = smeared & ~entry.signature.maps.smeared
        flat = flat & (entry.signature.maps.flat < 0.5)
    gone = np.zeros(rows, np.bool_) if lost is None else lost.mean(axis=1) > 0.3

    def over(name: str, limit: float) -> bool:
        return features.get(name, 0.0) > limit

    filled, drawn = flat.mean(axis=1) > SHARE, smeared.mean(axis=1) > 0.25
    checks: tuple[tuple[Reason, bool, NDArray[np.bool_] | None], ...] = (
        (Reason.ROWS_FILLED, longest_run(filled) > 0, filled),
        (Reason.ROWS_SMEARED, longest_run(drawn) > 0, drawn),
        (Reason.ROWS_SHIFTED, over("shifted_band", 0.25) and not over("shifted", 0.2), gone),
        (Reason.COLOURS_WRONG, _miscoloured(features), None),
        (Reason.NOISY, over("noise_over", 0.12) or over("comb_over", 0.3), None),
        (Reason.ROWS_LOST, longest_run(gone) > 0 and not gone.all(), gone),
        (Reason.BLOCKS_BROKEN, over("grid_changed", 0.12) or over("steps_lost", 0.03), None),
        (Reason.UNLIKE_RECENT, over("lost", 0.5), None),
    )
    height = signature.full_size[1]
    found = [
        Finding(reason, None if where is None else _span(where, height))
        for reason, holds, where in checks
        if holds
    ]
    return found[:MOST] or [Finding(Reason.UNUSUAL)]


def _miscoloured(features: Mapping[str, float]) -> bool:
    return (
        features.get("hue_swapped", 0.0) > 0.5
        or features.get("cast_over", 0.0) > 0.5
        or features.get("colour_lost", 0.0) > 1.0
        or features.get("tint_band", 0.0) > 0.6
        or features["extreme"] > 0.3
    )


def _span(rows: NDArray[np.bool_], height: int) -> tuple[int, int] | None:
    """The longest run of rows of blocks, in rows of the full picture; none where there is none."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], rows, [False])).astype(np.int8)))
    if not edges.size:
        return None
    starts, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - starts))
    scale = height / len(rows)
    return round(starts[longest] * scale), round(ends[longest] * scale) - 1
