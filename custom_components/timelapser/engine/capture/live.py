"""Frames of a stream that stays open, for short intervals and for images from before an event."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import suppress
from datetime import datetime
import logging
from math import inf
import random
from threading import Event, Thread
from time import monotonic
from typing import TYPE_CHECKING, override

from ..errors import (
    InvalidAuthError,
    NoVideoError,
    SourceClosedError,
    SourceError,
    SourceTimeoutError,
)
from ..models import CameraSource, Frame, Transport
from .decoding import Keyframe, KeyframeRing, StreamAddress, check_address
from .urls import with_credentials

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_LOGGER = logging.getLogger(__name__)

OPEN_SECONDS = 10.0
"""How long a camera may take to open its stream."""
READ_SECONDS = 1.0
"""How long a read blocks, and with it closing; the stream then goes on where it was."""
CLOSE_SECONDS = 2.0
"""How long closing waits: a thread that is about to open a stream cannot be told to stop."""
SILENT_SECONDS = 5.0
"""How long a camera may send nothing: even slow ones send a picture more often."""
MAX_BACK_OFF = 60.0
"""Seconds between attempts at most, before jitter; cameras lock out who errs more often."""
GIVE_UP = 6
"""Failures in a row after which a stream is opened again only when it is asked for."""
JITTER = 0.25
"""Share by which delays are longer, at random: cameras of one network do not come back at once."""

MIN_AGE, MAX_AGE = 2.0, 10.0
"""Bounds of the seconds after which a keyframe is stale."""
AGE_IN_DISTANCES = 1.5
"""A keyframe is stale when half as long again has passed as lay between the last two."""


def back_off(failures: int, error: SourceError, jitter: float) -> float:
    """Answer the seconds to wait after so many failures in a row; `jitter` is in [0, 1)."""
    locked_out = isinstance(error, InvalidAuthError)
    delay = MAX_BACK_OFF if locked_out else min(MAX_BACK_OFF, 2.0 ** min(failures - 1, 10))
    return delay * (1 + JITTER * jitter)


class StreamReader:
    """A thread that keeps a stream open, and what it has told the event loop so far.

    There is no lock: what the thread tells comes by `call_soon_threadsafe`, and all that changes
    is changed there. Only `_ending` is seen by both, and `_failures` belongs to the thread.
    """

    def __init__(
        self,
        address: StreamAddress,
        ring: KeyframeRing,
        now: Callable[[], datetime],
        clock: Callable[[], float],
    ) -> None:
        self._address = address
        self._ring = ring
        self._now = now
        self._clock = clock
        self._newest: Keyframe | None = None
        self._arrived: float | None = None
        self._distance = 0.0
        self._error: SourceError | None = None
        self._changed = asyncio.Event()
        self._ended = asyncio.Event()
        self._ending = Event()
        self._failures = 0
        self._loop = asyncio.get_running_loop()
        self._thread = Thread(target=self._run, name=f"timelapser live {address.host}")
        self._thread.start()

    # On the event loop

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or was told to."""
        return self._ending.is_set() or self._ended.is_set()

    @property
    def max_age(self) -> float:
        """Seconds after which a keyframe is stale.

        While a stream runs, the newest one is never older than the distance of two. Where that
        is above MAX_AGE, no picture is better than one of so long ago.
        """
        return min(MAX_AGE, max(MIN_AGE, AGE_IN_DISTANCES * self._distance))

    async def next(self) -> Keyframe:
        """Wait for a fresh keyframe; each is answered once.

        Raises the reason at once while the camera is away and it is not yet time to try again.
        """
        while True:
            keyframe, self._newest = self._newest, None
            if keyframe is not None and self._clock() - keyframe.arrived <= self.max_age:
                return keyframe
            if self._error is not None:
                # An error that is raised again and again would gather its tracebacks.
                raise self._error.with_traceback(None)
            await self._changed.wait()

    def before(self, count: int) -> list[Keyframe]:
        """Answer kept keyframes, oldest first; `next()` will not answer them again."""
        keyframes = self._ring.last(count, self._clock(), self.max_age)
        if keyframes and keyframes[-1] is self._newest:
            self._newest = None
        return keyframes

    async def stop(self) -> None:
        """End the thread; takes CLOSE_SECONDS at most, and who waits gets SourceClosedError.

        A thread that is opening a stream is left to end alone, at latest after OPEN_SECONDS.
        """
        self._ending.set()
        self._fail(SourceClosedError())
        with suppress(TimeoutError):
            await asyncio.wait_for(self._ended.wait(), CLOSE_SECONDS)
            self._thread.join()

    def _begin(self) -> None:
        self._error = None
        self._arrived = None

    def _receive(self, keyframe: Keyframe) -> None:
        if self._arrived is not None:
            self._distance = keyframe.arrived - self._arrived
        self._arrived = keyframe.arrived
        self._newest = keyframe
        self._ring.add(keyframe)
        self._wake()

    def _fail(self, error: SourceError) -> None:
        self._error = error
        self._wake()

    def _end(self) -> None:
        self._ended.set()
        self._fail(self._error or SourceClosedError())

    def _wake(self) -> None:
        # Setting wakes all who wait now; who comes later waits for the next change.
        self._changed.set()
        self._changed.clear()

    # On the thread

    def _run(self) -> None:
        try:
            while not self._ending.is_set():
                self._tell(self._begin)
                error = self._attempt()
                if self._ending.is_set():
                    break
                self._failures += 1
                self._tell(self._fail, error)
                if isinstance(error, InvalidAuthError) or self._failures >= GIVE_UP:
                    # From here on, those who know when a camera may be asked decide: a later grab.
                    break
                jitter = random.random()  # noqa: S311  # no secret
                delay = back_off(self._failures, error, jitter)
                _LOGGER.debug("Stream lost: %s, trying again in %.1f s", error, delay)
                self._ending.wait(delay)
        finally:
            self._tell(self._end)

    def _attempt(self) -> SourceError:
        """Read from the camera for as long as that goes well; answer why it no longer does."""
        import av  # noqa: PLC0415

        deadline = monotonic() + OPEN_SECONDS
        try:
            check_address(self._address.url)
            with self._address.open_live(deadline, READ_SECONDS) as container:
                deadline = inf
                return self._read(container)
        except SourceError as error:
            return error
        except (OSError, av.error.FFmpegError) as error:
            return self._address.reason(error, OPEN_SECONDS, deadline)

    def _read(self, container: InputContainer) -> SourceError:
        host = self._address.host
        if not container.streams.video:
            return NoVideoError(host=host)
        stream = container.streams.video[0]
        error: SourceError = NoVideoError(host=host)
        for packet in self._packets(container, stream):
            if not packet.is_keyframe or not packet.size:
                continue
            keyframe = Keyframe.of(packet, stream, self._now(), self._clock())
            self._tell(self._receive, keyframe)
            error = SourceError(host=host)
            if not packet.is_corrupt:
                self._failures = 0
        return error

    def _packets(
        self, container: InputContainer, stream: VideoStream
    ) -> Iterator[Packet[VideoStream]]:
        """Read until the stream ends, or this reader; raise SourceTimeoutError when silent."""
        import av  # noqa: PLC0415

        heard = monotonic()
        while not self._ending.is_set():
            if monotonic() - heard >= SILENT_SECONDS:
                raise SourceTimeoutError(host=self._address.host, seconds=f"{SILENT_SECONDS:g}")
            # Only a read ends by this, to look whether this reader shall; the stream goes on.
            with suppress(TimeoutError, av.error.ExitError):
                for packet in container.demux(stream):
                    if self._ending.is_set():
                        return
                    heard = monotonic()
                    yield packet
                return

    def _tell(self, callback: Callable[..., None], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(callback, *args)
        except RuntimeError:  # the event loop is closed: nobody listens any more
            self._ending.set()


class LiveSource(CameraSource):
    """A camera whose stream stays open from the first grab until it is closed.

    One thread reads its packets and decodes none: only the newest keyframe is kept, with up to
    `kept` older ones (0 to 10) that are `spacing` seconds apart. A grab after closing opens anew.
    """

    def __init__(
        self,
        url: str,
        *,
        user: str | None,
        password: str | None,
        transport: Transport,
        verify_tls: bool,
        executor: Executor,
        now: Callable[[], datetime],
        kept: int = 0,
        spacing: float = 1.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        target = with_credentials(url, user, password)
        self._address = StreamAddress(url, target, transport, verify_tls)
        self._executor = executor
        self._now = now
        self._clock = clock
        self._kept = kept
        self._spacing = spacing
        self._reader: StreamReader | None = None

    @property
    @override
    def heavy(self) -> bool:
        """It decodes."""
        return True

    @override
    async def grab(self, timeout: float) -> Frame:
        """Decode the newest keyframe, never one twice: if need be, wait for the next.

        One that is damaged is only answered when no clean one comes in time.
        """
        reader, host = self._open(), self._address.host
        damaged: Frame | None = None
        error: SourceError = SourceTimeoutError(host=host, seconds=f"{timeout:g}")
        try:
            async with asyncio.timeout(timeout):
                while True:
                    frame = await self._decode(await reader.next())
                    if frame is None:
                        error = NoVideoError(host=host)
                    elif not frame.decoder_errors:
                        return frame
                    else:
                        damaged = frame
        except TimeoutError:
            pass
        except SourceError as reason:
            error = reason
        if damaged is not None:
            return damaged
        raise error from None

    @override
    async def before(self, count: int) -> list[Frame]:
        """Decode the last `count` keyframes that were kept, oldest first.

        Empty while nothing is open. Some may have been grabbed before: the same keyframe has
        the same `captured_at`.
        """
        if self._reader is None:
            return []
        frames = [await self._decode(keyframe) for keyframe in self._reader.before(count)]
        return [frame for frame in frames if frame is not None]

    @override
    async def close(self) -> None:
        """End the thread; takes CLOSE_SECONDS at most."""
        if reader := self._reader:
            await reader.stop()
            if self._reader is reader:
                self._reader = None

    def _open(self) -> StreamReader:
        if self._reader is None or self._reader.is_over:
            ring = KeyframeRing(self._kept, self._spacing)
            self._reader = StreamReader(self._address, ring, self._now, self._clock)
        return self._reader

    async def _decode(self, keyframe: Keyframe) -> Frame | None:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, keyframe.decode)
