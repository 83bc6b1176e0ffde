"""Frames of a stream, by PyAV: the first keyframe and nothing more."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from time import monotonic
from typing import TYPE_CHECKING, override

from ..errors import NoVideoError
from ..models import CameraSource, Frame, Transport
from .decoding import QUICK_PROBE, StreamAddress, check_address, to_rgb
from .urls import with_credentials

if TYPE_CHECKING:
    from av.container import InputContainer


class StreamSource(CameraSource):
    """An RTSP, MJPEG or HLS camera, opened anew for every frame."""

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
    ) -> None:
        target = with_credentials(url, user, password)
        self._address = StreamAddress(url, target, transport, verify_tls)
        self._executor = executor
        self._now = now

    @property
    @override
    def heavy(self) -> bool:
        """It decodes."""
        return True

    @override
    async def grab(self, timeout: float) -> Frame:
        """Take the first keyframe; one hop off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._grab, timeout)

    @override
    async def close(self) -> None:
        """Nothing is held."""

    def _grab(self, timeout: float) -> Frame:
        import av  # noqa: PLC0415  # slow to import, so only here, off the event loop

        deadline = monotonic() + timeout
        check_address(self._address.url)
        try:
            try:
                return self._keyframe(QUICK_PROBE, deadline)
            except NoVideoError, av.error.InvalidDataError:
                return self._keyframe({}, deadline)
        except (OSError, av.error.FFmpegError) as error:
            # Without the cause: its text names the URL with user and password.
            raise self._address.reason(error, timeout, deadline) from None

    def _keyframe(self, probing: dict[str, str], deadline: float) -> Frame:
        with self._address.open(probing, deadline) as container:
            return self._first_keyframe(container, deadline)

    def _first_keyframe(self, container: InputContainer, deadline: float) -> Frame:
        host = self._address.host
        if not container.streams.video:
            raise NoVideoError(host=host)
        stream = container.streams.video[0]
        stream.codec_context.skip_frame = "NONKEY"
        # Threads would hold the frame back until more packets come.
        stream.codec_context.thread_count = 1
        for packet in container.demux(stream):
            if monotonic() > deadline:
                raise TimeoutError
            if not packet.is_keyframe or not packet.size:
                continue
            captured_at = self._now()
            frames = [*stream.decode(packet)] or [*stream.decode(None)]
            if not frames:
                raise NoVideoError(host=host)
            errors = packet.is_corrupt or frames[0].is_corrupt
            return Frame(captured_at, to_rgb(frames[0]), decoder_errors=errors)
        raise NoVideoError(host=host)
