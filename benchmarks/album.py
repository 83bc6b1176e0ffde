"""Pictures of a day for benchmarks of videos, each with its number to be read back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from custom_components.timelapser.engine.images.files import Storage
from custom_components.timelapser.engine.models.render import RenderImage
from tests.harness import scene

BEGIN: Final = datetime(2026, 5, 1, 4, tzinfo=UTC)
SEED: Final = 7
QUALITY: Final = 88
BASES: Final = 7
BITS: Final = 16

type Pixels = NDArray[np.uint8]


def pictures(size: tuple[int, int], count: int) -> Iterator[Pixels]:
    """Draw the pictures: few are drawn as scenes, those between are blends of two."""
    random = np.random.default_rng(SEED)
    width, height = size
    bases = [
        cv2.cvtColor(np.asarray(scene.draw(0.3 + 0.4 * base / BASES, size)), cv2.COLOR_RGB2BGR)
        for base in range(BASES + 1)
    ]
    noise = random.normal(0, 3, (height * 2, width, 3)).astype(np.float32)
    for number in range(count):
        base, part = divmod(number * BASES / count, 1)
        flicker = 1 + random.normal(0, 0.012)
        picture = cv2.addWeighted(
            bases[int(base)], (1 - part) * flicker, bases[int(base) + 1], part * flicker, 0
        )
        top = int(random.integers(height))
        shown = np.asarray(cv2.add(picture, noise[top : top + height], dtype=cv2.CV_8U), np.uint8)
        _write_number(shown, number)
        yield shown


def _write_number(picture: Pixels, number: int) -> None:
    for bit, (rows, columns) in enumerate(_squares(picture.shape[1])):
        picture[rows, columns] = 235 if number >> bit & 1 else 16


def _squares(width: int) -> Iterator[tuple[slice, slice]]:
    side = width // (2 * BITS)
    for bit in range(BITS):
        yield slice(side // 2, side // 2 + side), slice(bit * side, (bit + 1) * side)


def numbers(video: Path) -> list[int]:
    """Read the numbers of the pictures back from a video."""
    found = []
    with av.open(video) as container:
        container.streams.video[0].thread_type = "AUTO"
        for frame in container.decode(video=0):
            luma = frame.to_ndarray(format="gray")
            squares = [luma[square].mean() > 125 for square in _squares(luma.shape[1])]
            found.append(sum(int(white) << bit for bit, white in enumerate(squares)))
    return found


class Album:
    """Images on disk, as a timelapse has them."""

    def __init__(self, root: Path, folder: str, size: tuple[int, int], count: int) -> None:
        self.storage = Storage(root)
        self._folder = folder
        self._size = size
        self.paths = [self._path(number) for number in range(count)]

    def draw(self) -> None:
        """Write the images that are not there."""
        if all(path.exists() for path in self.paths):
            return
        quality = [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
        for picture, path in zip(pictures(self._size, len(self.paths)), self.paths, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            cv2.imwrite(str(path), picture, quality)

    def images(self, timelapse_id: int) -> list[RenderImage]:
        """Answer the rows of the images."""
        return [
            RenderImage(
                number + 1,
                timelapse_id,
                self._folder,
                number,
                self._moment(number),
                *self._size,
                path.stat().st_size,
            )
            for number, path in enumerate(self.paths)
        ]

    def _path(self, number: int) -> Path:
        return self.storage.image_path(self._folder, self._moment(number), quarantined=False)

    def _moment(self, number: int) -> datetime:
        return BEGIN + timedelta(seconds=20 * number)
