"""What users touch besides the flows: buttons, switch, image, media source, views, diagnostics."""

import asyncio
import json
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.components.diagnostics import REDACTED
from homeassistant.components.media_player import BrowseError
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
)
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.timelapser.const import DOMAIN, EVENT_TIMELAPSER
from custom_components.timelapser.diagnostics import async_get_config_entry_diagnostics
from custom_components.timelapser.engine.errors import DatabaseUnavailableError
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA, PASSWORD
from tests.helpers import act, device_id, entity_id, set_up, settle

ROOT = f"media-source://{DOMAIN}"


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry) -> TimelapserHub:
    for domain in ("media_source", "image"):
        assert await async_setup_component(home, domain, {})
    return await set_up(home, entry)


async def press(hass: HomeAssistant, key: str) -> None:
    await hass.services.async_call(
        "button", "press", {"entity_id": entity_id(hass, "button", CAMERA, key)}, blocking=True
    )
    await settle(hass)


async def switch(hass: HomeAssistant, to: str) -> str:
    name = entity_id(hass, "switch", CAMERA, "capture")
    await hass.services.async_call("switch", f"turn_{to}", {"entity_id": name}, blocking=True)
    state = hass.states.get(name)
    assert state is not None
    return state.state


async def film(hass: HomeAssistant, images: int = 3) -> dict[str, Any]:
    """Make a timelapse with a video; answer the video."""
    camera = device_id(hass, CAMERA)
    await act(hass, "start_timelapse", device_id=camera, name="Spring")
    await settle(hass)  # the first image is taken at once
    for _ in range(images - 1):
        await act(hass, "capture_now", device_id=camera)
    over = asyncio.Event()
    unsubscribe = hass.bus.async_listen(
        EVENT_TIMELAPSER,
        callback(lambda event: event.data["type"].startswith("video_f") and over.set()),
    )
    job = await act(hass, "render_video", device_id=camera, fps=10, quality="low")
    async with asyncio.timeout(30):
        await over.wait()
    unsubscribe()
    (found,) = (await act(hass, "list_render_jobs", device_id=camera))["render_jobs"]
    assert (found["job_id"], found["state"]) == (job["job_id"], "finished")
    assert (found["fps"], found["quality"], found["progress"]) == (10, "low", 100)
    (video,) = (await act(hass, "list_videos", device_id=camera))["videos"]
    return dict(video)


async def test_buttons_and_switch(home: HomeAssistant, hub: TimelapserHub) -> None:
    await press(home, "start_timelapse")
    camera = device_id(home, CAMERA)
    assert await switch(home, "off") == "off"
    await press(home, "capture_now")
    assert await switch(home, "on") == "on"
    await press(home, "complete_timelapse")
    (timelapse,) = (await act(home, "list_timelapses", device_id=camera))["timelapses"]
    assert timelapse["state"] == "completed"
    # Nothing to resume: turning on starts the next one.
    assert await switch(home, "on") == "on"
    listed = (await act(home, "list_timelapses", device_id=camera))["timelapses"]
    assert [timelapse["state"] for timelapse in listed] == ["running", "completed"]


async def test_button_that_cannot(home: HomeAssistant, hub: TimelapserHub) -> None:
    for key in ("capture_now", "complete_timelapse", "render_video"):
        with pytest.raises(ServiceValidationError) as caught:
            await press(home, key)
        assert caught.value.translation_key == "no_timelapse"


