"""CPU of videos from cached segments, beside one plain pass of FFmpeg with the same settings.

The pictures are 1080p, by default 2,000 of them: a day over a town by a lake, with noise, a little
flicker, and each with its number in big squares, which is read back from the video. CPU is that of
this process and all of FFmpeg's. Rendering again is compared with the full render. The pictures
stay in the folder for temporary files for the next run (0.9 GB).

Memory is that of a process which renders small pictures: the most it ever used, without FFmpeg's.
Needs Linux.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from multiprocessing import get_context
from pathlib import Path
import re
import resource
import shutil
import subprocess
import sys
from tempfile import TemporaryDirectory, gettempdir
from typing import Final

if __package__ in (None, ""):  # started by its path
    sys.path.insert(0, str(Path(__file__).parents[1]))

import av

from benchmarks.album import BEGIN, Album, numbers
from benchmarks.report import Figure, parse, report
from custom_components.timelapser.engine.database.config import SqliteConfig
from custom_components.timelapser.engine.database.database import Database
from custom_components.timelapser.engine.database.operations import Operations
from custom_components.timelapser.engine.images.files import Storage
from custom_components.timelapser.engine.models import Quality
from custom_components.timelapser.engine.models.encoding import Codec, Encoding, Hardware
from custom_components.timelapser.engine.models.render import (
    Estimate,
    Rendered,
    RenderImage,
    RenderPlan,
    Shot,
)
from custom_components.timelapser.engine.videos.cache import FOLDER, SegmentCache
from custom_components.timelapser.engine.videos.codecs import software_encoder
from custom_components.timelapser.engine.videos.command import segment_command
from custom_components.timelapser.engine.videos.encoders import Encoders
from custom_components.timelapser.engine.videos.renderer import Renderer

CACHE_BYTES: Final = 10**10
FPS, OTHER_FPS = Fraction(24), Fraction(30)


@dataclass(frozen=True, slots=True)
class Scale:
    """How much is rendered: images at first, how many more then, and numbers for memory."""

    size: tuple[int, int]
    images: int
    more: int
    few: int
    many: int


FULL = Scale((1920, 1080), 2000, 50, 500, 10_000)
QUICK = Scale((640, 360), 300, 20, 100, 400)
SMALL: Final = (320, 180)

COLOURS: Final = (
    "in_range=pc:in_color_matrix=bt601:out_range=tv:out_color_matrix=bt709"
    ":flags=bicubic+accurate_rnd"
)


@dataclass(frozen=True, slots=True)
class Theatre:
    """A renderer, and the timelapse it renders."""

    renderer: Renderer
    images: list[RenderImage]
    encoding: Encoding
    output: Path

    async def render(self, images: list[RenderImage], fps: Fraction = FPS) -> Rendered:
        """Render images, a frame each."""
        return await self.renderer.render(self._plan(images, fps), self.output, lambda _: None)

    async def estimate(self, images: list[RenderImage]) -> Estimate:
        """Answer what a render will need."""
        return await self.renderer.estimate(self._plan(images, FPS))

    def _plan(self, images: list[RenderImage], fps: Fraction) -> RenderPlan:
        return RenderPlan(tuple(map(Shot, images)), fps, self.encoding, title="Benchmark")


@asynccontextmanager
async def theatre(folder: Path, album: Album, size: tuple[int, int]) -> AsyncIterator[Theatre]:
    """Open a renderer with an empty cache."""
    database = Database(SqliteConfig(folder / "timelapser.db"))
    await database.open()
    try:
        operations = Operations(database)
        await operations.cameras.ensure("cam", "Camera", "camera")
        timelapse = await operations.timelapses.create("cam", "Benchmark", {}, BEGIN)
        with ThreadPoolExecutor(2) as executor:
            cache = SegmentCache(
                operations.segments,
                album.storage,
                executor,
                lambda: datetime.now(UTC),
                lambda: CACHE_BYTES,
            )
            renderer = Renderer(
                storage=album.storage,
                cache=cache,
                encoders=Encoders("ffmpeg"),
                executor=executor,
                ffmpeg="ffmpeg",
            )
            encoding = Encoding(Codec.H264, Quality.MEDIUM, Hardware.OFF, *size)
            images = album.images(timelapse.id)
            yield Theatre(renderer, images, encoding, folder / "out.mp4")
    finally:
        await database.close()


def plain(album: Album, count: int, encoding: Encoding, output: Path) -> None:
    """Encode as a straightforward program does: one FFmpeg that reads the files itself."""
    encoder = software_encoder("libx264", encoding)
    theirs = segment_command("ffmpeg", encoder, encoding, (), output, fps=FPS)
    filters = f"scale={encoding.width}:{encoding.height}:{COLOURS},format=yuv420p"
    files = str(album.paths[0].parents[1] / "*" / "*.jpg")
    reading = ["-framerate", str(FPS), "-pattern_type", "glob", "-i", files, "-vf", filters]
    rest = theirs[theirs.index("-filter_threads") : -1]
    command = ["ffmpeg", "-v", "error", "-y", "-threads", "1", *reading, "-frames:v", str(count)]
    command += [*rest, "-movflags", "+faststart"]
    subprocess.run([*command, str(output)], check=True)


def frame_hashes(video: Path) -> list[str]:
    """Decode a video strictly; the hash of each frame."""
    command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(video)]
    command += ["-fps_mode", "passthrough", "-f", "framemd5", "-"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    if done.stderr:
        raise RuntimeError(done.stderr)
    return [line.rpartition(",")[2] for line in done.stdout.splitlines() if line[0] != "#"]


def irregular_frames(video: Path, fps: Fraction) -> int:
    """Count the frames that are not shown exactly at their time."""
    with av.open(video) as container:
        stream = container.streams.video[0]
        ticks = Fraction(1) * stream.time_base if stream.time_base else Fraction(1)
        shown = sorted(packet.pts for packet in container.demux(stream) if packet.pts is not None)
    return sum(pts * ticks != number / fps for number, pts in enumerate(shown))


def cpu_seconds() -> float:
    """CPU time so far of this process and of those it has waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


