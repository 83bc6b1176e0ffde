"""Forms and fields made from the schema of settings."""

from collections.abc import Collection, Mapping
from typing import Any, Final

from homeassistant.helpers.selector import (
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
)
import voluptuous as vol

from .engine.settings import SCHEMA, Choice, Level, Number, Setting, Switch, settable

ON, OFF = "on", "off"
SETTING_PLACEHOLDERS: Final = dict.fromkeys(
    ("setting", "value", "expected", "quarantine_below", "flag_below"), ""
)
"""What the texts of errors about settings may use."""
_SWITCH: Final = {True: ON, False: OFF}


def settings_form(level: Level) -> vol.Schema:
    """Answer a form in which every setting of a level may be left out."""
    return vol.Schema({vol.Optional(name): setting_selector(name) for name in settable(level)})


def setting_selector(name: str) -> NumberSelector | SelectSelector:
    """Answer the field for a setting."""
    match SCHEMA[name].values:
        case Number() as number:
            return NumberSelector(_number(number))
        case Switch():
            return _select([ON, OFF], "on_off")
        case Choice(words):
            return _select([*words], name)


def shown(values: Mapping[str, object]) -> dict[str, Any]:
    """Answer values as the form has them."""
    return {
        name: _SWITCH[value] if isinstance(value, bool) else value for name, value in values.items()
    }


def told(level: Level, values: Mapping[str, object], own: Collection[str]) -> str:
    """Say what is in effect where a level says nothing itself."""
    return ", ".join(
        f"{name} {value}"
        for name, value in shown(values).items()
        if name in settable(level) and name not in own
    )


def entered(level: Level, user_input: Mapping[str, Any]) -> dict[str, object]:
    """Answer what a form says of every setting of a level; None where it was left out."""
    return {name: _entered(SCHEMA[name], user_input.get(name)) for name in settable(level)}


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
