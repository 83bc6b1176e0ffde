"""Blatant damage is caught, and good pictures that look odd are not."""

from datetime import UTC, datetime

import numpy as np
import pytest

from custom_components.timelapser.engine.corruption.scoring import Reason, score
from custom_components.timelapser.engine.corruption.service import CorruptionService
from custom_components.timelapser.engine.images.ingest import ingest
from custom_components.timelapser.engine.models import Frame, Judgement, Picture
from custom_components.timelapser.engine.settings import CorruptionSettings

HEIGHT, WIDTH = 720, 1280
MOMENT = datetime(2026, 5, 1, tzinfo=UTC)


def noisy(level: float, spread: float, slope: float = 0.0) -> Picture:
    """A picture of one brightness that changes downwards, with a sensor's noise."""
    rows = level + slope * np.linspace(-1, 1, HEIGHT)[:, None, None]
    noise = np.random.default_rng(3).normal(0, spread, (HEIGHT, WIDTH, 3))
    return np.clip(rows + noise, 0, 255).astype(np.uint8)


def with_part(row: int, value: int | None) -> Picture:
    """A scene whose lower part is filled with a value, or with copies of one row."""
    picture = noisy(110, 30, 50)
    picture[row:] = picture[row] if value is None else value
    return picture


def solid(*colour: int) -> Picture:
    """A picture of one colour."""
    return np.full((HEIGHT, WIDTH, 3), colour, np.uint8)


def judge(picture: Picture, *, decoder_errors: bool = False) -> Judgement:
    """Judge what a camera stream would have handed over."""
    return score(ingest(Frame(MOMENT, picture, decoder_errors), 90).metrics)


@pytest.mark.parametrize(
    "picture",
    [
        pytest.param(noisy(110, 30, 60), id="day"),
        pytest.param(noisy(4, 5), id="night"),
        pytest.param(noisy(170, 6, 20), id="fog"),
        pytest.param(noisy(235, 8, 10), id="snow"),
        pytest.param(np.concatenate((solid(255, 255, 255)[:360], noisy(90, 30)[360:])), id="sky"),
    ],
)
def test_good(picture: Picture) -> None:
    assert judge(picture) == Judgement(100)


@pytest.mark.parametrize(
    ("picture", "reason"),
    [
        pytest.param(with_part(400, 128), Reason.FLAT_BAND, id="grey lower part"),
        pytest.param(with_part(400, None), Reason.REPEATED_BAND, id="smear"),
        pytest.param(solid(128, 128, 128), Reason.UNIFORM, id="grey"),
        pytest.param(solid(0, 135, 0), Reason.UNIFORM, id="green"),
    ],
)
def test_damage(picture: Picture, reason: Reason) -> None:
    judgement = judge(picture)
    assert judgement.score < 40
    assert reason in judgement.reasons


def test_exact_black_is_flagged_only() -> None:
    judgement = judge(solid(0, 0, 0))
    assert 40 <= judgement.score < 70
    assert judgement.reasons == (Reason.BLACK,)


def test_decoder_errors() -> None:
    assert judge(noisy(110, 30), decoder_errors=True).reasons == (Reason.DECODER_ERRORS,)


@pytest.mark.parametrize(
    ("data", "enabled", "quarantined", "flagged"),
    [
        (noisy(110, 30), True, False, False),
        (solid(0, 0, 0), True, False, True),
        (solid(128, 128, 128), True, True, True),
        (solid(128, 128, 128), False, False, False),
        (b"no picture", True, True, True),
        (b"no picture", False, True, True),
    ],
)
def test_verdict(data: bytes | Picture, enabled: bool, quarantined: bool, flagged: bool) -> None:
    metrics = ingest(Frame(MOMENT, data), 90).metrics
    verdict = CorruptionService().judge(metrics, CorruptionSettings(enabled))
    assert (verdict.quarantined, verdict.flagged) == (quarantined, flagged)
