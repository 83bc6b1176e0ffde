"""Cameras, and what they hand over."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

type Picture = NDArray[np.uint8]
"""A decoded picture: RGB, shape (height, width, 3)."""


class SourceKind(StrEnum):
    """Where a camera's pictures come from."""

    ENTITY = "entity"
    STREAM = "stream"
    STILL = "still"


class Transport(StrEnum):
    """How RTP packets of an RTSP camera travel."""

    TCP = "tcp"
    UDP = "udp"


class CameraHealth(StrEnum):
    """How well captures of a camera succeed lately."""

    ONLINE = "online"
    DEGRADED = "degraded"
    OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Frame:
    """What a source hands over: the camera's own JPEG bytes, or a decoded picture."""

    captured_at: datetime
    data: bytes | Picture
    decoder_errors: bool = False


class CameraSource(Protocol):
    """Anything a frame can be taken from; a heavy one decodes video, which takes memory."""

    @property
    def heavy(self) -> bool:
        """Whether only a few such grabs may run at once."""
        return False

    async def grab(self, timeout: float) -> Frame:
        """Take one fresh frame within `timeout` seconds; raise SourceError otherwise."""
        ...

    async def before(self, count: int) -> list[Frame]:
        """Answer up to `count` frames from before now, the oldest first; most hold none."""
        return []

    async def close(self) -> None:
        """Let go of what is held between grabs."""


@dataclass(frozen=True, slots=True)
class Camera:
    """A configured picture source with its counters."""

    id: str
    name: str
    folder: str
    image_count: int = 0
    quarantine_count: int = 0
    byte_count: int = 0
    video_count: int = 0
    video_byte_count: int = 0
    glitch_count: int = 0
    consecutive_failures: int = 0
    last_image_id: int | None = None
    last_image_at: datetime | None = None
    last_error: str | None = None
