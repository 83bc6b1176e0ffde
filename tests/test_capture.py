"""The camera at work: clock, isolation, restarts, and what entities show of it."""

import asyncio
from datetime import date, datetime, timedelta
import logging
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
    async_fire_time_changed,
)

from custom_components.timelapser.const import EVENT_TIMELAPSER
from custom_components.timelapser.engine.errors import SourceTimeoutError
from custom_components.timelapser.engine.models import CameraSource, Frame
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.harness import scene
from tests.harness.still_server import StillServer
from tests.helpers import act, answered_by, device_id, entity_id, set_up, settle


class FakeSource(CameraSource):
    """A camera whose answers a test decides."""

    def __init__(self) -> None:
        self.jpeg = scene.jpeg(0.5, (320, 240))
        self.error = False
        self.gate = asyncio.Event()
        self.gate.set()
        self.grabs = 0

    async def grab(self, timeout: float) -> Frame:
        self.grabs += 1
        await self.gate.wait()
        if self.error:
            raise SourceTimeoutError(host="camera", seconds=timeout)
        return Frame(dt_util.utcnow(), self.jpeg)

    async def close(self) -> None:
        pass


@pytest.fixture
async def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry, source: FakeSource) -> TimelapserHub:
    with answered_by(source):
        return await set_up(home, entry)


async def pass_time(
    hass: HomeAssistant, freezer: FrozenDateTimeFactory, seconds: float, *, wait: bool = True
) -> None:
    freezer.tick(timedelta(seconds=seconds))
    async_fire_time_changed(hass)
    if wait:
        await settle(hass)
        return
    for _ in range(10):  # loop turns: with frozen time, no sleep ever ends
        await asyncio.sleep(0)


async def newest(hass: HomeAssistant) -> dict[str, Any]:
    answer = await act(hass, "list_timelapses", device_id=device_id(hass, CAMERA))
    timelapse: dict[str, Any] = answer["timelapses"][0]
    return timelapse


def value(hass: HomeAssistant, platform: str, key: str) -> str:
    state = hass.states.get(entity_id(hass, platform, CAMERA, key))
    assert state is not None
    return state.state


async def test_captures_on_the_wall_clock(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-24T10:00:03+00:00")
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA), interval=10)
    assert value(home, "sensor", "next_capture") == "2026-11-24T10:00:10+00:00"
    await pass_time(home, freezer, 6)
    assert (await newest(home))["images"] == 0
    for seconds in (1.4, 10, 10.4, 9.6, 10):
        # Each is noticed a little late; the next is on time again.
        await pass_time(home, freezer, seconds)
    timelapse = await newest(home)
    assert (timelapse["images"], timelapse["skipped"]) == (5, 0)
    assert value(home, "sensor", "next_capture").endswith(":01:00+00:00")
    assert value(home, "sensor", "image_count") == "5"
    assert value(home, "sensor", "timelapse_state") == "running"
    assert value(home, "sensor", "health") == "online"
    assert int(value(home, "sensor", "corruption_score")) >= 85


async def test_first_image_comes_at_once_when_the_tick_is_far(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-24T10:00:03+00:00")
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA))
    await settle(home)
    assert (await newest(home))["images"] == 1


async def test_ticks_never_pile_up(
    home: HomeAssistant,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> None:
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA), interval=2)
    source.gate.clear()
    for _ in range(4):
        await pass_time(home, freezer, 2, wait=False)
    assert source.grabs == 1
    with pytest.raises(ServiceValidationError) as caught:
        await act(home, "capture_now", device_id=device_id(home, CAMERA))
    assert caught.value.translation_key == "capture_busy"
    source.gate.set()
    await settle(home)
    timelapse = await newest(home)
    assert (timelapse["images"], timelapse["skipped"]) == (1, 3)


async def test_camera_that_fails_and_comes_back(
    home: HomeAssistant,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    events = async_capture_events(home, EVENT_TIMELAPSER)
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA), interval=1)
    source.error = True
    health = []
    for _ in range(7):
        await pass_time(home, freezer, 1)
        health.append(value(home, "sensor", "health"))
    assert health == ["degraded"] * 4 + ["offline"] * 3
    assert source.grabs == 5
    source.error = False
    # It is asked again a minute later, give or take.
    await pass_time(home, freezer, 73)
    assert value(home, "sensor", "health") == "online"
    # Said once when it went, and once when it came back.
    assert caplog.text.count("is offline") == 1
    assert caplog.text.count("is back online") == 1
    types = [event.data["type"] for event in events]
    assert types == ["timelapse_started", *["capture_failed"] * 5, "image_captured"]
    assert (await newest(home))["failed"] == 5


async def test_unexpected_error_does_not_stop_the_clock(
    home: HomeAssistant,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA), interval=1)
    with patch.object(source, "grab", side_effect=RuntimeError("broken")):
        await pass_time(home, freezer, 1)
    assert "failed unexpectedly" in caplog.text
    caplog.clear()
    await pass_time(home, freezer, 1)
    assert (await newest(home))["images"] == 1


