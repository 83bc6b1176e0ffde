"""Typed events: what the engine tells the world."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from .models import Image, RenderJob, Timelapse, Video


@dataclass(frozen=True, slots=True)
class Event:
    """Base of all events; `type` is the public name."""

    type: ClassVar[str]
    camera_id: str


@dataclass(frozen=True, slots=True)
class ImageCaptured(Event):
    """An image was kept."""

    type = "image_captured"
    image: Image


@dataclass(frozen=True, slots=True)
class ImageQuarantined(Event):
    """An image was judged corrupted and put aside."""

    type = "image_quarantined"
    image: Image


@dataclass(frozen=True, slots=True)
class CaptureFailed(Event):
    """A camera gave no picture; `error` is an error code."""

    type = "capture_failed"
    timelapse_id: int
    error: str


@dataclass(frozen=True, slots=True)
class TimelapseChanged(Event):
    """Base of the events of a timelapse's life."""

    timelapse: Timelapse


@dataclass(frozen=True, slots=True)
class TimelapseStarted(TimelapseChanged):
    """A timelapse began."""

    type = "timelapse_started"


@dataclass(frozen=True, slots=True)
class TimelapsePaused(TimelapseChanged):
    """A timelapse captures no more, for now."""

    type = "timelapse_paused"


@dataclass(frozen=True, slots=True)
class TimelapseResumed(TimelapseChanged):
    """A paused timelapse captures again."""

    type = "timelapse_resumed"


@dataclass(frozen=True, slots=True)
class TimelapseCompleted(TimelapseChanged):
    """A timelapse is over; `reason` is `user`, or the name of the rule that ended it."""

    type = "timelapse_completed"
    reason: str


@dataclass(frozen=True, slots=True)
class RenderChanged(Event):
    """Base of the events of a render job's life."""

    job: RenderJob


@dataclass(frozen=True, slots=True)
class VideoQueued(RenderChanged):
    """A render was asked for, or queued again after a restart."""

    type = "video_queued"


@dataclass(frozen=True, slots=True)
class VideoStarted(RenderChanged):
    """FFmpeg began."""

    type = "video_started"


@dataclass(frozen=True, slots=True)
class VideoProgress(RenderChanged):
    """More frames are done; at most one a second.

    `speed` in frames a second, `eta` in seconds, both None while unknown.
    """

    type = "video_progress"
    speed: float | None = None
    eta: float | None = None


@dataclass(frozen=True, slots=True)
class VideoFinished(RenderChanged):
    """The video is on disk and checked."""

    type = "video_finished"
    video: Video


@dataclass(frozen=True, slots=True)
class VideoFailed(RenderChanged):
    """No video came of the job: it failed or was cancelled, see `job.state`."""

    type = "video_failed"


@dataclass(frozen=True, slots=True)
class SettingsChanged(Event):
    """Settings have new values; `camera_id` is empty for the hub's."""

    type = "settings_changed"
    level: str
    names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Reconciled(Event):
    """Files and rows were compared, and something was set right; it is the hub's event."""

    type = "reconciled"
    findings: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class ResolutionChanged(Event):
    """A camera sends pictures of another size, in pixels as they are kept."""

    type = "resolution_changed"
    before: tuple[int, int]
    after: tuple[int, int]


@dataclass(frozen=True, slots=True)
class CameraFrozen(Event):
    """A camera shows the same picture for longer than it may."""

    type = "camera_frozen"
    since: datetime


@dataclass(frozen=True, slots=True)
class CameraDegraded(Event):
    """A camera's recent images are mostly bad."""

    type = "camera_degraded"
    since: datetime


@dataclass(frozen=True, slots=True)
class CameraRecovered(Event):
    """A camera that was degraded sends good images again, or was reset by hand."""

    type = "camera_recovered"


@dataclass(frozen=True, slots=True)
class LoadChanged(Event):
    """Base of the events of disk and memory; `free` in bytes. They are the hub's."""

    free: int


@dataclass(frozen=True, slots=True)
class StorageLow(LoadChanged):
    """The disk is nearly full: nothing is captured until there is room."""

    type = "storage_low"


@dataclass(frozen=True, slots=True)
class StorageOk(LoadChanged):
    """There is room on the disk again."""

    type = "storage_ok"


@dataclass(frozen=True, slots=True)
class MemoryLow(LoadChanged):
    """The machine is short of memory: nothing is captured until there is some."""

    type = "memory_low"


@dataclass(frozen=True, slots=True)
class MemoryOk(LoadChanged):
    """There is memory again."""

    type = "memory_ok"


@dataclass(frozen=True, slots=True)
class ImageRestored(Event):
    """An image was taken out of the quarantine."""

    type = "image_restored"
    image: Image


@dataclass(frozen=True, slots=True)
class Purged(Event):
    """Images or videos were deleted by rules or by hand; `byte_count` is the room it made.

    It is the hub's event where several cameras may be meant.
    """

    type = "purged"
    images: int
    videos: int
    byte_count: int


type Publish = Callable[[Event], None]
"""How a service tells an event; called in the event loop, must not block or raise."""
