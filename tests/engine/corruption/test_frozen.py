"""Cameras that show the same picture again and again, and those that only seem to."""

from datetime import timedelta

import numpy as np
from numpy.typing import NDArray
import pytest

from custom_components.timelapser.engine.corruption.frozen import FrozenWatch
from tests.engine.conftest import BEGIN

MINUTE = timedelta(minutes=1)

type Luma = NDArray[np.uint8]


def scene(seed: int = 0, size: tuple[int, int] = (75, 100)) -> Luma:
    return np.random.default_rng(seed).integers(20, 230, size).astype(np.uint8)


def with_noise(luma: Luma, share: float, seed: int = 1) -> Luma:
    """So many of the pixels differ by one."""
    generator = np.random.default_rng(seed)
    return luma + (generator.random(luma.shape) < share).astype(np.uint8)


def flat(level: int, noise: int = 0) -> Luma:
    return level + np.random.default_rng(7).integers(0, noise + 1, (75, 100)).astype(np.uint8)


def since(*pictures: Luma) -> int | None:
    """The number of the picture since which nothing has changed."""
    watch = FrozenWatch()
    for number, picture in enumerate(pictures):
        watch.see(picture, BEGIN + number * MINUTE)
    return None if watch.since is None else (watch.since - BEGIN) // MINUTE


A, B = scene(1), scene(2)


@pytest.mark.parametrize(
    ("pictures", "expected"),
    [
        pytest.param([], None, id="nothing yet"),
        pytest.param([A], None, id="one"),
        pytest.param([A, A], 0, id="identical"),
        pytest.param([A, A, A, A], 0, id="identical for long"),
        pytest.param([A, with_noise(A, 0.01)], 0, id="nearly identical"),
        pytest.param([A, with_noise(A, 0.05)], None, id="noise of a sensor"),
        pytest.param([A, B], None, id="another"),
        pytest.param([A, A, B], None, id="changed"),
        pytest.param([A, A, B, A], None, id="changes back"),
        pytest.param([A, A, B, A, A], 3, id="frozen again, from then on"),
        pytest.param([A, B, B], 1, id="frozen later"),
        pytest.param([A, A.T.copy()], None, id="another size"),
        pytest.param([A, A, A.T.copy(), A.T.copy()], 2, id="frozen at another size"),
        pytest.param([flat(0)] * 3, None, id="black"),
        pytest.param([flat(4, noise=3)] * 3, None, id="night"),
        pytest.param([flat(255)] * 3, None, id="white"),
        pytest.param([A, A, flat(0), A, A], 3, id="dark between"),
    ],
)
def test_since(pictures: list[Luma], expected: int | None) -> None:
    assert since(*pictures) == expected


def test_brighter_and_darker_are_both_changes() -> None:
    """Differences must neither wrap around nor cancel each other out."""
    dark, bright = A.copy(), A.copy()
    dark[:10], bright[:10] = 0, 255
    assert since(dark, bright) is None
    assert since(bright, dark) is None
    shifted = np.where(np.arange(A.size).reshape(A.shape) % 2, A + 1, A - 1).astype(np.uint8)
    assert since(A, shifted) is None


def test_a_cloud_that_moves_slowly_is_seen() -> None:
    """Each picture is nearly the one before, but not the first one."""
    pictures = [A]
    for number in range(40):
        pictures.append(with_noise(pictures[-1], 0.008, seed=number))
    watch = FrozenWatch()
    longest = 0
    for number, picture in enumerate(pictures):
        watch.see(picture, BEGIN + number * MINUTE)
        longest = max(longest, watch.pictures)
    assert longest < 5


def test_how_many_pictures() -> None:
    watch = FrozenWatch()
    found = []
    for picture in (A, A, A, B, B, flat(0), flat(0)):
        watch.see(picture, BEGIN)
        found.append(watch.pictures)
    assert found == [1, 2, 3, 1, 2, 1, 1]
