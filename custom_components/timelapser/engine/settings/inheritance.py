"""Inheritance: hub, camera, timelapse; the most specific level that says anything wins."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..errors import InvalidRequestError, InvalidSettingError, SettingLevelError
from .groups import Settings
from .rules import RULES, Rule
from .schema import SCHEMA, Level, check
from .values import plain

type Values = Mapping[str, object]
type Levels = Mapping[Level, Values]


@dataclass(frozen=True, slots=True)
class Refused:
    """What a level stores but is left out: from another version, or edited by hand."""

    level: Level
    error: InvalidRequestError
    rule: Rule | None = None


@dataclass(frozen=True, slots=True)
class Resolved:
    """What is in effect: each setting's value, and the level it came from."""

    values: Mapping[str, Any]
    origins: Mapping[str, Level]
    refused: tuple[Refused, ...] = ()

    @property
    def settings(self) -> Settings:
        """The values in the groups that services read."""
        groups: dict[str, dict[str, Any]] = defaultdict(dict)
        for name, value in self.values.items():
            groups[SCHEMA[name].group][SCHEMA[name].field] = value
        kinds = {field.name: type(getattr(Settings(), field.name)) for field in fields(Settings)}
        return Settings(**{group: kinds[group](**values) for group, values in groups.items()})


def resolve(levels: Levels) -> Resolved:
    """Answer what is in effect; never raises for what is stored.

    Keys that are no settings are left alone: a level may carry other data, too.
    """
    values = {name: setting.default for name, setting in SCHEMA.items()}
    origins = dict.fromkeys(SCHEMA, Level.DEFAULT)
    refused: list[Refused] = []
    for level in Level:
        valid, errors = _valid(level, levels.get(level, {}))
        refused += (Refused(level, error) for error in errors)
        for rule in RULES:
            together = {**values, **valid}
            if not rule.holds(together):
                refused.append(Refused(level, rule.error(level, together), rule))
                valid = {name: value for name, value in valid.items() if name not in rule.names}
        values |= valid
        origins |= dict.fromkeys(valid, level)
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


def own_values(level: Level, data: Values) -> dict[str, object]:
    """Answer what a level itself sets, out of all that it carries."""
    return {name: data[name] for name in settable(level) if name in data}


def settable(level: Level, group: str | None = None) -> list[str]:
    """The names of the settings that a level may set, of all groups or of one."""
    return [
        name
        for name, setting in SCHEMA.items()
        if level in setting.levels and group in {None, setting.group}
    ]


def changed(
    levels: Levels, level: Level, changes: Values, heirs: Iterable[tuple[str, Levels]] = ()
) -> dict[str, object]:
    """Answer what a level sets after changes; None takes a value back.

    `heirs` are those that inherit the change: their names and levels. Raises
    InvalidSettingError for an unknown name or a bad value, SettingLevelError for a setting that
    the level may not set, and the error of a rule that does not hold afterwards, here or there.
    """
    own = own_values(level, levels.get(level, {}))
    for name, value in _checked(level, changes):
        own.pop(name, None)
        if value is not None:
            own[name] = value
    concerned = [rule for rule in RULES if not rule.names.isdisjoint(changes)]
    if concerned:
        for where, affected in ((level.value, levels), *heirs):
            _check_rules(where, {**affected, level: own}, level, concerned)
    return own


def _checked(level: Level, changes: Values) -> Iterator[tuple[str, object]]:
    for name, value in changes.items():
        if name in SCHEMA and level not in SCHEMA[name].levels:
            raise SettingLevelError(setting=name, level=level)
        taken_back = value is None and name in SCHEMA
        yield name, None if taken_back else plain(check(name, value))


def _check_rules(where: str, levels: Levels, changed_level: Level, rules: list[Rule]) -> None:
    """Raise when a rule is broken where the change counts; above, it is not to blame."""
    order = [*Level]
    for refused in resolve(levels).refused:
        blamed = order.index(refused.level) >= order.index(changed_level)
        if blamed and refused.rule in rules:
            error = refused.error
            raise type(error)(**{**error.placeholders, "where": where})
