"""A real Home Assistant with three cameras: images every 2 seconds, then a video of each."""

import argparse
import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
import json
from pathlib import Path
import shutil
import signal
import socket
import sys
import time
from typing import Any

from tests.harness.home_assistant import HomeAssistant

ROOT = Path(__file__).parents[1]
CAMERAS_SECONDS = 120
INTERVAL = 2
IMAGES = 20
CAPTURE_SECONDS = 180
RENDER_SECONDS = 180


class DemoError(Exception):
    """Something that the demo promises did not happen."""


@dataclass(frozen=True)
class DemoCamera:
    """A camera that was added."""

    name: str
    device_id: str


def say(text: str) -> None:
    """Tell people; standard output is for results."""
    print(text, file=sys.stderr, flush=True)


async def main() -> int:
    """Run the demo."""
    options = parse()
    begun = time.monotonic()
    config = ROOT / "demo" / (options.home_assistant or "default")
    if not options.keep:
        await asyncio.to_thread(shutil.rmtree, config, ignore_errors=True)
    port = options.port or free_port()
    async with AsyncExitStack() as stack:
        say("Starting three cameras and Home Assistant ...")
        addresses = await start_cameras(stack, config.parent / "cache")
        hass = await stack.enter_async_context(HomeAssistant(config, port=port))
        cameras = await add_cameras(hass, addresses)
        say(f"Capturing {IMAGES} images of each camera, one every {INTERVAL} s ...")
        for camera in cameras:
            await hass.action(
                "timelapser", "start_timelapse", device_id=camera.device_id, interval=INTERVAL
            )
        reports = await asyncio.gather(*(film(hass, camera) for camera in cameras))
        version = (await hass.call("GET", "/api/config"))["version"]
        result = {
            "cameras": reports,
            "home_assistant": version,
            "seconds": round(time.monotonic() - begun, 1),
        }
        if options.once:
            print(json.dumps(result), flush=True)
            return 0
        tell(hass, result)
        await until_interrupted()
    return 0


def parse() -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="scripts/demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="print the figures as JSON and end")
    parser.add_argument("--port", type=int, default=0, help="of Home Assistant; any free one")
    parser.add_argument("--keep", action="store_true", help="go on with the last demo's folder")
    parser.add_argument("--home-assistant", metavar="VERSION", help="for example 2026.11.0")
    return parser.parse_args()


def free_port() -> int:
    """Answer 8123 where it is free, else any port that is."""
    with suppress(OSError), socket.socket() as probe:
        probe.bind(("127.0.0.1", 8123))
        return 8123
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def start_cameras(stack: AsyncExitStack, cache: Path) -> dict[str, dict[str, str]]:
    """Run the cameras as a process of their own; answer their addresses."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.harness.cameras", "--cache", str(cache)),
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
        raise DemoError("The demo cameras did not start.")
    addresses: dict[str, dict[str, str]] = json.loads(line)
    return addresses


async def add_cameras(
    hass: HomeAssistant, addresses: dict[str, dict[str, str]]
) -> list[DemoCamera]:
    """Add the hub and three cameras through their flows, as a person would."""
    stream, still = addresses["stream"], addresses["still"]
    entity_id = await add_generic_camera(hass, addresses["snapshot"])
    entries = await hass.websocket(type="config_entries/get", domain="timelapser")
    if entries:
        return await find_cameras(hass)
    flow = await hass.flow("flow", "timelapser")
    hub = expect(
        await hass.step("flow", flow["flow_id"], storage=str(hass.media / "timelapser")),
        "create_entry",
    )
    # The hub's flow leads into the first camera's.
    first = hub["next_flow"][1]
    entry_id = hub["result"]["entry_id"]
    sources: list[tuple[str, str, dict[str, Any]]] = [
        ("Garden (stream)", "stream", login(stream) | {"transport": "tcp", "verify_ssl": True}),
        ("Lake (still image)", "still", login(still) | {"verify_ssl": True}),
        ("Terrace (Home Assistant camera)", "entity", {"entity_id": entity_id}),
    ]
    for name, kind, fields in sources:
        flow_id = first or (await hass.flow("subentries/flow", [entry_id, "camera"]))["flow_id"]
        first = None
        await hass.step("subentries/flow", flow_id, next_step_id=kind)
        expect(await hass.step("subentries/flow", flow_id, **fields), "form", "confirm")
        expect(await hass.step("subentries/flow", flow_id, name=name, interval=300), "create_entry")
    return await find_cameras(hass, expected=len(sources))


async def add_generic_camera(hass: HomeAssistant, address: dict[str, str]) -> str:
    """Set up Home Assistant's own generic camera; answer its entity."""
    if not await hass.websocket(type="config_entries/get", domain="generic"):
        flow = await hass.flow("flow", "generic")
        expect(
            await hass.step(
                "flow",
                flow["flow_id"],
                still_image_url=address["url"],
                username=address["user"],
                password=address["password"],
                advanced={"authentication": "basic", "framerate": 2, "verify_ssl": True},
            ),
            "form",
            "user_confirm",
        )
        expect(await hass.step("flow", flow["flow_id"], confirmed_ok=True), "create_entry")

    async def entity() -> str | None:
        states = await hass.call("GET", "/api/states")
        names = [state["entity_id"] for state in states]
        return next((name for name in names if name.startswith("camera.")), None)

    return await wait_for(entity, 30, "Home Assistant's generic camera did not appear.")


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
        raise DemoError(f"A flow did not go on: {json.dumps(told)}")
    return answer


