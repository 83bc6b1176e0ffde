"""From an empty folder to a video, through a power cut, with what only a process can show."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
import json
from pathlib import Path
import time
from typing import Any

import pytest

from tests.e2e.evidence import Storage, complaints, files_that_reveal, reveals, rows_of
from tests.harness.home_assistant import HomeAssistant
from tests.harness.journey import (
    AddedCamera,
    add_camera,
    add_hub,
    ffprobe,
    find_cameras,
    free_port,
    login,
    start_cameras,
    wait_for,
)

pytestmark = [pytest.mark.timeout(300), pytest.mark.usefixtures("socket_enabled")]

# Of the person who logs in.
PASSWORD = "orchard:gate@77%"
IMAGES = 4
# Enough to be at it until the power fails.
RENDERS = 5
STOPS_WITHIN = 30
# Home Assistant's own place for what people enter.
SECRET_PLACES = {".storage/core.config_entries"}

type Addresses = dict[str, dict[str, str]]


@pytest.fixture
async def addresses(tmp_path: Path, socket_enabled: None) -> AsyncIterator[Addresses]:
    async with AsyncExitStack() as stack:
        yield await start_cameras(
            stack, tmp_path / "cache", 0, "--small", "--seconds-per-day", "10"
        )


async def test_from_nothing_through_a_power_cut_to_a_video(
    tmp_path: Path, addresses: Addresses
) -> None:
    config = tmp_path / "config"
    async with HomeAssistant(config, port=free_port(), password=PASSWORD) as hass:
        storage = Storage(hass.media / "timelapser")
        entry_id, cameras = await add_everything(hass, addresses)
        for camera in cameras:
            await hass.action(
                "timelapser", "start_timelapse", device_id=camera.device_id, interval=1
            )
        for camera in cameras:
            await captured(hass, camera, IMAGES)
        await cut_power(hass, cameras[0], storage)
        cut_off, part, before = what_was_left(config, storage)

        await hass.start()
        # Home Assistant may not have written its new devices yet: they are made anew.
        cameras = await find_cameras(hass, 2)
        await check_recovery(hass, cameras, before)
        await check_videos(hass, cameras[0], cut_off)
        await wait_for(gone(part), 30, "What was half-written stayed")
        await check_pages(hass, cameras[0], storage)
        await check_secrets_in_answers(hass, entry_id, addresses)

        # A stop in the midst of it all, as an update of Home Assistant is one.
        await render(hass, cameras[0])
        begun = time.monotonic()
        assert await hass.stop() == 0
        assert time.monotonic() - begun < STOPS_WITHIN
        check_house(config, storage)
        check_secrets_in_files(config, addresses)
        assert "custom_components.timelapser" in hass.log
        assert complaints(hass.log) == []


async def add_everything(
    hass: HomeAssistant, addresses: Addresses
) -> tuple[str, list[AddedCamera]]:
    entry_id, flow_id = await add_hub(hass)
    stream = login(addresses["stream"]) | {"transport": "tcp", "verify_ssl": True}
    await add_camera(hass, entry_id, "Garden", "stream", stream, flow_id=flow_id)
    still = login(addresses["still"]) | {"verify_ssl": True}
    await add_camera(hass, entry_id, "Lake", "still", still)
    return entry_id, await find_cameras(hass, 2)


async def newest(hass: HomeAssistant, camera: AddedCamera) -> dict[str, Any]:
    answer = await hass.action("timelapser", "list_timelapses", device_id=camera.device_id)
    timelapse: dict[str, Any] = answer["timelapses"][0]
    return timelapse


async def captured(hass: HomeAssistant, camera: AddedCamera, images: int) -> None:
    async def enough() -> bool:
        return bool((await newest(hass, camera))["images"] >= images)

    await wait_for(enough, 60, f"{camera.name} did not capture {images} images")


async def render(hass: HomeAssistant, camera: AddedCamera) -> None:
    # Blended frames come from no cache, and the last one is held: FFmpeg is busy for seconds.
    await hass.action(
        "timelapser",
        "render_video",
        device_id=camera.device_id,
        fps=5,
        quality="ultra",
        blend=2,
        hold_last=20,
    )


async def cut_power(hass: HomeAssistant, camera: AddedCamera, storage: Storage) -> None:
    """Kill the process when an image has come this very moment, and FFmpeg is at work."""
    for _ in range(RENDERS):
        await render(hass, camera)
    known = storage.images().keys()
    async with asyncio.timeout(120):
        while not (storage.images().keys() - known and is_encoding(storage)):
            known = storage.images().keys()
            await asyncio.sleep(0.005)
    await hass.stop(kill=True)


def is_encoding(storage: Storage) -> bool:
    """Whether a video grows: from its last byte on it is as good as finished."""
    ages = [time.time() - part.stat().st_mtime for part in storage.parts() if ".mp4" in part.name]
    return any(age < 0.25 for age in ages)


def what_was_left(config: Path, storage: Storage) -> tuple[int, Path, dict[str, int]]:
    """Answer the job that was cut off, its half-written file, and the images of each camera."""
    with rows_of(config) as rows:
        (job,) = rows.jobs("running")
        counted = {name: images for name, (images, _) in rows.counters().items()}
    (part,) = (part for part in storage.parts() if f"-{job}.mp4" in part.name)
    return job, part, counted


async def check_recovery(
    hass: HomeAssistant, cameras: list[AddedCamera], before: dict[str, int]
) -> None:
    """Captures go on, though nobody asks for it."""
    for camera in cameras:
        await captured(hass, camera, before[camera.name] + 2)
        assert (await newest(hass, camera))["state"] == "running"


async def check_videos(hass: HomeAssistant, camera: AddedCamera, cut_off: int) -> None:
    """All jobs are done, the one that was cut off too, with every frame of their plans."""

    async def over() -> list[dict[str, Any]] | None:
        answer = await hass.action("timelapser", "list_render_jobs", device_id=camera.device_id)
        jobs: list[dict[str, Any]] = answer["render_jobs"]
        return None if any(job["state"] in ("queued", "running") for job in jobs) else jobs

    jobs = {job["job_id"]: job for job in await wait_for(over, 120, "Not all videos were made")}
    assert [job["state"] for job in jobs.values()] == ["finished"] * RENDERS
    answer = await hass.action("timelapser", "list_videos", device_id=camera.device_id)
    videos = {video["job_id"]: video for video in answer["videos"]}
    assert videos.keys() == jobs.keys()
    for job_id, video in videos.items():
        assert video["frames"] == jobs[job_id]["frames_total"] >= IMAGES
    probed = await ffprobe(videos[cut_off]["path"])
    assert probed["frames"] == jobs[cut_off]["frames_total"]
    assert (probed["codec"], probed["pix_fmt"]) == ("h264", "yuv420p")


def gone(path: Path) -> Any:
    async def look() -> bool:
        return not await asyncio.to_thread(path.exists)

    return look


async def check_pages(hass: HomeAssistant, camera: AddedCamera, storage: Storage) -> None:
    """Pictures and videos are there for who may see them, and for nobody else."""
    answer = await hass.action("timelapser", "list_videos", device_id=camera.device_id)
    video = answer["videos"][0]
    media_id = video["media_content_id"]
    signed = await hass.websocket(type="media_source/resolve_media", media_content_id=media_id)
    content = await asyncio.to_thread(Path(video["path"]).read_bytes)
    assert await hass.fetch(signed["url"], authorized=False) == (200, content)
    await check_page(hass, f"/api/timelapser/videos/{video['video_id']}", b"ftyp")
    answer = await hass.action("timelapser", "list_images", device_id=camera.device_id, limit=1)
    await check_page(
        hass, f"/api/timelapser/images/{answer['images'][0]['image_id']}/full", b"\xff\xd8\xff"
    )
    states = await hass.call("GET", "/api/states")
    pictures = [
        state["attributes"]["entity_picture"]
        for state in states
        if state["entity_id"].startswith("image.")
    ]
    assert len(pictures) == 2
    for picture in pictures:
        status, body = await hass.fetch(picture, authorized=False)
        assert (status, len(body) in storage.images().values()) == (200, True)
        # Home Assistant's own view, and its own way to say no.
        await check_page(hass, picture.partition("?")[0], b"\xff\xd8\xff", refusal=403)


async def check_page(
    hass: HomeAssistant, path: str, signature: bytes, *, refusal: int = 401
) -> None:
    status, body = await hass.fetch(path)
    assert status == 200
    assert signature in body[:16]
    status, _ = await hass.fetch(path, authorized=False)
    assert status == refusal


async def check_secrets_in_answers(
    hass: HomeAssistant, entry_id: str, addresses: Addresses
) -> None:
    diagnostics = await hass.call("GET", f"/api/diagnostics/config_entry/{entry_id}")
    assert len(diagnostics["data"]["cameras"]) == 2
    states = await hass.call("GET", "/api/states")
    text = json.dumps([diagnostics, states]).encode()
    for address in addresses.values():
        assert not reveals(text, address["user"], address["password"])


def check_secrets_in_files(config: Path, addresses: Addresses) -> None:
    """No log, database or picture holds a password; the log is one of the files."""
    for address in addresses.values():
        assert files_that_reveal(config, address["user"], address["password"]) == SECRET_PLACES
    assert files_that_reveal(config, "demo", PASSWORD) == set()


def check_house(config: Path, storage: Storage) -> None:
    """There is a file for each row and a row for each file, and none is half."""
    assert storage.parts() == []
    assert storage.broken_images() == []
    with rows_of(config) as rows:
        assert rows.query("PRAGMA integrity_check") == [("ok",)]
        assert rows.images() == storage.images()
        assert rows.videos() == storage.videos()
        assert all(images == counted > 0 for images, counted in rows.counters().values())
