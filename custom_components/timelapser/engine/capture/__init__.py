"""Capture: schedule, camera sources, retries, and camera health."""

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from importlib.util import find_spec

from ..models import CameraSource, Transport
from .opencv import OpenCvSource
from .stream import StreamSource

__all__ = ["stream_source"]


def stream_source(
    url: str,
    *,
    user: str | None,
    password: str | None,
    transport: Transport,
    verify_tls: bool,
    executor: Executor,
    now: Callable[[], datetime],
) -> CameraSource:
    """Answer a source for a stream: by PyAV, or by OpenCV where PyAV is not installed."""
    kind = StreamSource if find_spec("av") else OpenCvSource
    return kind(
        url,
        user=user,
        password=password,
        transport=transport,
        verify_tls=verify_tls,
        executor=executor,
        now=now,
    )
