"""From an empty folder to a video, through a power cut, with what only a process can show."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
import json
from pathlib import Path
import re
import sqlite3
from typing import Any

import pytest

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

PASSWORD = "lake:side@50%"
IMAGES = 4
# Home Assistant's own places for what people enter.
SECRET_PLACES = {"core.config_entries"}
NOISE = re.compile(r"libturbojpeg|turbojpeg\.py|img_util")


@pytest.fixture
async def addresses(
    tmp_path: Path, socket_enabled: None
) -> AsyncIterator[dict[str, dict[str, str]]]:
    async with AsyncExitStack() as stack:
        yield await start_cameras(
            stack, tmp_path / "cache", 0, "--small", "--seconds-per-day", "10"
        )


async def newest(hass: HomeAssistant, camera: AddedCamera) -> dict[str, Any]:
    answer = await hass.action("timelapser", "list_timelapses", device_id=camera.device_id)
    timelapse: dict[str, Any] = answer["timelapses"][0]
    return timelapse


async def captured(hass: HomeAssistant, camera: AddedCamera, images: int) -> None:
    async def enough() -> bool:
        return bool((await newest(hass, camera))["images"] >= images)

    await wait_for(enough, 60, f"{camera.name} did not capture {images} images")


async def job(hass: HomeAssistant, camera: AddedCamera, job_id: int) -> dict[str, Any]:
    answer = await hass.action("timelapser", "list_render_jobs", device_id=camera.device_id)
    return next(item for item in answer["render_jobs"] if item["job_id"] == job_id)


def rows(hass: HomeAssistant, query: str) -> list[Any]:
    with sqlite3.connect(hass.config / "timelapser.db") as connection:
        found = connection.execute(query).fetchall()
    connection.close()
    return found


def files(hass: HomeAssistant, pattern: str) -> list[Path]:
    return sorted((hass.media / "timelapser").rglob(pattern))


def places_of(secret: str, folder: Path) -> set[str]:
    return {
        path.name
        for path in folder.rglob("*")
        if path.is_file() and secret.encode() in path.read_bytes()
    }


async def add_everything(
    hass: HomeAssistant, addresses: dict[str, dict[str, str]]
) -> tuple[str, list[AddedCamera]]:
    entry_id, flow_id = await add_hub(hass)
    stream = login(addresses["stream"]) | {"transport": "tcp", "verify_ssl": True}
    await add_camera(hass, entry_id, "Garden", "stream", stream, flow_id=flow_id)
    still = login(addresses["still"]) | {"verify_ssl": True}
    await add_camera(hass, entry_id, "Lake", "still", still)
    return entry_id, await find_cameras(hass, 2)


async def test_from_nothing_through_a_power_cut_to_a_video(
    tmp_path: Path, addresses: dict[str, dict[str, str]]
) -> None:
    async with HomeAssistant(tmp_path / "config", port=free_port()) as hass:
        entry_id, cameras = await add_everything(hass, addresses)
        for camera in cameras:
            await hass.action(
                "timelapser", "start_timelapse", device_id=camera.device_id, interval=1
            )
        for camera in cameras:
            await captured(hass, camera, IMAGES)

        # A power cut: captures and renders are under way.
        jobs = {
            camera.name: await hass.action(
                "timelapser", "render_video", device_id=camera.device_id, fps=5, quality="ultra"
            )
            for camera in cameras
        }
        before = {camera.name: (await newest(hass, camera))["images"] for camera in cameras}
        await hass.stop(kill=True)
        unfinished = "SELECT count(*) FROM render_jobs WHERE state IN ('queued', 'running')"
        assert rows(hass, unfinished)[0][0] > 0
        await hass.start()

        # Home Assistant may not have written its new devices yet: they are made anew.
        cameras = await find_cameras(hass, 2)
        for camera in cameras:
            await captured(hass, camera, before[camera.name] + 2)
            assert (await newest(hass, camera))["state"] == "running"
            await check_video(hass, camera, jobs[camera.name]["job_id"])
        assert files(hass, "*.part") == []
        await check_pages(hass, cameras[0])
        diagnostics = await hass.call("GET", f"/api/diagnostics/config_entry/{entry_id}")
        states = await hass.call("GET", "/api/states")
        assert PASSWORD not in json.dumps(diagnostics) + json.dumps(states)

        assert await hass.stop() == 0
        assert rows(hass, "SELECT count(*) FROM images") == [(len(files(hass, "images/*/*.jpg")),)]
        assert rows(hass, "PRAGMA integrity_check") == [("ok",)]
        assert places_of(PASSWORD, hass.config) == SECRET_PLACES
        check_log(hass.log)


async def check_video(hass: HomeAssistant, camera: AddedCamera, job_id: int) -> None:
    """The job that was cut off is made after all, with every frame of its plan."""

    async def over() -> dict[str, Any] | None:
        found = await job(hass, camera, job_id)
        return found if found["state"] not in ("queued", "running") else None

    done = await wait_for(over, 60, f"{camera.name} got no video")
    assert done["state"] == "finished", done["error"]
    answer = await hass.action("timelapser", "list_videos", device_id=camera.device_id)
    (video,) = answer["videos"]
    probed = await ffprobe(video["path"])
    assert probed["frames"] == done["frames_total"] == video["frames"] >= IMAGES
    assert (probed["codec"], probed["pix_fmt"]) == ("h264", "yuv420p")


async def check_pages(hass: HomeAssistant, camera: AddedCamera) -> None:
    """Pictures and videos are there for who may see them."""
    answer = await hass.action("timelapser", "list_videos", device_id=camera.device_id)
    video = f"/api/timelapser/videos/{answer['videos'][0]['video_id']}"
    answer = await hass.action("timelapser", "list_images", device_id=camera.device_id, limit=1)
    image = f"/api/timelapser/images/{answer['images'][0]['image_id']}/full"
    for path, signature in ((video, b"ftyp"), (image, b"\xff\xd8\xff")):
        status, body = await hass.fetch(path)
        assert status == 200
        assert signature in body[:16]
        status, _ = await hass.fetch(path, authorized=False)
        assert status == 401


def check_log(log: str) -> None:
    """Home Assistant complains of nothing that is ours."""
    assert "custom_components.timelapser" in log
    ours = [line for line in log.splitlines() if not NOISE.search(line)]
    for line in ours:
        assert not re.search(r"Detected blocking call|Task was destroyed|never retrieved", line)
        if "timelapser" in line and "custom integration" not in line:
            assert " ERROR " not in line, line
            assert "Traceback" not in line, line
