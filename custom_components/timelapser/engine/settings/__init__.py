"""Settings: one schema with bounds and defaults, resolved from hub over camera to timelapse."""

from .inheritance import Levels, Resolved, Values, changed, own_values, resolve, settable
from .schema import (
    SCHEMA,
    CaptureSettings,
    Choice,
    CorruptionSettings,
    Level,
    Number,
    Setting,
    Settings,
    Switch,
    check,
)

__all__ = [
    "SCHEMA",
    "CaptureSettings",
    "Choice",
    "CorruptionSettings",
    "Level",
    "Levels",
    "Number",
    "Resolved",
    "Setting",
    "Settings",
    "Switch",
    "Values",
    "changed",
    "check",
    "own_values",
    "resolve",
    "settable",
]
