"""Inheritance: hub, camera, timelapse; the most specific level that says anything wins."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from ..errors import (
    InvalidRequestError,
    InvalidSettingError,
    SettingLevelError,
    ThresholdOrderError,
)
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

FLAG: Final = "flag_below"
QUARANTINE: Final = "quarantine_below"
THRESHOLDS: Final = frozenset({FLAG, QUARANTINE})


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is in effect: each setting's value, and the level it came from."""

    values: Mapping[str, float | bool | StrEnum]
    origins: Mapping[str, Level]
    refused: tuple[tuple[Level, InvalidRequestError], ...] = ()
    """What is stored but left out: from another version, or edited by hand."""

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
    refused: list[tuple[Level, InvalidRequestError]] = []
    for level in Level:
        valid, errors = _valid(level, levels.get(level, {}))
        thresholds = {**values, **valid}
        if thresholds[QUARANTINE] > thresholds[FLAG]:
            errors.append(_wrong_order(level, thresholds))
            valid = {name: value for name, value in valid.items() if name not in THRESHOLDS}
        values |= valid
        origins |= dict.fromkeys(valid, level)
        refused += ((level, error) for error in errors)
    return Resolved(values, origins, tuple(refused))


def _valid(level: Level, data: Values) -> tuple[dict[str, Any], list[InvalidRequestError]]:
    """Answer the good values that a level sets, and what is wrong with the others."""
    valid = {}
    errors: list[InvalidRequestError] = []
    for name, value in own_values(level, data).items():
        try:
            valid[name] = check(name, value)
        except InvalidSettingError as error:
            errors.append(error)
    return valid, errors


def _wrong_order(where: str, values: Values) -> ThresholdOrderError:
    return ThresholdOrderError(
        where=where, quarantine=str(values[QUARANTINE]), flag=str(values[FLAG])
    )


def own_values(level: Level, data: Values) -> dict[str, object]:
    """Answer what a level itself sets, out of all that it carries."""
    return {name: data[name] for name in settable(level) if name in data}


def settable(level: Level) -> list[str]:
    """The names of the settings that a level may set."""
    return [name for name, setting in SCHEMA.items() if level in setting.levels]


def changed(
    levels: Levels, level: Level, changes: Values, heirs: Iterable[tuple[str, Levels]] = ()
) -> dict[str, object]:
    """Answer what a level sets after changes; None takes a value back.

    `heirs` are those that inherit the change: their names and levels. Raises
    InvalidSettingError for an unknown name or a bad value, SettingLevelError for a setting that
    the level may not set, ThresholdOrderError for thresholds the wrong way round, here or there.
    """
    own = own_values(level, levels.get(level, {}))
    for name, value in _checked(level, changes):
        own.pop(name, None)
        if value is not None:
            own[name] = value
    if not THRESHOLDS.isdisjoint(changes):
        for where, affected in ((level.value, levels), *heirs):
            _check_order(where, {**affected, level: own}, level)
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


def _check_order(where: str, levels: Levels, changed_level: Level) -> None:
    """Raise when the order is wrong where the change counts; above, it is not to blame."""
    order = [*Level]
    for level, error in resolve(levels).refused:
        blamed = order.index(level) >= order.index(changed_level)
        if blamed and isinstance(error, ThresholdOrderError):
            raise ThresholdOrderError(**{**error.placeholders, "where": where})
