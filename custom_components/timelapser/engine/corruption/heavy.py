"""The heavy checks of one picture: edges of blocks and of torn rows, fine detail, noise."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .analyzer import BLOCK, Analyzer, Blocks, Plane
from .features import differences

MACROBLOCK: Final = 16
"""Side of the blocks of H.264 and of MPEG-4; those of H.265 and JPEG meet the same lines."""
SMALLEST_MACROBLOCK: Final = 4.0
"""Pixels that a macroblock needs in the picture at hand, or its edges are no longer apart."""
NOISE_STEP: Final = 2
GREATEST_STEP: Final = 24
GREATEST_GRID_STEP: Final = 12
REACH: Final = 16
"""Columns to both sides over which a long edge keeps its sign."""


@dataclass(frozen=True, slots=True)
class HeavyMaps:
    """Values per block: fine detail in levels; the others from 0, without edges, to about 1."""

    fine: Blocks
    torn: Blocks
    split: Blocks
    lines: Blocks
    grid: Blocks


def measure_heavy(
    large: Plane, luma: NDArray[np.uint8], full_width: int, analyzer: Analyzer
) -> tuple[HeavyMaps, dict[str, float]]:
    """Measure the large plane, and the picture itself for where the codec's blocks meet."""
    across, down = differences(large)
    columns, rows = np.abs(across), np.abs(down)
    torn, split = _edges(rows), _edges(columns.T).T
    along, upright = _long_edges(down), _long_edges(across.T).T
    shape = large.shape[0] // BLOCK // 2, large.shape[1] // BLOCK // 2
    maps = HeavyMaps(
        fine=analyzer.block_means(rows + columns, BLOCK * 2),
        torn=analyzer.block_means(torn, BLOCK * 2),
        split=analyzer.block_means(np.ascontiguousarray(split), BLOCK * 2),
        lines=analyzer.block_means(np.maximum(along, upright), BLOCK * 2),
        grid=grid_map(luma, full_width, shape, analyzer),
    )
    bend = np.abs(large[1:-1, 2:] - 2 * large[1:-1, 1:-1] + large[1:-1, :-2]).mean()
    second = np.abs(large[2:] - large[:-2]).mean()
    return maps, {
        "comb": float((rows[1:].mean() + 0.2) / (second + 0.2)),
        "grain": float(bend / (columns.mean() + 0.3)) / 2,
        "split": float(split.mean(axis=0).max()),
        "steps": float(maps.torn.mean() + maps.split.mean()),
        "line_long": float((along > 0.3).mean(axis=1).max()),
        "upright_long": float((upright > 0.3).mean(axis=0).max()),
        "still": float(((rows == 0) & (columns == 0)).mean()),
        "sharp": float(maps.fine.mean()) / 32,
        "grid": float(maps.grid.mean()),
    }


def _edges(rows: Plane) -> Plane:
    """Steps between rows that stand alone, and along which the neighbours agree.

    A lens spreads an edge over some pixels; one between blocks or torn rows is sharp.
    """
    alone = rows[1:-1] - np.maximum(rows[:-2], rows[2:]) - NOISE_STEP
    alone = np.clip(alone, 0, GREATEST_STEP) / GREATEST_STEP
    found = np.zeros_like(rows)
    both = np.minimum(alone[:, :-4], alone[:, 4:])
    found[1:-1, 2:-2] = np.minimum(both, alone[:, 2:-2])
    return found


def _long_edges(down: Plane) -> Plane:
    """How far a step between rows stands alone and keeps its sign, from 0 to 1."""
    size = np.abs(down)
    alone = np.zeros_like(down)
    alone[1:-1] = size[1:-1] - np.maximum(size[:-2], size[2:])
    total = np.cumsum(np.sign(down) * np.clip(alone, 0, 8), axis=1)
    found = np.zeros_like(down)
    ends = total[:, 2 * REACH :] - total[:, : -2 * REACH]
    found[:, REACH:-REACH] = np.abs(ends) / (8 * 2 * REACH)
    return found


def grid_map(
    luma: NDArray[np.uint8], full_width: int, shape: tuple[int, int], analyzer: Analyzer
) -> Plane:
    """How much sharper edges are where macroblocks meet than halfway between, per block.

    Edges of the scene are as often here as there; what rests is the codec's. Zero where the
    picture is too small for its macroblocks to be told apart.
    """
    side = MACROBLOCK * luma.shape[1] / full_width
    if side < SMALLEST_MACROBLOCK or min(luma.shape) < 4 * side:
        return np.zeros(shape, np.float32)
    values = luma.astype(np.int16)
    lying = _on_grid(values, side)
    standing = _on_grid(np.ascontiguousarray(values.T), side).T
    rows, columns = (min(sizes) for sizes in zip(lying.shape, standing.shape, strict=True))
    cells = lying[:rows, :columns] + standing[:rows, :columns]
    levels = np.clip(cells * 127.5, 0, 255).astype(np.uint8)
    return analyzer.scaled(levels, *shape).astype(np.float32) / 127.5


def _on_grid(luma: NDArray[np.int16], side: float) -> Plane:
    """Per macroblock, the edge along its top over that through its middle, from -1 to 1."""
    height, width = luma.shape
    step = np.abs(luma[1:] - luma[:-1])
    alone = np.zeros_like(luma)
    around = np.maximum(step[:-2], step[2:])
    alone[2:-1] = np.clip(step[1:-1] - around - NOISE_STEP, 0, GREATEST_GRID_STEP)
    whole = abs(side - round(side)) < 0.01

    def edges(places: NDArray[np.float64]) -> NDArray[np.int16]:
        at = np.rint(places).astype(np.intp)
        if whole:
            return np.asarray(alone[at], np.int16)
        around = np.maximum(alone[at - 1], alone[at + 1])
        return np.asarray(np.maximum(alone[at], around), np.int16)

    tops = np.arange(1, int((height - 2) / side) + 1) * side
    tops = tops[tops < height - 2]
    over = (edges(tops) - edges(tops - side / 2)).astype(np.float32)
    ends = np.rint(np.arange(int(width / side + 1e-6) + 1) * side).astype(np.intp)
    total = np.cumsum(np.pad(over, ((0, 0), (1, 0))), axis=1)
    cells = (total[:, ends[1:]] - total[:, ends[:-1]]) / (side * GREATEST_GRID_STEP)
    return np.asarray(np.clip(cells, 0, 1), np.float32)