async def test_devices_and_entities(home: HomeAssistant, hub: TimelapserHub) -> None:
    devices = dr.async_get(home)
    camera = devices.async_get(device_id(home, CAMERA))
    assert camera is not None
    assert (camera.name, camera.manufacturer) == ("Garden", "Timelapser")
    parent = devices.async_get(camera.via_device_id or "")
    assert parent is not None
    assert parent.name == "Timelapser"
    keys = {
        entry.unique_id.removeprefix(f"{CAMERA}_")
        for entry in er.async_entries_for_device(
            er.async_get(home), camera.id, include_disabled_entities=True
        )
    }
    assert keys == {
        "capture",
        "capture_now",
        "complete_timelapse",
        "corruption_detection",
        "corruption_score",
        "glitches",
        "coverage_today",
        "day_number",
        "degraded",
        "health",
        "image_count",
        "images_today",
        "last_capture",
        "latest",
        "next_capture",
        "online",
        "quality",
        "quarantined_today",
        "render_progress",
        "render_video",
        "start_timelapse",
        "storage_used",
        "timelapse_state",
        "video_count",
        "window_open",
    }


async def test_removed_camera_takes_its_device_along(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub
) -> None:
    device = device_id(home, CAMERA)
    home.config_entries.async_remove_subentry(entry, CAMERA)
    await home.async_block_till_done()
    assert dr.async_get(home).async_get(device) is None
    # What it captured stays and can be browsed.
    root = await async_browse_media(home, ROOT)
    assert [child.title for child in root.children or []] == ["Garden"]


