"""What needs no model: broken files, decoders that complain, pictures of nothing."""

from dataclasses import replace

import numpy as np
import pytest

from custom_components.timelapser.engine.corruption.certain import (
    Origin,
    Reason,
    certain_of_file,
)
from custom_components.timelapser.engine.corruption.history import History
from custom_components.timelapser.engine.corruption.judge import accepted, examine, judge
from custom_components.timelapser.engine.corruption.model import shipped
from custom_components.timelapser.engine.images.ingest import opened

from .pictures import NUMPY, SIZE, jpeg, origin, seen, view

WIDTH, HEIGHT = SIZE


def solid(*colour: int) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


@pytest.mark.parametrize(
    ("image", "reasons"),
    [
        (Origin(640, 360, 60_000), ()),
        (Origin(640, 360, 60_000, truncated=True), (Reason.TRUNCATED,)),
        (Origin(640, 360, 60_000, decoder_errors=True), (Reason.DECODER_ERRORS,)),
        (Origin(640, 360, 800), (Reason.TINY_FILE,)),
        (Origin(640, 90, 60_000), (Reason.TINY_PICTURE,)),
        (Origin(0, 0, 10, readable=False, truncated=True), (Reason.UNREADABLE,)),
    ],
)
def test_files(image: Origin, reasons: tuple[Reason, ...]) -> None:
    assert certain_of_file(image) == reasons


@pytest.mark.parametrize(
    ("colour", "reason", "lowest", "highest"),
    [
        pytest.param((128, 128, 128), Reason.UNIFORM, 0, 39, id="grey"),
        pytest.param((0, 135, 0), Reason.UNIFORM, 0, 39, id="green"),
        pytest.param((255, 255, 255), Reason.WHITE, 0, 39, id="white"),
        # A lens in the dark is worth a look, not a quarantine.
        pytest.param((0, 0, 0), Reason.BLACK, 0, 69, id="black"),
    ],
)
@pytest.mark.parametrize("history", [History(), seen()], ids=["new", "known"])
def test_one_colour(
    colour: tuple[int, int, int], reason: Reason, lowest: int, highest: int, history: History
) -> None:
    found = judge(examine(solid(*colour), origin(), NUMPY), history, shipped(), NUMPY)
    assert found.certain
    assert found.findings[0].reason is reason
    assert lowest <= found.score <= highest


def test_black_in_the_dark_is_no_quarantine() -> None:
    history = History()
    for _ in range(3):
        history = accepted(examine(solid(0, 0, 0), origin(), NUMPY), history, NUMPY)
    found = judge(examine(solid(0, 0, 0), origin(), NUMPY), history, shipped(), NUMPY)
    assert 40 <= found.score < 70
    assert not found.frozen


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.95])
def test_cut_files(kept: float) -> None:
    whole = jpeg(view(0.5))
    picture, image = opened(whole[: int(len(whole) * kept)])
    assert image.truncated
    assert picture is not None
    found = judge(examine(picture, image, NUMPY), seen(), shipped(), NUMPY)
    assert found.findings[0].reason is Reason.TRUNCATED
    assert found.score <= 10


@pytest.mark.parametrize(
    "data", [b"", b"no picture", jpeg(view(0.5))[:200], b"\xff\xd8\xff\xd9"], ids=len
)
def test_unreadable_files(data: bytes) -> None:
    picture, image = opened(data)
    found = judge(examine(picture, image, NUMPY), seen(), shipped(), NUMPY)
    assert found.score <= 10
    assert found.certain


def test_whole_files() -> None:
    whole = jpeg(view(0.5))
    for data in (whole, whole + bytes(1000)):
        picture, image = opened(data)
        assert picture is not None
        assert picture.shape == (HEIGHT, WIDTH, 3)
        assert image == Origin(WIDTH, HEIGHT, len(data))


def test_another_size() -> None:
    found = judge(examine(view(0.5), origin((1280, 720)), NUMPY), seen(), shipped(), NUMPY)
    assert found.findings[0].reason is Reason.SIZE_CHANGED
    assert 40 <= found.score < 70


def test_broken_jpeg_of_a_camera_that_sends_whole_ones() -> None:
    broken = replace(origin(), jpeg_errors=True)
    found = judge(examine(view(0.5), broken, NUMPY), seen(), shipped(), NUMPY)
    assert found.findings[0].reason is Reason.JPEG_ERRORS
    assert found.score <= 15
    # Another one may be broken as well: then it is how the camera is.
    assert not found.certain


def test_broken_jpeg_that_is_a_cameras_first_is_no_quarantine() -> None:
    broken = replace(origin(), jpeg_errors=True)
    found = judge(examine(view(0.5), broken, NUMPY), History(), shipped(), NUMPY)
    assert found.findings[0].reason is Reason.JPEG_ERRORS
    assert 40 <= found.score < 70


def test_broken_jpeg_of_a_camera_that_sends_no_others() -> None:
    broken = examine(view(0.5), replace(origin(), jpeg_errors=True), NUMPY)
    found = judge(broken, accepted(broken, seen(), NUMPY), shipped(), NUMPY)
    assert Reason.JPEG_ERRORS not in {finding.reason for finding in found.findings}
    assert found.score >= 70
