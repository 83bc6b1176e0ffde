"""What is noted with images - sun, weather, states - and the weather as a gate."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, answered_by, device_id, set_up
from tests.test_capture import FakeSource, pass_time
from tests.test_windows import in_berlin, missed, start, statistics

WEATHER = "weather.home"
IMPERIAL = {
    "temperature": 50,
    "temperature_unit": "°F",
    "humidity": 81,
    "wind_speed": 10,
    "wind_speed_unit": "mph",
    "cloud_coverage": 37.5,
}


@pytest.fixture
async def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry, source: FakeSource) -> TimelapserHub:
    return await in_berlin(home, entry, source)


async def newest(hass: HomeAssistant) -> dict[str, Any]:
    answer = await act(hass, "list_images", device_id=device_id(hass, CAMERA), limit=1)
    image: dict[str, Any] = answer["images"][0]
    return image


async def capture(hass: HomeAssistant) -> dict[str, Any]:
    """Add an image, and answer what is told of it later: what was told then, and where it is."""
    taken = await act(hass, "capture_now", device_id=device_id(hass, CAMERA))
    image = await newest(hass)
    base = f"/api/timelapser/images/{taken['image_id']}"
    assert image == {**taken, "url": f"{base}/full", "thumbnail": f"{base}/thumb"}
    return image


# Attributes of a weather entity, and what is noted: °C and m/s.
UNITS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (IMPERIAL, {"temperature": 10, "humidity": 81, "wind_speed": 4.47, "cloud_cover": 37.5}),
    (
        {
            "temperature": -3.5,
            "temperature_unit": "°C",
            "wind_speed": 36,
            "wind_speed_unit": "km/h",
        },
        {"temperature": -3.5, "wind_speed": 10},
    ),
    ({"temperature": 280, "temperature_unit": "K"}, {"temperature": 6.85}),
    ({"wind_speed": 10, "wind_speed_unit": "kn"}, {"wind_speed": 5.14}),
    # Without a unit that is known, a number says nothing.
    ({"temperature": 50, "wind_speed": 3, "wind_speed_unit": "parsec"}, {}),
    ({"temperature": None, "temperature_unit": "°C", "humidity": "wet"}, {}),
]


# JSON has no such numbers, and a database that is strict refuses them.
NAN: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"temperature": float("nan"), "temperature_unit": "°C", "humidity": float("inf")}, {})
]


@pytest.mark.parametrize("cases", [UNITS, NAN], ids=["units", "no numbers"])
async def test_weather_in_units_of_ours(
    home: HomeAssistant,
    hub: TimelapserHub,
    freezer: FrozenDateTimeFactory,
    cases: list[tuple[dict[str, Any], dict[str, Any]]],
) -> None:
    freezer.move_to("2026-06-20T10:00:30+00:00")
    await start(home, weather=WEATHER, interval=86_400)
    for attributes, noted in cases:
        home.states.async_set(WEATHER, "partlycloudy", attributes)
        assert (await capture(home))["weather"] == {
            "condition": "partlycloudy",
            "observed_at": "2026-06-20T10:00:30+00:00",
            "stale": False,
            **noted,
        }


async def test_weather_that_grows_old_and_goes_away(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-06-20T10:00:30+00:00")
    home.states.async_set(WEATHER, "sunny", IMPERIAL)
    first = (await start(home, weather=WEATHER, interval=86_400))["timelapse_id"]
    told = (await newest(home))["weather"]
    # Unavailable: what was told last counts, for an hour.
    for state in ("unavailable", "unknown", None):
        if state is None:
            home.states.async_remove(WEATHER)
        else:
            home.states.async_set(WEATHER, state)
        freezer.tick(1000)
        image = await capture(home)
        assert image["weather"] == told
        assert image["timelapse_id"] == first
    freezer.tick(601)
    assert (await capture(home))["weather"] == {**told, "stale": True}
    home.states.async_set(WEATHER, "rainy", IMPERIAL)
    image = await capture(home)
    assert (image["weather"]["condition"], image["weather"]["stale"]) == ("rainy", False)
    # An integration that reports the same again is not silent.
    freezer.tick(3000)
    home.states.async_set(WEATHER, "rainy", IMPERIAL)
    freezer.tick(3000)
    assert (await capture(home))["weather"]["stale"] is False


async def test_weather_that_never_was(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-06-20T10:00:59+00:00")
    await start(home, weather=WEATHER, weather_never=["rainy"], interval=60)
    await pass_time(home, freezer, 1)
    assert "weather" not in await newest(home)


# The settings, then states of the weather and whether there is an image in it.
GATES: list[tuple[dict[str, Any], list[tuple[str, bool]]]] = [
    ({"weather_only": ["sunny", "cloudy"]}, [("sunny", True), ("rainy", False), ("cloudy", True)]),
    ({"weather_never": ["rainy", "fog"]}, [("sunny", True), ("rainy", False), ("fog", False)]),
    (
        {"weather_only": ["sunny", "rainy"], "weather_never": ["rainy"]},
        [("sunny", True), ("rainy", False), ("cloudy", False)],
    ),
    # What is unavailable says what it said before.
    ({"weather_only": ["sunny"]}, [("rainy", False), ("unavailable", False), ("sunny", True)]),
    ({"weather_never": ["rainy"]}, [("unknown", True), ("rainy", False), ("unknown", False)]),
]


@pytest.mark.parametrize(("settings", "moments"), GATES)
async def test_weather_as_a_gate(  # noqa: PLR0917
    home: HomeAssistant,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
    settings: dict[str, Any],
    moments: list[tuple[str, bool]],
) -> None:
    freezer.move_to("2026-06-20T10:00:59+00:00")
    await start(home, weather=WEATHER, interval=60, **settings)
    freezer.tick(-59)
    for state, is_open in moments:
        home.states.async_set(WEATHER, state, IMPERIAL)
        grabs = source.grabs
        await pass_time(home, freezer, 60)
        assert source.grabs - grabs == is_open, state
    answer = await statistics(home)
    closed = sum(not is_open for _state, is_open in moments)
    assert missed(answer) == {"weather": (closed, True)}
    assert answer["today"]["coverage"] == 100


async def test_stale_weather_does_not_gate(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-06-20T10:00:30+00:00")
    home.states.async_set(WEATHER, "rainy", IMPERIAL)
    await start(home, weather=WEATHER, weather_never=["rainy"], interval=600)
    for _ in range(6):
        await pass_time(home, freezer, 600)
    assert source.grabs == 0
    await pass_time(home, freezer, 600)
    assert source.grabs == 1
    assert (await newest(home))["weather"]["stale"] is True


# A moment, a place, and where the sun stands there: elevation and azimuth, within two degrees.
SUNS = [
    ("2026-06-21T11:10:00+00:00", (52.52, 13.4), 60.9, 180),
    ("2026-12-21T11:04:00+00:00", (52.52, 13.4), 14.1, 180),
    ("2026-06-21T23:10:00+00:00", (52.52, 13.4), -14.1, 0),
    ("2026-03-20T12:07:00+00:00", (0.0, 0.0), 90, None),
    ("2026-12-21T00:20:00+00:00", (-36.85, 174.76), 76.5, 0),
]


async def test_sun(home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory) -> None:
    await start(home, interval=86_400)
    for moment, place, elevation, azimuth in SUNS:
        await home.config.async_update(latitude=place[0], longitude=place[1])
        freezer.move_to(moment)
        image = await act(home, "capture_now", device_id=device_id(home, CAMERA))
        assert image["sun_elevation"] == pytest.approx(elevation, abs=2), moment
        if azimuth is not None:
            assert abs((image["sun_azimuth"] - azimuth + 180) % 360 - 180) < 2, moment
        assert "weather" not in image
        assert "readings" not in image


async def test_recorded_entities(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-06-20T10:00:30+00:00")
    home.states.async_set("sensor.soil", "41.5", {"unit_of_measurement": "%"})
    home.states.async_set("input_text.note", "Dünger, 2 l")
    home.states.async_set("sensor.broken", "unavailable", {"unit_of_measurement": "%"})
    home.states.async_set("sensor.new", "unknown")
    names = ["sensor.soil", "sensor.broken", "sensor.new", "input_text.note", "sensor.none"]
    await start(home, recorded=names, interval=86_400)
    assert (await newest(home))["readings"] == {
        "sensor.soil": {"state": "41.5", "unit": "%"},
        "input_text.note": {"state": "Dünger, 2 l", "unit": None},
    }
    home.states.async_set("sensor.soil", "unavailable")
    assert [*(await capture(home))["readings"]] == ["input_text.note"]


async def test_context_is_kept_over_a_restart(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2026-06-20T10:00:30+00:00")
    home.states.async_set(WEATHER, "sunny", IMPERIAL)
    await start(home, weather=WEATHER, interval=86_400)
    before = await newest(home)
    assert await home.config_entries.async_unload(entry.entry_id)
    with answered_by(source):
        await set_up(home, entry)
    assert await newest(home) == before