async def test_pause_resume_complete(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    camera = device_id(home, CAMERA)
    await act(home, "start_timelapse", device_id=camera, interval=1, name="Spring")
    with pytest.raises(ServiceValidationError) as caught:
        await act(home, "start_timelapse", device_id=camera)
    assert caught.value.translation_key == "timelapse_exists"
    await act(home, "pause_timelapse", device_id=camera)
    await pass_time(home, freezer, 5)
    assert (await newest(home))["images"] == 0
    assert value(home, "sensor", "next_capture") == "unknown"
    assert value(home, "switch", "capture") == "off"
    # An image on demand is possible in a pause.
    await act(home, "capture_now", device_id=camera)
    await act(home, "resume_timelapse", device_id=camera)
    await pass_time(home, freezer, 1)
    assert (await newest(home))["images"] == 2
    done = await act(home, "complete_timelapse", device_id=camera)
    assert (done["state"], done["name"]) == ("completed", "Spring")
    await pass_time(home, freezer, 5)
    assert (await newest(home))["images"] == 2
    for action in ("complete_timelapse", "pause_timelapse", "resume_timelapse", "capture_now"):
        with pytest.raises(ServiceValidationError) as caught:
            await act(home, action, device_id=camera)
        assert caught.value.translation_key == "no_timelapse"


async def test_captures_go_on_after_a_restart(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> None:
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA), interval=1)
    await pass_time(home, freezer, 1)
    with answered_by(source):
        assert await home.config_entries.async_reload(entry.entry_id)
        await settle(home)
    await pass_time(home, freezer, 1)
    timelapse = await newest(home)
    assert (timelapse["images"], timelapse["state"]) == (2, "running")
    assert value(home, "sensor", "image_count") == "2"


async def test_restart_in_mid_capture_loses_nothing(  # noqa: PLR0917
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    source: FakeSource,
    storage: Path,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The image is on disk and its row is not: the next start enters it."""
    camera = device_id(home, CAMERA)
    await act(home, "start_timelapse", device_id=camera, interval=1)
    await pass_time(home, freezer, 1)
    cut_off = asyncio.Event()

    async def never(*_args: Any) -> None:
        cut_off.set()
        raise asyncio.CancelledError

    freezer.tick(timedelta(seconds=1))
    with patch.object(hub.rows.images, "record", never):
        async_fire_time_changed(home)
        async with asyncio.timeout(5):
            await cut_off.wait()
        assert await home.config_entries.async_unload(entry.entry_id)
    files = await home.async_add_executor_job(lambda: list(storage.rglob("images/*/*.jpg")))
    (files[0].parent / ".half.jpg.part").write_bytes(b"half")
    assert len(files) == 2
    with answered_by(source):
        assert await home.config_entries.async_setup(entry.entry_id)
        await settle(home)
    assert (await newest(home))["images"] == 2
    left = await home.async_add_executor_job(lambda: list(storage.rglob("*.part")))
    assert left == []


async def test_real_camera_and_no_secret_anywhere(
    home: HomeAssistant,
    entry: MockConfigEntry,
    camera_server: StillServer,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "custom_components.timelapser")
    events = async_capture_events(home, EVENT_TIMELAPSER)
    await set_up(home, entry)
    camera = device_id(home, CAMERA)
    await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    image = await act(home, "capture_now", device_id=camera)
    assert (image["width"], image["height"]) == (320, 240)
    assert image["score"] >= 85
    tested = await act(home, "test_camera", device_id=camera)
    assert tested["width"] == 320
    assert tested["score"] >= 85
    camera_server.password = "changed"
    told = ""
    with pytest.raises(HomeAssistantError) as caught:
        await act(home, "test_camera", device_id=camera)
    assert caught.value.translation_key == "invalid_auth"
    told += str(caught.value) + str(caught.value.translation_placeholders)
    told += caplog.text + str([event.as_dict() for event in events])
    told += str([state.as_dict() for state in home.states.async_all()])
    assert "s3cret" not in told


async def test_what_is_no_camera_of_ours(home: HomeAssistant, hub: TimelapserHub) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await act(home, "capture_now", device_id="nonsense")
    assert caught.value.translation_key == "no_such"


async def test_next_capture_is_aligned(
    home: HomeAssistant, hub: TimelapserHub, freezer: FrozenDateTimeFactory
) -> None:
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA), interval=900)
    planned = datetime.fromisoformat(value(home, "sensor", "next_capture"))
    assert planned.timestamp() % 900 == 0


async def test_rows_read_earlier_are_not_shown_later(
    home: HomeAssistant, hub: TimelapserHub
) -> None:
    """A slow read from before a resume must not stop the clock that the resume has set."""
    camera = device_id(home, CAMERA)
    await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    await act(home, "pause_timelapse", device_id=camera)
    overview = hub.rows.overviews.get
    has_read, go_on = asyncio.Event(), asyncio.Event()

    async def slow(camera_id: str, day: date) -> Any:
        found = await overview(camera_id, day)
        has_read.set()
        await go_on.wait()
        return found

    with patch.object(hub.rows.overviews, "get", slow):
        refresh = asyncio.create_task(hub.cameras[CAMERA].async_refresh())
        await has_read.wait()
    resume = asyncio.create_task(act(home, "resume_timelapse", device_id=camera))
    await asyncio.wait([resume], timeout=1)
    go_on.set()
    await asyncio.gather(refresh, resume)
    assert value(home, "sensor", "timelapse_state") == "running"
    assert value(home, "sensor", "next_capture") != "unknown"


async def test_stopped_camera_never_ticks_again(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub
) -> None:
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA), interval=1)
    runtime = hub.cameras[CAMERA]
    assert await home.config_entries.async_unload(entry.entry_id)
    await runtime.async_timelapse_changed()
    assert runtime.captures._clock.tick_at is None
