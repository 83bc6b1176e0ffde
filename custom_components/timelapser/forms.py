"""Forms and fields made from the schema of settings."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .engine.settings import (
    SCHEMA,
    Choice,
    Level,
    Levels,
    Number,
    Setting,
    Switch,
    own_values,
    resolve,
    settable,
)

ON, OFF = "on", "off"
SETTING_PLACEHOLDERS: Final = dict.fromkeys(
    ("setting", "value", "expected", "where", "quarantine", "flag"), ""
)
"""What the texts of errors about settings may use."""
_SWITCH: Final = {True: ON, False: OFF}


def settings_form(level: Level) -> vol.Schema:
    """Answer a form in which every setting of a level may be left out, a section for a group."""
    fields = grouped({name: setting_selector(name) for name in settable(level)})
    return vol.Schema(
        {
            vol.Optional(group): section(
                vol.Schema({vol.Optional(name): field for name, field in selectors.items()})
            )
            for group, selectors in fields.items()
        }
    )


def setting_selector(name: str) -> NumberSelector | SelectSelector:
    """Answer the field for a setting."""
    match SCHEMA[name].values:
        case Number() as number:
            return NumberSelector(_number(number))
        case Switch():
            return _select([ON, OFF], "on_off")
        case Choice(words):
            return _select([*words], name)


def suggested(level: Level, data: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """Answer what a level itself sets, as the form has it."""
    own = own_values(level, data)
    return grouped({name: _SWITCH[v] if isinstance(v, bool) else v for name, v in own.items()})


def inherited(level: Level, levels: Levels) -> dict[str, str]:
    """Say for each setting what counts where the level leaves it empty."""
    values = resolve({**levels, level: {}}).values
    return {name: _said(SCHEMA[name], values[name]) for name in settable(level)}


def entered(
    level: Level, user_input: Mapping[str, Mapping[str, Any]], data: Mapping[str, object]
) -> dict[str, object]:
    """Answer what a form changes of what a level sets; None where a field was emptied."""
    own = own_values(level, data)
    given = {
        name: _entered(SCHEMA[name], user_input.get(SCHEMA[name].group, {}).get(name))
        for name in settable(level)
    }
    return {name: value for name, value in given.items() if value != own.get(name)}


def grouped(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Answer values of settings by the sections of the form."""
    groups: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, value in values.items():
        groups[SCHEMA[name].group][name] = value
    return dict(groups)


def _said(setting: Setting, value: object) -> str:
    match setting.values:
        case Number(unit=str(unit)):
            return f"{value:g} {unit}"
        case Switch():
            return _SWITCH[bool(value)]
    return str(value)


def _entered(setting: Setting, value: Any) -> object:
    if isinstance(setting.values, Switch) and value is not None:
        return value == ON
    return value


def _number(number: Number) -> NumberSelectorConfig:
    config = NumberSelectorConfig(
        min=number.minimum, max=number.maximum, step=number.step, mode=NumberSelectorMode.BOX
    )
    if number.unit:
        config["unit_of_measurement"] = number.unit
    return config


def _select(options: list[str], translation_key: str) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=options, translation_key=translation_key, mode=SelectSelectorMode.DROPDOWN
        )
    )
