"""The groups of settings that services read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import time

from ..models import (
    AnalyzerChoice,
    SunEvent,
    ThinKeep,
    ThumbnailMode,
    TransformSettings,
    VideoSettings,
    WeatherCondition,
    Weekday,
    WindowKind,
)


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """How frames are taken; durations in seconds."""

    interval: int = 300
    timeout: int = 10
    retries: int = 3
    retry_delay: float = 2.0
    jpeg_quality: int = 90


@dataclass(frozen=True, slots=True)
class ScheduleSettings:
    """When frames are taken; offsets in minutes, later where positive."""

    window: WindowKind = WindowKind.NONE
    window_start: time = time(6)
    window_end: time = time(18)
    start_event: SunEvent = SunEvent.SUNRISE
    start_offset: int = 0
    end_event: SunEvent = SunEvent.SUNSET
    end_offset: int = 0
    weekdays: tuple[Weekday, ...] = tuple(Weekday)
    gate: tuple[Mapping[str, object], ...] = ()
    align: bool = False


@dataclass(frozen=True, slots=True)
class ContextSettings:
    """What is noted with every image, and in which weather there is none."""

    weather: str = ""
    weather_only: tuple[WeatherCondition, ...] = ()
    weather_never: tuple[WeatherCondition, ...] = ()
    recorded: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class BurstSettings:
    """Images in quick succession, on an event; the interval in seconds."""

    entity: str = ""
    images: int = 5
    interval: float = 2.0
    before: int = 0


@dataclass(frozen=True, slots=True)
class HealthSettings:
    """When people are told of a camera that is in trouble; in minutes, 0 for never."""

    offline_repair: int = 60
    frozen_after: int = 30


@dataclass(frozen=True, slots=True)
class CorruptionSettings:
    """How images are judged: scores below the thresholds are flagged or quarantined.

    A camera is degraded after so many bad images in a row, or by their share in percent of the
    last minutes; its interval is stretched then. Zeros turn a rule off.
    """

    enabled: bool = True
    flag_below: int = 70
    quarantine_below: int = 40
    heavy: bool = True
    retry: bool = True
    analyzer: AnalyzerChoice = AnalyzerChoice.AUTO
    degraded_after: int = 5
    degraded_share: int = 50
    degraded_window: int = 30
    degraded_stretch: int = 1
    degraded_pause: bool = False


@dataclass(frozen=True, slots=True)
class ThumbnailSettings:
    """Which small copies of images are kept; what is missing is made when somebody looks."""

    mode: ThumbnailMode = ThumbnailMode.ALL
    purge_small: bool = False


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long things are kept, in days; quotas in GB (10^9 bytes). Zeros turn a rule off.

    After so many days, images thin out to one an hour, then to one a day; those that are alike
    (bits of the hash that differ) or dark (mean luma) go as far as others of the hour are left.
    """

    logs: int = 30
    corruption_logs: int = 30
    images: int = 0
    quarantine: int = 7
    camera_quota: float = 0.0
    storage_quota: float = 0.0
    hourly_after: int = 0
    daily_after: int = 0
    keep: ThinKeep = ThinKeep.CLOCK
    keep_time: time = time(12)
    keep_elevation: float = 10.0
    drop_after: int = 7
    drop_alike: int = 0
    drop_dark: int = 0
    automatic_videos: int = 7
    purge_at: time = time(3, 30)


@dataclass(frozen=True, slots=True)
class LoadSettings:
    """How much the machine is asked for; free disk space and cache in GB (10^9 bytes)."""

    concurrent_grabs: int = 4
    stop_below: float = 1.0
    resume_above: float = 2.0
    render_jobs_at_once: int = 1
    segment_cache: float = 5.0
    encode_ahead: bool = True


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings as they are in effect."""

    capture: CaptureSettings = CaptureSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    context: ContextSettings = ContextSettings()
    picture: TransformSettings = TransformSettings()
    burst: BurstSettings = BurstSettings()
    health: HealthSettings = HealthSettings()
    corruption: CorruptionSettings = CorruptionSettings()
    thumbnails: ThumbnailSettings = ThumbnailSettings()
    video: VideoSettings = VideoSettings()
    retention: RetentionSettings = RetentionSettings()
    load: LoadSettings = LoadSettings()
