"""Videos, and the jobs that make them."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum


class JobState(StrEnum):
    """Where a render job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_over(self) -> bool:
        """Whether the job will not change any more."""
        return self in (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED)


class Quality(StrEnum):
    """How much a video is compressed; the numbers are in `videos.command`."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    ULTRA = "ultra"


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """How a video is to be made."""

    fps: int = 24
    quality: Quality = Quality.MEDIUM


@dataclass(frozen=True, slots=True)
class RenderJob:
    """A queued, running or finished request to make a video."""

    id: int
    camera_id: str
    timelapse_id: int
    state: JobState
    settings: VideoSettings
    requested_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    frames_total: int = 0
    frames_done: int = 0
    video_id: int | None = None
    error: str | None = None
    priority: int = 0
    spec: Mapping[str, object] | None = None
    decision: Mapping[str, object] | None = None
    automatic: bool = False
    attempts: int = 0
    not_before: datetime | None = None
    worker: str | None = None
    lease_until: datetime | None = None
    cpu_seconds: float | None = None

    @property
    def progress(self) -> float:
        """Share of the frames that are encoded, 0 to 1."""
        return self.frames_done / self.frames_total if self.frames_total else 0.0

    def at(self, frames_done: int) -> RenderJob:
        """Answer the job with as many frames encoded."""
        return replace(self, frames_done=frames_done)


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
