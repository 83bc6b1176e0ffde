"""What the engine talks about: enums and frozen rows. Times are aware and UTC."""

from .camera import Camera, CameraHealth, CameraSource, Frame, Picture, SourceKind, Transport
from .image import CorruptionAction, CorruptionLog, Image, Judgement, NewImage, Tick, TickOutcome
from .log import LogLevel, LogRow, NewLogRow
from .schedule import SunEvent, Weekday, WindowKind
from .timelapse import StopRules, Timelapse, TimelapseChanges, TimelapseState
from .video import JobState, Quality, RenderJob, Video, VideoFile, VideoSettings

__all__ = [
    "Camera",
    "CameraHealth",
    "CameraSource",
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
    "RenderJob",
    "SourceKind",
    "StopRules",
    "SunEvent",
    "Tick",
    "TickOutcome",
    "Timelapse",
    "TimelapseChanges",
    "TimelapseState",
    "Transport",
    "Video",
    "VideoFile",
    "VideoSettings",
    "Weekday",
    "WindowKind",
]