async def test_from_image_to_video_in_the_media_browser(
    home: HomeAssistant,
    hub: TimelapserHub,
    storage: Path,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    video = await film(home)
    assert (video["frames"], video["fps"]) == (3, 10)
    root = await async_browse_media(home, ROOT)
    (camera,) = root.children or []
    (timelapse,) = (await async_browse_media(home, camera.media_content_id)).children or []
    assert timelapse.title == "Spring"
    inside = (await async_browse_media(home, timelapse.media_content_id)).children or []
    assert [child.media_class for child in inside] == ["video", "directory"]
    images = (await async_browse_media(home, inside[1].media_content_id)).children or []
    assert len(images) == 3

    client, stranger = await hass_client(), await hass_client_no_auth()
    for item, kind, signature in (
        (inside[0], "video/mp4", b"ftyp"),
        (images[0], "image/jpeg", b"\xff\xd8\xff"),
    ):
        media = await async_resolve_media(home, item.media_content_id, None)
        assert media.mime_type == kind
        assert media.path is not None
        assert media.path.is_relative_to(storage)
        answer = await client.get(media.url)
        assert (answer.status, answer.content_type) == (200, kind)
        assert signature in (await answer.read())[:16]
        part = await client.get(media.url, headers={"Range": "bytes=0-9"})
        assert (part.status, len(await part.read())) == (206, 10)
        assert (await stranger.get(media.url)).status == 401
        thumbnail = await client.get(item.thumbnail or "")
        assert (thumbnail.status, thumbnail.content_type) == (200, "image/jpeg")
    assert inside[0].media_content_id == video["media_content_id"]


@pytest.mark.parametrize(
    "path",
    [
        "images/99/full",
        "images/1/huge",
        "images/-1/full",
        "images/99999999999999999999/full",
        "videos/99",
        "videos/x",
        "preview/nonsense",
    ],
)
async def test_what_is_not_there(
    home: HomeAssistant, hub: TimelapserHub, hass_client: ClientSessionGenerator, path: str
) -> None:
    client = await hass_client()
    assert (await client.get(f"/api/timelapser/{path}")).status == 404


async def test_database_that_is_away_is_no_fault_of_the_request(
    home: HomeAssistant, hub: TimelapserHub, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    away = DatabaseUnavailableError(reason="gone")
    with patch.object(hub.database, "read", side_effect=away):
        for path in ("images/1/full", "videos/1"):
            assert (await client.get(f"/api/timelapser/{path}")).status == 503


async def test_no_path_leads_out(
    home: HomeAssistant, hub: TimelapserHub, hass_client: ClientSessionGenerator
) -> None:
    client = await hass_client()
    for path in ("images/..%2f..%2fetc/full", "images/1/..%2f..%2ffull", "videos/%2fetc%2fpasswd"):
        assert (await client.get(f"/api/timelapser/{path}")).status in {400, 404}


@pytest.mark.parametrize(
    "identifier", ["nonsense", "video/x", "image/99", "day/1/never", "camera/../x/y", "video/99"]
)
async def test_media_that_is_not_there(
    home: HomeAssistant, hub: TimelapserHub, identifier: str
) -> None:
    with pytest.raises(Unresolvable):
        await async_resolve_media(home, f"{ROOT}/{identifier}", None)
    with pytest.raises(BrowseError):
        await async_browse_media(home, f"{ROOT}/{identifier}")


async def test_image_entity_shows_the_latest(
    home: HomeAssistant, hub: TimelapserHub, hass_client: ClientSessionGenerator
) -> None:
    name = entity_id(home, "image", CAMERA, "latest")
    state = home.states.get(name)
    assert state is not None
    assert state.state == "unknown"
    await film(home, images=2)
    newest = await hub.rows.images.latest(CAMERA)
    state = home.states.get(name)
    assert newest is not None
    assert state is not None
    assert state.state == newest.captured_at.isoformat()
    client = await hass_client()
    answer = await client.get(state.attributes["entity_picture"])
    assert answer.status == 200
    assert (await answer.read()).startswith(b"\xff\xd8\xff")


async def test_lists_filter(home: HomeAssistant, hub: TimelapserHub) -> None:
    await film(home)
    camera = device_id(home, CAMERA)
    images = (await act(home, "list_images", device_id=camera, limit=2))["images"]
    assert len(images) == 2
    rest = await act(home, "list_images", device_id=camera, before=images[-1]["captured_at"])
    assert len(rest["images"]) == 1
    day = images[0]["day"]
    assert len((await act(home, "list_images", device_id=camera, day=day))["images"]) == 3
    none = await act(home, "list_images", device_id=camera, quarantined=True)
    assert none["images"] == []
    assert (await act(home, "list_videos", device_id=camera, timelapse_id=99))["videos"] == []


async def test_render_of_what_is_not_there(home: HomeAssistant, hub: TimelapserHub) -> None:
    camera = device_id(home, CAMERA)
    await act(home, "start_timelapse", device_id=camera, interval=1)
    with pytest.raises(ServiceValidationError) as caught:
        await act(home, "render_video", device_id=camera, timelapse_id=99)
    assert caught.value.translation_key == "no_such"
    with pytest.raises(ServiceValidationError) as caught:
        await act(home, "cancel_render", job_id=99)
    assert caught.value.translation_key == "no_such"


async def test_diagnostics_hold_no_secret(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub, storage: Path
) -> None:
    await film(home)
    found = await async_get_config_entry_diagnostics(home, entry)
    text = json.dumps(found)
    assert PASSWORD not in text
    assert str(storage) not in text
    assert "127.0.0.1" not in text
    (camera,) = found["cameras"]
    assert camera["data"]["password"] == REDACTED
    assert (camera["images"], camera["health"]) == (3, "online")
    assert camera["render_job"]["state"] == "finished"


async def test_storage_that_vanished_is_tried_again(
    home: HomeAssistant, entry: MockConfigEntry, storage: Path
) -> None:
    run = home.async_add_executor_job
    await run(storage.rmdir)
    entry.add_to_hass(home)
    assert not await home.config_entries.async_setup(entry.entry_id)
    assert entry.state.value == "setup_retry"
    assert entry.error_reason_translation_key == "storage_missing"
    # Not made anew: that would fill the system's disk while the right one is not mounted.
    assert not await run(storage.exists)
    await run(storage.write_text, "a file where the folder was")
    assert not await home.config_entries.async_reload(entry.entry_id)
    assert entry.error_reason_translation_key == "storage_not_writable"
    await run(storage.unlink)
    await run(storage.mkdir)
    assert await home.config_entries.async_reload(entry.entry_id)
