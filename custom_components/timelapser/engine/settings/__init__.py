"""Settings: one schema with bounds and defaults, resolved from hub over camera to timelapse."""

from .groups import (
    BurstSettings,
    CaptureSettings,
    ContextSettings,
    CorruptionSettings,
    LoadSettings,
    RetentionSettings,
    ScheduleSettings,
    Settings,
)
from .inheritance import Levels, Resolved, Values, changed, own_values, resolve, settable
from .schema import SCHEMA, Level, Setting, check
from .values import (
    Choice,
    Choices,
    Clock,
    Conditions,
    Entities,
    Entity,
    Kind,
    Number,
    Switch,
    plain,
)

__all__ = [
    "SCHEMA",
    "BurstSettings",
    "CaptureSettings",
    "Choice",
    "Choices",
    "Clock",
    "Conditions",
    "ContextSettings",
    "CorruptionSettings",
    "Entities",
    "Entity",
    "Kind",
    "Level",
    "Levels",
    "LoadSettings",
    "Number",
    "Resolved",
    "RetentionSettings",
    "ScheduleSettings",
    "Setting",
    "Settings",
    "Switch",
    "Values",
    "changed",
    "check",
    "own_values",
    "plain",
    "resolve",
    "settable",
]
