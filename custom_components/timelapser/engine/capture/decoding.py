"""What readers of streams by PyAV share: opening, reasons for failures, keyframes, and colours."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime
import socket
import ssl
from time import monotonic
from typing import TYPE_CHECKING, Any, Self, cast

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
from ..models import Frame, Picture, Transport
from .urls import PROTOCOLS, address, host_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from av.container import InputContainer
    from av.packet import Packet
    from av.video.codeccontext import VideoCodecContext
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

# Most cameras tell all about their stream in the session description and in front of every
# keyframe, so a look at the first bytes is enough. For the others there is a second attempt.
QUICK_PROBE = {"probesize": "32768", "analyzeduration": "0", "fpsprobesize": "0"}
# No sound is asked for: it would only be read and thrown away.
VIDEO_ONLY = {"allowed_media_types": "video"}
HD_LINES = 720

RING_BYTES = 32 * 2**20
SPACING_TOLERANCE = 0.1
"""Seconds by which the network may bring a keyframe early: it still counts as far enough apart."""


@dataclass(frozen=True, slots=True)
class StreamAddress:
    """Where a stream is and how it is opened; `target` is the URL with its credentials."""

    url: str
    target: str = field(repr=False)
    transport: Transport
    verify_tls: bool

    @property
    def host(self) -> str:
        """Host and port, for people."""
        return host_label(self.url)

    def open(
        self, probing: Mapping[str, str], deadline: float, read: float | None = None
    ) -> InputContainer:
        """Open the stream before `deadline` (monotonic); a read takes `read` seconds at most.

        Raises TimeoutError and whatever PyAV raises: `reason()` makes a SourceError of it.
        """
        import av  # noqa: PLC0415  # slow to import, so only here, off the event loop

        left = deadline - monotonic()
        if left <= 0:
            raise TimeoutError
        options = {
            "protocol_whitelist": ",".join(PROTOCOLS),
            "rtsp_transport": self.transport.value,
            "tls_verify": "1" if self.verify_tls else "0",
            **probing,
        }
        if self.verify_tls and (bundle := ssl.get_default_verify_paths().cafile):
            options["ca_file"] = bundle
        return av.open(self.target, options=options, timeout=(left, read or left))

    def open_live(self, deadline: float, read: float) -> InputContainer:
        """Open the pictures of a stream only, with full probing where the quick one fails."""
        import av  # noqa: PLC0415

        try:
            container = self.open(QUICK_PROBE | VIDEO_ONLY, deadline, read)
        except av.error.InvalidDataError:
            pass
        else:
            if container.streams.video and container.streams.video[0].width:
                return container
            container.close()
        return self.open(VIDEO_ONLY, deadline, read)

    def reason(self, error: Exception, seconds: float, deadline: float) -> SourceError:
        """Answer why the stream failed; `seconds` is what it had until `deadline` (monotonic).

        To be raised without its cause, whose text names the URL with user and password.
        """
        from av import error as av_error  # noqa: PLC0415

        host = self.host
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
                return SourceTimeoutError(host=host, seconds=f"{seconds:g}")
            case av_error.InvalidDataError():
                return NoVideoError(host=host)
        if monotonic() >= deadline:
            return SourceTimeoutError(host=host, seconds=f"{seconds:g}")
        if self.verify_tls and self.url.startswith(("https:", "rtsps:")):
            return check_certificate(self.url, 5.0) or SourceError(host=host)
        return SourceError(host=host)


@dataclass(frozen=True, slots=True, eq=False)
class Keyframe:
    """An encoded picture with all that is needed to decode it; `arrived` is monotonic."""

    captured_at: datetime
    arrived: float
    codec: str
    extradata: bytes | None
    data: bytes
    is_corrupt: bool

    @classmethod
    def of(
        cls,
        packet: Packet[VideoStream],
        stream: VideoStream,
        captured_at: datetime,
        arrived: float,
    ) -> Self:
        """Copy what has to outlast the stream."""
        context = stream.codec_context
        data, extradata = bytes(packet), context.extradata
        return cls(captured_at, arrived, context.name, extradata, data, packet.is_corrupt)

    def decode(self) -> Frame | None:
        """Decode by a decoder of its own, which knows nothing of other pictures; blocks."""
        import av  # noqa: PLC0415  # slow to import, so only here, off the event loop

        context = cast("VideoCodecContext", av.CodecContext.create(self.codec, "r"))
        context.extradata = self.extradata
        # Threads would only cost their start for a single picture.
        context.thread_count = 1
        # Made by size, its buffer has the padding that decoders read over the end.
        packet = av.Packet(len(self.data))
        packet.update(self.data)
        try:
            frames = [*context.decode(packet), *context.decode(None)]
        except av.error.FFmpegError:
            return None
        if not frames:
            return None
        errors = self.is_corrupt or frames[0].is_corrupt
        return Frame(self.captured_at, to_rgb(frames[0]), decoder_errors=errors)


class KeyframeRing:
    """The last keyframes that are some time apart: `kept` at most, and RING_BYTES."""

    def __init__(self, kept: int, spacing: float) -> None:
        self._kept = kept
        self._spacing = spacing
        self._keyframes: deque[Keyframe] = deque()
        self._bytes = 0

    def add(self, keyframe: Keyframe) -> None:
        """Keep a keyframe, unless the last one is too near."""
        apart = self._spacing - SPACING_TOLERANCE
        if self._keyframes and keyframe.arrived - self._keyframes[-1].arrived < apart:
            return
        self._keyframes.append(keyframe)
        self._bytes += len(keyframe.data)
        while len(self._keyframes) > self._kept or self._bytes > RING_BYTES:
            self._bytes -= len(self._keyframes.popleft().data)

    def last(self, count: int, now: float, distance: float) -> list[Keyframe]:
        """Answer the last ones, oldest first.

        Without those from before a gap: older than the ring reaches back (both monotonic) when
        keyframes come every `distance` seconds.
        """
        oldest = now - self._kept * max(self._spacing, distance)
        recent = [keyframe for keyframe in self._keyframes if keyframe.arrived >= oldest]
        return recent[max(0, len(recent) - count) :]


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


def to_rgb(frame: VideoFrame) -> Picture:
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
