"""The cameras of the demo: a stream and two still cameras that look at the same scene.

By hand, or as a process of its own: `python -m tests.harness.cameras --cache DIR`. It prints one
JSON line of addresses when all are ready, and runs until SIGTERM or SIGINT.
"""

import argparse
import asyncio
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, field
import json
from pathlib import Path
import signal
from typing import Self

from . import scene
from .rtsp_server import RtspServer
from .still_server import StillServer

STREAM_PATH = "/garden"
FPS = 10
FULL, SMALL = (1280, 720), (640, 360)


@dataclass(frozen=True, slots=True)
class Address:
    """Where a camera is, without credentials, and who may see it."""

    url: str
    user: str
    password: str = field(repr=False)


class CameraFarm:
    """Three cameras in one loop; an async context manager.

    `stream` is RTSP in H.264 behind Digest, `still` is HTTP behind Digest, and `snapshot` HTTP
    behind Basic, which is what Home Assistant's generic camera is shown.
    """

    def __init__(
        self,
        cache: Path,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        user: str = "viewer",
        password: str = "lake:side@50%",
        size: tuple[int, int] = FULL,
        seconds_per_day: int = 40,
    ) -> None:
        self.seconds_per_day = seconds_per_day
        self._size = size
        self._cache = cache
        rtsp_port, still_port, snapshot_port = range(port, port + 3) if port else (0, 0, 0)
        self.rtsp = RtspServer(
            {STREAM_PATH: self.clip_path},
            host=host,
            port=rtsp_port,
            user=user,
            password=password,
            auth="digest",
        )
        self.still_server = StillServer(
            host=host,
            port=still_port,
            user=user,
            password=password,
            auth="digest",
            size=size,
            seconds_per_day=seconds_per_day,
        )
        self.snapshot_server = StillServer(
            host=host,
            port=snapshot_port,
            user=user,
            password=password,
            auth="basic",
            size=size,
            seconds_per_day=seconds_per_day,
        )
        self._user = user
        self._password = password
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await asyncio.to_thread(self._make_clip)
        async with AsyncExitStack() as stack:
            for server in (self.rtsp, self.still_server, self.snapshot_server):
                await stack.enter_async_context(server)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self._stack.aclose()

    @property
    def clip_path(self) -> Path:
        """The recording the stream loops: a whole day, as the still cameras see it."""
        width, height = self._size
        return self._cache / f"garden-{width}x{height}-{self.seconds_per_day}s.mp4"

    @property
    def addresses(self) -> dict[str, Address]:
        """The cameras by name."""
        urls = {
            "stream": self.rtsp.url(STREAM_PATH, credentials=False),
            "still": self.still_server.url(),
            "snapshot": self.snapshot_server.url(),
        }
        return {name: Address(url, self._user, self._password) for name, url in urls.items()}

    def _make_clip(self) -> None:
        if self.clip_path.exists():
            return
        self._cache.mkdir(parents=True, exist_ok=True)
        # A recording that was cut short must not be found the next time.
        unfinished = self.clip_path.with_suffix(".part.mp4")
        scene.clip(unfinished, size=self._size, seconds=self.seconds_per_day, fps=FPS)
        unfinished.replace(self.clip_path)


async def main() -> None:
    """Run the cameras until a signal comes."""
    parser = argparse.ArgumentParser(description="Cameras that look at a generated scene.")
    parser.add_argument("--cache", type=Path, required=True, help="folder for the recording")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="first of three; 0: any free ones")
    parser.add_argument("--seconds-per-day", type=int, default=40)
    parser.add_argument("--small", action="store_true", help="pictures of 640x360, drawn sooner")
    options = parser.parse_args()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with CameraFarm(
        options.cache,
        host=options.host,
        port=options.port,
        size=SMALL if options.small else FULL,
        seconds_per_day=options.seconds_per_day,
    ) as farm:
        print(json.dumps({k: asdict(v) for k, v in farm.addresses.items()}), flush=True)
        await stopped.wait()


if __name__ == "__main__":
    asyncio.run(main())
