"""The one schema of settings: names, bounds, defaults, levels, and the groups services read.

Forms, actions and validation follow from it: a new setting is one entry here, and its texts.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..errors import InvalidSettingError
from ..models import Quality, VideoSettings


@dataclass(frozen=True, slots=True)
class CaptureSettings:
    """How frames are taken; durations in seconds."""

    interval: int = 300
    timeout: int = 10
    retries: int = 3
    retry_delay: float = 2.0
    jpeg_quality: int = 90


@dataclass(frozen=True, slots=True)
class CorruptionSettings:
    """How images are judged: scores below the thresholds are flagged or quarantined."""

    enabled: bool = True
    flag_below: int = 70
    quarantine_below: int = 40


@dataclass(frozen=True, slots=True)
class RetentionSettings:
    """How long things are kept, in days."""

    logs: int = 30
    corruption_logs: int = 30


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings as they are in effect."""

    capture: CaptureSettings = CaptureSettings()
    corruption: CorruptionSettings = CorruptionSettings()
    video: VideoSettings = VideoSettings()
    retention: RetentionSettings = RetentionSettings()


class Level(StrEnum):
    """Who may set a value, the most general first."""

    DEFAULT = "default"
    HUB = "hub"
    CAMERA = "camera"
    TIMELAPSE = "timelapse"


EVERY_LEVEL = frozenset({Level.HUB, Level.CAMERA, Level.TIMELAPSE})
HUB_ONLY = frozenset({Level.HUB})


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds; a whole one unless `step` is a fraction."""

    minimum: float
    maximum: float
    unit: str | None = None
    step: float = 1

    def check(self, value: object) -> float:
        """Answer the value as a number of the right kind; raise ValueError otherwise."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(value)  # noqa: TRY004  # one error type for every kind
        if not self.minimum <= value <= self.maximum:
            raise ValueError(value)
        if self.step < 1:
            return float(value)
        if value != int(value):
            raise ValueError(value)
        return int(value)

    @property
    def expected(self) -> str:
        """The bounds, for people."""
        return f"{self.minimum:g} to {self.maximum:g}"


@dataclass(frozen=True, slots=True)
class Switch:
    """On or off."""

    def check(self, value: object) -> bool:
        """Answer the value; raise ValueError when it is no boolean."""
        if not isinstance(value, bool):
            raise ValueError(value)  # noqa: TRY004
        return value

    @property
    def expected(self) -> str:
        """The choices, for people."""
        return "true or false"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a few words."""

    words: type[StrEnum]

    def check(self, value: object) -> StrEnum:
        """Answer the member; raise ValueError for any other word."""
        return self.words(str(value))

    @property
    def expected(self) -> str:
        """The choices, for people."""
        return ", ".join(self.words)


@dataclass(frozen=True, slots=True)
class Setting:
    """A named setting: the field of `Settings` that it fills, its values, and who may set it."""

    group: str
    field: str
    values: Number | Switch | Choice
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
    "corruption_detection": Setting("corruption", "enabled", Switch()),
    "flag_below": Setting("corruption", "flag_below", Number(0, 100)),
    "quarantine_below": Setting("corruption", "quarantine_below", Number(0, 100)),
    "fps": Setting("video", "fps", Number(1, 120, "fps")),
    "quality": Setting("video", "quality", Choice(Quality)),
    "log_retention": Setting("retention", "logs", Number(1, 365, "d"), HUB_ONLY),
    "corruption_log_retention": Setting(
        "retention", "corruption_logs", Number(1, 365, "d"), HUB_ONLY
    ),
}


def check(name: str, value: object) -> float | bool | StrEnum:
    """Answer a valid value of a setting; raise InvalidSettingError otherwise."""
    setting = SCHEMA.get(name)
    if setting is None:
        raise InvalidSettingError(setting=name, value=str(value), expected=", ".join(SCHEMA))
    try:
        return setting.values.check(value)
    except ValueError as error:
        raise InvalidSettingError(
            setting=name, value=str(value), expected=setting.values.expected
        ) from error
