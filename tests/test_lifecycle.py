"""Timelapses in Home Assistant: they stop by themselves, are described, and deleted."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.auth.models import User
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
import voluptuous as vol

from custom_components.timelapser.const import DOMAIN, EVENT_TIMELAPSER
from custom_components.timelapser.engine.errors import DatabaseUnavailableError
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, answered_by, device_id, set_up, settle
from tests.test_capture import FakeSource, newest, pass_time, value

BEGIN = "2026-11-24T10:00:03+00:00"


@pytest.fixture
async def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def hub(
    home: HomeAssistant,
    entry: MockConfigEntry,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> TimelapserHub:
    await home.config.async_set_time_zone("Europe/Berlin")
    freezer.move_to(BEGIN)
    with answered_by(source):
        return await set_up(home, entry)


@pytest.fixture
def camera(home: HomeAssistant, hub: TimelapserHub) -> str:
    return device_id(home, CAMERA)


async def files(hass: HomeAssistant, storage: Path, pattern: str) -> list[Path]:
    return await hass.async_add_executor_job(lambda: list(storage.rglob(pattern)))


async def test_stops_after_so_many_images(
    home: HomeAssistant, camera: str, freezer: FrozenDateTimeFactory
) -> None:
    events = async_capture_events(home, EVENT_TIMELAPSER)
    begun = await act(home, "start_timelapse", device_id=camera, interval=10, stop_after_images=3)
    assert (begun["progress"], begun["expected_end"]) == (0, "2026-11-24T10:00:33+00:00")
    await pass_time(home, freezer, 7)
    found = await newest(home)
    assert (found["progress"], found["day_number"], found["first_day"]) == (33.3, 1, "2026-11-24")
    for _ in range(5):
        await pass_time(home, freezer, 10)
    found = await newest(home)
    assert (found["state"], found["images"], found["progress"]) == ("completed", 3, 100)
    assert found["completed_at"] == found["last_image_at"]
    assert value(home, "sensor", "next_capture") == "unknown"
    (completed,) = (event.data for event in events if event.data["type"] == "timelapse_completed")
    assert (completed["reason"], completed["images"]) == ("stop_after_images", 3)


async def test_stops_at_a_moment_though_no_capture_succeeds(
    home: HomeAssistant, camera: str, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    events = async_capture_events(home, EVENT_TIMELAPSER)
    source.error = True
    # A time without a zone is a local one.
    stop_at = "2026-11-24 12:30:00"
    await act(home, "start_timelapse", device_id=camera, interval=1, stop_at=stop_at)
    await pass_time(home, freezer, 5390)
    assert value(home, "sensor", "timelapse_state") == "running"
    assert source.grabs == 1
    await pass_time(home, freezer, 60)
    assert value(home, "sensor", "timelapse_state") == "completed"
    assert (await newest(home))["completed_at"] == "2026-11-24T11:30:00+00:00"
    reasons = [event.data["reason"] for event in events if "reason" in event.data]
    assert reasons == ["stop_at"]


async def test_no_capture_from_the_stop_on(
    home: HomeAssistant, camera: str, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    await act(
        home, "start_timelapse", device_id=camera, interval=60, stop_at="2026-11-24T10:01:30Z"
    )
    await settle(home)
    for _ in range(3):
        await pass_time(home, freezer, 60)
    found = await newest(home)
    assert (found["state"], source.grabs) == ("completed", 2)


async def test_stop_that_failed_is_tried_again(
    home: HomeAssistant, hub: TimelapserHub, camera: str, freezer: FrozenDateTimeFactory
) -> None:
    await act(home, "start_timelapse", device_id=camera, stop_at="2026-11-24T10:30:00Z")
    await settle(home)
    away = DatabaseUnavailableError(reason="gone")
    with patch.object(hub.rows.timelapses, "change_state", side_effect=away):
        await pass_time(home, freezer, 1800)
    assert value(home, "sensor", "timelapse_state") == "running"
    await pass_time(home, freezer, 61)
    assert value(home, "sensor", "timelapse_state") == "completed"
    assert (await newest(home))["completed_at"] == "2026-11-24T10:30:00+00:00"


async def test_stops_while_home_assistant_is_off(
    home: HomeAssistant,
    entry: MockConfigEntry,
    camera: str,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> None:
    events = async_capture_events(home, EVENT_TIMELAPSER)
    await act(home, "start_timelapse", device_id=camera, stop_after_days=2)
    await settle(home)
    assert await home.config_entries.async_unload(entry.entry_id)
    freezer.tick(timedelta(days=9))
    with answered_by(source):
        assert await home.config_entries.async_setup(entry.entry_id)
        await settle(home)
    found = await newest(home)
    # The second day of Berlin ended at 23:00 UTC.
    assert (found["state"], found["completed_at"]) == ("completed", "2026-11-25T23:00:00+00:00")
    assert (found["images"], found["day_number"]) == (1, 1)
    assert events[-1].data["reason"] == "stop_after_days"


async def test_user_ends_it(home: HomeAssistant, camera: str) -> None:
    events = async_capture_events(home, EVENT_TIMELAPSER)
    await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    await act(home, "complete_timelapse", device_id=camera)
    assert events[-1].data["reason"] == "user"


async def test_update(home: HomeAssistant, camera: str, freezer: FrozenDateTimeFactory) -> None:
    begun = await act(home, "start_timelapse", device_id=camera, stop_after_days=9)
    target: dict[str, Any] = {"device_id": camera, "timelapse_id": begun["timelapse_id"]}
    await settle(home)
    changed = await act(
        home,
        "update_timelapse",
        **target,
        name="Lake",
        starred=True,
        notes="Thaw",
        stop_after_days=None,
    )
    assert (changed["name"], changed["starred"], changed["notes"]) == ("Lake", True, "Thaw")
    assert (changed["stop_after_days"], changed["progress"]) == (None, None)
    assert (changed["expected_end"], changed["longest_gap"], changed["videos"]) == (None, 0.0, 0)
    # A rule of today takes effect today.
    await act(home, "update_timelapse", **target, stop_at="2026-11-24T10:30:00Z")
    await pass_time(home, freezer, 1800)
    assert (await newest(home))["state"] == "completed"
    cases = {
        "stop_in_past": {"stop_at": "2026-11-24T10:00:00Z"},
        "timelapse_state": {"stop_after_images": 9},
        "no_such": {"timelapse_id": 999},
    }
    for code, changes in cases.items():
        with pytest.raises(ServiceValidationError) as caught:
            await act(home, "update_timelapse", **{**target, **changes})
        assert caught.value.translation_key == code
    for bad in ({"stop_after_days": 0}, {"name": ""}, {"notes": "x" * 2001}):
        with pytest.raises(vol.Invalid):
            await act(home, "update_timelapse", **target, **bad)


async def test_delete_timelapse(
    home: HomeAssistant,
    hub: TimelapserHub,
    camera: str,
    storage: Path,
    freezer: FrozenDateTimeFactory,
) -> None:
    first = await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    await act(home, "complete_timelapse", device_id=camera)
    freezer.tick(60)
    second = await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    target: dict[str, Any] = {"device_id": camera, "timelapse_id": second["timelapse_id"]}
    with pytest.raises(ServiceValidationError) as caught:
        await act(home, "delete_timelapse", **target)
    assert caught.value.translation_key == "timelapse_state"
    job = await act(home, "render_video", **target)
    deleted = await act(home, "delete_timelapse", **target, force=True)
    assert (deleted["timelapse_id"], deleted["state"]) == (second["timelapse_id"], "completed")
    await hub.deletion.finish()
    jobs = await act(home, "list_render_jobs", device_id=camera)
    assert job["job_id"] not in {found["job_id"] for found in jobs["render_jobs"]}
    # The older one is the newest now, and its image the latest.
    assert (await newest(home))["timelapse_id"] == first["timelapse_id"]
    assert value(home, "image", "latest") == "2026-11-24T10:00:03+00:00"
    assert len(await files(home, storage, "images/*/*.jpg")) == 1
    assert await files(home, storage, ".trash/*") == []
    # The last one leaves nothing to show.
    await act(home, "delete_timelapse", device_id=camera, timelapse_id=first["timelapse_id"])
    assert value(home, "sensor", "timelapse_state") == "none"
    assert value(home, "image", "latest") == "unknown"


async def test_delete_video(
    home: HomeAssistant, hub: TimelapserHub, camera: str, storage: Path
) -> None:
    await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    over = asyncio.Event()

    @callback
    def listen(event: Event) -> None:
        if event.data["type"] in ("video_finished", "video_failed"):
            over.set()

    home.bus.async_listen(EVENT_TIMELAPSER, listen)
    await act(home, "render_video", device_id=camera)
    await over.wait()
    (video,) = (await act(home, "list_videos", device_id=camera))["videos"]
    await act(home, "delete_video", device_id=camera, video_id=video["video_id"])
    assert (await act(home, "list_videos", device_id=camera))["videos"] == []
    assert await files(home, storage, "videos/*.mp4") == []
    assert (await newest(home))["images"] == 1
    with pytest.raises(ServiceValidationError) as caught:
        await act(home, "delete_video", device_id=camera, video_id=video["video_id"])
    assert caught.value.translation_key == "no_such"


@pytest.mark.parametrize("action", ["delete_timelapse", "delete_video"])
async def test_only_administrators_delete(
    home: HomeAssistant, camera: str, hass_read_only_user: User, action: str
) -> None:
    with pytest.raises(Unauthorized):
        await home.services.async_call(
            DOMAIN,
            action,
            {"device_id": camera, "timelapse_id" if "time" in action else "video_id": 1},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )


async def test_reconciliation_tells(
    home: HomeAssistant,
    entry: MockConfigEntry,
    camera: str,
    source: FakeSource,
    storage: Path,
) -> None:
    events = async_capture_events(home, EVENT_TIMELAPSER)
    await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    assert await home.config_entries.async_unload(entry.entry_id)
    for path in await files(home, storage, "images/*/*.jpg"):
        path.unlink()
    with answered_by(source):
        assert await home.config_entries.async_setup(entry.entry_id)
        await settle(home)
    assert events[-1].data == {"type": "reconciled", "camera_id": "", "missing": 1}
    (image,) = (await act(home, "list_images", device_id=camera))["images"]
    assert image["missing"] is True
