"""The action that renders: what it may be asked, what it answers, and what it refuses."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import voluptuous as vol

from custom_components.timelapser.const import EVENT_TIMELAPSER
from custom_components.timelapser.engine.events import VideoProgress
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, device_id, set_up, settle

IMAGES = 4


@pytest.fixture
async def camera(home: HomeAssistant, entry: MockConfigEntry) -> str:
    """The device of a camera with a timelapse of a few images."""
    await set_up(home, entry)
    device = device_id(home, CAMERA)
    await act(home, "start_timelapse", device_id=device, name="Spring")
    await settle(home)
    for _ in range(IMAGES - 1):
        await act(home, "capture_now", device_id=device)
    return device


async def told(
    hass: HomeAssistant, render: Callable[[], Any], kinds: tuple[str, ...]
) -> dict[str, Any]:
    """Answer the first event of some kinds that follows a call."""
    found: asyncio.Future[dict[str, Any]] = hass.loop.create_future()

    @callback
    def listen(event: Any) -> None:
        if event.data["type"] in kinds and not found.done():
            found.set_result(dict(event.data))

    unsubscribe = hass.bus.async_listen(EVENT_TIMELAPSER, listen)
    try:
        await render()
        async with asyncio.timeout(60):
            return await found
    finally:
        unsubscribe()


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({}, {"frames": IMAGES, "fps": 24, "reason": "fixed_fps", "adjusted": False}),
        ({"fps": 2}, {"frames": IMAGES, "fps": 2, "duration": IMAGES / 2}),
        ({"every_nth": 2}, {"frames": 2, "images": 2}),
        ({"last_images": 3}, {"frames": 3}),
        ({"last_hours": 1, "per_hour": 1}, {"frames": 1}),
        ({"best_of": "day"}, {"frames": 1}),
        ({"nearest_time": "12:00:00"}, {"frames": 1}),
        ({"from": "2026-01-01", "to": "2026-12-31 23:59:59"}, {"frames": IMAGES}),
        ({"all_timelapses": True}, {"frames": IMAGES}),
        (
            {"target_duration": 1},
            {"duration": 1.0, "reason": "few_images", "repeat": 3, "adjusted": True, "fps": 12},
        ),
        ({"hold_last": 2, "fps": 10}, {"frames": IMAGES + 20, "duration": 2.4}),
        ({"min_duration": 0.4}, {"fps": 10, "reason": "min_duration"}),
        ({"true_time": True, "gaps": "skip"}, {"reason": "true_time"}),
        ({"resolution": "480p", "codec": "h264", "deflicker": True}, {"height": 480}),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else None,
)
async def test_dry_run(
    home: HomeAssistant, camera: str, asked: dict[str, Any], expected: dict[str, Any]
) -> None:
    answer = await act(home, "render_video", device_id=camera, dry_run=True, **asked)
    if "height" in expected:
        expected = {"height": min(480, answer["width"], answer["height"])}
    assert {name: answer[name] for name in expected} == expected
    assert answer["bytes"] > 0
    assert answer["cpu_seconds"] > 0
    assert answer["from_cache"] == 0
    assert (await act(home, "list_render_jobs", device_id=camera))["render_jobs"] == []


@pytest.mark.parametrize(
    ("asked", "key", "names"),
    [
        ({"per_day": 1, "best_of": "day"}, "field_conflict", {"per_day", "best_of"}),
        ({"target_duration": 5, "max_duration": 9}, "field_conflict", {"target_duration"}),
        ({"timelapse_ids": [1], "all_timelapses": True}, "field_conflict", {"all_timelapses"}),
        ({"timelapse_ids": [1], "timelapse_id": 1}, "field_conflict", {"timelapse_id"}),
        ({"every_nth": 0}, "invalid_setting", {"every_nth"}),
        ({"time_from": "08:00:00"}, "invalid_setting", {"time_to"}),
        ({"from": "2026-06-02", "to": "2026-06-01"}, "invalid_setting", {"to"}),
        ({"without_alike": 99}, "invalid_setting", {"without_alike"}),
        ({"fps_min": 50, "fps_max": 20}, "fps_order", {"50", "20"}),
        ({"hold_last": 9, "target_duration": 5}, "invalid_setting", {"hold_last"}),
        ({"from": "2020-01-01", "to": "2020-01-02"}, "no_images", {"Spring"}),
        ({"timelapse_ids": [99]}, "no_such", {"99"}),
    ],
    ids=lambda value: "-".join(map(str, value)) if isinstance(value, dict) else None,
)
async def test_bad_request_is_refused_by_name(
    home: HomeAssistant, camera: str, asked: dict[str, Any], key: str, names: set[str]
) -> None:
    for dry_run in (True, False):
        with pytest.raises(ServiceValidationError) as caught:
            await act(home, "render_video", device_id=camera, dry_run=dry_run, **asked)
        assert caught.value.translation_key == key
        assert names <= {*(caught.value.translation_placeholders or {}).values()}
    assert (await act(home, "list_render_jobs", device_id=camera))["render_jobs"] == []


@pytest.mark.parametrize(
    "asked",
    [
        {"from": "last summer"},
        {"from": 5},
        {"weekdays": ["funday"]},
        {"weekdays": []},
        {"codec": "realmedia"},
        {"preview": "png"},
        {"priority": "urgent"},
        {"blend": 99},
        {"last_images": "many"},
        {"fps": 0},
        {"gaps": "leap"},
        {"speed": 2},
    ],
    ids=str,
)
async def test_nonsense_is_refused(home: HomeAssistant, camera: str, asked: dict[str, Any]) -> None:
    with pytest.raises((vol.Invalid, ServiceValidationError)):
        await act(home, "render_video", device_id=camera, dry_run=True, **asked)


async def test_video_with_all_that_can_be_asked(home: HomeAssistant, camera: str) -> None:
    asked = {
        "last_images": 3,
        "weekdays": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
        "target_duration": 1,
        "resolution": "480p",
        "quality": "low",
        "deflicker": True,
        "preview": "gif",
        "name": "Our garden",
        "priority": "background",
    }

    async def render() -> None:
        job = await act(home, "render_video", device_id=camera, **asked)
        assert (job["state"], job["priority"], job["automatic"]) == ("queued", "background", False)
        # What was decided is answered at once.
        assert job["decision"]["duration"] == 1.0
        assert job["decision"]["reason"] == "few_images"
        assert job["spec"]["selection"]["last_images"] == 3

    event = await told(home, render, ("video_finished", "video_failed"))
    assert event["type"] == "video_finished", event["error"]
    assert (event["frames"], event["duration"]) == (12, 1.0)
    (job,) = (await act(home, "list_render_jobs", device_id=camera))["render_jobs"]
    assert (job["state"], job["attempts"], job["progress"]) == ("finished", 0, 100)
    assert job["cpu_seconds"] >= 0
    assert job["decision"]["encoder"] == "libx264"
    (video,) = (await act(home, "list_videos", device_id=camera))["videos"]
    assert video["decision"] == job["decision"]
    assert (video["frames"], video["duration"], video["automatic"]) == (12, 1.0, False)
    beside = [Path(video["path"]).with_suffix(".gif"), Path(video["poster_path"])]
    preview, poster = await home.async_add_executor_job(
        lambda: [path.read_bytes() for path in beside]
    )
    assert preview.startswith(b"GIF8")
    assert poster.startswith(b"\xff\xd8")
    # The same images at another rate are all there already.
    slower = {**asked, "target_duration": 1.2}
    again = await act(home, "render_video", device_id=camera, dry_run=True, **slower)
    assert (again["fps"], again["from_cache"]) == (10, 1)


async def test_full_disk_refuses_with_numbers(
    home: HomeAssistant, camera: str, entry: MockConfigEntry, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub: TimelapserHub = entry.runtime_data
    monkeypatch.setattr(hub.videos, "_free_disk", lambda _: 10**9)

    async def render() -> None:
        await act(home, "render_video", device_id=camera)

    event = await told(home, render, ("video_finished", "video_failed"))
    assert (event["type"], event["attempts"]) == ("video_failed", 0)
    assert "storage_low_render" in event["error"]
    assert "needed 0.0" in event["error"]
    assert "free 0.00" in event["error"]
    assert (await act(home, "list_videos", device_id=camera))["videos"] == []


async def test_explicit_rate_is_stronger_than_a_duration_that_is_set(
    home: HomeAssistant, camera: str
) -> None:
    await act(home, "set_settings", device_id=camera, settings={"target_duration": 2})
    plain = await act(home, "render_video", device_id=camera, dry_run=True)
    assert plain["duration"] == 2
    fast = await act(home, "render_video", device_id=camera, dry_run=True, fps=20)
    assert (fast["fps"], fast["duration"]) == (20, IMAGES / 20)


async def test_bounds_of_the_rate_that_exclude_each_other(home: HomeAssistant, camera: str) -> None:
    await act(home, "set_settings", settings={"fps_min": 30})
    with pytest.raises(ServiceValidationError) as caught:
        await act(home, "set_settings", device_id=camera, settings={"fps_max": 20})
    assert caught.value.translation_key == "fps_order"


async def test_pictures_of_a_video_are_served_and_go_with_it(
    home: HomeAssistant,
    camera: str,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    async def render() -> None:
        await act(home, "render_video", device_id=camera, codec="vp9", preview="webp")

    event = await told(home, render, ("video_finished", "video_failed"))
    (video,) = (await act(home, "list_videos", device_id=camera))["videos"]
    assert video["video_id"] == event["video_id"]
    url = f"/api/timelapser/videos/{video['video_id']}"
    client, nobody = await hass_client(), await hass_client_no_auth()
    kinds = {"": "video/webm", "/poster": "image/jpeg", "/preview": "image/webp"}
    for path, kind in kinds.items():
        answer = await client.get(url + path)
        assert (answer.status, answer.content_type) == (200, kind)
        assert (await nobody.get(url + path)).status == 401
    assert video["poster"] == f"{url}/poster"

    await act(home, "delete_video", device_id=camera, video_id=video["video_id"])
    for path in kinds:
        assert (await client.get(url + path)).status == 404
    folder = Path(video["path"]).parent
    assert await home.async_add_executor_job(lambda: list(folder.iterdir())) == []


async def test_progress_is_told_once_a_percent(
    home: HomeAssistant, camera: str, entry: MockConfigEntry
) -> None:
    hub: TimelapserHub = entry.runtime_data
    heard: list[float] = []

    @callback
    def listen(event: Any) -> None:
        if event.data["type"] == "video_progress":
            heard.append(event.data["progress"])

    answer = await act(home, "render_video", device_id=camera)
    job = replace(await hub.rows.videos.get_job(answer["job_id"]), frames_total=1000)
    home.bus.async_listen(EVENT_TIMELAPSER, listen)
    for frames in (6, 8, 20, 24, 27, 500):
        hub.publish(VideoProgress(CAMERA, job.at(frames), 25.0, 3.0))
    await home.async_block_till_done()
    # What the render itself says meanwhile is of four frames.
    assert [one for one in heard if one in {0.6, 0.8, 2.0, 2.4, 2.7}] == [0.6, 2.0]
    assert 50 in heard
