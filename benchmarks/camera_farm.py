"""Cameras by the dozen, in a process of their own so that what they spend is not counted.

The pictures are drawn before the first camera answers. Every still camera has an address of its
own, as in a house, and shows another picture every few seconds.
"""

import asyncio
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
import time

from aiohttp import web

from tests.harness import scene
from tests.harness.rtsp_server import RtspServer

HOST = "127.0.0.1"
SIZE = (1920, 1080)
GOP_SECONDS = 2.0
PICTURES = 24
BY_DAY = (0.3, 0.7)
CHANGES_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Farm:
    """The process, and the URLs of its cameras."""

    pid: int
    stills: list[str]
    streams: list[str]


@contextmanager
def camera_farm(folder: Path, *, stills: int, streams: int) -> Iterator[Farm]:
    """Run so many cameras in another process; `folder` holds the recording of the streams."""
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=_serve, args=(folder, stills, streams, theirs))
    process.start()
    # Held here as well, it would keep us waiting for the URLs of cameras that died.
    theirs.close()
    try:
        still_urls, stream_urls = ours.recv()
        assert process.pid is not None
        yield Farm(process.pid, still_urls, stream_urls)
    finally:
        ours.close()
        process.join()


def _serve(folder: Path, stills: int, streams: int, pipe: Connection) -> None:
    """Be the cameras until the other end closes, which it also does by dying."""

    async def run() -> None:
        async with AsyncExitStack() as stack:
            still_urls = await _still_cameras(stack, stills)
            stream_urls = await _streams(stack, folder, streams)
            pipe.send((still_urls, stream_urls))
            with suppress(EOFError):
                await asyncio.to_thread(pipe.recv)

    asyncio.run(run())


async def _still_cameras(stack: AsyncExitStack, count: int) -> list[str]:
    first, last = BY_DAY
    pictures = [
        scene.jpeg(first + (last - first) * number / PICTURES, SIZE) for number in range(PICTURES)
    ]

    async def answer(request: web.Request) -> web.Response:
        # A camera is one port, and begins at another picture than the others.
        port: int = request.get_extra_info("sockname")[1]
        number = port + int(time.time() / CHANGES_EVERY)
        return web.Response(body=pictures[number % PICTURES], content_type="image/jpeg")

    app = web.Application()
    app.add_routes([web.get("/still.jpg", answer)])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.05)
    await runner.setup()
    stack.push_async_callback(runner.cleanup)
    for _ in range(count):
        await web.TCPSite(runner, HOST, 0).start()
    return [f"http://{HOST}:{address[1]}/still.jpg" for address in runner.addresses]


async def _streams(stack: AsyncExitStack, folder: Path, count: int) -> list[str]:
    if not count:
        return []
    clip = folder / "camera.mp4"
    scene.clip(clip, size=SIZE, seconds=2 * GOP_SECONDS, gop_seconds=GOP_SECONDS)
    paths = [f"/camera-{number}" for number in range(count)]
    server = await stack.enter_async_context(RtspServer(dict.fromkeys(paths, clip), host=HOST))
    # Most cameras send what comes next, so that a client joins between two keyframes.
    return [server.url(f"{path}?start=late") for path in paths]
