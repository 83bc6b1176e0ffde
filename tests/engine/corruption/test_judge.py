"""Pictures of the scene are judged as people would: damage is called, weather is not."""

import logging

import numpy as np
import pytest

from custom_components.timelapser.engine.corruption.certain import Reason
from custom_components.timelapser.engine.corruption.history import History
from custom_components.timelapser.engine.corruption.judge import Scored, accepted, examine, judge
from custom_components.timelapser.engine.corruption.model import shipped
from custom_components.timelapser.engine.images.ingest import opened
from custom_components.timelapser.engine.models import Picture
from scripts.corruption.conditions import CONDITIONS
from scripts.corruption.damage import EDITS
from scripts.corruption.streams import CODECS, FAITHFUL, LOSSES, through

from .pictures import MINUTE, NOON, NUMPY, SIZE, jpeg, origin, scored, seen, view

FLAGGED = 70
QUARANTINED = 40
VISIBLE = 0.1
COLOURS_VISIBLE = 0.5
"""A band of other colours, with all its edges, is much like something that came by."""


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Decoders complain of what is done to their streams."""
    caplog.set_level(logging.CRITICAL, "libav")


@pytest.mark.parametrize("t", [0.0, 0.2, 0.28, 0.35, 0.5, 0.72, 0.8, 0.95])
def test_all_day_long(t: float) -> None:
    found = scored(view(t), seen(t))
    assert found.score >= FLAGGED
    assert not found.frozen
    assert not found.certain


def test_first_picture() -> None:
    assert scored(view(NOON), History()).score >= FLAGGED


@pytest.mark.parametrize("name", sorted(CONDITIONS))
def test_conditions(name: str) -> None:
    scores = [
        scored(CONDITIONS[name](view(NOON), np.random.default_rng(seed)), seen()).score
        for seed in range(4)
    ]
    # The retry is for the odd one: what is really there is there again.
    assert sorted(scores)[1] >= FLAGGED


@pytest.mark.parametrize("name", sorted(EDITS))
def test_edited_damage(name: str) -> None:
    damaged = []
    visible = COLOURS_VISIBLE if name == "discoloured" else VISIBLE
    for seed in range(12):
        picture = EDITS[name](view(NOON), np.random.default_rng(seed))
        changed = np.abs(picture.astype(np.int16) - view(NOON)).max(axis=2) > 24
        if changed.mean() > visible:
            damaged.append(scored(picture, seen()))
    assert len(damaged) >= 4
    assert np.mean([found.score < FLAGGED for found in damaged]) >= 0.7
    for found in damaged:
        assert found.findings or found.score >= FLAGGED


@pytest.mark.parametrize("codec", sorted(CODECS))
def test_streams_that_lose_something(codec: str) -> None:
    random = np.random.default_rng(5)
    called = []
    for _ in range(2):
        for loss in LOSSES:
            found = through(view(NOON), codec, loss, random)
            if found is not None and found[1] > VISIBLE:
                called.append(scored(found[0], seen()).score < FLAGGED)
    assert len(called) >= 3
    assert np.mean(called) >= 0.75


@pytest.mark.parametrize("codec", FAITHFUL)
def test_streams_that_lose_nothing(codec: str) -> None:
    found = through(view(NOON), codec, None, np.random.default_rng(5))
    assert found is not None
    assert scored(found[0], seen()).score >= FLAGGED


def test_rows_are_named() -> None:
    damaged = view(NOON).copy()
    damaged[216:] = 128
    found = judge(examine(damaged, origin((1920, 1080)), NUMPY), _full_size(), shipped(), NUMPY)
    assert found.score < QUARANTINED
    assert found.findings[0].reason is Reason.ROWS_FILLED
    assert found.findings[0].rows is not None
    first, last = found.findings[0].rows
    assert abs(first - 648) <= 80
    assert last == 1079


def _full_size() -> History:
    history = History()
    for number in range(5, 0, -1):
        picture = examine(view(NOON - number * MINUTE), origin((1920, 1080)), NUMPY)
        history = accepted(picture, history, NUMPY)
    return history


@pytest.mark.parametrize(
    ("name", "reasons"),
    [
        ("smeared", {Reason.ROWS_SMEARED, Reason.ROWS_LOST}),
        ("torn", {Reason.ROWS_SHIFTED, Reason.ROWS_LOST}),
        ("discoloured", {Reason.COLOURS_WRONG}),
        ("scrambled", {Reason.BLOCKS_BROKEN, Reason.ROWS_LOST}),
    ],
)
def test_reasons(name: str, reasons: set[Reason]) -> None:
    found = [
        scored(EDITS[name](view(NOON), np.random.default_rng(seed)), seen()) for seed in range(8)
    ]
    low = [one for one in found if one.score < QUARANTINED]
    assert low
    named = [bool(reasons & {finding.reason for finding in one.findings}) for one in low]
    assert np.mean(named) >= 0.6


def test_good_pictures_have_no_reasons() -> None:
    found = scored(view(NOON), seen())
    assert found.findings == ()


@pytest.mark.parametrize("quality", [95, 100])
def test_frozen(quality: int) -> None:
    picture, _ = opened(jpeg(view(NOON - MINUTE), quality))
    assert picture is not None
    found = scored(picture, seen())
    assert found.frozen
    assert found.findings[0].reason is Reason.FROZEN
    assert found.score >= FLAGGED


def test_still_scenes_are_not_frozen() -> None:
    history = History()
    for seed in range(4):
        history = accepted(examine(_still(seed), origin(), NUMPY), history, NUMPY)
    found = scored(_still(9), history)
    assert not found.frozen
    assert found.score >= FLAGGED


def _still(seed: int) -> Picture:
    noise = np.random.default_rng(seed).normal(0, 0.7, (SIZE[1], SIZE[0], 1))
    return np.clip(view(NOON) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("heavy", [True, False], ids=["heavy", "light"])
def test_judging_changes_nothing(heavy: bool) -> None:
    picture, history = view(NOON), seen()
    before = picture.copy()
    first, second = (scored(picture, history, heavy=heavy) for _ in range(2))
    assert first == second
    assert isinstance(first, Scored)
    assert np.array_equal(picture, before)
