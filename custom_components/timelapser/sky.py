"""Sun and weather over Home Assistant, and the states that are noted with images."""

from dataclasses import replace
from datetime import datetime, timedelta
from math import isfinite
from typing import Any, Final

from homeassistant.components.weather import (
    ATTR_WEATHER_CLOUD_COVERAGE,
    ATTR_WEATHER_HUMIDITY,
    ATTR_WEATHER_TEMPERATURE,
    ATTR_WEATHER_TEMPERATURE_UNIT,
    ATTR_WEATHER_WIND_SPEED,
    ATTR_WEATHER_WIND_SPEED_UNIT,
)
from homeassistant.const import (
    ATTR_UNIT_OF_MEASUREMENT,
    STATE_UNAVAILABLE,
    STATE_UNKNOWN,
    UnitOfSpeed,
    UnitOfTemperature,
)
from homeassistant.core import HomeAssistant, State
from homeassistant.helpers.sun import get_astral_observer
from homeassistant.util import dt as dt_util
from homeassistant.util.unit_conversion import SpeedConverter, TemperatureConverter

from .engine.capture.sun import Sun
from .engine.models import Context, Reading, Weather
from .engine.settings import ContextSettings

STALE_AFTER: Final = timedelta(hours=1)
_NO_STATE: Final = {STATE_UNAVAILABLE, STATE_UNKNOWN}


class Sky:
    """Reads the state machine; the last weather that an entity told is remembered."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._told: dict[str, Weather] = {}
        self._sun: Sun | None = None

    @property
    def sun(self) -> Sun:
        """The sun as it is seen from home."""
        observer = get_astral_observer(self._hass)
        height = observer.elevation
        place = Sun(
            observer.latitude,
            observer.longitude,
            height if isinstance(height, int | float) else 0.0,
        )
        # The same object for the same place: it remembers what it has worked out.
        if self._sun != place:
            self._sun = place
        return self._sun or place

    def weather(self, entity_id: str) -> Weather | None:
        """Answer the weather that an entity tells, or told last; None when it never did."""
        state = self._hass.states.get(entity_id)
        if state is not None and state.state not in _NO_STATE:
            self._told[entity_id] = _weather(state)
        told = self._told.get(entity_id)
        if told is None or dt_util.utcnow() - told.observed_at <= STALE_AFTER:
            return told
        return replace(told, stale=True)

    def context(self, settings: ContextSettings, moment: datetime) -> Context:
        """Answer what is noted with an image of that moment."""
        position = self.sun.position(moment)
        return Context(
            round(position.elevation, 2),
            round(position.azimuth, 2),
            self.weather(settings.weather) if settings.weather else None,
            {entity: found for entity in settings.recorded if (found := self._reading(entity))},
        )

    def _reading(self, entity_id: str) -> Reading | None:
        state = self._hass.states.get(entity_id)
        if state is None or state.state in _NO_STATE:
            return None
        return Reading(state.state, state.attributes.get(ATTR_UNIT_OF_MEASUREMENT))


def _weather(state: State) -> Weather:
    values = state.attributes
    return Weather(
        condition=state.state,
        observed_at=state.last_reported,
        temperature=_converted(
            TemperatureConverter,
            values.get(ATTR_WEATHER_TEMPERATURE),
            values.get(ATTR_WEATHER_TEMPERATURE_UNIT),
            UnitOfTemperature.CELSIUS,
        ),
        humidity=_number(values.get(ATTR_WEATHER_HUMIDITY)),
        wind_speed=_converted(
            SpeedConverter,
            values.get(ATTR_WEATHER_WIND_SPEED),
            values.get(ATTR_WEATHER_WIND_SPEED_UNIT),
            UnitOfSpeed.METERS_PER_SECOND,
        ),
        cloud_cover=_number(values.get(ATTR_WEATHER_CLOUD_COVERAGE)),
    )


def _converted(
    converter: type[TemperatureConverter | SpeedConverter], value: Any, unit: Any, target: str
) -> float | None:
    number = _number(value)
    if number is None or unit not in converter.VALID_UNITS:
        return None
    return round(converter.convert(number, unit, target), 2)


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except TypeError, ValueError:
        return None
    return number if isfinite(number) else None
