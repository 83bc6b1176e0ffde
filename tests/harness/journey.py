"""What a person does with a new Home Assistant: adds the hub, adds cameras, waits, looks."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
import json
from pathlib import Path
import socket
import sys
from typing import Any

from .home_assistant import HomeAssistant

ROOT = Path(__file__).parents[2]
CAMERAS_SECONDS = 120


class JourneyError(Exception):
    """Something that should have happened did not."""


@dataclass(frozen=True)
class AddedCamera:
    """A camera that was added."""

    name: str
    device_id: str


def free_port(wanted: int = 0) -> int:
    """Answer the wanted port where it is free, else any port that is."""
    with suppress(OSError), socket.socket() as probe:
        probe.bind(("127.0.0.1", wanted))
        port: int = probe.getsockname()[1]
        return port
    return free_port()


async def start_cameras(
    stack: AsyncExitStack, cache: Path, port: int = 0, *options: str
) -> dict[str, dict[str, str]]:
    """Run the cameras as a process of their own, on three ports; answer their addresses."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.harness.cameras", "--cache", str(cache)),
        *("--port", str(port), *options),
        stdout=asyncio.subprocess.PIPE,
        cwd=ROOT,
        start_new_session=True,
    )

    async def end() -> None:
        with suppress(ProcessLookupError):
            process.terminate()
        await process.wait()

    stack.push_async_callback(end)
    assert process.stdout is not None
    line = await asyncio.wait_for(process.stdout.readline(), CAMERAS_SECONDS)
    if not line:
        raise JourneyError("The demo cameras did not start.")
    addresses: dict[str, dict[str, str]] = json.loads(line)
    return addresses


async def add_hub(hass: HomeAssistant) -> tuple[str, str]:
    """Add the hub; answer its entry, and the flow of the first camera, into which it leads."""
    flow = await hass.flow("flow", "timelapser")
    storage = str(hass.media / "timelapser")
    hub = expect(await hass.step("flow", flow["flow_id"], storage=storage), "create_entry")
    return hub["result"]["entry_id"], hub["next_flow"][1]


async def add_camera(
    hass: HomeAssistant,
    entry_id: str,
    name: str,
    kind: str,
    fields: dict[str, Any],
    *,
    flow_id: str | None = None,
) -> None:
    """Add a camera, by a flow that is open already or by a new one."""
    steps = "subentries/flow"
    flow_id = flow_id or (await hass.flow(steps, [entry_id, "camera"]))["flow_id"]
    await hass.step(steps, flow_id, next_step_id=kind)
    expect(await hass.step(steps, flow_id, **fields), "form", "confirm")
    expect(await hass.step(steps, flow_id, name=name, interval=300), "create_entry")


def login(address: dict[str, str]) -> dict[str, Any]:
    """Answer what a flow asks for about an address."""
    return {
        "url": address["url"],
        "username": address["user"],
        "password": address["password"],
    }


def expect(answer: dict[str, Any], kind: str, step: str | None = None) -> dict[str, Any]:
    """Answer a step of a flow when it is the right one."""
    if answer["type"] != kind or (step and answer["step_id"] != step):
        told = {key: answer.get(key) for key in ("type", "step_id", "reason", "errors")}
        raise JourneyError(f"A flow did not go on: {json.dumps(told)}")
    return answer


async def find_cameras(hass: HomeAssistant, expected: int) -> list[AddedCamera]:
    """Wait until all cameras have their devices."""

    async def devices() -> list[AddedCamera] | None:
        found = await hass.websocket(type="config/device_registry/list")
        cameras = [
            AddedCamera(device["name"], device["id"])
            for device in found
            if device["model"] == "Camera" and device["manufacturer"] == "Timelapser"
        ]
        return cameras if len(cameras) == expected else None

    return await wait_for(devices, 60, "Not all cameras appeared in Home Assistant.")


async def ffprobe(path: str) -> dict[str, Any]:
    """Read a video's figures from the file itself."""
    process = await asyncio.create_subprocess_exec(
        *("ffprobe", "-v", "error", "-select_streams", "v:0", "-count_frames", "-of", "json"),
        *("-show_streams", "-show_format", path),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise JourneyError(f"ffprobe cannot read {path}.")
    found = json.loads(output)
    stream = found["streams"][0]
    numerator, denominator = map(int, stream["avg_frame_rate"].split("/"))
    return {
        "frames": int(stream["nb_read_frames"]),
        "duration_s": float(found["format"]["duration"]),
        "fps": numerator / denominator,
        "width": stream["width"],
        "height": stream["height"],
        "codec": stream["codec_name"],
        "pix_fmt": stream["pix_fmt"],
    }


async def wait_for[T](look: Callable[[], Awaitable[T | None]], seconds: float, otherwise: str) -> T:
    """Ask again and again until the answer is true; raise JourneyError when time is up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not (found := await look()):
                await asyncio.sleep(0.5)
            return found
    raise JourneyError(otherwise)
