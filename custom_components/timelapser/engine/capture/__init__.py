"""Capture: schedule, camera sources, retries, and camera health."""

from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import Any, Final

from ..models import CameraSource, Transport
from .live import LiveSource
from .opencv import OpenCvSource
from .stream import StreamSource

__all__ = ["LIVE_BELOW", "Live", "stream_source"]

LIVE_BELOW: Final = 5
"""Seconds between captures below which a stream stays open.

By benchmarks/snapshot.py, joining anew costs less from 4 s up; logging in and TLS, which are not in
it, move that up.
"""


@dataclass(frozen=True, slots=True)
class Live:
    """Keep the stream open, and some images from before now that are `spacing` seconds apart."""

    kept: int
    spacing: float


def stream_source(
    url: str,
    *,
    user: str | None,
    password: str | None,
    transport: Transport,
    verify_tls: bool,
    executor: Executor,
    now: Callable[[], datetime],
    live: Live | None = None,
) -> CameraSource:
    """Answer a source for a stream: by PyAV, or by OpenCV where PyAV is not installed."""
    arguments: dict[str, Any] = {
        "user": user,
        "password": password,
        "transport": transport,
        "verify_tls": verify_tls,
        "executor": executor,
        "now": now,
    }
    if not find_spec("av"):
        return OpenCvSource(url, **arguments)
    if live is not None:
        return LiveSource(url, **arguments, kept=live.kept, spacing=live.spacing)
    return StreamSource(url, **arguments)
