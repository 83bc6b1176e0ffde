"""CPU per picture taken from a stream: ours, and the obvious way.

The obvious way is OpenCV's `VideoCapture`: open, skip three frames, read one, release. The camera
is an RTSP server in another process, 1080p at 25 fps with a keyframe every 2 s; what it spends is
not counted. Most cameras send what comes next, so a client joins between two keyframes; some begin
with a keyframe, which is the easiest case for everybody.

A stream that stays open costs something all the time, and little for a picture; a stream opened
for every picture costs nothing in between. The crossing is the interval at which both cost the
same: idle + picture / interval = reconnect / interval.
"""

import asyncio
from collections.abc import Awaitable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
import sys
from tempfile import TemporaryDirectory
import time

if __package__ in (None, ""):  # started by its path
    sys.path.insert(0, str(Path(__file__).parents[1]))

import cv2

from benchmarks.report import Cost, Figure, compare, cpu_seconds, parse, report
from custom_components.timelapser.engine.capture.live import LiveSource
from custom_components.timelapser.engine.capture.stream import StreamSource
from custom_components.timelapser.engine.models import CameraSource, Transport
from tests.harness import scene
from tests.harness.rtsp_server import RtspServer

SIZE, QUICK_SIZE = (1920, 1080), (640, 360)
GOP_SECONDS, QUICK_GOP_SECONDS = 2.0, 0.4
TIMEOUT = 15.0
SKIPPED = 3
INTERVALS = (1, 2, 3, 5, 10)


def serve(clip: Path, pipe: Connection) -> None:
    """Be the camera until the other end closes, which it also does by dying."""

    async def run() -> None:
        async with RtspServer({"/live": clip}) as server:
            pipe.send(server.url("/live"))
            with suppress(EOFError):
                await asyncio.to_thread(pipe.recv)

    asyncio.run(run())


@contextmanager
def camera(folder: Path, size: tuple[int, int], gop_seconds: float) -> Iterator[str]:
    """Run a camera in another process; its URL."""
    clip = folder / "live.mp4"
    scene.clip(clip, size=size, seconds=2 * gop_seconds, gop_seconds=gop_seconds)
    spawn = get_context("spawn")
    ours, theirs = spawn.Pipe()
    process = spawn.Process(target=serve, args=(clip, theirs))
    process.start()
    # Held here as well, it would keep us waiting for the URL of a camera that died.
    theirs.close()
    try:
        yield ours.recv()
    finally:
        ours.close()
        process.join()


def make(kind: type[StreamSource | LiveSource], url: str, executor: Executor) -> CameraSource:
    """Make a source as the integration does."""
    return kind(
        url,
        user=None,
        password=None,
        transport=Transport.TCP,
        verify_tls=True,
        executor=executor,
        now=lambda: datetime.now(UTC),
    )


def take_ours(url: str, executor: Executor) -> None:
    """Grab as a capture does."""
    asyncio.run(make(StreamSource, url, executor).grab(TIMEOUT))


def take_obvious(url: str) -> None:
    """Grab as a straightforward program does."""
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG)
    try:
        for _ in range(SKIPPED):
            capture.read()
        decoded, _picture = capture.read()
        if not decoded:
            raise RuntimeError("OpenCV read no picture")
    finally:
        capture.release()


async def keep_open(url: str, executor: Executor, pause: float, rounds: int) -> tuple[float, float]:
    """CPU seconds of a stream that stays open: for a second without pictures, and for a picture.

    A picture is taken after every pause, so that noise on the machine meets both alike.
    """
    source = make(LiveSource, url, executor)
    idle, pictures = [], []
    try:
        await source.grab(TIMEOUT)
        for _ in range(rounds):
            idle.append(await spent(asyncio.sleep(pause)))
            pictures.append(await spent(source.grab(TIMEOUT)))
    finally:
        await source.close()
    per_second = median(cost.cpu / cost.wall for cost in idle)
    return per_second, median(cost.cpu - per_second * cost.wall for cost in pictures)


async def spent(work: Awaitable[object]) -> Cost:
    """Await, and answer what it cost."""
    cpu, wall = cpu_seconds(), time.perf_counter()
    await work
    return Cost(cpu_seconds() - cpu, time.perf_counter() - wall)


def crossing(reconnect: float, idle: float, picture: float) -> dict[str, Figure]:
    """Both ways by interval, and the interval at which they cost the same; CPU seconds."""
    figures = {
        "open, without pictures": Figure(idle * 1000, "ms CPU/s"),
        "open, a picture": Figure(picture * 1000, "ms CPU"),
    }
    for interval in INTERVALS:
        stays_open = idle + picture / interval
        figures[f"open, every {interval} s"] = Figure(stays_open * 1000, "ms CPU/s")
        figures[f"anew, every {interval} s"] = Figure(reconnect / interval * 1000, "ms CPU/s")
    return figures | {"crossing": Figure((reconnect - picture) / idle, "s")}


def main() -> None:
    """Measure."""
    quick = parse(__doc__)
    size, gop = (QUICK_SIZE, QUICK_GOP_SECONDS) if quick else (SIZE, GOP_SECONDS)
    with (
        TemporaryDirectory() as folder,
        camera(Path(folder), size, gop) as url,
        ThreadPoolExecutor(1) as executor,
    ):
        figures = {}
        for joined, query in (("between keyframes", "?start=late"), ("at a keyframe", "")):
            ways = {
                "ours": partial(take_ours, url + query, executor),
                "obvious": partial(take_obvious, url + query),
            }
            costs = compare(ways, 1 if quick else 15)
            for way, cost in costs.items():
                figures[f"{way}, {joined}"] = Figure(cost.cpu * 1000, "ms CPU")
                figures[f"{way}, {joined}, wall"] = Figure(cost.wall * 1000, "ms")
            ratio = costs["obvious"].cpu / costs["ours"].cpu
            goal = 3 if query else None
            figures[f"cheaper, {joined}"] = Figure(ratio, "times", goal)
            if query:
                reconnect = costs["ours"].cpu
        rounds = 2 if quick else 15
        idle, picture = asyncio.run(keep_open(url, executor, 2 * gop, rounds))
        figures |= crossing(reconnect, idle, picture)
    report("snapshot", figures)


if __name__ == "__main__":
    main()
