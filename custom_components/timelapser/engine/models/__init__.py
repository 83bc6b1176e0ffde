"""What the engine talks about: enums and frozen rows. Times are aware and UTC."""

from .camera import Camera, CameraHealth, CameraSource, Frame, Picture, SourceKind, Transport
from .context import Context, Reading, Weather, WeatherCondition
from .corruption import AnalyzerChoice, CorruptionAction, CorruptionLog, Judgement
from .image import Image, NewImage, Replaced
from .log import LogLevel, LogRow, NewLogRow
from .schedule import SunEvent, Weekday, WindowKind
from .tick import SkipReason, Tick, TickOutcome
from .timelapse import Timelapse, TimelapseChanges, TimelapseRules, TimelapseState
from .transform import Aspect, AspectMode, TransformSettings
from .video import JobState, Quality, RenderJob, Video, VideoFile, VideoSettings

__all__ = [
    "AnalyzerChoice",
    "Aspect",
    "AspectMode",
    "Camera",
    "CameraHealth",
    "CameraSource",
    "Context",
    "CorruptionAction",
    "CorruptionLog",
    "Frame",
    "Image",
    "JobState",
    "Judgement",
    "LogLevel",
    "LogRow",
    "NewImage",
    "NewLogRow",
    "Picture",
    "Quality",
    "Reading",
    "RenderJob",
    "Replaced",
    "SkipReason",
    "SourceKind",
    "SunEvent",
    "Tick",
    "TickOutcome",
    "Timelapse",
    "TimelapseChanges",
    "TimelapseRules",
    "TimelapseState",
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
