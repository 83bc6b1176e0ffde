"""A camera whose stream stays open, and what a source is told of time."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
import threading
from time import monotonic

import pytest

from custom_components.timelapser.engine.capture.live import LiveSource
from custom_components.timelapser.engine.errors import SourceError
from custom_components.timelapser.engine.models import Transport
from tests.harness.fixtures import RtspFactory
from tests.harness.rtsp_server import RtspServer

USER, PASSWORD = "viewer", "s3cret:p@ss/word"
TIMEOUT = 5.0

type Live = Callable[..., LiveSource]


class Clocks:
    """What a source is told of time: each keyframe's moment, and a clock that can be put on."""

    def __init__(self) -> None:
        self.arrivals: list[datetime] = []
        self.ahead = 0.0

    def now(self) -> datetime:
        self.arrivals.append(datetime.now(UTC))
        return self.arrivals[-1]

    def monotonic(self) -> float:
        return monotonic() + self.ahead

    async def keyframes(self, count: int) -> None:
        """Wait until so many keyframes have come."""
        await until(lambda: len(self.arrivals) >= count)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(TIMEOUT):
        while not condition():
            await asyncio.sleep(0.01)


def readers() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name.startswith("timelapser live")]


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(2) as executor:
        yield executor


@pytest.fixture
def clocks() -> Clocks:
    return Clocks()


@pytest.fixture
async def live(pool: ThreadPoolExecutor, clocks: Clocks) -> AsyncIterator[Live]:
    """Makes sources, and closes them after the test."""
    sources = []

    def make(url: str, transport: Transport = Transport.TCP, kept: int = 0) -> LiveSource:
        source = LiveSource(
            url,
            user=USER,
            password=PASSWORD,
            transport=transport,
            verify_tls=True,
            executor=pool,
            now=clocks.now,
            kept=kept,
            clock=clocks.monotonic,
        )
        sources.append(source)
        return source

    yield make
    for source in sources:
        await source.close()
    assert not readers()


@pytest.fixture
async def camera(rtsp_server: RtspFactory) -> AsyncIterator[RtspServer]:
    async with rtsp_server(user=USER, password=PASSWORD) as server:
        yield server


def address(camera: RtspServer, path: str) -> str:
    return camera.url(path, credentials=False)


def plays(camera: RtspServer) -> int:
    return sum(request.startswith("PLAY") for request in camera.requests)


async def failure(source: LiveSource, timeout: float = TIMEOUT) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await source.grab(timeout)
    error = caught.value
    told = f"{error} {error!r} {error.placeholders} {error.__cause__} {error.__context__}"
    assert "s3cret" not in told
    return error
