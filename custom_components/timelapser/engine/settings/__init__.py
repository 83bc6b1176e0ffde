"""Settings: one schema with bounds and defaults, resolved from hub over camera to timelapse."""

from .schema import (
    SCHEMA,
    CaptureSettings,
    Choice,
    CorruptionSettings,
    Number,
    Setting,
    Settings,
    Switch,
    check,
    resolve,
)

__all__ = [
    "SCHEMA",
    "CaptureSettings",
    "Choice",
    "CorruptionSettings",
    "Number",
    "Setting",
    "Settings",
    "Switch",
    "check",
    "resolve",
]
