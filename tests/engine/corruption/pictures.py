"""Pictures of the scene, whole, odd and damaged; the camera that has seen some of them."""

from datetime import timedelta
from functools import cache
from io import BytesIO

import numpy as np
from PIL import Image

from custom_components.timelapser.engine.corruption.analyzer import Analyzer
from custom_components.timelapser.engine.corruption.analyzer_numpy import NumpyAnalyzer
from custom_components.timelapser.engine.corruption.certain import Origin
from custom_components.timelapser.engine.corruption.history import History
from custom_components.timelapser.engine.corruption.judge import Scored, accepted, examine, judge
from custom_components.timelapser.engine.corruption.model import shipped
from custom_components.timelapser.engine.models import Picture
from tests.harness import scene

SIZE = (640, 360)
NUMPY = NumpyAnalyzer()
MINUTE = timedelta(minutes=1) / timedelta(days=1)
NOON = 0.5


@cache
def view(t: float) -> Picture:
    """What a camera shows at a time of day, between 0 and 1."""
    return np.asarray(scene.draw(t, SIZE))


@cache
def seen(t: float = NOON, count: int = 5) -> History:
    """The history of a camera that has taken a picture each minute until shortly before `t`."""
    history = History()
    for number in range(count, 0, -1):
        picture = examine(view(t - number * MINUTE), origin(), NUMPY)
        history = accepted(picture, history, NUMPY)
    return history


def origin(size: tuple[int, int] = SIZE, byte_count: int = 60_000) -> Origin:
    """An image that is what it should be."""
    return Origin(*size, byte_count)


def scored(
    picture: Picture, history: History, analyzer: Analyzer = NUMPY, *, heavy: bool = True
) -> Scored:
    """Judge a picture by the shipped model."""
    examined = examine(picture, origin(), analyzer, heavy=heavy)
    return judge(examined, history, shipped(), analyzer)


def jpeg(picture: Picture, quality: int = 90) -> bytes:
    """The picture as a file."""
    buffer = BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
