"""How a picture differs from the camera's recent good ones: what tells damage from weather.

The first measure is the correlation of gradients, block by block: light, fog and night change
levels and contrast, but not where the edges are. Of all recent pictures the most alike counts,
for each block by itself, and only blocks whose edges are usually the same.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .analyzer import BLOCK, Analyzer, Blocks, Plane
from .features import Flags, Maps, differences, longest_run
from .heavy import HeavyMaps
from .history import Entry, History, Signature

NOISE: Final = 4.5
"""Energy of a sensor's noise per pixel, in squared levels: correlation of less tells nothing."""
STRUCTURED: Final = 12.0
"""Energy from which a block has edges to compare."""
FEWEST: Final = 12
"""Blocks with edges without which a picture cannot be compared by them."""
LOST: Final = 0.45
"""How much less than usual a block agrees that shows something else."""
FEW: Final = 6
"""Blocks of the least damage that can be seen: about a hundredth of the picture."""
USUAL_AGREEMENT: Final = 0.8
USUAL_CHANGE: Final = 3.0
"""What stands for the usual values of a camera with a single picture so far."""
DELTAS: Final = (
    *("brightness", "contrast", "entropy", "colour", "cast", "noise", "jump", "grey", "flat"),
    *("smeared", "repeated_rows", "sharp", "line_long", "comb", "grain"),
)
"""Features that are also taken relative to what is usual in the same light."""


@dataclass(frozen=True, slots=True)
class Likeness:
    """A picture beside others: per block its energy and theirs, and the best correlation."""

    energy: Blocks
    energies: NDArray[np.float32]
    best: Blocks
    closest: int
    change: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Features relative to the history; which blocks lost their picture; frozen's measure."""

    features: dict[str, float]
    lost: Flags | None = None
    change: float | None = None
    usual_change: float | None = None


def entry_of(signature: Signature, history: History, analyzer: Analyzer) -> Entry:
    """The picture as the history keeps it, with how far it agrees with those before it."""
    before = history.comparable(signature)
    if not before:
        return Entry(signature, None, None)
    found = likeness(signature, [entry.signature for entry in before], analyzer)
    return Entry(signature, found.best.astype(np.float16), found.change)


def likeness(signature: Signature, others: Sequence[Signature], analyzer: Analyzer) -> Likeness:
    """Correlate a picture with others of the same shape, at two scales."""
    luma = signature.luma.astype(np.float32)
    half = analyzer.block_means(luma, 2)
    energies, correlations, changes = [], [], []
    energy: Blocks = np.zeros((1, 1), np.float32)
    for other in others:
        other_luma = other.luma.astype(np.float32)
        energy, other_energy, fine = _correlate(luma, other_luma, analyzer)
        # Blurred pictures agree at the coarser scale only.
        *_, coarse = _correlate(half, analyzer.block_means(other_luma, 2), analyzer)
        wide = np.repeat(np.repeat(coarse, 2, axis=0), 2, axis=1)
        energies.append(other_energy)
        correlations.append(np.maximum(fine, wide))
        changes.append(float(np.abs(luma - other_luma).mean()))
    closest = int(np.argmax([correlation.mean() for correlation in correlations]))
    best = np.max(correlations, axis=0)
    return Likeness(energy, np.array(energies), best, closest, min(changes))


def _correlate(luma: Plane, other: Plane, analyzer: Analyzer) -> tuple[Plane, Plane, Plane]:
    (across, down), (other_across, other_down) = differences(luma), differences(other)
    energy = analyzer.block_means(across * across + down * down, BLOCK)
    others = analyzer.block_means(other_across * other_across + other_down * other_down, BLOCK)
    shared = analyzer.block_means(across * other_across + down * other_down, BLOCK)
    return energy, others, shared / np.sqrt((energy + NOISE) * (others + NOISE))


def compare(signature: Signature, history: History, analyzer: Analyzer) -> Comparison:
    """Measure a picture against the history; without features where nothing is comparable."""
    entries = history.comparable(signature)
    if not entries:
        return Comparison({})
    others = [entry.signature for entry in entries]
    found = likeness(signature, others, analyzer)
    changes = [entry.change for entry in entries if entry.change is not None]
    usual_change = float(np.median(changes)) if changes else None
    lost, features = _losses(found, entries)
    expected = usual_change or USUAL_CHANGE
    features["change"] = float(np.log((found.change + 0.5) / (expected + 0.5)))
    shift = shifted(signature.luma, others[found.closest].luma)
    features["shifted"], features["shifted_band"] = float(np.median(shift)), float(shift.max())
    features |= _maps(signature.maps, [other.maps for other in others])
    before = [other.heavy for other in others if other.heavy is not None]
    if signature.heavy is not None and before:
        features |= _heavy(signature.heavy, before, lost, found.best)
    for name in DELTAS:
        usual = history.usual(name, signature.light)
        if usual is not None and name in signature.features:
            features[f"{name}_over"] = signature.features[name] - usual
    return Comparison(features, lost, found.change, usual_change)


