"""Statistics in Home Assistant: the action, the sensors, and midnight."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.const import STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_fire_time_changed,
)
import voluptuous as vol

from custom_components.timelapser.const import DOMAIN
from custom_components.timelapser.engine.database.pool_manager import PoolManager
from custom_components.timelapser.engine.errors import DatabaseUnavailableError
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, answered_by, device_id, entity_id, set_up, settle
from tests.test_capture import FakeSource, pass_time
from tests.test_surface import film

HUB_KEYS = ("images_total", "storage_used", "storage_free", "days_until_full", "queue_length")


@pytest.fixture
async def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def hub(
    home: HomeAssistant,
    entry: MockConfigEntry,
    source: FakeSource,
) -> AsyncIterator[TimelapserHub]:
    await home.config.async_set_time_zone("Europe/Berlin")
    entry.add_to_hass(home)
    # With frozen time, no pause before another attempt ever ends.
    home.config_entries.async_update_entry(entry, options={"retries": 0})
    with (
        answered_by(source),
        patch("homeassistant.helpers.entity.Entity.entity_registry_enabled_default", True),
    ):
        yield await set_up(home, entry)


def value(hass: HomeAssistant, owner: str, key: str) -> str:
    state = hass.states.get(entity_id(hass, "sensor", owner, key))
    assert state is not None
    return state.state


def camera_value(hass: HomeAssistant, key: str) -> str:
    return value(hass, CAMERA, key)


def hub_value(hass: HomeAssistant, key: str) -> str:
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return value(hass, entry.entry_id, key)


async def statistics(hass: HomeAssistant, **target: Any) -> dict[str, Any]:
    answer: dict[str, Any] = await act(hass, "get_statistics", **target)
    return answer


async def test_day_of_a_camera(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    # 22:59:30 in Berlin, of a winter's day.
    freezer.move_to("2026-11-24T21:59:30+00:00")
    camera = device_id(home, CAMERA)
    assert camera_value(home, "coverage_today") == STATE_UNKNOWN
    assert camera_value(home, "day_number") == STATE_UNKNOWN
    await act(home, "start_timelapse", device_id=camera, interval=1800)
    await settle(home)  # the first image comes at once
    await pass_time(home, freezer, 30)
    source.error = True
    await pass_time(home, freezer, 1800)
    assert camera_value(home, "images_today") == "2"
    assert camera_value(home, "quarantined_today") == "0"
    assert camera_value(home, "coverage_today") == "50.0"
    assert camera_value(home, "day_number") == "1"
    assert float(camera_value(home, "storage_used")) > 0

    answer = await statistics(home, device_id=camera)
    assert (answer["camera_id"], answer["timelapse_id"]) == (CAMERA, None)
    assert answer["today"]["day"] == "2026-11-24"
    for period in ("totals", "today", "last_24_hours", "last_7_days"):
        sums = answer[period]
        assert (sums["images"], sums["failed"], sums["planned"], sums["covered"]) == (2, 1, 2, 1)
        assert (sums["coverage"], sums["success_rate"]) == (50, 66.7)
        assert sums["score_min"] >= 85
    assert [(day["day"], day["images"]) for day in answer["days"]] == [("2026-11-24", 2)]
    assert "free_bytes" not in answer

    # Midnight turns the numbers, though nothing is captured.
    await act(home, "pause_timelapse", device_id=camera)
    freezer.move_to("2026-11-24T23:00:00+00:00")
    async_fire_time_changed(home)
    await settle(home)
    assert camera_value(home, "images_today") == "0"
    assert camera_value(home, "coverage_today") == STATE_UNKNOWN
    assert camera_value(home, "day_number") == "2"
    answer = await statistics(home, device_id=camera)
    assert (answer["today"]["day"], answer["today"]["images"]) == ("2026-11-25", 0)
    assert answer["last_24_hours"]["images"] == 2

    # A timelapse that is over has no more days.
    await act(home, "complete_timelapse", device_id=camera)
    freezer.move_to("2026-11-27T23:00:00+00:00")
    async_fire_time_changed(home)
    await settle(home)
    assert camera_value(home, "day_number") == "2"


async def test_midnight_without_a_database(
    home: HomeAssistant,
    hub: TimelapserHub,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    freezer.move_to("2026-11-24T21:59:50+00:00")
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA), interval=86400)
    await settle(home)
    assert camera_value(home, "images_today") == "1"

    async def refuse(*_args: object) -> None:
        raise DatabaseUnavailableError(reason="away")

    with monkeypatch.context() as away:
        away.setattr(PoolManager, "run", refuse)
        freezer.move_to("2026-11-24T23:00:00+00:00")
        async_fire_time_changed(home)
        await settle(home)
        assert camera_value(home, "images_today") == "0"
        await hub.coordinator.async_refresh()
        for key in HUB_KEYS:
            assert hub_value(home, key) == STATE_UNAVAILABLE
    await hub.coordinator.async_refresh()
    assert hub_value(home, "images_total") == "1"


async def test_hub(home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory) -> None:
    assert hub_value(home, "images_total") == "0"
    assert hub_value(home, "days_until_full") == STATE_UNKNOWN
    freezer.move_to("2026-11-24T10:00:03+00:00")
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA), interval=10)
    for _ in range(3):
        await pass_time(home, freezer, 10)
    await hub.coordinator.async_refresh()
    assert int(hub_value(home, "images_total")) >= 3
    assert float(hub_value(home, "storage_used")) > 0
    assert float(hub_value(home, "storage_free")) > 0
    # All of it came today, and only whole days tell how it grows.
    assert hub_value(home, "days_until_full") == STATE_UNKNOWN
    await act(home, "pause_timelapse", device_id=device_id(home, CAMERA))
    await settle(home)
    freezer.tick(timedelta(days=1))
    await hub.coordinator.async_refresh()
    assert float(hub_value(home, "days_until_full")) > 0
    answer = await statistics(home)
    assert (answer["camera_id"], answer["timelapse_id"]) == (None, None)
    assert answer["free_bytes"] <= answer["disk_bytes"]
    assert answer["days_until_full"] > 0
    assert answer["totals"]["images"] == int(hub_value(home, "images_total"))


async def test_videos_are_counted(home: HomeAssistant, hub: TimelapserHub) -> None:
    assert (camera_value(home, "video_count"), hub_value(home, "queue_length")) == ("0", "0")
    video = await film(home)
    await settle(home)
    assert camera_value(home, "video_count") == "1"
    answer = await statistics(home, timelapse_id=video["timelapse_id"])
    assert (answer["camera_id"], answer["timelapse_id"]) == (CAMERA, video["timelapse_id"])
    totals = answer["totals"]
    assert (totals["videos"], totals["video_bytes"]) == (1, video["bytes"])
    assert (totals["images"], totals["longest_gap"] > 0) == (3, True)
    # The hub has seen something happen, and has looked at once.
    async with asyncio.timeout(10):
        while hub_value(home, "images_total") == "0":
            await asyncio.sleep(0.05)


@pytest.mark.parametrize(
    ("target", "error"),
    [
        ({"timelapse_id": 99}, ServiceValidationError),
        ({"device_id": "none"}, ServiceValidationError),
        ({"days": 0}, vol.Invalid),
        ({"days": 366}, vol.Invalid),
    ],
)
async def test_what_is_not_there(
    home: HomeAssistant, hub: TimelapserHub, target: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await statistics(home, **target)


async def test_entities_of_the_hub(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub
) -> None:
    device = device_id(home, entry.entry_id)
    found = er.async_entries_for_device(er.async_get(home), device)
    assert {one.unique_id.removeprefix(f"{entry.entry_id}_") for one in found} == {*HUB_KEYS}
    assert {one.config_subentry_id for one in found} == {None}
    known = dr.async_get(home).async_get(device)
    assert known is not None
    assert known.name == "Timelapser"
