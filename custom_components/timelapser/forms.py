"""Forms and fields made from the schema of settings."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, Final, override

from homeassistant.data_entry_flow import section
from homeassistant.helpers.selector import (
    ConditionSelector,
    EntitySelector,
    EntitySelectorConfig,
    NumberSelector,
    NumberSelectorConfig,
    NumberSelectorMode,
    Selector,
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TimeSelector,
)
import voluptuous as vol

from .engine.settings import (
    SCHEMA,
    Choice,
    Choices,
    Clock,
    Conditions,
    Entities,
    Entity,
    Level,
    Levels,
    Number,
    Setting,
    Switch,
    own_values,
    plain,
    resolve,
    settable,
)

ON, OFF = "on", "off"
NOTHING: Final = "none"
PICTURE: Final = "picture"
"""The group that has a form of its own, with a preview."""
OPEN: Final = {"capture"}
"""Groups that a form shows unfolded."""
SETTING_PLACEHOLDERS: Final = dict.fromkeys(
    (
        *("setting", "value", "expected", "where", "quarantine", "flag"),
        *("first", "second", "total", "stop", "resume", "reason"),
    ),
    "",
)
"""What the texts of errors about settings may use."""
_SWITCH: Final = {True: ON, False: OFF}


class StoredConditions(ConditionSelector):
    """Conditions are checked, but stored as they were entered, in words of JSON."""

    @override
    def __call__(self, data: Any) -> Any:
        """Raise when the conditions make no sense."""
        super().__call__(data)
        return data


def group_form(group: str, level: Level) -> vol.Schema:
    """Answer a form of the settings of one group, each of which may be left out."""
    fields = {vol.Optional(name): setting_selector(name) for name in settable(level, group)}
    return vol.Schema(fields)


def settings_form(level: Level, without: Collection[str] = ()) -> vol.Schema:
    """Answer a form in which every setting of a level may be left out, a section for a group."""
    fields = grouped({name: setting_selector(name) for name in _shown(level, without)})
    return vol.Schema(
        {
            vol.Optional(group): section(
                vol.Schema({vol.Optional(name): field for name, field in selectors.items()}),
                {"collapsed": group not in OPEN},
            )
            for group, selectors in fields.items()
        }
    )


def setting_selector(name: str) -> Selector[Any]:
    """Answer the field for a setting."""
    match SCHEMA[name].values:
        case Number() as number:
            return NumberSelector(_number(number))
        case Switch():
            return _select([ON, OFF], "on_off")
        case Choice(words):
            return _select([*words], name)
        case Choices(words):
            return _select([*words], name, multiple=True)
        case Clock():
            return TimeSelector()
        case Entity(domain):
            return EntitySelector(_entities(domain))
        case Entities():
            return EntitySelector(EntitySelectorConfig(multiple=True))
        case Conditions():
            return StoredConditions()


def suggested(level: Level, data: Mapping[str, object]) -> dict[str, dict[str, Any]]:
    """Answer what a level itself sets, as the form has it."""
    own = own_values(level, data)
    return grouped({name: _SWITCH[v] if isinstance(v, bool) else v for name, v in own.items()})


def inherited(level: Level, levels: Levels) -> dict[str, str]:
    """Say for each setting what counts where the level leaves it empty."""
    values = resolve({**levels, level: {}}).values
    return {name: _said(SCHEMA[name], values[name]) for name in settable(level)}


def entered(
    level: Level,
    user_input: Mapping[str, Mapping[str, Any]],
    data: Mapping[str, object],
    without: Collection[str] = (),
) -> dict[str, object]:
    """Answer what a form changes of what a level sets; None where a field was emptied."""
    own = own_values(level, data)
    given = {
        name: _entered(SCHEMA[name], user_input.get(SCHEMA[name].group, {}).get(name))
        for name in _shown(level, without)
    }
    return {name: value for name, value in given.items() if value != own.get(name)}


def grouped(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Answer values of settings by the sections of the form."""
    groups: dict[str, dict[str, Any]] = defaultdict(dict)
    for name, value in values.items():
        groups[SCHEMA[name].group][name] = value
    return dict(groups)


def _shown(level: Level, without: Collection[str]) -> list[str]:
    return [name for name in settable(level) if SCHEMA[name].group not in without]


def _said(setting: Setting, value: object) -> str:
    match setting.values, plain(value):
        case Number(unit=str(unit)), number:
            return f"{number:g} {unit}"
        case Switch(), on:
            return _SWITCH[on]
        case Conditions(), [*conditions]:
            return str(len(conditions))
        case _, [*texts]:
            return ", ".join(texts) or NOTHING
        case _, text:
            return str(text) or NOTHING


def _entered(setting: Setting, value: Any) -> object:
    match setting.values:
        case Switch() if value is not None:
            return value == ON
        case Choices() | Entities() | Conditions() if value == []:
            return None
        case Clock() if value is not None:
            return plain(setting.values.check(value))
    return value


def _number(number: Number) -> NumberSelectorConfig:
    config = NumberSelectorConfig(
        min=number.minimum, max=number.maximum, step=number.step, mode=NumberSelectorMode.BOX
    )
    if number.unit:
        config["unit_of_measurement"] = number.unit
    return config


def _entities(domain: str | None) -> EntitySelectorConfig:
    return EntitySelectorConfig(domain=domain) if domain else EntitySelectorConfig()


def _select(options: list[str], translation_key: str, *, multiple: bool = False) -> SelectSelector:
    return SelectSelector(
        SelectSelectorConfig(
            options=options,
            translation_key=translation_key,
            mode=SelectSelectorMode.DROPDOWN,
            multiple=multiple,
        )
    )
