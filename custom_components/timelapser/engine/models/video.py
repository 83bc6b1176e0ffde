"""Videos, as they lie on the disk."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Final

PREVIEW_SUFFIXES: Final = (".gif", ".webp")


class Quality(StrEnum):
    """How much a video is compressed; the numbers are in `videos.codecs`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    ULTRA = "ultra"


@dataclass(frozen=True, slots=True)
class VideoFile:
    """What is in a rendered file, as read back from it."""

    frames: int
    duration: float
    fps: float
    width: int
    height: int
    codec: str
    pixel_format: str
    byte_count: int


@dataclass(frozen=True, slots=True)
class Video:
    """One rendered file; `path` is relative to the storage root."""

    id: int
    camera_id: str
    timelapse_id: int
    job_id: int
    path: str
    created_at: datetime
    file: VideoFile
    poster_path: str | None = None
    automatic: bool = False
    decision: Mapping[str, object] | None = None

    @property
    def previews(self) -> tuple[str, ...]:
        """Where its animations lie, if it has some, relative to the storage root."""
        path = PurePosixPath(self.path)
        return tuple(str(path.with_suffix(suffix)) for suffix in PREVIEW_SUFFIXES)
