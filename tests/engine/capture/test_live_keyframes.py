"""Which keyframes of a stream are kept, and how soon it is opened again."""

from datetime import UTC, datetime

import pytest

from custom_components.timelapser.engine.capture.decoding import RING_BYTES, Keyframe, KeyframeRing
from custom_components.timelapser.engine.capture.live import back_off
from custom_components.timelapser.engine.errors import InvalidAuthError, SourceError

BEGIN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


def keyframe(arrived: float, size: int = 1000) -> Keyframe:
    return Keyframe(BEGIN, arrived, "h264", None, bytes(size), is_corrupt=False)


@pytest.mark.parametrize(
    ("kept", "spacing", "arrivals", "last"),
    [
        (0, 1, [0, 1, 2], []),
        (2, 1, [0, 1, 2, 3], [2, 3]),
        (3, 2, [0, 1, 2, 3, 4, 5], [0, 2, 4]),
        (3, 1, [0, 0.95, 1.98, 2.93], [0.95, 1.98, 2.93]),
        (3, 1, [0, 0.4, 0.8, 1.2], [0, 1.2]),
        (3, 1, [0, 1, 60, 61], [60, 61]),
    ],
    ids=["none", "newest", "apart", "early", "often", "gap"],
)
def test_which_keyframes_are_kept(
    kept: int, spacing: float, arrivals: list[float], last: list[float]
) -> None:
    ring = KeyframeRing(kept, spacing)
    for arrived in arrivals:
        ring.add(keyframe(arrived))
    now = arrivals[-1] + 0.5
    assert [one.arrived for one in ring.last(10, now, 2)] == last
    assert [one.arrived for one in ring.last(1, now, 2)] == last[-1:]
    assert ring.last(0, now, 2) == []


def test_keyframes_that_are_kept_are_bounded_in_bytes() -> None:
    ring = KeyframeRing(10, 1)
    for arrived in range(8):
        ring.add(keyframe(arrived, RING_BYTES // 3))
    assert [one.arrived for one in ring.last(10, 8, 2)] == [5, 6, 7]


@pytest.mark.parametrize(
    ("failures", "error", "seconds"),
    [
        (1, SourceError(), 1),
        (2, SourceError(), 2),
        (3, SourceError(), 4),
        (7, SourceError(), 60),
        (10_000, SourceError(), 60),
        (1, InvalidAuthError(), 60),
    ],
)
def test_pauses_between_attempts(failures: int, error: SourceError, seconds: float) -> None:
    assert back_off(failures, error, 0) == seconds
    assert seconds < back_off(failures, error, 0.999) <= 1.25 * seconds