async def spent[T](work: Coroutine[object, object, T]) -> tuple[float, T]:
    """Await; CPU seconds and the answer."""
    began = cpu_seconds()
    answer = await work
    return cpu_seconds() - began, answer


async def compare(folder: Path, album: Album, scale: Scale) -> dict[str, Figure]:
    """Render in full and again after changes, beside the plain pass."""
    figures: dict[str, Figure] = {}
    async with theatre(folder, album, scale.size) as stage:
        first = stage.images[: scale.images]
        deleted = stage.images[: scale.images * 3 // 5] + stage.images[scale.images * 3 // 5 + 1 :]
        single = folder / "plain.mp4"
        # The first look at what FFmpeg can do is not part of a render.
        await stage.estimate(first)
        passed, _ = await spent(
            asyncio.to_thread(plain, album, scale.images, stage.encoding, single)
        )
        full, rendered = await spent(stage.render(first))
        figures["plain pass"] = Figure(passed, "s CPU")
        figures["full render"] = Figure(full, "s CPU")
        figures["full over plain"] = Figure(full / passed, "times", 1.1, at_most=True)
        figures["size over plain"] = Figure(
            rendered.file.byte_count / single.stat().st_size, "times", 1.03, at_most=True
        )
        figures |= check(stage.output, album.storage, [image.seq for image in first], FPS)
        changes: list[tuple[str, list[RenderImage], Fraction, float | None]] = [
            (f"{scale.more} more", stage.images, FPS, 25),
            ("other fps", stage.images, OTHER_FPS, 100),
            ("range ends earlier", stage.images[: scale.images - 63], FPS, 100),
            ("one deleted", deleted, FPS, None),
        ]
        for name, images, fps, goal in changes:
            seconds, _ = await spent(stage.render(images, fps))
            figures[name] = Figure(seconds, "s CPU")
            figures[f"{name}, cheaper"] = Figure(full / seconds, "times", goal)
            wrong = numbers(stage.output) != [image.seq for image in images]
            uneven = irregular_frames(stage.output, fps)
            figures[f"{name}, wrong"] = Figure(wrong + uneven, "frames", 0, at_most=True)
            frame_hashes(stage.output)
    return figures


def check(video: Path, storage: Storage, expected: list[int], fps: Fraction) -> dict[str, Figure]:
    """Play the full render back: frames, order, times, and that decoding is clean."""
    shown = numbers(video)
    hashes = frame_hashes(video)
    segments = {path: frame_hashes(path) for path in storage.resolve(FOLDER).rglob("*.seg")}
    known = {each for some in segments.values() for each in some}
    lost = sum(each not in known for each in hashes)
    lost += abs(sum(map(len, segments.values())) - len(hashes))
    return {
        "frames not in order": Figure(
            sum(one != other for one, other in zip(shown, expected, strict=True)),
            "frames",
            0,
            at_most=True,
        ),
        "frames unlike the segments'": Figure(lost, "frames", 0, at_most=True),
        "frames not at their time": Figure(irregular_frames(video, fps), "frames", 0, at_most=True),
    }


def peak_memory(root: Path, count: int) -> float:
    """Render so many small images in this process; the most memory it used, in MB."""

    async def run() -> None:
        album = Album(root, "camera/1", SMALL, count)
        async with theatre(root, album, SMALL) as stage:
            await stage.render(stage.images)

    asyncio.run(run())
    # Not the rusage: it also knows what the process had as a copy of its parent.
    peak = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(peak[1]) / 1000 if peak else 0.0


def measure_memory(scale: Scale) -> dict[str, Figure]:
    """Compare the memory for few and for many images."""
    peaks = []
    for count in (scale.few, scale.many):
        with TemporaryDirectory() as name:
            root = Path(name)
            Album(root, "camera/1", SMALL, count).draw()
            with ProcessPoolExecutor(1, get_context("spawn")) as pool:
                peaks.append(pool.submit(peak_memory, root, count).result())
    few, many = peaks
    return {
        f"memory, {scale.few} images": Figure(few, "MB"),
        f"memory, {scale.many} images": Figure(many, "MB"),
        "memory, many over few": Figure(many / few, "times", 1.15, at_most=True),
    }


def main() -> None:
    """Measure."""
    quick = parse(__doc__)
    scale = QUICK if quick else FULL
    width, height = scale.size
    root = Path(gettempdir()) / f"timelapser-render-{width}x{height}-{scale.images + scale.more}"
    album = Album(root, "camera/1", scale.size, scale.images + scale.more)
    album.draw()
    cache = album.storage.resolve(FOLDER)
    with TemporaryDirectory() as folder:
        try:
            figures = asyncio.run(compare(Path(folder), album, scale))
        finally:
            _remove(cache)
    figures |= measure_memory(scale)
    report("render", figures)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)


if __name__ == "__main__":
    main()
