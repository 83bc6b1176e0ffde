"""Tests for the cameras of the demo."""

import asyncio
import json
from pathlib import Path
import signal
import sys

import aiohttp
import av
import pytest

from .cameras import CameraFarm

ROOT = Path(__file__).parents[2]
SIZE = (320, 180)


def first_frame(url: str) -> av.VideoFrame:
    with av.open(url, options={"rtsp_transport": "tcp"}, timeout=5) as container:
        return next(container.decode(video=0))


@pytest.mark.usefixtures("socket_enabled")
async def test_all_cameras_answer(tmp_path: Path) -> None:
    async with CameraFarm(tmp_path, size=SIZE, seconds_per_day=2) as farm:
        frame = await asyncio.to_thread(first_frame, farm.rtsp.url("/garden"))
        assert (frame.width, frame.height) == SIZE
        still, snapshot = farm.addresses["still"], farm.addresses["snapshot"]
        digest = aiohttp.DigestAuthMiddleware(still.user, still.password)
        async with aiohttp.ClientSession() as session:
            async with session.get(still.url, middlewares=[digest]) as response:
                assert response.content_type == "image/jpeg"
            basic = aiohttp.encode_basic_auth(snapshot.user, snapshot.password)
            async with session.get(snapshot.url, headers={"Authorization": basic}) as response:
                assert response.content_type == "image/jpeg"


@pytest.mark.usefixtures("socket_enabled")
async def test_recording_is_made_once(tmp_path: Path) -> None:
    file = tmp_path / "garden-320x180-1s.mp4"
    made = []
    for _ in range(2):
        async with CameraFarm(tmp_path, size=SIZE, seconds_per_day=1):
            made.append(await asyncio.to_thread(file.stat))
    assert made[0].st_mtime_ns == made[1].st_mtime_ns


async def test_runs_as_a_process_until_told_to_stop(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "tests.harness.cameras"],
        *["--cache", str(tmp_path), "--seconds-per-day", "1"],
        cwd=ROOT,
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    addresses = json.loads(await process.stdout.readline())
    assert set(addresses) == {"stream", "still", "snapshot"}
    assert "@" not in addresses["stream"]["url"]
    process.send_signal(signal.SIGTERM)
    assert await process.wait() == 0
