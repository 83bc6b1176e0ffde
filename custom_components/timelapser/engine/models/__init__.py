"""What the engine talks about: enums and frozen rows. Times are aware and UTC."""

from .beside import Beside
from .camera import Camera, CameraHealth, CameraSource, Frame, Picture, SourceKind, Transport
from .context import Context, Reading, Weather, WeatherCondition
from .corruption import AnalyzerChoice, CorruptionAction, CorruptionLog, Judgement
from .encoding import Codec, Encoding, Hardware, Resolution
from .image import Image, NewImage, Replaced
from .job import JobState, NewJob, Priority, RenderJob, RenderSpec, VideoSettings
from .log import LogLevel, LogRow, NewLogRow
from .retention import ThinKeep
from .schedule import SunEvent, Weekday, WindowKind
from .selection import Bucket, Selection, Side
from .thumbnails import ThumbnailMode
from .tick import SkipReason, Tick, TickOutcome
from .timelapse import Timelapse, TimelapseChanges, TimelapseRules, TimelapseState
from .timing import Decision, Gaps, Timing
from .transform import Aspect, AspectMode, TransformSettings
from .video import Quality, Video, VideoFile

__all__ = [
    "AnalyzerChoice",
    "Aspect",
    "AspectMode",
    "Beside",
    "Bucket",
    "Camera",
    "CameraHealth",
    "CameraSource",
    "Codec",
    "Context",
    "CorruptionAction",
    "CorruptionLog",
    "Decision",
    "Encoding",
    "Frame",
    "Gaps",
    "Hardware",
    "Image",
    "JobState",
    "Judgement",
    "LogLevel",
    "LogRow",
    "NewImage",
    "NewJob",
    "NewLogRow",
    "Picture",
    "Priority",
    "Quality",
    "Reading",
    "RenderJob",
    "RenderSpec",
    "Replaced",
    "Resolution",
    "Selection",
    "Side",
    "SkipReason",
    "SourceKind",
    "SunEvent",
    "ThinKeep",
    "ThumbnailMode",
    "Tick",
    "TickOutcome",
    "Timelapse",
    "TimelapseChanges",
    "TimelapseRules",
    "TimelapseState",
    "Timing",
    "TransformSettings",
    "Transport",
    "Video",
    "VideoFile",
    "VideoSettings",
    "Weather",
    "WeatherCondition",
    "Weekday",
    "WindowKind",
]
