"""Render jobs: what is asked for, and how far it is."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum, StrEnum
from typing import Any, Self

from ..errors import InvalidSettingError
from .beside import Beside
from .encoding import Codec, Hardware, Resolution
from .selection import Selection
from .timing import Timing
from .video import Quality


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


class Priority(IntEnum):
    """Which jobs go first."""

    BACKGROUND = 0
    SCHEDULED = 10
    MILESTONE = 20
    MANUAL = 30


@dataclass(frozen=True, slots=True)
class VideoSettings:
    """How a video is made where nothing else is said; durations in seconds, as in `Timing`."""

    fps: int = 24
    quality: Quality = Quality.MEDIUM
    codec: Codec = Codec.H264
    hardware: Hardware = Hardware.OFF
    resolution: Resolution = Resolution.NATIVE
    deflicker: bool = False
    target_duration: float = 0.0
    fps_min: int = 10
    fps_max: int = 60
    hold_last: float = 0.0


@dataclass(frozen=True, slots=True)
class RenderSpec:
    """All that is asked of a video; it is stored with the job.

    `preview` is the format of an animation that is made beside it, if any, and `name` the title
    that the file itself tells.
    """

    selection: Selection
    timing: Timing = Timing()
    codec: Codec = Codec.H264
    quality: Quality = Quality.MEDIUM
    hardware: Hardware = Hardware.OFF
    resolution: Resolution = Resolution.NATIVE
    deflicker: bool = False
    blend: int = 0
    name: str = ""
    preview: str | None = None
    beside: Beside = Beside()

    @classmethod
    def of(
        cls,
        selection: Selection,
        settings: VideoSettings,
        timing: Mapping[str, Any] | None = None,
        **others: Any,
    ) -> Self:
        """Answer what settings mean for a selection; `timing` and `others` go beyond them."""
        return cls(
            selection,
            Timing(
                **{
                    "fps": settings.fps,
                    "target_duration": settings.target_duration,
                    "fps_min": settings.fps_min,
                    "fps_max": settings.fps_max,
                    "hold_last": settings.hold_last,
                    **(timing or {}),
                }
            ),
            settings.codec,
            settings.quality,
            settings.hardware,
            settings.resolution,
            settings.deflicker,
            **others,
        )

    @property
    def plain(self) -> dict[str, Any]:
        """All of it in words of JSON."""
        return {
            "selection": self.selection.plain,
            "timing": self.timing.plain,
            "codec": self.codec.value,
            "quality": self.quality.value,
            "hardware": self.hardware.value,
            "resolution": self.resolution.value,
            "deflicker": self.deflicker,
            "blend": self.blend,
            "name": self.name,
            "preview": self.preview,
            "beside": self.beside.plain,
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """Answer what `plain` said; raise InvalidSettingError for what it cannot have said."""
        try:
            return cls(
                **{
                    **data,
                    "selection": Selection.from_plain(data["selection"]),
                    "timing": Timing.from_plain(data["timing"]),
                    "beside": Beside.from_plain(data.get("beside", {})),
                    "codec": Codec(data["codec"]),
                    "quality": Quality(data["quality"]),
                    "hardware": Hardware(data["hardware"]),
                    "resolution": Resolution(data["resolution"]),
                }
            )
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise InvalidSettingError(
                setting="spec", value=str(data)[:200], expected="what a video is made of"
            ) from error


@dataclass(frozen=True, slots=True)
class NewJob:
    """A request to make a video, as it is entered into the queue."""

    camera_id: str
    timelapse_id: int
    spec: RenderSpec
    frames_total: int = 0
    decision: Mapping[str, Any] | None = None
    priority: int = Priority.MANUAL
    automatic: bool = False


@dataclass(frozen=True, slots=True)
class RenderJob:
    """A queued, running or finished request to make a video.

    `spec` and `decision` are those of `RenderSpec` and `Decision` in words of JSON; the spec of a
    job from before there was one is None. `attempts` were cut off or failed, and it is not tried
    again `not_before` a moment. The `worker` has it until its lease ends, which it renews.
    """

    id: int
    camera_id: str
    timelapse_id: int
    state: JobState
    fps: int
    quality: Quality
    requested_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    frames_total: int = 0
    frames_done: int = 0
    video_id: int | None = None
    error: str | None = None
    priority: int = Priority.MANUAL
    spec: Mapping[str, Any] | None = None
    decision: Mapping[str, Any] | None = None
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

    @property
    def request(self) -> RenderSpec:
        """What is asked for; raise InvalidSettingError where that cannot be understood."""
        if self.spec is not None:
            return RenderSpec.from_plain(self.spec)
        whole = Selection(timelapse_ids=(self.timelapse_id,))
        return RenderSpec(whole, Timing(self.fps), quality=self.quality)

    def at(self, frames_done: int) -> RenderJob:
        """Answer the job with as many frames encoded."""
        return replace(self, frames_done=frames_done)
