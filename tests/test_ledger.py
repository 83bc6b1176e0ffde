"""The ledger in Home Assistant: every tick that gave no image has a reason, wanted or not."""

from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, answered_by, device_id, set_up, settle
from tests.test_capture import FakeSource, pass_time
from tests.test_windows import CLOCK, at, in_berlin, missed, shown, start, statistics

BETWEEN = {"window": "clock", "window_start": "06:05", "window_end": "17:45"}
"""Its edges are no ticks."""


@pytest.fixture
async def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry, source: FakeSource) -> TimelapserHub:
    return await in_berlin(home, entry, source)


async def test_plan_and_latency(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-24T06:30:00+00:00")
    before = await statistics(home)
    assert before["latency"] is None
    assert before["plan"] == {
        "next_capture": None,
        "countdown": None,
        "window_open": None,
        "images_per_day": 24,
        "bytes_per_day": 0,
    }
    await start(home, **CLOCK, interval=600)
    await pass_time(home, freezer, 600)
    await pass_time(home, freezer, 90)
    answer = await statistics(home)
    # 06:10 to 17:40.
    assert answer["plan"] | {"bytes_per_day": 0} == {
        "next_capture": "2026-11-24T06:50:00+00:00",
        "countdown": 510,
        "window_open": True,
        "images_per_day": 70,
        "bytes_per_day": 0,
    }
    totals = answer["totals"]
    assert answer["plan"]["bytes_per_day"] == round(70 * totals["bytes"] / totals["images"])
    latency = answer["latency"]
    assert latency["grabs"] == totals["images"]
    assert 0 <= latency["median"] <= latency["p95"] <= latency["longest"]


async def test_pause_is_wanted(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    camera = device_id(home, CAMERA)
    freezer.move_to("2026-11-24T10:00:30+00:00")
    await start(home, interval=600)
    await at(home, freezer, "2026-11-24T10:10:00+00:00")
    await act(home, "pause_timelapse", device_id=camera)
    await at(home, freezer, "2026-11-24T12:15:00+00:00")
    assert shown(home)[1] == "unknown"
    await act(home, "resume_timelapse", device_id=camera)
    await settle(home)
    await at(home, freezer, "2026-11-24T12:20:00+00:00")
    answer = await statistics(home)
    assert missed(answer) == {"paused": (12, True)}
    assert [(gap["from"], gap["ticks"]) for gap in answer["gaps"]] == [
        ("2026-11-24T10:20:00+00:00", 12)
    ]
    assert answer["today"]["coverage"] == 100
    assert answer["totals"]["skipped"] == 0


async def test_closed_window_is_wanted(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-24T16:30:30+00:00")
    await start(home, **BETWEEN, interval=600)
    await at(home, freezer, "2026-11-24T16:40:00+00:00")
    await at(home, freezer, "2026-11-24T16:45:00+00:00")
    await at(home, freezer, "2026-11-25T05:05:00+00:00")
    await at(home, freezer, "2026-11-25T05:10:00+00:00")
    answer = await statistics(home)
    # 17:50 to 06:00: local midnight lies between, and each day has its own row.
    assert missed(answer) == {"window": (74, True)}
    assert [gap["ticks"] for gap in answer["gaps"]] == [37, 37]
    assert answer["last_24_hours"]["coverage"] == 100
    assert answer["totals"]["skipped"] == 0


async def test_time_without_home_assistant(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> None:
    """Away from 16:05 to 07:25: missed is what lies in the window, and the rest is wanted."""
    freezer.move_to("2026-11-24T15:00:30+00:00")
    await start(home, **BETWEEN, interval=600)
    await at(home, freezer, "2026-11-24T15:10:00+00:00")
    assert await home.config_entries.async_unload(entry.entry_id)
    freezer.move_to("2026-11-25T06:25:00+00:00")
    with answered_by(source):
        await set_up(home, entry)
    await settle(home)
    assert source.grabs == 2
    await at(home, freezer, "2026-11-25T06:30:00+00:00")
    answer = await statistics(home)
    # Nine ticks from 16:20 to 17:40, and eight from 06:10 to 07:20.
    assert missed(answer) == {"stopped": (17, False), "window": (74, True)}
    totals = answer["totals"]
    assert (totals["planned"], totals["covered"], totals["skipped"]) == (19, 2, 17)
    # The same ticks are not entered again with the next one.
    await at(home, freezer, "2026-11-25T06:40:00+00:00")
    assert missed(await statistics(home)) == missed(answer)


async def test_time_without_home_assistant_and_no_window(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2026-11-24T10:00:30+00:00")
    await start(home, interval=600)
    await at(home, freezer, "2026-11-24T10:10:00+00:00")
    assert await home.config_entries.async_unload(entry.entry_id)
    freezer.move_to("2026-11-24T13:05:00+00:00")
    with answered_by(source):
        await set_up(home, entry)
    await at(home, freezer, "2026-11-24T13:10:00+00:00")
    answer = await statistics(home)
    assert missed(answer) == {"stopped": (17, False)}
    assert (answer["totals"]["planned"], answer["totals"]["covered"]) == (19, 2)


async def test_gap_is_entered_though_settings_change_before_the_next_tick(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> None:
    freezer.move_to("2026-11-24T10:00:30+00:00")
    await start(home, interval=600)
    await at(home, freezer, "2026-11-24T10:10:00+00:00")
    assert await home.config_entries.async_unload(entry.entry_id)
    freezer.move_to("2026-11-24T13:05:00+00:00")
    with answered_by(source):
        await set_up(home, entry)
    (timelapse,) = (await act(home, "list_timelapses", device_id=device_id(home, CAMERA)))[
        "timelapses"
    ]
    await act(
        home,
        "set_settings",
        device_id=device_id(home, CAMERA),
        timelapse_id=timelapse["timelapse_id"],
        settings={"interval": 300},
    )
    await settle(home)
    await at(home, freezer, "2026-11-24T13:10:00+00:00")
    # By the interval of then, and none of this hour's first minutes.
    assert missed(await statistics(home)) == {"stopped": (17, False)}


async def test_busy_and_offline_are_not_wanted(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-24T10:00:58+00:00")
    await start(home, interval=60)
    await at(home, freezer, "2026-11-24T10:01:00+00:00")
    source.gate.clear()
    for _ in range(3):
        await pass_time(home, freezer, 60, wait=False)
    source.gate.set()
    await settle(home)
    source.error = True
    # The fifth failure makes it offline; probes follow after 1, 2, 4 and 8 minutes.
    with patch("custom_components.timelapser.engine.capture.health.JITTER", 0):
        for _ in range(20):
            await pass_time(home, freezer, 60)
    answer = await statistics(home)
    found = missed(answer)
    assert found["busy"] == (2, False)
    count, wanted = found["offline"]
    failed, _wanted = found["timeout"]
    assert not wanted
    assert (count + failed, failed) == (20, 9), found
    totals = answer["totals"]
    assert totals["covered"] == 2
    assert totals["planned"] == 2 + 2 + 20


async def test_capture_on_demand_that_fails_was_not_planned(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-24T10:00:30+00:00")
    await start(home, interval=600)
    await at(home, freezer, "2026-11-24T10:10:00+00:00")
    source.error = True
    with pytest.raises(HomeAssistantError) as caught:
        await act(home, "capture_now", device_id=device_id(home, CAMERA))
    assert caught.value.translation_key == "timeout"
    source.error = False
    await at(home, freezer, "2026-11-24T10:20:00+00:00")
    totals = (await statistics(home))["totals"]
    assert (totals["failed"], totals["images"]) == (1, 3)
    assert (totals["planned"], totals["covered"]) == (2, 2)
