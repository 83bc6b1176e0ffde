"""Cameras in trouble are tried less and less often, and never with a wrong password again."""

from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st
import numpy as np
import pytest

from custom_components.timelapser.engine.capture.health import Latencies, Latency, Probing
from custom_components.timelapser.engine.capture.service import ImageCaptureService
from custom_components.timelapser.engine.errors import (
    InvalidAuthError,
    SourceClosedError,
    SourceError,
    SourceTimeoutError,
)
from custom_components.timelapser.engine.models import CameraSource, Frame
from custom_components.timelapser.engine.settings import Level, resolve
from tests.engine.conftest import BEGIN, ZONE, Engine

MINUTE = timedelta(minutes=1)
SILENT = SourceTimeoutError(host="camera", seconds=5)
REFUSED = InvalidAuthError(host="camera")

type Vary = Callable[[float, float], float]


def least(low: float, _high: float) -> float:
    return low


def most(_low: float, high: float) -> float:
    return high


def neither(low: float, high: float) -> float:
    return (low + high) / 2


def waits(errors: list[SourceError], vary: Vary = neither) -> list[float | None]:
    """How many minutes pass after each failure until the next try; None without waiting."""
    probing = Probing(lambda: BEGIN, vary)
    found: list[float | None] = []
    for number, error in enumerate(errors, start=1):
        probing.failed(error, number)
        found.append((probing.next_try - BEGIN) / MINUTE if probing.next_try else None)
    return found


@pytest.mark.parametrize(
    ("errors", "expected"),
    [
        # Every tick tries until the camera counts as offline.
        ([SILENT] * 11, [None] * 4 + [1, 2, 4, 8, 15, 15, 15]),
        # Not so with a wrong password, which counts from the first.
        ([REFUSED] * 9, [5, 10, 20, 40, 80, 160, 320, 360, 360]),
        # One of each: both kinds count for themselves.
        ([SILENT] * 5 + [REFUSED, SILENT, REFUSED], [None] * 4 + [1, 5, 2, 10]),
    ],
)
def test_waits_grow(errors: list[SourceError], expected: list[float | None]) -> None:
    assert waits(errors) == expected


@pytest.mark.parametrize(("error", "longest"), [(SILENT, 15), (REFUSED, 360)])
def test_camera_that_is_away_for_years(error: SourceError, longest: float) -> None:
    assert waits([error] * 2000)[-1] == longest


def test_waits_are_varied_by_a_fifth() -> None:
    """Cameras behind the same switch come back one by one."""
    errors: list[SourceError] = [REFUSED] * 3
    assert waits(errors, least) == pytest.approx([4, 8, 16])
    assert waits(errors, most) == pytest.approx([6, 12, 24])


def test_no_two_cameras_wait_the_same_time() -> None:
    found = set()
    for _ in range(50):
        probing = Probing(lambda: BEGIN)
        probing.failed(REFUSED, 1)
        assert probing.next_try is not None
        found.add(probing.next_try)
        assert BEGIN + 4 * MINUTE <= probing.next_try <= BEGIN + 6 * MINUTE
    assert len(found) > 40


def test_may_try_from_the_moment_on() -> None:
    probing = Probing(lambda: BEGIN, neither)
    assert probing.may_try(BEGIN)
    probing.failed(REFUSED, 1)
    told = [probing.may_try(BEGIN + minutes * MINUTE) for minutes in (0, 4.99, 5, 6)]
    assert told == [False, False, True, True]


def test_reset_begins_anew() -> None:
    probing = Probing(lambda: BEGIN, neither)
    for number in range(1, 20):
        probing.failed(SILENT, number)
        probing.failed(REFUSED, number)
    probing.reset()
    assert probing.next_try is None
    assert probing.may_try(BEGIN)
    probing.failed(SILENT, 1)
    assert probing.may_try(BEGIN)
    probing.failed(REFUSED, 2)
    assert probing.next_try == BEGIN + 5 * MINUTE


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        ([], None),
        ([0.5], Latency(1, 0.5, 0.5, 0.5)),
        ([1.0, 2.0], Latency(2, 1.5, 1.95, 2.0)),
        ([float(number) for number in range(101)], Latency(101, 50.0, 95.0, 100.0)),
        # One slow grab in a hundred shows as the longest only.
        ([1.0] * 99 + [30.0], Latency(100, 1.0, 1.0, 30.0)),
        # What was long ago is forgotten.
        ([9.0] * 500 + [1.0] * 200, Latency(200, 1.0, 1.0, 1.0)),
    ],
)
def test_latencies(seconds: list[float], expected: Latency | None) -> None:
    latencies = Latencies()
    for value in seconds:
        latencies.add(value)
    assert latencies.latency == expected


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=400))
def test_latencies_are_those_of_numpy(seconds: list[float]) -> None:
    latencies = Latencies()
    for value in seconds:
        latencies.add(value)
    last = seconds[-200:]
    found = latencies.latency
    assert found is not None
    assert (found.median, found.p95) == pytest.approx(tuple(np.percentile(last, [50, 95])))
    ordered = (min(last), found.median, found.p95, found.longest)
    assert all(one <= other + 1e-9 for one, other in pairwise(ordered))


class Broken(CameraSource):
    """Always fails in the same way."""

    def __init__(self, error: SourceError) -> None:
        self.error, self.grabs = error, 0

    async def grab(self, timeout: float) -> Frame:
        self.grabs += 1
        raise self.error

    async def close(self) -> None:
        pass


@pytest.mark.parametrize(
    ("error", "grabs"),
    [(REFUSED, 1), (SourceClosedError(), 1), (SILENT, 4), (SourceError(host="camera"), 4)],
)
async def test_a_wrong_password_is_asked_once_a_tick(
    engine: Engine, error: SourceError, grabs: int
) -> None:
    async def sleep(_seconds: float) -> None:
        pass

    service = ImageCaptureService(
        engine.images, engine.recorder, engine.events.append, lambda: BEGIN, sleep
    )
    settings = resolve({Level.HUB: {"retries": 3}}).settings
    source = Broken(error)
    timelapse = await engine.timelapse()
    with pytest.raises(type(error)):
        await service.capture(source, timelapse, settings, ZONE, planned_at=BEGIN)
    assert source.grabs == grabs
    assert (await engine.cameras.get("cam")).last_error == error.code
    assert (await engine.timelapses.get(timelapse.id)).failed_count == 1