def _losses(found: Likeness, entries: Sequence[Entry]) -> tuple[Flags | None, dict[str, float]]:
    """Where the usual edges are missing, in how large a part and in what form."""
    agreements = [entry.agreement for entry in entries if entry.agreement is not None]
    usual = np.median(agreements, axis=0) if agreements else USUAL_AGREEMENT
    structured = np.median(found.energies, axis=0) > STRUCTURED
    count = int(structured.sum())
    new = found.energy > 4 * found.energies.max(axis=0) + 30
    features = {"structured": count / structured.size, "new": float(new.mean())}
    if count < FEWEST:
        return None, features
    deficit = np.clip(usual - found.best, 0, 1) * structured
    middle = float(np.median(deficit[structured]))
    excess = np.clip(deficit - middle, 0, 1) * structured
    lost = deficit > LOST
    in_row = np.maximum(structured.sum(axis=1), 6)
    rows = lost.sum(axis=1) / in_row
    features |= {
        "similarity": float(found.best[structured].mean()),
        "deficit": float(deficit[structured].mean()),
        "deficit_median": middle,
        "lost": float(lost.sum() / count),
        "lost_band": float(rows.max()),
        "lost_contrast": float(rows.max() - np.median(rows[structured.any(axis=1)])),
        "lost_rows": longest_run(rows > 0.5) / len(rows),
        "lost_run": longest_run(lost[structured]) / count,
        "excess": float(excess[structured].mean()),
        "excess_band": float((excess.sum(axis=1) / in_row).max()),
    }
    return lost, features


def _maps(maps: Maps, others: Sequence[Maps]) -> dict[str, float]:
    new_flat = np.clip(maps.flat - np.max([other.flat for other in others], axis=0), 0, 1)
    smeared = maps.smeared & ~np.any([other.smeared for other in others], axis=0)
    course = _course(maps)
    courses = [_course(other) for other in others]
    drawn = (np.min(courses, axis=0) - course > 0.9) & (maps.across > 0.4)
    pulled = (course - np.max(courses, axis=0) > 0.9) & (maps.down > 0.4)
    return _colours(maps, others) | {
        "flat_new": float(new_flat.mean()),
        "smeared_new": float(smeared.mean()),
        "smeared_new_band": float(smeared.mean(axis=1).max()),
        "drawn": float(drawn.mean()),
        "drawn_band": float(drawn.mean(axis=1).max()),
        "pulled_new": float(pulled.mean()),
    }


def _course(maps: Maps) -> NDArray[np.float32]:
    """Which way structure runs: below zero along columns, above along rows."""
    down, across = (plane.astype(np.float32) + 0.15 for plane in (maps.down, maps.across))
    return np.asarray(np.log(down / across), np.float32)


def _colours(maps: Maps, others: Sequence[Maps]) -> dict[str, float]:
    blue, red = maps.blue.astype(np.float32), maps.red.astype(np.float32)
    pairs = [(other.blue.astype(np.float32), other.red.astype(np.float32)) for other in others]
    tint = np.min([np.abs(blue - b) + np.abs(red - r) for b, r in pairs], axis=0)
    band = tint.mean(axis=1)
    same = [(correlated(blue, b), correlated(red, r)) for b, r in pairs]
    crossed = [correlated(blue, r) + correlated(red, b) for b, r in pairs]
    total = [np.abs(b).mean() + np.abs(r).mean() for b, r in pairs]
    seams = sum(_seam(plane, [pair[n] for pair in pairs]) for n, plane in enumerate((blue, red)))
    return {
        "tint": float(tint.mean()) / 32,
        "tint_share": float((tint - np.median(tint) > 16).mean()),
        "tint_band": float(band.max() - np.median(band)) / 32,
        "hue": max(sum(pair) for pair in same),
        "hue_least": max(min(pair) for pair in same),
        "hue_swapped": max(crossed) - max(sum(pair) for pair in same),
        "colour_lost": float(
            np.log(np.median(total) + 1) - np.log(np.abs(blue).mean() + np.abs(red).mean() + 1)
        ),
        "seam": float(seams) / 16,
    }


