"""What the engine talks about: enums and frozen rows. Times are aware and UTC."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Protocol, TypedDict

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


class TimelapseState(StrEnum):
    """Where a timelapse is in its life."""

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"


class TickOutcome(StrEnum):
    """What became of a planned moment of capture."""

    CAPTURED = "captured"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    SKIPPED = "skipped"


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
class Frame:
    """What a source hands over: the camera's own JPEG bytes, or a decoded picture."""

    captured_at: datetime
    data: bytes | Picture
    decoder_errors: bool = False


class CameraSource(Protocol):
    """Anything a frame can be taken from."""

    async def grab(self, timeout: float) -> Frame:
        """Take one fresh frame within `timeout` seconds; raise SourceError otherwise."""
        ...

    async def close(self) -> None:
        """Let go of what is held between grabs."""
        ...


@dataclass(frozen=True, slots=True)
class Judgement:
    """What corruption detection says of an image: 100 is pristine, with the reasons for less."""

    score: int
    reasons: tuple[str, ...] = ()


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
    consecutive_failures: int = 0
    last_image_id: int | None = None
    last_image_at: datetime | None = None
    last_error: str | None = None


@dataclass(frozen=True, slots=True)
class Timelapse:
    """One run of captures on a camera; `longest_gap` between two images in milliseconds."""

    id: int
    camera_id: str
    name: str
    state: TimelapseState
    folder: str
    started_at: datetime
    resumed_at: datetime | None = None
    completed_at: datetime | None = None
    starred: bool = False
    notes: str = ""
    stop_at: datetime | None = None
    stop_after_days: int | None = None
    stop_after_images: int | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    image_count: int = 0
    quarantine_count: int = 0
    flagged_count: int = 0
    failed_count: int = 0
    skipped_count: int = 0
    byte_count: int = 0
    video_count: int = 0
    video_byte_count: int = 0
    score_sum: int = 0
    score_min: int | None = None
    longest_gap: int = 0
    first_day: date | None = None
    first_image_at: datetime | None = None
    last_image_at: datetime | None = None
    last_image_id: int | None = None

    @property
    def score_mean(self) -> float | None:
        """Mean corruption score over all judged images, quarantined ones too."""
        judged = self.image_count + self.quarantine_count
        return self.score_sum / judged if judged else None


class StopRules(TypedDict, total=False):
    """When a timelapse stops by itself; whichever comes first, None for never."""

    stop_at: datetime | None
    stop_after_days: int | None
    stop_after_images: int | None


class TimelapseChanges(StopRules, total=False):
    """What people may change of a timelapse; what is left out stays as it is."""

    name: str
    starred: bool
    notes: str


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image that is safely on disk and wants its row."""

    camera_id: str
    timelapse_id: int
    captured_at: datetime
    local_day: date
    width: int
    height: int
    byte_count: int
    judgement: Judgement
    quarantined: bool
    flagged: bool


@dataclass(frozen=True, slots=True)
class Image:
    """One captured frame; its files are found by `images.files.Storage`."""

    id: int
    camera_id: str
    timelapse_id: int
    folder: str
    captured_at: datetime
    local_day: date
    width: int
    height: int
    byte_count: int
    score: int
    reasons: tuple[str, ...]
    quarantined: bool
    flagged: bool
    missing: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """A planned moment of capture and what became of it."""

    camera_id: str
    timelapse_id: int
    planned_at: datetime
    local_day: date
    outcome: TickOutcome
    error: str | None = None


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


class CorruptionAction(StrEnum):
    """What was done with a judged image."""

    KEPT = "kept"
    FLAGGED = "flagged"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class CorruptionLog:
    """A judgement in the past; without an image where that is gone."""

    id: int
    camera_id: str
    timelapse_id: int
    image_id: int | None
    judged_at: datetime
    score: int
    action: CorruptionAction
    reasons: tuple[str, ...]


class LogLevel(StrEnum):
    """How much a log row matters."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def and_above(self) -> tuple[LogLevel, ...]:
        """The level and those that matter more."""
        levels = tuple(LogLevel)
        return levels[levels.index(self) :]


@dataclass(frozen=True, slots=True)
class NewLogRow:
    """What happened, in a sentence without secrets; `data` for machines."""

    logged_at: datetime
    level: LogLevel
    source: str
    message: str
    camera_id: str | None = None
    correlation_id: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogRow(NewLogRow):
    """A row of the log."""

    id: int = 0
