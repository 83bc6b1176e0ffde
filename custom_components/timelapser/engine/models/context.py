"""What is noted with an image: sun, weather, and the states of entities."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Self


class WeatherCondition(StrEnum):
    """Conditions in the words of Home Assistant's weather entities."""

    CLEAR_NIGHT = "clear-night"
    CLOUDY = "cloudy"
    EXCEPTIONAL = "exceptional"
    FOG = "fog"
    HAIL = "hail"
    LIGHTNING = "lightning"
    LIGHTNING_RAINY = "lightning-rainy"
    PARTLY_CLOUDY = "partlycloudy"
    POURING = "pouring"
    RAINY = "rainy"
    SNOWY = "snowy"
    SNOWY_RAINY = "snowy-rainy"
    SUNNY = "sunny"
    WINDY = "windy"
    WINDY_VARIANT = "windy-variant"


@dataclass(frozen=True, slots=True)
class Weather:
    """The weather at `observed_at`: °C, percent of humidity and cloud cover, wind in m/s.

    It is stale when it is older than an hour: a source that has gone silent.
    """

    condition: str
    observed_at: datetime
    temperature: float | None = None
    humidity: float | None = None
    wind_speed: float | None = None
    cloud_cover: float | None = None
    stale: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """The state of an entity, with its unit if it has one."""

    state: str
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    """The circumstances of an image; the sun's elevation and azimuth in degrees."""

    sun_elevation: float | None = None
    sun_azimuth: float | None = None
    weather: Weather | None = None
    readings: Mapping[str, Reading] = field(default_factory=dict)

    @property
    def plain(self) -> dict[str, Any]:
        """The same in words of JSON; what is not known is left out."""
        data: dict[str, Any] = {}
        if self.sun_elevation is not None:
            data |= {"sun_elevation": self.sun_elevation, "sun_azimuth": self.sun_azimuth}
        if self.weather is not None:
            known = {name: v for name, v in asdict(self.weather).items() if v is not None}
            data["weather"] = {**known, "observed_at": self.weather.observed_at.isoformat()}
        if self.readings:
            data["readings"] = {name: asdict(found) for name, found in self.readings.items()}
        return data

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """Answer what `plain` was made from."""
        weather = data.get("weather")
        if weather is not None:
            observed_at = datetime.fromisoformat(weather["observed_at"])
            weather = Weather(**{**weather, "observed_at": observed_at})
        readings = {name: Reading(**found) for name, found in data.get("readings", {}).items()}
        return cls(data.get("sun_elevation"), data.get("sun_azimuth"), weather, readings)
