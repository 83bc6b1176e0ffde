"""A real Home Assistant with three cameras: images every 2 seconds, then a video of each."""

import argparse
import asyncio
from contextlib import AsyncExitStack
import json
from pathlib import Path
import shutil
import signal
import sys
import time
from typing import Any

from tests.harness.home_assistant import HomeAssistant
from tests.harness.journey import (
    AddedCamera,
    JourneyError,
    add_camera,
    add_hub,
    expect,
    ffprobe,
    find_cameras,
    free_port,
    login,
    start_cameras,
    wait_for,
)

ROOT = Path(__file__).parents[1]
INTERVAL = 2
IMAGES = 20
CAPTURE_SECONDS = 180
RENDER_SECONDS = 180


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
    port = options.port or free_port(8123)
    async with AsyncExitStack() as stack:
        say("Starting three cameras and Home Assistant ...")
        cache = config.parent / "cache"
        addresses = await start_cameras(stack, cache, cameras_port(cache, keep=options.keep))
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


def cameras_port(cache: Path, *, keep: bool) -> int:
    """Answer where the cameras are; in a folder that is kept they have to be where they were."""
    remembered = cache / "port"
    if keep and remembered.exists():
        return int(remembered.read_text())
    cache.mkdir(parents=True, exist_ok=True)
    port = free_port()
    remembered.write_text(str(port))
    return port


async def add_cameras(
    hass: HomeAssistant, addresses: dict[str, dict[str, str]]
) -> list[AddedCamera]:
    """Add the hub and three cameras through their flows, as a person would."""
    entity_id = await add_generic_camera(hass, addresses["snapshot"])
    if not await hass.websocket(type="config_entries/get", domain="timelapser"):
        entry_id, first = await add_hub(hass)
        flow_id: str | None = first
        stream, still = login(addresses["stream"]), login(addresses["still"])
        sources: list[tuple[str, str, dict[str, Any]]] = [
            ("Garden (stream)", "stream", stream | {"transport": "tcp", "verify_ssl": True}),
            ("Lake (still image)", "still", still | {"verify_ssl": True}),
            ("Terrace (Home Assistant camera)", "entity", {"entity_id": entity_id}),
        ]
        for name, kind, fields in sources:
            await add_camera(hass, entry_id, name, kind, fields, flow_id=flow_id)
            flow_id = None
    return await find_cameras(hass, 3)


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


async def film(hass: HomeAssistant, camera: AddedCamera) -> dict[str, Any]:
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
            raise JourneyError(f"{camera.name}: the video {found['state']}: {found['error']}")
        return found if found["state"] == "finished" else None

    await wait_for(finished, RENDER_SECONDS, f"{camera.name} got no video in time.")
    answer = await hass.action("timelapser", "list_videos", device_id=camera.device_id)
    path = answer["videos"][0]["path"]
    video = {"path": path, **await ffprobe(path)}
    if video["frames"] != timelapse["images"]:
        raise JourneyError(
            f"{camera.name}: {video['frames']} frames of {timelapse['images']} images."
        )
    return {
        "name": camera.name,
        "images": timelapse["images"],
        "quarantined": timelapse["quarantined"],
        "score_mean": timelapse["score_mean"],
        "video": video,
    }


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
    except JourneyError as error:
        sys.exit(f"demo: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
