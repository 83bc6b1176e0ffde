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
WHOLE: Final = 0.01
"""Pixels up to which the side of a macroblock is a whole number of them."""
NOISE_STEP: Final = 2
GREATEST_STEP: Final = 24
GREATEST_GRID_STEP: Final = 12
STRAIGHT_STEP: Final = 1
"""Less than for any edge: noise changes its sign along a line, and adds up to nothing."""
WITHIN: Final = (-0.5, -0.25, 0.25, 0.5)
"""Lines of a macroblock beside its top, in sides of it, where the codec has no edges."""
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
    corners: Blocks
    """One value per macroblock of the codec, and without any where they cannot be told apart."""


def measure_heavy(
    large: Plane, luma: NDArray[np.uint8], full_width: int, analyzer: Analyzer
) -> tuple[HeavyMaps, dict[str, float]]:
    """Measure the large plane, and the picture itself for where the codec's blocks meet."""
    across, down = differences(large)
    columns, rows = np.abs(across), np.abs(down)
    torn, split = _edges(rows), _edges(columns.T).T
    along, upright = _long_edges(down), _long_edges(across.T).T
    shape = large.shape[0] // BLOCK // 2, large.shape[1] // BLOCK // 2
    grid, corners = grid_maps(luma, full_width, shape, analyzer)
    maps = HeavyMaps(
        fine=analyzer.block_means(rows + columns, BLOCK * 2),
        torn=analyzer.block_means(torn, BLOCK * 2),
        split=analyzer.block_means(np.ascontiguousarray(split), BLOCK * 2),
        lines=analyzer.block_means(np.maximum(along, upright), BLOCK * 2),
        grid=grid,
        corners=corners,
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


def grid_maps(
    luma: NDArray[np.uint8], full_width: int, shape: tuple[int, int], analyzer: Analyzer
) -> tuple[Plane, Plane]:
    """How much sharper edges are where macroblocks meet: per block, and at corners of macroblocks.

    Edges of the scene are as often between as on the codec's lines; what rests is the codec's.
    Nothing where the picture is too small for its macroblocks to be told apart.
    """
    side = MACROBLOCK * luma.shape[1] / full_width
    if side < SMALLEST_MACROBLOCK or min(luma.shape) < 4 * side:
        return np.zeros(shape, np.float32), np.zeros((0, 0), np.float32)
    values = luma.astype(np.int16)
    lying, tops = _on_grid(values, side)
    standing, sides = (cells.T for cells in _on_grid(np.ascontiguousarray(values.T), side))
    rows, columns = (min(sizes) for sizes in zip(lying.shape, standing.shape, strict=True))
    cells = lying[:rows, :columns] + standing[:rows, :columns]
    levels = np.clip(cells * 127.5, 0, 255).astype(np.uint8)
    return analyzer.scaled(levels, *shape).astype(np.float32) / 127.5, _corners(tops, sides)


def _on_grid(luma: NDArray[np.int16], side: float) -> tuple[Plane, Plane]:
    """Per macroblock, the edge along its top over those within, from 0 to 1.

    The first counts all sharp steps along it over those through its middle; the second only what
    does not change its sign on the way, over the lines at a quarter, the half and three quarters.
    """
    height, width = luma.shape
    tops = np.arange(1, int((height - 2) / side) + 1) * side
    tops = tops[tops < height - 2]
    ends = np.rint(np.arange(int(width / side + 1e-6) + 1) * side).astype(np.intp)
    step = luma[1:] - luma[:-1]
    size = np.abs(step)
    over = np.zeros_like(luma)
    over[2:-1] = size[1:-1] - np.maximum(size[:-2], size[2:])
    sharp = np.clip(over - NOISE_STEP, 0, GREATEST_GRID_STEP)
    edges = (_at(tops, sharp, side) - _at(tops - side / 2, sharp, side)).astype(np.float32)
    signed = np.clip(over - STRAIGHT_STEP, 0, GREATEST_GRID_STEP)
    signed[1:] *= np.sign(step)
    lines = np.abs(np.add.reduceat(signed[:, : ends[-1]], ends[:-1], axis=1))
    within = np.max([_at(tops + side * part, lines, side) for part in WITHIN], axis=0)
    cells = np.add.reduceat(edges[:, : ends[-1]], ends[:-1], axis=1)
    straight = _at(tops, lines, side) - within
    most = side * GREATEST_GRID_STEP
    return (
        np.asarray(np.clip(cells / most, 0, 1), np.float32),
        np.asarray(np.clip(straight / most, 0, 1), np.float32),
    )


def _at(places: NDArray[np.float64], rows: NDArray[np.int16], side: float) -> NDArray[np.int16]:
    """The rows at some places; where these lie between two, the greater with their neighbours."""
    at = np.clip(np.rint(places).astype(np.intp), 1, len(rows) - 2)
    if abs(side - round(side)) < WHOLE:
        return np.asarray(rows[at], np.int16)
    around = np.maximum(rows[at - 1], rows[at + 1])
    return np.asarray(np.maximum(rows[at], around), np.int16)


def _corners(tops: Plane, sides: Plane) -> Plane:
    """Per macroblock, the lesser of its sharpest edges lying and standing.

    Lines of the scene are straight, and what moves is round: hardly anything but the codec draws
    both. The edges lie between macroblocks.
    """
    rows, columns = len(tops) + 1, sides.shape[1] + 1
    lying, standing = (np.zeros((rows + 1, columns + 1), np.float32) for _ in range(2))
    width, height = min(columns, tops.shape[1]), min(rows, len(sides))
    lying[1:rows, :width] = tops[:, :width]
    standing[:height, 1:columns] = sides[:height]
    across = np.maximum(lying[:-1, :-1], lying[1:, :-1])
    down = np.maximum(standing[:-1, :-1], standing[:-1, 1:])
    return np.asarray(np.minimum(across, down), np.float32)
