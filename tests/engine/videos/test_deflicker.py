"""Deflicker: flicker goes, light stays, and old chunks stay as they are."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from math import pi, sin
from statistics import mean, stdev

import av
import numpy as np
from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.models import Quality
from custom_components.timelapser.engine.models.render import Looks, Shot
from custom_components.timelapser.engine.videos.deflicker import (
    LEAST,
    MOST,
    Sample,
    gain_filter,
    gains,
)
from custom_components.timelapser.engine.videos.segments import chunks
from tests.engine.conftest import BEGIN
from tests.engine.videos.numbered import jpeg
from tests.engine.videos.rendering import Studio, plan_of
from tests.engine.videos.test_segments import image


def samples(lumas: Sequence[float | None]) -> list[Sample]:
    return [(BEGIN + timedelta(minutes=number), luma) for number, luma in enumerate(lumas)]


def roughness(lumas: list[float]) -> float:
    """How much brightness jumps from image to image, beyond a steady change."""
    return stdev(
        after - 2 * middle + before
        for before, middle, after in zip(lumas, lumas[1:], lumas[2:], strict=False)
    )


def test_flicker_goes_and_the_light_of_the_day_stays() -> None:
    random = np.random.default_rng(3)
    day = [120 + 60 * sin(number / 100 * pi) for number in range(100)]
    seen = [luma * (1 + random.normal(0, 0.03)) for luma in day]
    even = [luma * gain for luma, gain in zip(seen, gains(samples([*seen])), strict=True)]
    assert roughness(even) < roughness(seen) / 3
    assert max(abs(one - other) / other for one, other in zip(even, day, strict=True)) < 0.06
    assert mean(even) == pytest.approx(mean(seen), rel=0.01)


def test_a_steady_change_is_no_flicker() -> None:
    assert gains(samples([50 * 1.02**number for number in range(40)])) == [1.0] * 40


@pytest.mark.parametrize(
    "lumas",
    [
        [],
        [100.0],
        [100.0, 50.0],
        [None] * 20,
        [3.0, 1.0, 7.0, 0.0] * 5,  # night
        [None, 100.0, None, 90.0],
    ],
)
def test_too_little_to_compare(lumas: list[float | None]) -> None:
    assert gains(samples(lumas)) == [1.0] * len(lumas)


def test_gains_are_bounded() -> None:
    found = gains(samples([100.0] * 10 + [10.0] + [100.0] * 10 + [255.0] + [100.0] * 10))
    assert (min(found), max(found)) == (LEAST, MOST)


def test_images_before_a_pause_do_not_count() -> None:
    evening = samples([100.0, 101.0, 99.0, 100.0] * 5)
    morning = [(moment + timedelta(hours=9), luma) for moment, luma in samples([30.0, 31.0] * 10)]
    together = gains([*evening, *morning])
    assert together == [*gains(evening), *gains(morning)]


@pytest.mark.parametrize("count", [301, 350, 399, 420])
def test_new_images_leave_the_gains_of_older_chunks(count: int) -> None:
    random = np.random.default_rng(5)
    lumas = [100 + float(random.normal(0, 5)) for _ in range(count)]
    shots = [Shot(image(seq, luma=luma)) for seq, luma in enumerate(lumas)]
    before = chunks(shots[:300], Looks(deflicker=True))
    after = chunks(shots, Looks(deflicker=True))
    assert [chunk.stills for chunk in before] == [chunk.stills for chunk in after[:3]]
    assert len({still.gain for still in before[0].stills}) > 20


def test_no_gain_is_no_filter() -> None:
    assert gain_filter([1.0] * 50, 25) is None
    assert gain_filter([], 25) is None


async def test_each_frame_gets_its_own_gain(studio: Studio) -> None:
    """Played back: the brightness of each frame, among them a larger and a held one."""
    random = np.random.default_rng(9)
    levels = [int(128 * (1 + random.normal(0, 0.06))) for _ in range(40)]
    images = []
    for seq, level in enumerate(levels):
        size = (320, 192) if seq == 20 else (160, 96)
        put = studio.put(seq, jpeg(Pillow.new("L", size, level)))
        images.append(replace(put, luma=float(level)))
    shots = [Shot(each, 3 if each.seq == 30 else 1) for each in images]
    plan = plan_of(shots, looks=Looks(deflicker=True))
    await studio.render(replace(plan, encoding=replace(plan.encoding, quality=Quality.ULTRA)))
    found = brightness(studio)
    factors = gains([(each.captured_at, each.luma) for each in images])
    wanted = [level * gain for level, gain in zip(levels, factors, strict=True)]
    wanted[30:31] = [wanted[30]] * 3
    assert max(abs(one - other) for one, other in zip(found, wanted, strict=True)) < 2.5
    assert roughness(found) < roughness([*map(float, levels)]) / 2


def brightness(studio: Studio) -> list[float]:
    with av.open(studio.output) as container:
        return [
            float(frame.to_ndarray(format="rgb24").mean()) for frame in container.decode(video=0)
        ]
