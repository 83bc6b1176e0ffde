"""CPU per ingested image: ours, the obvious way, and the floor below which no decoder gets.

The obvious way decodes the whole picture, makes thumbnails by LANCZOS as optimised progressive
JPEGs, and measures corruption on the full size with OpenCV. The floor is the cheapest decode there
is: grey, an eighth of the size, for which all of the file's entropy coding has to be read.

Ours is measured twice: with TurboJPEG, where it is installed, and with Pillow alone. Memory is what
the process has after a tenth of many images and after all of them.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from itertools import cycle, islice
import os
from pathlib import Path
import sys

if __package__ in (None, ""):  # started by its path
    sys.path.insert(0, str(Path(__file__).parents[1]))

import cv2
import numpy as np
from PIL import Image as Pillow

from benchmarks.process_usage import MEGABYTE, Usage
from benchmarks.report import Cost, Figure, compare, parse, report
from custom_components.timelapser.engine.images.ingest import ingest
from custom_components.timelapser.engine.images.turbo import Turbo, turbojpeg
from custom_components.timelapser.engine.models import Frame
from tests.harness import scene

SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
TIMES = (0.1, 0.3, 0.5, 0.8)
QUALITY = 90
FLAT = 2
"""Megabytes by which the process may differ: what Python itself sets aside and gives back."""


def obvious(jpeg: bytes) -> object:
    """What a straightforward program does with a new image."""
    picture = Pillow.open(BytesIO(jpeg)).convert("RGB")
    for size, quality in (((200, 150), 70), ((800, 600), 80)):
        small = picture.copy()
        small.thumbnail(size, Pillow.Resampling.LANCZOS)
        small.save(BytesIO(), "JPEG", quality=quality, optimize=True, progressive=True)
    decoded = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert decoded is not None
    grey = cv2.cvtColor(decoded, cv2.COLOR_BGR2GRAY)
    saturation = cv2.cvtColor(decoded, cv2.COLOR_BGR2HSV)[:, :, 1]
    return (
        grey.mean(),
        grey.var(),
        cv2.Laplacian(grey, cv2.CV_64F).var(),
        cv2.Canny(grey, 50, 150).mean(),
        cv2.magnitude(cv2.Sobel(grey, cv2.CV_64F, 1, 0), cv2.Sobel(grey, cv2.CV_64F, 0, 1)).mean(),
        cv2.calcHist([grey], [0], None, [256], [0, 256]),
        saturation.mean(),
        decoded.var(axis=(0, 1)).sum(),
    )


def floor(jpeg: bytes) -> object:
    """Read the file's entropy coding, and next to nothing else."""
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_REDUCED_GRAYSCALE_8)


def no_turbojpeg() -> None:
    """What is loaded where the library is not installed."""


def ours(jpeg: bytes, load: Callable[[], Turbo | None] = turbojpeg) -> object:
    """Ingest, as every capture is ingested."""
    return ingest(Frame(MOMENT, jpeg), QUALITY, load)


WAYS: dict[str, Callable[[bytes], object]] = {
    "Pillow": partial(ours, load=no_turbojpeg),
    "obvious way": obvious,
    "floor": floor,
}
if turbojpeg() is not None:
    WAYS = {"TurboJPEG": ours, **WAYS}
GOALS = {"TurboJPEG": 2.5, "Pillow": 4}


def over(jpegs: list[bytes], way: Callable[[bytes], object]) -> None:
    """Do something with all images."""
    for jpeg in jpegs:
        way(jpeg)


def ratios(size: str, costs: dict[str, Cost]) -> dict[str, Figure]:
    """Set ours beside the floor and the obvious way."""
    figures = {}
    for name in [name for name in GOALS if name in costs]:
        over_floor = costs[name].cpu / costs["floor"].cpu
        cheaper = costs["obvious way"].cpu / costs[name].cpu
        figures[f"{size} {name} over the floor"] = Figure(
            over_floor, "times", GOALS[name], at_most=True
        )
        figures[f"{size} {name} below the obvious way"] = Figure(cheaper, "times", 10)
    return figures


def memory(jpegs: list[bytes], count: int) -> dict[str, Figure]:
    """Ingest many images, and see whether the process grows by it."""
    images = cycle(jpegs)
    few = count // 10
    resident = []
    for part in (few, count - few):
        over([*islice(images, part)], ours)
        resident.append(Usage.of(os.getpid()).rss / MEGABYTE)
    return {
        f"memory after {few} images": Figure(resident[0], "MB"),
        f"memory after {count} images": Figure(resident[1], "MB"),
        "grown in between": Figure(resident[1] - resident[0], "MB", FLAT, at_most=True),
    }


def main() -> None:
    """Measure both sizes; of a quick run only the smaller, as the scene is dear to draw."""
    quick = parse(__doc__)
    cv2.setNumThreads(1)
    times = TIMES[: 1 if quick else None]
    jpegs = [scene.jpeg(t, SIZES["1080p"], QUALITY) for t in times]
    # Before the obvious way leaves behind room in which ours could grow unseen.
    figures = memory(jpegs, 100 if quick else 10_000)
    for name, size in [*SIZES.items()][: 1 if quick else None]:
        jpegs = [scene.jpeg(t, size, QUALITY) for t in times]
        ways = {title: partial(over, jpegs, way) for title, way in WAYS.items()}
        costs = compare(ways, 2 if quick else 9)
        for title, cost in costs.items():
            figures[f"{name} {title}"] = Figure(cost.cpu / len(jpegs) * 1000, "ms CPU")
        figures |= ratios(name, costs)
    report("ingest", figures)


if __name__ == "__main__":
    main()
