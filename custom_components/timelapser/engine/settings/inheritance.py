"""Inheritance: hub, camera, timelapse; the most specific level that says anything wins."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from ..errors import InvalidSettingError, SettingLevelError, ThresholdOrderError
from ..models import VideoSettings
from .schema import (
    SCHEMA,
    CaptureSettings,
    CorruptionSettings,
    Level,
    RetentionSettings,
    Settings,
    check,
)

type Values = Mapping[str, object]
type Levels = Mapping[Level, Values]


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is in effect: each setting's value, and the level it came from."""

    values: Mapping[str, float | bool | StrEnum]
    origins: Mapping[str, Level]
    refused: tuple[tuple[Level, InvalidSettingError], ...] = ()
    """Stored values that are none, left out: from another version, or edited by hand."""

    @property
    def settings(self) -> Settings:
        """The values in the groups that services read."""
        groups: dict[str, dict[str, Any]] = defaultdict(dict)
        for name, value in self.values.items():
            groups[SCHEMA[name].group][SCHEMA[name].field] = value
        return Settings(
            capture=CaptureSettings(**groups["capture"]),
            corruption=CorruptionSettings(**groups["corruption"]),
            video=VideoSettings(**groups["video"]),
            retention=RetentionSettings(**groups["retention"]),
        )


def resolve(levels: Levels) -> Resolved:
    """Answer what is in effect; never raises for what is stored.

    Keys that are no settings are left alone: a level may carry other data, too.
    """
    values = {name: setting.default for name, setting in SCHEMA.items()}
    origins = dict.fromkeys(SCHEMA, Level.DEFAULT)
    refused = []
    for level in Level:
        for name, value in levels.get(level, {}).items():
            if name not in SCHEMA or level not in SCHEMA[name].levels:
                continue
            try:
                values[name] = check(name, value)
            except InvalidSettingError as error:
                refused.append((level, error))
            else:
                origins[name] = level
    return Resolved(values, origins, tuple(refused))


def own_values(level: Level, data: Values) -> dict[str, object]:
    """Answer what a level itself sets, out of all that it carries."""
    return {name: value for name, value in data.items() if name in settable(level)}


def settable(level: Level) -> list[str]:
    """The names of the settings that a level may set."""
    return [name for name, setting in SCHEMA.items() if level in setting.levels]


def changed(levels: Levels, level: Level, changes: Values) -> dict[str, object]:
    """Answer what a level sets after changes; None takes a value back.

    Raises InvalidSettingError for an unknown name or a bad value, SettingLevelError for a setting
    that the level may not set, ThresholdOrderError for thresholds the wrong way round.
    """
    own = own_values(level, levels.get(level, {}))
    for name, value in _checked(level, changes):
        own.pop(name, None)
        if value is not None:
            own[name] = value
    _check_order(resolve({**levels, level: own}))
    return own


def _checked(level: Level, changes: Values) -> Iterator[tuple[str, object]]:
    for name, value in changes.items():
        if name in SCHEMA and level not in SCHEMA[name].levels:
            raise SettingLevelError(setting=name, level=level)
        yield name, _check_or_none(name, value)


def _check_or_none(name: str, value: object) -> object:
    if value is None and name in SCHEMA:
        return None
    found = check(name, value)
    return found.value if isinstance(found, StrEnum) else found


def _check_order(resolved: Resolved) -> None:
    corruption = resolved.settings.corruption
    if corruption.quarantine_below > corruption.flag_below:
        raise ThresholdOrderError(
            quarantine_below=corruption.quarantine_below, flag_below=corruption.flag_below
        )