async def find_cameras(hass: HomeAssistant, expected: int = 3) -> list[DemoCamera]:
    """Wait until all cameras have their devices."""

    async def devices() -> list[DemoCamera] | None:
        found = await hass.websocket(type="config/device_registry/list")
        cameras = [
            DemoCamera(device["name"], device["id"])
            for device in found
            if device["model"] == "Camera" and device["manufacturer"] == "Timelapser"
        ]
        return cameras if len(cameras) == expected else None

    return await wait_for(devices, 60, "Not all cameras appeared in Home Assistant.")


async def film(hass: HomeAssistant, camera: DemoCamera) -> dict[str, Any]:
    """Wait for the images, complete the timelapse, render it, and read everything back."""

    async def newest() -> dict[str, Any]:
        answer = await hass.action("timelapser", "list_timelapses", device_id=camera.device_id)
        timelapse: dict[str, Any] = answer["timelapses"][0]
        return timelapse

    async def enough() -> bool:
        return bool((await newest())["images"] >= IMAGES)

    await wait_for(enough, CAPTURE_SECONDS, f"{camera.name} did not capture {IMAGES} images.")
    await hass.action("timelapser", "complete_timelapse", device_id=camera.device_id)
    timelapse = await newest()
    job = await hass.action("timelapser", "render_video", device_id=camera.device_id, fps=10)

    async def finished() -> dict[str, Any] | None:
        answer = await hass.action("timelapser", "list_render_jobs", device_id=camera.device_id)
        found = next(item for item in answer["render_jobs"] if item["job_id"] == job["job_id"])
        if found["state"] in ("failed", "cancelled"):
            raise DemoError(f"{camera.name}: the video {found['state']}: {found['error']}")
        return found if found["state"] == "finished" else None

    await wait_for(finished, RENDER_SECONDS, f"{camera.name} got no video in time.")
    answer = await hass.action("timelapser", "list_videos", device_id=camera.device_id)
    path = answer["videos"][0]["path"]
    video = {"path": path, **await ffprobe(path)}
    if video["frames"] != timelapse["images"]:
        raise DemoError(f"{camera.name}: {video['frames']} frames of {timelapse['images']} images.")
    return {
        "name": camera.name,
        "images": timelapse["images"],
        "quarantined": timelapse["quarantined"],
        "score_mean": timelapse["score_mean"],
        "video": video,
    }


async def ffprobe(path: str) -> dict[str, Any]:
    """Read a video's figures from the file itself."""
    process = await asyncio.create_subprocess_exec(
        *("ffprobe", "-v", "error", "-select_streams", "v:0", "-count_frames", "-of", "json"),
        *("-show_streams", "-show_format", path),
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    if process.returncode:
        raise DemoError(f"ffprobe cannot read {path}.")
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
    """Ask again and again until the answer is true; raise DemoError when time is up."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not (found := await look()):
                await asyncio.sleep(0.5)
            return found
    raise DemoError(otherwise)


def tell(hass: HomeAssistant, result: dict[str, Any]) -> None:
    """Say where to look."""
    print(f"\nHome Assistant {result['home_assistant']} runs at {hass.url}")
    print("Log in as demo, with the password demo.")
    print(f"  Cameras:  {hass.url}/config/integrations/integration/timelapser")
    print(f"  Media:    {hass.url}/media-browser  (Timelapser)")
    for camera in result["cameras"]:
        print(f"  {camera['name']}: {camera['images']} images, {camera['video']['path']}")
    print("Press Ctrl-C to end.", flush=True)


async def until_interrupted() -> None:
    """Wait for Ctrl-C."""
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    await stopped.wait()


if __name__ == "__main__":
    try:
        sys.exit(asyncio.run(main()))
    except DemoError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
