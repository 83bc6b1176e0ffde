"""Grids and pairs as their videos show them, read back from the frames."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.errors import NoImagesError
from custom_components.timelapser.engine.models import Timelapse
from custom_components.timelapser.engine.models.render import Looks, RenderImage, RenderPlan
from custom_components.timelapser.engine.videos.grid import Box, at_once, boxes, with_columns
from tests.engine.videos.numbered import BITS, SIZE, jpeg, numbered
from tests.engine.videos.rendering import Studio, image_of, plan_of


def put(studio: Studio, timelapse: Timelapse, seq: int, number: int) -> RenderImage:
    """Put an image on the disk that shows a number."""
    return put_jpeg(studio, timelapse, seq, jpeg(numbered(number)))


def put_jpeg(
    studio: Studio, timelapse: Timelapse, seq: int, content: bytes, luma: float | None = None
) -> RenderImage:
    image = image_of(timelapse, seq, content, luma)
    path = studio.path(image)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return replace(image, id=1000 * timelapse.id + seq)


async def two_cameras(studio: Studio, count: int) -> tuple[list[RenderImage], list[RenderImage]]:
    """Images of the same moments; the first camera shows 1, 2, 3, the second 101, 102, 103."""
    other = await studio.engine.timelapse("cam2")
    leading = [put(studio, studio.timelapse, seq, 1 + seq) for seq in range(count)]
    return leading, [put(studio, other, seq, 101 + seq) for seq in range(count)]


def grid_plan(leading: list[RenderImage], *others: Sequence[RenderImage | None]) -> RenderPlan:
    pictures = 1 + len(others)
    width, height = SIZE[0] * 2, SIZE[1] * (1 if pictures == 2 else 2)
    encoding = replace(plan_of([]).encoding, width=width, height=height)
    plan = plan_of(leading, encoding=encoding)
    return replace(plan, shots=with_columns(plan.shots, others))


def shown(video: Path, pictures: int = 2) -> list[list[int]]:
    """The numbers that the tiles of each frame show; 0 where a tile is dark."""
    with av.open(video) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    height, width = frames[0].shape
    places = boxes(pictures, (width, height))
    return [[_number(frame, box) for box in places] for frame in frames]


def _number(luma: np.ndarray[Any, Any], box: Box) -> int:
    left, top, right, bottom = box
    row = luma[(top + bottom) // 2, left:right]
    middles = [row[len(row) * (2 * bit + 1) // (2 * BITS)] for bit in range(BITS)]
    return sum(int(value > 125) << bit for bit, value in enumerate(middles))


async def test_video_of_two_cameras(studio: Studio) -> None:
    leading, other = await two_cameras(studio, 104)
    plan = grid_plan(leading[:102], at_once(leading[:102], other[:60]))
    rendered = await studio.render(plan)
    # The second camera ends; its last image is shown for three more intervals.
    expected = [[1 + n, 101 + min(n, 59) if n < 63 else 0] for n in range(102)]
    assert shown(studio.output) == expected
    assert rendered.left_out == {}
    assert (rendered.file.width, rendered.file.height) == (SIZE[0] * 2, SIZE[1])
    # What stood still is there already; the open chunk has two more.
    longer = grid_plan(leading, at_once(leading, other[:60]))
    rendered = await studio.render(longer)
    assert rendered.frames_from_cache >= 100
    assert len(shown(studio.output)) == 104
    # Another companion makes other pixels.
    rendered = await studio.render(grid_plan(leading[:90], at_once(leading[:90], other)))
    assert rendered.frames_from_cache < 90
    assert shown(studio.output)[80] == [81, 181]
    assert studio.leftovers() == []


async def test_video_of_two_dates(studio: Studio) -> None:
    """The same camera on both sides, and cards and ramps among the frames."""
    images = [put(studio, studio.timelapse, seq, 1 + seq) for seq in range(20)]
    plan = grid_plan(images[:10], images[10:])
    repeated = [replace(shot, repeat=1 + n % 2) for n, shot in enumerate(plan.shots)]
    await studio.render(replace(plan, shots=tuple(repeated)))
    assert shown(studio.output) == [[1 + n, 11 + n] for n in range(10) for _ in range(1 + n % 2)]


async def test_deflicker_works_on_each_camera_by_itself(studio: Studio) -> None:
    """The first camera flickers, the second one is even, and as dark as it is."""
    other = await studio.engine.timelapse("cam2")
    flickering = [grey(studio, studio.timelapse, seq, 100 + 20 * (seq % 2)) for seq in range(20)]
    steady = [grey(studio, other, seq, 60) for seq in range(20)]
    plan = grid_plan(flickering, steady)
    spans = []
    for deflicker in (False, True):
        await studio.render(replace(plan, looks=Looks(deflicker)))
        left, right = middles(studio.output)
        # In limited range, 60 of 255 is 68.
        assert all(abs(value - 68) <= 2 for value in right)
        spans.append(max(left[2:-2]) - min(left[2:-2]))
    assert spans[0] >= 15
    assert spans[1] <= 5


def grey(studio: Studio, timelapse: Timelapse, seq: int, luma: int) -> RenderImage:
    return put_jpeg(studio, timelapse, seq, jpeg(Pillow.new("L", SIZE, luma)), luma)


def middles(video: Path) -> tuple[list[int], list[int]]:
    """The luma in the middle of both halves, frame by frame."""
    with av.open(video) as container:
        planes = [frame.to_ndarray()[: frame.height] for frame in container.decode(video=0)]
    height, width = planes[0].shape
    left, right = ([int(y[height // 2, x]) for y in planes] for x in (width // 4, width * 3 // 4))
    return left, right


async def test_four_tiles(studio: Studio) -> None:
    images = [put(studio, studio.timelapse, seq, 1 + seq) for seq in range(12)]
    await studio.render(grid_plan(images[:3], images[3:6], [None] * 3, images[9:]))
    assert shown(studio.output, 4) == [[1 + n, 4 + n, 0, 10 + n] for n in range(3)]


@pytest.mark.parametrize("content", [None, b"", b"no picture at all"], ids=str)
async def test_unreadable_tiles_are_dark_and_noted(studio: Studio, content: bytes | None) -> None:
    leading, other = await two_cameras(studio, 6)
    for image in (leading[1], other[1], leading[2], other[4]):
        if content is None:
            studio.path(image).unlink()
        else:
            studio.path(image).write_bytes(content)
    rendered = await studio.render(grid_plan(leading, other))
    # A frame only goes where nothing is left of it.
    assert shown(studio.output) == [[1, 101], [0, 103], [4, 104], [5, 0], [6, 106]]
    assert sum(rendered.left_out.values()) == 4
    assert rendered.file.frames == 5


async def test_nothing_to_show(studio: Studio) -> None:
    leading, other = await two_cameras(studio, 2)
    for image in leading + other:
        studio.path(image).unlink()
    with pytest.raises(NoImagesError):
        await studio.render(grid_plan(leading, other))
    assert studio.leftovers() == []
