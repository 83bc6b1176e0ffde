"""The gate: conditions of Home Assistant, and weather, under which a camera captures."""

from collections.abc import Mapping, Sequence
import copy
import logging
from typing import TYPE_CHECKING, Any, cast

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import condition
from homeassistant.helpers import config_validation as cv
import voluptuous as vol

from .engine.errors import InvalidConditionError
from .engine.models import Weather
from .engine.settings import ContextSettings, check

if TYPE_CHECKING:
    from homeassistant.helpers.typing import ConfigType

_LOGGER = logging.getLogger(__name__)

type Conditions = Sequence[Mapping[str, object]]

GATE = "gate"


class Gate:
    """Says whether a camera may capture; conditions are made ready once."""

    def __init__(self, hass: HomeAssistant, name: str) -> None:
        self._hass = hass
        self._name = name
        self._conditions: Conditions = ()
        self._checker: condition.ConditionsChecker | None = None
        self._told = ""

    async def async_is_open(self, conditions: Conditions) -> bool:
        """Whether all conditions hold; one that cannot be told does not."""
        if not conditions:
            return True
        if self._checker is None or self._conditions != conditions:
            self._checker, self._conditions = None, conditions
            try:
                self._checker = await async_prepare(self._hass, conditions, self._name)
            except InvalidConditionError as error:
                if str(error) != self._told:
                    self._told = str(error)
                    _LOGGER.warning("Camera %s captures nothing: %s", self._name, error)
        # A gate may be there for the privacy of people: in doubt, it is closed.
        return self._checker is not None and self._checker.async_check()


async def async_prepare(
    hass: HomeAssistant, conditions: Conditions, name: str
) -> condition.ConditionsChecker:
    """Make conditions ready; raise InvalidConditionError when one makes no sense."""
    try:
        # Validation makes templates and durations of texts, which are stored as they are.
        configs = cv.CONDITIONS_SCHEMA(copy.deepcopy(list(conditions)))
        checked = await condition.async_validate_conditions_config(hass, configs)
        prepare = condition.async_conditions_from_config
        return await prepare(hass, cast("list[ConfigType]", checked), _LOGGER, name)
    except (vol.Invalid, HomeAssistantError) as error:
        raise InvalidConditionError(reason=str(error)) from error


async def async_check_gate(hass: HomeAssistant, changes: Mapping[str, Any]) -> None:
    """Raise when changes of settings hold conditions that make no sense, by form or by content."""
    conditions = changes.get(GATE)
    if conditions is not None:
        await async_prepare(hass, check(GATE, conditions), GATE)


def weather_allows(settings: ContextSettings, weather: Weather | None) -> bool:
    """Whether a camera captures in this weather; without fresh news of it, it does."""
    if weather is None or weather.stale:
        return True
    wanted = settings.weather_only
    return weather.condition not in settings.weather_never and (
        not wanted or weather.condition in wanted
    )
