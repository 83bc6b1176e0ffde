"""Tests for the generated scene."""

from fractions import Fraction
import io
from pathlib import Path

import av
import numpy as np
from PIL import Image
import pytest

from . import scene

SIZE = (640, 360)


def difference(one: Image.Image, other: Image.Image) -> float:
    return float(np.abs(np.asarray(one, int) - np.asarray(other, int)).mean())


def brightness(t: float) -> float:
    return float(np.asarray(scene.draw(t, SIZE).convert("L")).mean())


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (320, 240), (200, 200)])
def test_has_the_size_asked_for(size: tuple[int, int]) -> None:
    assert scene.draw(0.4, size).size == size


def test_follows_from_the_time_alone() -> None:
    first = scene.draw(0.37, SIZE)
    scene.draw(0.9, SIZE)
    assert first.tobytes() == scene.draw(0.37, SIZE).tobytes()
    assert first.tobytes() == scene.draw(1.37, SIZE).tobytes()


def test_changes_little_from_frame_to_frame() -> None:
    step = 1 / 1000
    changes = [
        difference(scene.draw(t, SIZE), scene.draw(t + step, SIZE))
        for t in np.linspace(0, 1, 21) - step / 2
    ]
    assert max(changes) < 8


def test_is_dark_at_night_but_never_black() -> None:
    assert 15 < brightness(0.0) < brightness(0.25) < brightness(0.5)


def test_jpeg_is_the_scene() -> None:
    picture = Image.open(io.BytesIO(scene.jpeg(0.5, SIZE)))
    assert (picture.format, picture.size) == ("JPEG", SIZE)
    assert difference(picture, scene.draw(0.5, SIZE)) < 6


@pytest.mark.parametrize(("codec", "name"), [("h264", "h264"), ("h265", "hevc")])
def test_clip_is_a_day_with_regular_keyframes(
    tmp_path: Path, codec: scene.Codec, name: str
) -> None:
    file = tmp_path / "day.mp4"
    scene.clip(file, codec=codec, size=(320, 180), seconds=2, fps=10, gop_seconds=0.5)
    with av.open(str(file)) as container:
        stream = container.streams.video[0]
        context, rate = stream.codec_context, stream.average_rate
        frames = list(container.decode(stream))
    assert (context.name, context.pix_fmt) == (name, "yuv420p")
    assert rate == Fraction(10)
    assert [i for i, frame in enumerate(frames) if frame.key_frame] == [0, 5, 10, 15]
    night, noon = (frames[i].to_ndarray(format="gray").mean() for i in (0, 10))
    assert len(frames) == 20
    assert noon > night + 50
