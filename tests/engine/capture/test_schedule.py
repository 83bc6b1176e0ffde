"""Ticks lie on the wall clock."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from custom_components.timelapser.engine.capture.health import camera_health
from custom_components.timelapser.engine.capture.schedule import next_tick


@pytest.mark.parametrize(
    ("after", "seconds", "expected"),
    [
        ("2026-11-24T10:00:00", 300, "2026-11-24T10:05:00"),
        ("2026-11-24T09:59:59.999999", 300, "2026-11-24T10:00:00"),
        ("2026-11-24T10:00:00.000001", 1, "2026-11-24T10:00:01"),
        ("2026-11-24T23:59:30", 86_400, "2026-11-25T00:00:00"),
        ("1969-12-31T23:59:59", 60, "1970-01-01T00:00:00"),
        # The hour that European clocks show twice is no different from any other.
        ("2026-10-25T00:59:59", 1800, "2026-10-25T01:00:00"),
        ("2026-10-25T01:00:00", 1800, "2026-10-25T01:30:00"),
    ],
)
def test_next_tick(after: str, seconds: int, expected: str) -> None:
    moment = datetime.fromisoformat(after).replace(tzinfo=UTC)
    assert next_tick(moment, timedelta(seconds=seconds)) == datetime.fromisoformat(
        expected
    ).replace(tzinfo=UTC)


def test_ticks_never_drift() -> None:
    every = timedelta(seconds=7)
    moment = datetime(2026, 11, 24, tzinfo=UTC)
    ticks = []
    for number in range(1000):
        # Each tick is noticed a little late, by a different time.
        moment = next_tick(moment, every)
        ticks.append(moment)
        moment += timedelta(milliseconds=number % 900)
    assert {later - earlier for earlier, later in pairwise(ticks)} == {every}


@pytest.mark.parametrize(
    ("failures", "health"),
    [(0, "online"), (1, "degraded"), (4, "degraded"), (5, "offline"), (99, "offline")],
)
def test_health(failures: int, health: str) -> None:
    assert camera_health(failures) == health
