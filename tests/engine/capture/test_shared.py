"""One grab for all who want a frame at once; what reaches whom when something goes wrong."""

import asyncio
from collections.abc import AsyncIterator
import gc
from typing import Any

import pytest

from custom_components.timelapser.engine.capture.shared import SharedSource
from custom_components.timelapser.engine.errors import (
    SourceClosedError,
    SourceError,
    SourceTimeoutError,
)
from custom_components.timelapser.engine.models import CameraSource, Frame
from tests.engine.conftest import BEGIN

TIMEOUT = 5.0
SILENT = SourceTimeoutError(host="camera", seconds=TIMEOUT)


class Held(CameraSource):
    """Answers what it is told to, one answer for each grab."""

    def __init__(self) -> None:
        self.answers: list[asyncio.Future[bytes]] = []
        self.timeouts: list[float] = []
        self.closed = 0

    async def grab(self, timeout: float) -> Frame:
        self.timeouts.append(timeout)
        self.answers.append(asyncio.get_running_loop().create_future())
        return Frame(BEGIN, await self.answers[-1])

    async def before(self, count: int) -> list[Frame]:
        return [Frame(BEGIN, bytes([number])) for number in range(count)]

    async def close(self) -> None:
        self.closed += 1


@pytest.fixture
async def complaints() -> AsyncIterator[list[dict[str, Any]]]:
    """What the event loop complains of, as of errors that nobody has seen."""
    found: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, told: found.append(told))
    yield found
    loop.set_exception_handler(None)


@pytest.fixture
def held() -> Held:
    return Held()


@pytest.fixture
def shared(held: Held) -> SharedSource:
    return SharedSource(held)


async def come(source: SharedSource, count: int) -> list[asyncio.Task[Frame]]:
    tasks = [asyncio.create_task(source.grab(TIMEOUT)) for _ in range(count)]
    await settle()
    return tasks


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_all_who_come_meanwhile_share_one_grab(held: Held, shared: SharedSource) -> None:
    early = await come(shared, 2)
    late = await come(shared, 2)
    held.answers[0].set_result(b"one")
    frames = await asyncio.gather(*early, *late)
    assert [frame.data for frame in frames] == [b"one"] * 4
    assert held.timeouts == [TIMEOUT]


async def test_who_comes_afterwards_has_a_frame_of_its_own(
    held: Held, shared: SharedSource
) -> None:
    for data in (b"one", b"two"):
        (task,) = await come(shared, 1)
        held.answers[-1].set_result(data)
        assert (await task).data == data
    assert len(held.answers) == 2


async def test_an_error_reaches_everybody_and_stays_with_its_grab(
    held: Held, shared: SharedSource, complaints: list[dict[str, Any]]
) -> None:
    tasks = await come(shared, 3)
    held.answers[0].set_exception(SILENT)
    assert await asyncio.gather(*tasks, return_exceptions=True) == [SILENT] * 3
    (again,) = await come(shared, 1)
    held.answers[1].set_result(b"back")
    assert (await again).data == b"back"
    assert shared.latencies.latency is not None
    assert shared.latencies.latency.count == 1
    assert not complaints


@pytest.mark.parametrize("gone", [0, 1])
async def test_who_stops_waiting_leaves_the_frame_to_the_other(
    held: Held, shared: SharedSource, gone: int
) -> None:
    tasks = await come(shared, 2)
    tasks[gone].cancel()
    await settle()
    assert tasks[gone].cancelled()
    held.answers[0].set_result(b"one")
    assert (await tasks[1 - gone]).data == b"one"
    assert len(held.answers) == 1


async def test_who_comes_after_all_others_left_has_the_frame_that_is_taken(
    held: Held, shared: SharedSource
) -> None:
    (first,) = await come(shared, 1)
    first.cancel()
    (second,) = await come(shared, 1)
    held.answers[0].set_result(b"one")
    assert (await second).data == b"one"


@pytest.mark.parametrize("others", [0, 1])
async def test_nobody_complains_of_an_error_that_came_too_late(
    held: Held, shared: SharedSource, complaints: list[dict[str, Any]], others: int
) -> None:
    """A capture was cancelled, as at a shutdown; then its camera failed, too."""
    impatient, *tasks = await come(shared, 1 + others)
    impatient.cancel()
    await settle()
    held.answers[0].set_exception(SourceTimeoutError(host="camera", seconds=TIMEOUT))
    found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in found] == [SourceTimeoutError] * others
    del impatient, tasks
    held.answers.clear()
    await settle()
    gc.collect()
    assert not complaints


async def test_who_waits_at_most_so_long(held: Held, shared: SharedSource) -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await shared.grab(TIMEOUT)
    (task,) = await come(shared, 1)
    held.answers[0].set_result(b"one")
    assert (await task).data == b"one"


async def test_close_ends_a_grab_for_all_who_wait(
    held: Held, shared: SharedSource, complaints: list[dict[str, Any]]
) -> None:
    tasks = await come(shared, 2)
    async with asyncio.timeout(TIMEOUT):
        await shared.close()
        found = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(error) for error in found] == [SourceClosedError] * 2
    assert isinstance(found[0], SourceError)
    assert held.closed == 1
    assert not complaints


async def test_close_before_the_grab_has_begun(held: Held, shared: SharedSource) -> None:
    task = asyncio.create_task(shared.grab(TIMEOUT))
    await asyncio.sleep(0)
    async with asyncio.timeout(TIMEOUT):
        await shared.close()
        with pytest.raises(SourceClosedError):
            await task


async def test_who_is_cancelled_during_close_ends_as_cancelled(
    held: Held, shared: SharedSource
) -> None:
    (task,) = await come(shared, 1)
    closing = asyncio.create_task(shared.close())
    task.cancel()
    async with asyncio.timeout(TIMEOUT):
        await asyncio.wait([task, closing])
    assert task.cancelled()
    assert held.closed == 1


async def test_restart_lets_the_next_grab_begin_anew(held: Held, shared: SharedSource) -> None:
    """A frozen camera's connection is let go of, and made anew."""
    (before,) = await come(shared, 1)
    await shared.restart()
    (task,) = await come(shared, 1)
    assert isinstance(before.exception(), SourceClosedError)
    held.answers[-1].set_result(b"new")
    assert (await task).data == b"new"
    assert held.closed == 1


async def test_source_that_was_closed_stays_so(held: Held, shared: SharedSource) -> None:
    """A retry of a grab from before must not open it again."""
    await shared.close()
    with pytest.raises(SourceClosedError):
        await shared.grab(TIMEOUT)
    assert held.answers == []


async def test_frames_from_before_come_from_the_source(shared: SharedSource) -> None:
    assert [frame.data for frame in await shared.before(3)] == [b"\0", b"\1", b"\2"]
