"""The one schema of settings: names, bounds, defaults, levels.

Forms, actions and validation follow from it: a new setting is a field of its group, one entry
here, and its texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..errors import InvalidSettingError
from ..models import (
    AnalyzerChoice,
    Aspect,
    AspectMode,
    Codec,
    Hardware,
    Quality,
    Resolution,
    SunEvent,
    ThinKeep,
    ThumbnailMode,
    WeatherCondition,
    Weekday,
    WindowKind,
)
from .groups import Settings
from .values import Choice, Choices, Clock, Conditions, Entities, Entity, Kind, Number, Switch


class Level(StrEnum):
    """Who may set a value, the most general first."""

    DEFAULT = "default"
    HUB = "hub"
    CAMERA = "camera"
    TIMELAPSE = "timelapse"


EVERY_LEVEL = frozenset({Level.HUB, Level.CAMERA, Level.TIMELAPSE})
HUB_ONLY = frozenset({Level.HUB})
CAMERA_ONLY = frozenset({Level.CAMERA})


@dataclass(frozen=True, slots=True)
class Setting:
    """A named setting: the field of `Settings` that it fills, its values, and who may set it."""

    group: str
    field: str
    values: Kind
    levels: frozenset[Level] = EVERY_LEVEL

    @property
    def default(self) -> Any:
        """The value when no level says anything."""
        return getattr(getattr(Settings(), self.group), self.field)


SCHEMA: Mapping[str, Setting] = {
    "interval": Setting("capture", "interval", Number(1, 86_400, "s")),
    "timeout": Setting("capture", "timeout", Number(1, 120, "s")),
    "retries": Setting("capture", "retries", Number(0, 10)),
    "retry_delay": Setting("capture", "retry_delay", Number(0.1, 60, "s", step=0.1)),
    "jpeg_quality": Setting("capture", "jpeg_quality", Number(1, 100)),
    "window": Setting("schedule", "window", Choice(WindowKind)),
    "window_start": Setting("schedule", "window_start", Clock()),
    "window_end": Setting("schedule", "window_end", Clock()),
    "start_event": Setting("schedule", "start_event", Choice(SunEvent)),
    "start_offset": Setting("schedule", "start_offset", Number(-720, 720, "min")),
    "end_event": Setting("schedule", "end_event", Choice(SunEvent)),
    "end_offset": Setting("schedule", "end_offset", Number(-720, 720, "min")),
    "weekdays": Setting("schedule", "weekdays", Choices(Weekday, least=1)),
    "gate": Setting("schedule", "gate", Conditions(20)),
    "align": Setting("schedule", "align", Switch()),
    "weather": Setting("context", "weather", Entity("weather")),
    "weather_only": Setting("context", "weather_only", Choices(WeatherCondition)),
    "weather_never": Setting("context", "weather_never", Choices(WeatherCondition)),
    "recorded": Setting("context", "recorded", Entities(10)),
    "crop_left": Setting("picture", "crop_left", Number(0, 90, "%", step=0.1), CAMERA_ONLY),
    "crop_top": Setting("picture", "crop_top", Number(0, 90, "%", step=0.1), CAMERA_ONLY),
    "crop_right": Setting("picture", "crop_right", Number(0, 90, "%", step=0.1), CAMERA_ONLY),
    "crop_bottom": Setting("picture", "crop_bottom", Number(0, 90, "%", step=0.1), CAMERA_ONLY),
    "rotation": Setting("picture", "rotation", Number(0, 270, "°", step=90), CAMERA_ONLY),
    "aspect": Setting("picture", "aspect", Choice(Aspect), CAMERA_ONLY),
    "aspect_mode": Setting("picture", "aspect_mode", Choice(AspectMode), CAMERA_ONLY),
    "burst_entity": Setting("burst", "entity", Entity()),
    "burst_images": Setting("burst", "images", Number(1, 100)),
    "burst_interval": Setting("burst", "interval", Number(0.5, 60, "s", step=0.5)),
    "burst_before": Setting("burst", "before", Number(0, 10)),
    "offline_repair": Setting("health", "offline_repair", Number(0, 10_080, "min")),
    "frozen_after": Setting("health", "frozen_after", Number(0, 1_440, "min")),
    "corruption_detection": Setting("corruption", "enabled", Switch()),
    "flag_below": Setting("corruption", "flag_below", Number(0, 100)),
    "quarantine_below": Setting("corruption", "quarantine_below", Number(0, 100)),
    "heavy_checks": Setting("corruption", "heavy", Switch()),
    "retry_bad": Setting("corruption", "retry", Switch()),
    "degraded_after": Setting("corruption", "degraded_after", Number(0, 100)),
    "degraded_share": Setting("corruption", "degraded_share", Number(0, 100, "%")),
    "degraded_window": Setting("corruption", "degraded_window", Number(5, 1_440, "min")),
    "degraded_stretch": Setting("corruption", "degraded_stretch", Number(1, 20)),
    "degraded_pause": Setting("corruption", "degraded_pause", Switch()),
    "analyzer": Setting("corruption", "analyzer", Choice(AnalyzerChoice), HUB_ONLY),
    "thumbnails": Setting("thumbnails", "mode", Choice(ThumbnailMode)),
    "purge_small": Setting("thumbnails", "purge_small", Switch()),
    "fps": Setting("video", "fps", Number(1, 120, "fps")),
    "quality": Setting("video", "quality", Choice(Quality)),
    "codec": Setting("video", "codec", Choice(Codec)),
    "hardware": Setting("video", "hardware", Choice(Hardware)),
    "resolution": Setting("video", "resolution", Choice(Resolution)),
    "deflicker": Setting("video", "deflicker", Switch()),
    "target_duration": Setting("video", "target_duration", Number(0, 43_200, "s", step=0.1)),
    "fps_min": Setting("video", "fps_min", Number(1, 120, "fps")),
    "fps_max": Setting("video", "fps_max", Number(1, 120, "fps")),
    "hold_last": Setting("video", "hold_last", Number(0, 60, "s", step=0.1)),
    "log_retention": Setting("retention", "logs", Number(1, 365, "d"), HUB_ONLY),
    "corruption_log_retention": Setting(
        "retention", "corruption_logs", Number(1, 365, "d"), HUB_ONLY
    ),
    "image_retention": Setting("retention", "images", Number(0, 36_500, "d")),
    "quarantine_retention": Setting("retention", "quarantine", Number(0, 36_500, "d")),
    "camera_quota": Setting("retention", "camera_quota", Number(0, 100_000, "GB", step=0.1)),
    "storage_quota": Setting(
        "retention", "storage_quota", Number(0, 100_000, "GB", step=0.1), HUB_ONLY
    ),
    "thin_hourly_after": Setting("retention", "hourly_after", Number(0, 36_500, "d")),
    "thin_daily_after": Setting("retention", "daily_after", Number(0, 36_500, "d")),
    "thin_keep": Setting("retention", "keep", Choice(ThinKeep)),
    "thin_time": Setting("retention", "keep_time", Clock()),
    "thin_elevation": Setting("retention", "keep_elevation", Number(-18, 90, "°", step=0.5)),
    "drop_after": Setting("retention", "drop_after", Number(1, 36_500, "d")),
    "drop_alike": Setting("retention", "drop_alike", Number(0, 32)),
    "drop_dark": Setting("retention", "drop_dark", Number(0, 255)),
    "keep_automatic": Setting("retention", "automatic_videos", Number(0, 1_000)),
    "purge_at": Setting("retention", "purge_at", Clock(), HUB_ONLY),
    "concurrent_grabs": Setting("load", "concurrent_grabs", Number(1, 16), HUB_ONLY),
    "stop_below": Setting("load", "stop_below", Number(0, 10_000, "GB", step=0.1), HUB_ONLY),
    "resume_above": Setting("load", "resume_above", Number(0, 10_000, "GB", step=0.1), HUB_ONLY),
    "render_jobs_at_once": Setting("load", "render_jobs_at_once", Number(1, 4), HUB_ONLY),
    "segment_cache": Setting("load", "segment_cache", Number(0, 10_000, "GB", step=0.1), HUB_ONLY),
    "encode_ahead": Setting("load", "encode_ahead", Switch(), HUB_ONLY),
}


def check(name: str, value: object) -> Any:
    """Answer a valid value of a setting; raise InvalidSettingError otherwise."""
    setting = SCHEMA.get(name)
    if setting is None:
        raise InvalidSettingError(setting=name, value=str(value), expected=", ".join(SCHEMA))
    try:
        return setting.values.check(value)
    except ValueError as error:
        raise InvalidSettingError(
            setting=name, value=str(value)[:200], expected=setting.values.expected
        ) from error
