"""CPU per ingested image: ours, the obvious way, and the floor below which no decoder gets.

The obvious way decodes the whole picture, makes thumbnails by LANCZOS as optimised progressive
JPEGs, and measures corruption on the full size with OpenCV. The floor is the cheapest decode there
is: grey, an eighth of the size, for which all of the file's entropy coding has to be read.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from io import BytesIO
from pathlib import Path
import sys

if __package__ in (None, ""):  # started by its path
    sys.path.insert(0, str(Path(__file__).parents[1]))

import cv2
import numpy as np
from PIL import Image as Pillow

from benchmarks.report import Figure, compare, parse, report
from custom_components.timelapser.engine.images.ingest import ingest
from custom_components.timelapser.engine.models import Frame
from tests.harness import scene

SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
MOMENT = datetime(2026, 11, 24, 12, tzinfo=UTC)
TIMES = (0.1, 0.3, 0.5, 0.8)
QUALITY = 90


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


def ours(jpeg: bytes) -> object:
    """Ingest, as every capture is ingested."""
    return ingest(Frame(MOMENT, jpeg), QUALITY)


def over(jpegs: list[bytes], way: Callable[[bytes], object]) -> None:
    """Do something with all images."""
    for jpeg in jpegs:
        way(jpeg)


def main() -> None:
    """Measure both sizes; of a quick run only the smaller, as the scene is dear to draw."""
    quick = parse(__doc__)
    cv2.setNumThreads(1)
    figures = {}
    for name, size in [*SIZES.items()][: 1 if quick else None]:
        jpegs = [scene.jpeg(t, size, QUALITY) for t in TIMES[: 1 if quick else None]]
        ways = {way.__name__: partial(over, jpegs, way) for way in (ours, obvious, floor)}
        costs = compare(ways, 2 if quick else 9)
        for way, cost in costs.items():
            figures[f"{name} {way}"] = Figure(cost.cpu / len(jpegs) * 1000, "ms CPU")
        figures[f"{name} cheaper than the obvious way"] = Figure(
            costs["obvious"].cpu / costs["ours"].cpu, "times", 10
        )
        figures[f"{name} over the floor"] = Figure(
            costs["ours"].cpu / costs["floor"].cpu, "times", 4, at_most=True
        )
    report("ingest", figures)


if __name__ == "__main__":
    main()
