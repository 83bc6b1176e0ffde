"""Every kind of damage moves its own features; odd but good pictures do not move them as far."""

from collections.abc import Callable

import numpy as np
from numpy.random import Generator
import pytest

from custom_components.timelapser.engine.corruption.analyzer import planes
from custom_components.timelapser.engine.corruption.compare import compare
from custom_components.timelapser.engine.corruption.features import longest_run, measure
from custom_components.timelapser.engine.corruption.history import History, Light, light_of
from custom_components.timelapser.engine.corruption.judge import accepted, examine
from custom_components.timelapser.engine.models import Picture
from scripts.corruption.conditions import CONDITIONS
from scripts.corruption.damage import EDITS

from .pictures import NOON, NUMPY, origin, seen, view

type Change = Callable[[Picture, Generator], Picture]


def features(picture: Picture, history: History | None = None) -> dict[str, float]:
    examined = examine(picture, origin(), NUMPY)
    assert examined.signature is not None
    found = dict(examined.features)
    if history is not None:
        found |= compare(examined.signature, history, NUMPY).features
    return found


def lower_part(colour: tuple[int, int, int] | None) -> Change:
    def change(picture: Picture, _: Generator) -> Picture:
        damaged = picture.copy()
        row = len(picture) // 2
        damaged[row:] = picture[row] if colour is None else colour
        return damaged

    return change


@pytest.mark.parametrize(
    ("change", "name", "least"),
    [
        (lower_part((128, 128, 128)), "grey", 0.4),
        (lower_part((128, 128, 128)), "flat_rows", 0.4),
        (lower_part((0, 135, 0)), "flat", 0.3),
        (lower_part((255, 0, 255)), "extreme", 0.4),
        (lower_part(None), "smeared", 0.1),
        (lower_part(None), "repeated_rows", 0.3),
        (EDITS["noisy"], "noise", 0.1),
        (EDITS["pixelated"], "grid", 0.02),
    ],
)
def test_by_itself(change: Change, name: str, least: float) -> None:
    picture = view(NOON)
    damaged = change(picture, np.random.default_rng(2))
    assert features(damaged)[name] - features(picture)[name] > least


@pytest.mark.parametrize(
    ("change", "name", "least"),
    [
        (lower_part((128, 128, 128)), "lost_band", 0.5),
        (lower_part((128, 128, 128)), "flat_new", 0.2),
        (lower_part(None), "smeared_new_band", 0.2),
        (EDITS["torn"], "shifted_band", 0.3),
        (EDITS["scrambled"], "lost", 0.2),
        (EDITS["displaced"], "lost", 0.1),
        (EDITS["pixelated"], "grid_new_most", 0.1),
        (EDITS["scrambled"], "corners", 0.4),
        (EDITS["displaced"], "corners_changed", 0.1),
    ],
)
def test_against_history(change: Change, name: str, least: float) -> None:
    history = seen()
    usual = features(view(NOON), history)[name]
    damaged = features(change(view(NOON), np.random.default_rng(1)), history)[name]
    assert damaged - usual > least


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_conditions_are_no_damage(name: str) -> None:
    found = features(CONDITIONS[name](view(NOON), np.random.default_rng(4)), seen())
    assert found["smeared_new"] < 0.05
    assert found["shifted_band"] < 0.2
    assert found["hue_swapped"] < 0.5
    assert found["grey"] < 0.3
    assert found["corners_changed"] < 0.05


@pytest.mark.parametrize("full_width", [640, 1152, 1280])
def test_a_few_macroblocks_have_corners_on_the_grid_only(full_width: int) -> None:
    """A thing that came by, as large and with as sharp edges, has its own place."""
    side = 16 * 640 // full_width
    size = origin((full_width, full_width * 360 // 640))
    history = History()
    for number in range(3):
        before = examine(view(NOON - number / 1440), size, NUMPY)
        history = accepted(before, history, NUMPY)
    found = []
    for off in (0, side // 2):
        at = tuple(round(16 * n * 640 / full_width) + off for n in (10, 12))
        picture = view(NOON).copy()
        picture[at[0] : at[0] + 2 * side, at[1] : at[1] + 2 * side] = (200, 40, 40)
        examined = examine(picture, size, NUMPY)
        assert examined.signature is not None
        found.append(compare(examined.signature, history, NUMPY).features["corners"])
    on_grid, beside = found
    assert on_grid > 0.2
    assert beside < on_grid / 2


def test_size_does_not_matter() -> None:
    picture = view(NOON)
    twice = np.repeat(np.repeat(picture, 2, axis=0), 2, axis=1)
    small, large = (measure(planes(p, NUMPY, large=False), NUMPY)[1] for p in (picture, twice))
    assert small == pytest.approx(large, abs=0.1)


@pytest.mark.parametrize("shape", [(360, 640), (640, 360, 3), (40, 900, 3), (900, 40, 3)])
def test_any_shape(shape: tuple[int, ...]) -> None:
    picture = np.random.default_rng(1).integers(0, 255, shape).astype(np.uint8)
    examined = examine(picture, origin((shape[1], shape[0])), NUMPY)
    history = accepted(examined, History(), NUMPY)
    assert examined.signature is not None
    found = {**examined.features, **compare(examined.signature, history, NUMPY).features}
    assert all(np.isfinite(value) for value in found.values())


def test_light_checks_are_fewer() -> None:
    light = examine(view(NOON), origin(), NUMPY, heavy=False)
    heavy = examine(view(NOON), origin(), NUMPY)
    assert light.features.items() < heavy.features.items()


@pytest.mark.parametrize(
    ("brightness", "colour", "light"),
    [
        (0.5, 0.2, Light.DAY),
        (0.25, 0.2, Light.DUSK),
        (0.1, 0.05, Light.NIGHT),
        (0.3, 0.0, Light.INFRARED),
    ],
)
def test_light(brightness: float, colour: float, light: Light) -> None:
    assert light_of({"brightness": brightness, "colour": colour}) is light


def test_history_keeps_one_of_another_light() -> None:
    dark = (view(NOON) * 0.15).astype(np.uint8)
    history = accepted(examine(dark, origin(), NUMPY), History(), NUMPY)
    for number in range(8):
        bright = examine(view(NOON + number / 1440), origin(), NUMPY)
        history = accepted(bright, history, NUMPY)
    lights = [entry.signature.light for entry in history.entries]
    assert lights == [Light.NIGHT, *[Light.DAY] * 4]
    assert features(dark, history)["brightness_over"] == 0
    assert features(dark, seen())["brightness_over"] < -0.2


@pytest.mark.parametrize(
    ("flags", "longest"), [([], 0), ([0, 0], 0), ([1, 1, 0, 1], 2), ([0, 1, 1, 1], 3)]
)
def test_longest_run(flags: list[int], longest: int) -> None:
    assert longest_run(np.array(flags, np.bool_)) == longest
