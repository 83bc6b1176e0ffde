"""Frames of a stream, by PyAV: the first keyframe and nothing more."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
import socket
import ssl
from time import monotonic
from typing import TYPE_CHECKING, Any, override

import numpy as np

from ..errors import (
    CannotResolveError,
    InvalidAuthError,
    NoVideoError,
    SourceError,
    SourceNotFoundError,
    SourceRefusedError,
    SourceServerError,
    SourceTimeoutError,
    UntrustedCertificateError,
)
from ..models import CameraSource, Frame, Picture, Transport
from .urls import PROTOCOLS, address, host_label, with_credentials

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.video.frame import VideoFrame

# Most cameras tell all about their stream in the session description and in front of every
# keyframe, so a look at the first bytes is enough. For the others there is a second attempt.
QUICK_PROBE = {"probesize": "32768", "analyzeduration": "0", "fpsprobesize": "0"}
HD_LINES = 720


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
        self._url = url
        self._target = with_credentials(url, user, password)
        self._transport = transport
        self._verify_tls = verify_tls
        self._executor = executor
        self._now = now

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
        host = host_label(self._url)
        check_address(self._url)
        try:
            try:
                return self._keyframe(QUICK_PROBE, deadline)
            except NoVideoError, av.error.InvalidDataError:
                return self._keyframe({}, deadline)
        except (OSError, av.error.FFmpegError) as error:
            # Without the cause: its text names the URL with user and password.
            raise self._classify(error, host, timeout, deadline) from None

    def _keyframe(self, probing: dict[str, str], deadline: float) -> Frame:
        import av  # noqa: PLC0415

        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        options = {
            "protocol_whitelist": ",".join(PROTOCOLS),
            "rtsp_transport": self._transport.value,
            "tls_verify": "1" if self._verify_tls else "0",
            **probing,
        }
        if self._verify_tls and (bundle := ssl.get_default_verify_paths().cafile):
            options["ca_file"] = bundle
        with av.open(self._target, options=options, timeout=(left, left)) as container:
            return self._first_keyframe(container, deadline)

    def _first_keyframe(self, container: InputContainer, deadline: float) -> Frame:
        if not container.streams.video:
            raise NoVideoError(host=host_label(self._url))
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
                raise NoVideoError(host=host_label(self._url))
            errors = packet.is_corrupt or frames[0].is_corrupt
            return Frame(captured_at, _to_rgb(frames[0]), decoder_errors=errors)
        raise NoVideoError(host=host_label(self._url))

    def _classify(
        self, error: Exception, host: str, timeout: float, deadline: float
    ) -> SourceError:
        from av import error as av_error  # noqa: PLC0415

        match error:
            case av_error.HTTPUnauthorizedError() | av_error.HTTPForbiddenError():
                return InvalidAuthError(host=host)
            case av_error.HTTPNotFoundError():
                return SourceNotFoundError(host=host)
            case av_error.HTTPServerError():
                return SourceServerError(host=host, status="5xx")
            case av_error.ConnectionRefusedError() | ConnectionRefusedError():
                return SourceRefusedError(host=host)
            case TimeoutError() | av_error.ExitError():
                return SourceTimeoutError(host=host, seconds=f"{timeout:g}")
            case av_error.InvalidDataError():
                return NoVideoError(host=host)
        if monotonic() >= deadline:
            return SourceTimeoutError(host=host, seconds=f"{timeout:g}")
        if self._verify_tls and self._url.startswith(("https:", "rtsps:")):
            return check_certificate(self._url, 5.0) or SourceError(host=host)
        return SourceError(host=host)


def check_address(url: str) -> None:
    """Raise CannotResolveError when the host has no address."""
    host, port = address(url)
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise CannotResolveError(host=host_label(url)) from error


def check_certificate(url: str, timeout: float) -> UntrustedCertificateError | None:
    """Answer an error when the host's certificate is not trusted."""
    host, port = address(url)
    context = ssl.create_default_context()
    try:
        with (
            socket.create_connection((host, port), timeout) as connection,
            context.wrap_socket(connection, server_hostname=host),
        ):
            return None
    except ssl.SSLCertVerificationError:
        return UntrustedCertificateError(host=host_label(url))
    except OSError:
        return None


def _to_rgb(frame: VideoFrame) -> Picture:
    """Convert with the stream's own matrix; where it names none, by size as players do."""
    from av.video.reformatter import Colorspace  # noqa: PLC0415

    unspecified = frame.colorspace not in (
        Colorspace.ITU709,
        Colorspace.ITU601,
        Colorspace.SMPTE240M,
    )
    options: dict[str, Any] = {}
    if unspecified and frame.height >= HD_LINES:
        options["src_colorspace"] = Colorspace.ITU709
    return np.asarray(frame.reformat(format="rgb24", **options).to_ndarray(), np.uint8)
