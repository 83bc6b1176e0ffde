"""One grab for all who want a frame of a camera at the same moment."""

import asyncio
import logging
from time import monotonic
from typing import override

from ..errors import SourceBrokenError, SourceClosedError, TimelapserError
from ..models import CameraSource, Frame
from .health import Latencies

_LOGGER = logging.getLogger(__name__)


class SharedSource(CameraSource):
    """Has those who come while a grab runs wait for it; keeps how long grabs take."""

    def __init__(self, source: CameraSource) -> None:
        self._source = source
        self._running: asyncio.Task[Frame] | None = None
        self._closed = False
        self.latencies = Latencies()

    @property
    @override
    def heavy(self) -> bool:
        """Whether the source is."""
        return self._source.heavy

    @override
    async def grab(self, timeout: float) -> Frame:
        """Take a frame, or the one that is being taken; raise SourceClosedError after the end."""
        if self._closed:
            # A retry of before must not open again what was let go of.
            raise SourceClosedError
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._grab(timeout))
            self._running.add_done_callback(_look_at)
        running = self._running
        # Waiting, unlike awaiting, passes no cancellation on: the frame is left to the others.
        await asyncio.wait([running])
        if running.cancelled():
            raise SourceClosedError
        return running.result()

    async def before(self, count: int) -> list[Frame]:
        """Answer frames from before now, the oldest first, where the source holds some."""
        return await self._source.before(count)

    @override
    async def close(self) -> None:
        """Give up what runs, and let go of the source for good."""
        self._closed = True
        await self.restart()

    async def restart(self) -> None:
        """Give up what runs, and have the next grab begin from scratch."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)
        await self._source.close()

    async def _grab(self, timeout: float) -> Frame:
        begun = monotonic()
        try:
            frame = await self._source.grab(timeout)
        except TimelapserError:
            raise
        except Exception as error:
            # The tick still gets its outcome, and the camera its health.
            _LOGGER.exception("A camera's source failed unexpectedly")
            raise SourceBrokenError(kind=type(error).__name__) from error
        self.latencies.add(monotonic() - begun)
        return frame


def _look_at(grab: asyncio.Task[Frame]) -> None:
    """Take note of an error that nobody waits for any more."""
    if not grab.cancelled():
        grab.exception()
