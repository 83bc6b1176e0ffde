"""Frames of a stream, by OpenCV, where PyAV is not installed."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
import os
import socket
from threading import Lock
from typing import override

from ..errors import NoVideoError, SourceError, SourceRefusedError, SourceTimeoutError
from ..models import CameraSource, Frame, Transport
from .decoding import check_address
from .urls import PROTOCOLS, address, host_label, with_credentials

OPTIONS = "OPENCV_FFMPEG_CAPTURE_OPTIONS"

# OpenCV takes FFmpeg's options from the environment only, which all threads share.
_ENVIRONMENT = Lock()


class OpenCvSource(CameraSource):
    """The same as StreamSource, with fewer reasons when something is wrong."""

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
        options = {
            "protocol_whitelist": ",".join(PROTOCOLS),
            "rtsp_transport": transport.value,
            "tls_verify": str(int(verify_tls)),
        }
        self._options = "|".join(f"{name};{value}" for name, value in options.items())
        self._executor = executor
        self._now = now

    @property
    @override
    def heavy(self) -> bool:
        """It decodes."""
        return True

    @override
    async def grab(self, timeout: float) -> Frame:
        """Take the first picture that decodes; one hop off the event loop."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._executor, self._grab, timeout)

    @override
    async def close(self) -> None:
        """Nothing is held."""

    def _grab(self, timeout: float) -> Frame:
        import cv2  # noqa: PLC0415  # slow to import, so only here, off the event loop

        check_address(self._url)
        self._check_connection(timeout)
        milliseconds = int(timeout * 1000)
        timeouts = (
            *(cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, milliseconds),
            *(cv2.CAP_PROP_READ_TIMEOUT_MSEC, milliseconds),
        )
        with _ENVIRONMENT:
            before = os.environ.get(OPTIONS)
            os.environ[OPTIONS] = self._options
            try:
                capture = cv2.VideoCapture(self._target, cv2.CAP_FFMPEG, timeouts)
            finally:
                if before is None:
                    del os.environ[OPTIONS]
                else:
                    os.environ[OPTIONS] = before
        try:
            if not capture.isOpened():
                raise SourceError(host=host_label(self._url))
            captured_at = self._now()
            decoded, picture = capture.read()
            if not decoded:
                raise NoVideoError(host=host_label(self._url))
            return Frame(captured_at, cv2.cvtColor(picture, cv2.COLOR_BGR2RGB).astype("uint8"))
        finally:
            capture.release()

    def _check_connection(self, timeout: float) -> None:
        """Tell refusal and silence apart, which OpenCV does not."""
        host = host_label(self._url)
        try:
            with socket.create_connection(address(self._url), timeout):
                pass
        except ConnectionRefusedError as error:
            raise SourceRefusedError(host=host) from error
        except TimeoutError as error:
            raise SourceTimeoutError(host=host, seconds=f"{timeout:g}") from error
        except OSError as error:
            raise SourceError(host=host) from error