def correlated(plane: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """Correlation of two maps of chroma, near zero where there is hardly any."""
    first, second = plane - plane.mean(), other - other.mean()
    energy = ((first * first).mean() + 4) * ((second * second).mean() + 4)
    return float((first * second).mean() / np.sqrt(energy))


def _seam(plane: NDArray[np.float32], others: Sequence[NDArray[np.float32]]) -> float:
    """The greatest step between two rows of blocks that the most alike picture has not."""
    step = np.diff(plane, axis=0)
    missing = [np.abs(step - np.diff(other, axis=0)).mean(axis=1) for other in others]
    least = np.min(missing, axis=0)
    return float(least.max() - np.median(least))


def _heavy(
    maps: HeavyMaps, others: Sequence[HeavyMaps], lost: Flags | None, best: Blocks
) -> dict[str, float]:
    def over(pick: Callable[[HeavyMaps], Blocks], rest: float) -> NDArray[np.float32]:
        most = np.max([pick(other) for other in others], axis=0).astype(np.float32)
        return np.asarray(np.clip(pick(maps) - 1.2 * most - rest, 0, 1), np.float32)

    torn, split = over(lambda one: one.torn, 0.004), over(lambda one: one.split, 0.004)
    lines, grid = over(lambda one: one.lines, 0.02), over(lambda one: one.grid, 0.02)
    edged = (torn > 0.02) | (split > 0.02)
    most_fine = np.max([other.fine for other in others], axis=0).astype(np.float32)
    fine = np.log((maps.fine + 0.5) / (most_fine + 0.5))
    rows = fine.mean(axis=1)
    changed = grid * np.clip(1 - best, 0, 1)
    features = {
        "torn_new": float(torn.mean()),
        "torn_new_band": float(torn.mean(axis=1).max()),
        "split_new": float(split.mean()),
        "split_new_band": float(split.mean(axis=1).max()),
        "lines_new_band": float(lines.mean(axis=1).max()),
        "steps_new": float(edged.mean()),
        "fine": float(np.median(fine)),
        "fine_band": float(np.abs(rows - np.median(rows)).max()),
        "grid_new": float(grid.mean()),
        "grid_new_most": _most(grid),
        "grid_changed": _most(changed),
        "grid_share": float((grid > 0.1).mean()),
        # Where all of the picture is blocky, some blocks more tell nothing.
        "grid_ratio": _most(grid) / (float(maps.grid.mean()) + 0.02),
        "grid_changed_ratio": _most(changed) / (float(maps.grid.mean()) + 0.02),
        "torn_ratio": _most(torn) / (float(maps.torn.mean()) + 0.01),
        "split_ratio": _most(split) / (float(maps.split.mean()) + 0.01),
    }
    if lost is not None:
        features["steps_lost"] = float((edged & lost).mean())
    return features | _corners(maps.corners, [other.corners for other in others], best)


def _corners(corners: Blocks, others: Sequence[Blocks], best: Blocks) -> dict[str, float]:
    """New corners of macroblocks: the few sharpest, more of them, and where the picture changed."""
    before = [other for other in others if other.shape == corners.shape]
    if not before or not corners.size:
        return {}
    most = np.max(before, axis=0).astype(np.float32)
    new = np.clip(corners - 1.3 * most - 0.02, 0, 1).astype(np.float32)
    rows, columns = (
        np.arange(count) * blocks // count
        for count, blocks in zip(corners.shape, best.shape, strict=True)
    )
    changed = new * np.clip(1 - best[np.ix_(rows, columns)], 0, 1)
    usual = float(corners.astype(np.float32).mean())
    return {
        "corners": _most(new, 4),
        "corners_more": _most(new, 12),
        "corners_ratio": _most(new) / (usual + 0.01),
        "corners_changed": _most(changed),
        "corners_share": float((new > 0.1).mean()),
    }


def _most(values: NDArray[np.float32], count: int = FEW) -> float:
    """The mean of the few greatest values."""
    return float(np.partition(values, -count, axis=None)[-count:].mean())


def shifted(luma: NDArray[np.uint8], other: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Per row of blocks, how much better it agrees with the other picture shifted sideways."""
    planes = [np.stack(differences(one.astype(np.float32))) for one in (luma, other)]
    rows, width = len(luma) // BLOCK, luma.shape[1]
    spectra = [np.fft.rfft(plane, axis=2) for plane in planes]
    product = (spectra[0] * np.conj(spectra[1])).sum(axis=0)
    shared = np.fft.irfft(product.reshape(rows, BLOCK, -1).sum(axis=1), n=width, axis=1)
    energies = [(plane**2).sum(axis=(0, 2)).reshape(rows, BLOCK).sum(axis=1) for plane in planes]
    floor = width * BLOCK * NOISE
    found = shared / np.sqrt((energies[0] + floor) * (energies[1] + floor))[:, None]
    near = np.max(found[:, [0, 1, -1]], axis=1)
    return np.asarray(found[:, 4:-3].max(axis=1) - near, np.float64)
