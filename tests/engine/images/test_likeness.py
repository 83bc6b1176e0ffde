"""Hashes of pictures are near where the pictures are alike, and far where they are not."""

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
from PIL import Image as Pillow
from PIL import ImageEnhance
import pytest

from custom_components.timelapser.engine.images.ingest import ingest
from custom_components.timelapser.engine.images.likeness import distance, perceptual_hash
from custom_components.timelapser.engine.models import Frame
from tests.harness import scene

from .jpegs import MOMENT, encoded

TOWN = scene.draw(0.4, (960, 540))
BITS = st.integers(0, 2**64 - 1)


def hashed(picture: Pillow.Image) -> int:
    found = ingest(Frame(MOMENT, encoded(picture)), 90).phash
    assert found is not None
    return found


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(TOWN.resize((480, 270)), id="smaller"),
        pytest.param(ImageEnhance.Brightness(TOWN).enhance(0.7), id="darker"),
        pytest.param(ImageEnhance.Contrast(TOWN).enhance(0.8), id="flatter"),
        pytest.param(TOWN.convert("L"), id="grey"),
        pytest.param(scene.draw(0.4005, (960, 540)), id="a minute later"),
    ],
)
def test_alike(other: Pillow.Image) -> None:
    assert distance(hashed(TOWN), hashed(other)) <= 6


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(TOWN.transpose(Pillow.Transpose.FLIP_TOP_BOTTOM), id="upside down"),
        pytest.param(TOWN.transpose(Pillow.Transpose.FLIP_LEFT_RIGHT), id="mirrored"),
        pytest.param(
            Pillow.fromarray(np.random.default_rng(3).integers(0, 256, (54, 96, 3), np.uint8)),
            id="noise",
        ),
    ],
)
def test_unlike(other: Pillow.Image) -> None:
    assert distance(hashed(TOWN), hashed(other)) >= 18


def test_frequencies_stand_in_their_order() -> None:
    """From bright at the left to dark at the right: the mean, then the slowest wave across."""
    ramp = np.tile(np.linspace(255, 0, 100).astype(np.uint8), (50, 1))
    found = perceptual_hash(ramp)
    assert 0 <= found < 2**64
    assert found >> 62 == 0b11
    assert perceptual_hash(ramp[:, ::-1]) >> 62 == 0b10


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), (32, 32), (500, 900)], ids=str)
def test_any_size(shape: tuple[int, int]) -> None:
    assert 0 <= perceptual_hash(np.full(shape, 77, np.uint8)) < 2**64


@given(BITS, BITS, BITS)
def test_distance(one: int, other: int, third: int) -> None:
    assert distance(one, other) == distance(other, one) == f"{one ^ other:b}".count("1")
    assert (distance(one, other) == 0) == (one == other)
    assert distance(one, third) <= distance(one, other) + distance(other, third)
