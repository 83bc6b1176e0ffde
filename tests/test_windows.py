"""Windows in Home Assistant: their edges, what re-arms the clock, and the ledger of ticks."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers.sun import get_astral_event_date
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)

from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, answered_by, device_id, entity_id, set_up, settle
from tests.test_capture import FakeSource

CLOCK = {"window": "clock", "window_start": "06:10", "window_end": "17:50"}
NIGHT = {"window": "clock", "window_start": "22:10", "window_end": "02:50"}
TUESDAYS = {"weekdays": ["tue"]}


@pytest.fixture
async def source() -> FakeSource:
    return FakeSource()


async def in_berlin(
    hass: HomeAssistant, entry: MockConfigEntry, source: FakeSource
) -> TimelapserHub:
    """Set up a camera in Berlin that answers from a source of the test, and is asked once."""
    await hass.config.async_update(
        time_zone="Europe/Berlin", latitude=52.52, longitude=13.40, elevation=34
    )
    # With frozen time, no pause before another attempt ever ends.
    object.__setattr__(entry, "options", {"retries": 0, "frozen_after": 0})
    with answered_by(source):
        return await set_up(hass, entry)


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry, source: FakeSource) -> TimelapserHub:
    return await in_berlin(home, entry, source)


async def at(hass: HomeAssistant, freezer: FrozenDateTimeFactory, moment: datetime | str) -> None:
    """Go to a moment, with the timers that are set anew there for no later one."""
    freezer.move_to(moment)
    for _ in range(2):
        async_fire_time_changed(hass)
        await settle(hass)


def shown(hass: HomeAssistant) -> tuple[str, str]:
    """Whether the window is open, and when the next capture is."""
    states = [
        hass.states.get(entity_id(hass, platform, CAMERA, key))
        for platform, key in (("binary_sensor", "window_open"), ("sensor", "next_capture"))
    ]
    is_open, planned = (state.state if state else "" for state in states)
    return is_open, planned.removesuffix(":00+00:00")


async def statistics(hass: HomeAssistant) -> dict[str, Any]:
    answer: dict[str, Any] = await act(hass, "get_statistics", device_id=device_id(hass, CAMERA))
    return answer


async def start(hass: HomeAssistant, **settings: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await act(
        hass, "start_timelapse", device_id=device_id(hass, CAMERA), settings=settings
    )
    await settle(hass)
    return answer


def missed(answer: dict[str, Any]) -> dict[str, tuple[int, bool]]:
    """How many ticks gave no image, and whether that was wanted, by reason."""
    return {miss["reason"]: (miss["count"], miss["wanted"]) for miss in answer["missed"]}


# The settings, then moments with what is shown at each: the window, and the next capture.
# 2026-11-24 is a Tuesday; Berlin is an hour ahead of UTC.
EDGES: dict[str, tuple[dict[str, Any], list[tuple[str, str, str]]]] = {
    "clock": (
        CLOCK,
        [
            ("2026-11-24T04:30", "off", "2026-11-24T06:00"),
            ("2026-11-24T05:09:59", "off", "2026-11-24T06:00"),
            ("2026-11-24T05:10", "on", "2026-11-24T06:00"),
            ("2026-11-24T06:00", "on", "2026-11-24T07:00"),
            ("2026-11-24T16:00", "on", "2026-11-25T06:00"),
            ("2026-11-24T16:49:59", "on", "2026-11-25T06:00"),
            ("2026-11-24T16:50", "off", "2026-11-25T06:00"),
        ],
    ),
    "across midnight": (
        NIGHT,
        [
            ("2026-11-24T20:00", "off", "2026-11-24T22:00"),
            ("2026-11-24T21:10", "on", "2026-11-24T22:00"),
            ("2026-11-24T23:30", "on", "2026-11-25T00:00"),
            ("2026-11-25T01:30", "on", "2026-11-25T22:00"),
            ("2026-11-25T01:50", "off", "2026-11-25T22:00"),
        ],
    ),
    "weekdays": (
        TUESDAYS,
        [
            ("2026-11-23T22:30", "off", "2026-11-23T23:00"),
            ("2026-11-23T23:00", "on", "2026-11-24T00:00"),
            ("2026-11-24T22:30", "on", "2026-11-30T23:00"),
            ("2026-11-24T23:00", "off", "2026-11-30T23:00"),
        ],
    ),
    "a weekday's night": (
        NIGHT | TUESDAYS,
        [
            ("2026-11-24T20:00", "off", "2026-11-24T22:00"),
            ("2026-11-24T21:10", "on", "2026-11-24T22:00"),
            ("2026-11-24T22:00", "on", "2026-11-24T23:00"),
            ("2026-11-24T23:00", "on", "2026-11-25T00:00"),
            ("2026-11-25T00:00", "on", "2026-11-25T01:00"),
            ("2026-11-25T01:00", "on", "2026-12-01T22:00"),
            ("2026-11-25T01:50", "off", "2026-12-01T22:00"),
            ("2026-11-25T21:10", "off", "2026-12-01T22:00"),
        ],
    ),
    "the end of summer time": (
        CLOCK,
        [
            ("2026-10-24T16:00", "off", "2026-10-25T06:00"),
            ("2026-10-25T05:00", "off", "2026-10-25T06:00"),
            ("2026-10-25T05:10", "on", "2026-10-25T06:00"),
            ("2026-10-25T16:00", "on", "2026-10-26T06:00"),
            ("2026-10-25T16:50", "off", "2026-10-26T06:00"),
        ],
    ),
}


@pytest.mark.parametrize("case", EDGES)
async def test_edges(
    home: HomeAssistant,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
    case: str,
) -> None:
    settings, moments = EDGES[case]
    freezer.move_to(f"{moments[0][0]}+00:00")
    await start(home, **settings)
    for moment, is_open, planned in moments:
        grabs, due = source.grabs, shown(home)[1] <= moment
        await at(home, freezer, f"{moment}+00:00")
        assert shown(home) == (is_open, planned), moment
        # Where an edge is no tick, nothing is captured.
        assert source.grabs - grabs == due, moment
        plan = (await statistics(home))["plan"]
        assert plan["window_open"] is (is_open == "on")
        assert plan["next_capture"] == f"{planned}:00+00:00"


class Timers:
    """Timers that a test fires itself, in an order that it decides."""

    def __init__(self) -> None:
        self.set: list[tuple[datetime, Callable[[datetime], None]]] = []

    def track(
        self, _hass: HomeAssistant, action: Callable[[datetime], None], moment: datetime
    ) -> Callable[[], None]:
        timer = (moment, action)
        self.set.append(timer)

        def cancel() -> None:
            if timer in self.set:
                self.set.remove(timer)

        return cancel

    def fire(self, *, latest_first: bool) -> None:
        now = dt_util.utcnow()
        due = [timer for timer in self.set if timer[0] <= now]
        for timer in reversed(due) if latest_first else due:
            if timer in self.set:
                self.set.remove(timer)
                timer[1](now)


@pytest.mark.parametrize("latest_first", [False, True])
async def test_opening_that_is_a_tick_gives_an_image(
    home: HomeAssistant,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
    latest_first: bool,
) -> None:
    """Edge and tick have timers of their own for the same moment, and either may come first."""
    timers = Timers()
    freezer.move_to("2026-11-24T04:30:00+00:00")
    with patch("custom_components.timelapser.clock.async_track_point_in_utc_time", timers.track):
        await start(home, window="clock", window_start="06:00", window_end="18:00")
        assert shown(home) == ("off", "2026-11-24T05:00")
        freezer.move_to("2026-11-24T05:00:00+00:00")
        timers.fire(latest_first=latest_first)
        await settle(home)
        assert shown(home) == ("on", "2026-11-24T06:00")
        assert source.grabs == 1


@pytest.mark.parametrize(
    ("begin", "end", "offset"),
    [("sunrise", "sunset", 0), ("civil_dawn", "civil_dusk", 0), ("sunrise", "sunset", 90)],
)
async def test_sun_window(  # noqa: PLR0917
    home: HomeAssistant,
    hub: TimelapserHub,
    freezer: FrozenDateTimeFactory,
    begin: str,
    end: str,
    offset: int,
) -> None:
    settings = {
        "window": "sun",
        "start_event": begin,
        "start_offset": offset,
        "end_event": end,
        "end_offset": -offset,
    }
    freezer.move_to("2026-06-20T00:10:00+00:00")
    await start(home, **settings)
    day = dt_util.now().date()
    names = {"civil_dawn": "dawn", "civil_dusk": "dusk"}
    # Astral, which works by other formulas, is the judge: within some minutes.
    opens, closes = (get_astral_event_date(home, names.get(one, one), day) for one in (begin, end))
    assert opens is not None
    assert closes is not None
    opens, closes = opens + timedelta(minutes=offset), closes - timedelta(minutes=offset)
    near = timedelta(minutes=4)
    for moment, is_open in (
        (opens - near, "off"),
        (opens + near, "on"),
        (closes - near, "on"),
        (closes + near, "off"),
    ):
        await at(home, freezer, moment)
        assert shown(home)[0] == is_open, moment


async def test_start_and_stop_by_the_action(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-24T04:30:00+00:00")
    timelapse = await act(
        home,
        "start_timelapse",
        device_id=device_id(home, CAMERA),
        settings=CLOCK,
        start_at="2026-11-24T12:10:00+01:00",
        stop_at="2026-11-24T14:30:00+01:00",
    )
    await settle(home)
    assert shown(home) == ("off", "2026-11-24T12:00")
    await at(home, freezer, "2026-11-24T05:10:00+00:00")
    assert shown(home) == ("off", "2026-11-24T12:00")
    await at(home, freezer, "2026-11-24T11:10:00+00:00")
    assert shown(home) == ("on", "2026-11-24T12:00")
    await at(home, freezer, "2026-11-24T12:00:00+00:00")
    await at(home, freezer, "2026-11-24T13:00:00+00:00")
    assert source.grabs == 2
    # No tick lies behind the stop.
    assert shown(home)[1] == "unknown"
    await at(home, freezer, "2026-11-24T13:30:00+00:00")
    answer = await act(home, "list_timelapses", device_id=device_id(home, CAMERA))
    (found,) = answer["timelapses"]
    assert (found["timelapse_id"], found["state"]) == (timelapse["timelapse_id"], "completed")
    assert (found["images"], found["skipped"], found["failed"]) == (2, 0, 0)
    answer = await statistics(home)
    assert answer["last_24_hours"]["coverage"] == 100
    # Before its start and after its end, nothing was missed.
    assert answer["missed"] == []


@pytest.mark.parametrize("level", ["hub", "camera", "timelapse"])
async def test_changed_settings_count_at_once(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory, level: str
) -> None:
    freezer.move_to("2026-11-24T20:30:00+00:00")
    timelapse = await start(home)
    assert shown(home) == ("on", "2026-11-24T21:00")
    target: dict[str, Any] = {} if level == "hub" else {"device_id": device_id(home, CAMERA)}
    if level == "timelapse":
        target["timelapse_id"] = timelapse["timelapse_id"]
    for settings, expected in (
        (CLOCK, ("off", "2026-11-25T06:00")),
        ({"window_end": "21:45"}, ("on", "2026-11-25T06:00")),
        ({"weekdays": ["fri"]}, ("off", "2026-11-27T06:00")),
        ({"window": "none", "weekdays": None}, ("on", "2026-11-24T21:00")),
    ):
        await act(home, "set_settings", **target, settings=settings)
        await settle(home)
        assert shown(home) == expected, settings


async def test_another_time_zone_counts_at_once(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-24T06:30:00+00:00")
    await start(home, **CLOCK)
    assert shown(home) == ("on", "2026-11-24T07:00")
    await home.config.async_update(time_zone="America/New_York")
    await settle(home)
    assert shown(home) == ("off", "2026-11-24T12:00")
    await at(home, freezer, "2026-11-24T11:10:00+00:00")
    assert shown(home) == ("on", "2026-11-24T12:00")
    # Half an hour off: ticks are on the local clock.
    await home.config.async_update(time_zone="Asia/Kolkata")
    await settle(home)
    assert shown(home) == ("on", "2026-11-24T11:30")


async def test_another_place_counts_at_once(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-06-20T12:30:00+00:00")
    await start(home, window="sun")
    assert shown(home) == ("on", "2026-06-20T13:00")
    await home.config.async_update(latitude=-36.85, longitude=174.76)
    await settle(home)
    assert shown(home)[0] == "off"


async def test_window_is_shown_while_nothing_is_captured(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    """The sensor tells of the window, not of the timelapse: it says what the statistics say."""
    freezer.move_to("2026-11-24T06:30:00+00:00")
    await start(home, **CLOCK)
    await act(home, "pause_timelapse", device_id=device_id(home, CAMERA))
    for moment, is_open in (("24T16:50", "off"), ("24T23:00", "off"), ("25T05:10", "on")):
        await at(home, freezer, f"2026-11-{moment}:00+00:00")
        plan = (await statistics(home))["plan"]
        assert plan["window_open"] is (is_open == "on")
        assert shown(home) == (is_open, "unknown"), moment
