"""Renders by real FFmpeg: frames, time, colours, and every way a job can end."""

import asyncio
from collections.abc import Awaitable, Callable
from io import BytesIO
from pathlib import Path
import subprocess
from typing import Any

import numpy as np
from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.corruption.service import Verdict
from custom_components.timelapser.engine.database.segment_operations import SegmentOperations
from custom_components.timelapser.engine.database.selection_operations import SelectionOperations
from custom_components.timelapser.engine.errors import (
    DatabaseUnavailableError,
    JobStateError,
    NoImagesError,
    NotFoundError,
)
from custom_components.timelapser.engine.models import (
    JobState,
    Judgement,
    Quality,
    RenderJob,
    Timelapse,
    VideoSettings,
)
from custom_components.timelapser.engine.settings import LoadSettings
from custom_components.timelapser.engine.videos.cache import SegmentCache
from custom_components.timelapser.engine.videos.encoders import Encoders
from custom_components.timelapser.engine.videos.planner import Planner
from custom_components.timelapser.engine.videos.probe import probe
from custom_components.timelapser.engine.videos.queue import LEASE
from custom_components.timelapser.engine.videos.renderer import Renderer
from custom_components.timelapser.engine.videos.service import VideoService
from tests.engine.conftest import BEGIN, ZONE, Engine

SPAWN = asyncio.create_subprocess_exec


def picture(value: int, size: tuple[int, int] = (64, 48), mode: str = "RGB") -> Pillow.Image:
    return Pillow.new("L", size, value).convert(mode)


def encoded(image: Pillow.Image, **options: Any) -> bytes:
    buffer = BytesIO()
    image.save(buffer, "JPEG", quality=95, **options)
    return buffer.getvalue()


def make_service(engine: Engine, **options: Any) -> VideoService:
    ffmpeg, spawn = options.get("ffmpeg", "ffmpeg"), options.get("spawn", SPAWN)
    arguments: dict[str, Any] = {
        "operations": engine.videos,
        "planner": Planner(
            SelectionOperations(engine.database), engine.timelapses, engine.cameras, lambda: ZONE
        ),
        "renderer": Renderer(
            storage=engine.storage,
            cache=SegmentCache(
                SegmentOperations(engine.database),
                engine.storage,
                engine.pool,
                lambda: BEGIN,
                lambda: 10**9,
            ),
            encoders=Encoders(ffmpeg),
            executor=engine.pool,
            ffmpeg=ffmpeg,
            spawn=spawn,
        ),
        "storage": engine.storage,
        "executor": engine.pool,
        "now": lambda: BEGIN,
        "publish": engine.events.append,
        "ffmpeg": ffmpeg,
        "worker": "here",
        "load": LoadSettings,
        "free_disk": lambda _: 10**12,
        "look_every": 0.2,
    }
    return VideoService(**arguments | options)


async def keep(engine: Engine, timelapse: Timelapse, jpegs: list[bytes]) -> None:
    """Enter images as kept ones, whatever a judge would say of such small pictures."""
    for number, jpeg in enumerate(jpegs):
        await engine.add(timelapse, jpeg, number)


async def render(
    engine: Engine, service: VideoService, timelapse: Timelapse, settings: VideoSettings
) -> RenderJob:
    job = await service.request_render(timelapse.id, settings)
    worker = asyncio.create_task(service.run())
    try:
        async with asyncio.timeout(60):
            while not (found := await engine.videos.get_job(job.id)).state.is_over:
                await asyncio.sleep(0.02)
            # The worker tells of the end just after the row says so.
            while not engine.types() or engine.types()[-1] not in (
                "video_finished",
                "video_failed",
            ):
                await asyncio.sleep(0.02)
    finally:
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)
    return found


async def video_path(engine: Engine, job: RenderJob) -> Path:
    assert job.video_id is not None
    return engine.storage.resolve((await engine.videos.get_video(job.video_id)).path)


def leftovers(engine: Engine) -> list[Path]:
    return list(engine.storage.root.rglob("videos/*"))


def decoded(path: Path, width: int, height: int) -> np.ndarray:
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", str(path), "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        check=True,
        capture_output=True,
    ).stdout
    return np.frombuffer(raw, np.uint8).reshape(-1, height, width, 3).astype(int)


def streams(path: Path) -> str:
    command = ["ffprobe", "-v", "error", "-show_streams", str(path)]
    return subprocess.run(command, check=True, capture_output=True).stdout.decode()


@pytest.fixture(autouse=True)
def accept_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small plain test pictures look corrupted; here they only are material."""
    monkeypatch.setattr(
        "custom_components.timelapser.engine.corruption.service._verdict",
        lambda *_: Verdict(Judgement(100), quarantined=False, flagged=False),
    )


@pytest.mark.parametrize(("images", "fps"), [(1, 24), (10, 30), (7, 24), (50, 60), (3, 1)])
async def test_every_image_is_one_frame(engine: Engine, images: int, fps: int) -> None:
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, [encoded(picture(5 * number)) for number in range(images)])
    job = await render(engine, make_service(engine), timelapse, VideoSettings(fps))
    assert job.state is JobState.FINISHED, job.error
    assert (job.frames_total, job.frames_done) == (images, images)
    file = await probe("ffprobe", await video_path(engine, job))
    assert file.frames == images
    assert file.duration == pytest.approx(images / fps, abs=0.002)
    assert file.fps == pytest.approx(fps)
    assert (file.codec, file.pixel_format) == ("h264", "yuv420p")
    assert sorted(path.suffix for path in leftovers(engine)) == [".jpg", ".mp4"]
    assert engine.types()[0] == "video_queued"
    assert engine.types()[-1] == "video_finished"


@pytest.mark.parametrize(
    ("jpegs", "size"),
    [
        ([encoded(picture(90, (65, 49)))] * 3, (64, 48)),
        ([encoded(picture(90, (48, 64)))] * 3, (48, 64)),
        ([encoded(picture(90)), encoded(picture(90, (32, 64))), encoded(picture(90))], (64, 48)),
        ([encoded(picture(90)), encoded(picture(90, mode="L"))], (64, 48)),
        ([encoded(picture(90), progressive=True)] * 3, (64, 48)),
        ([encoded(picture(90)) + b"\0" * 100] * 3, (64, 48)),
        ([encoded(picture(90), subsampling=0), encoded(picture(90), subsampling=2)], (64, 48)),
    ],
    ids=["odd", "portrait", "mixed sizes", "grey", "progressive", "padded", "mixed subsampling"],
)
async def test_odd_material(engine: Engine, jpegs: list[bytes], size: tuple[int, int]) -> None:
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, jpegs)
    job = await render(engine, make_service(engine), timelapse, VideoSettings(10))
    assert job.state is JobState.FINISHED, job.error
    file = await probe("ffprobe", await video_path(engine, job))
    assert (file.frames, file.width, file.height) == (len(jpegs), *size)


async def test_picture_that_lies_on_its_side_is_upright_in_the_video(engine: Engine) -> None:
    lying = Pillow.new("RGB", (64, 48), (200, 30, 30))
    lying.paste((30, 30, 200), (32, 0, 64, 48))
    exif = Pillow.Exif()
    exif[0x0112] = 6  # held so that its left is the top
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, [encoded(lying, exif=exif, subsampling=0)] * 3)
    job = await render(engine, make_service(engine), timelapse, VideoSettings(10, Quality.ULTRA))
    assert job.state is JobState.FINISHED, job.error
    path = await video_path(engine, job)
    file = await probe("ffprobe", path)
    assert (file.width, file.height, file.frames) == (48, 64, 3)
    first = decoded(path, 48, 64)[0]
    for half, colour in ((first[4:28], (200, 30, 30)), (first[36:60], (30, 30, 200))):
        assert np.abs(half.mean(axis=(0, 1)) - np.array(colour)).max() < 10


async def test_thumbnail_inside_a_jpeg_is_no_frame(engine: Engine) -> None:
    exif = Pillow.Exif()
    exif[0x927C] = encoded(picture(200, (16, 16)))
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, [encoded(picture(90), exif=exif)] * 3)
    job = await render(engine, make_service(engine), timelapse, VideoSettings(10))
    assert job.state is JobState.FINISHED, job.error


async def test_colours_order_and_tags(engine: Engine) -> None:
    colours = [(200, 30, 30), (30, 180, 40), (40, 40, 210), (255, 255, 255), (0, 0, 0)]
    timelapse = await engine.timelapse()
    jpegs = [encoded(Pillow.new("RGB", (64, 48), colour), subsampling=0) for colour in colours]
    await keep(engine, timelapse, jpegs)
    settings = VideoSettings(10, Quality.ULTRA)
    job = await render(engine, make_service(engine), timelapse, settings)
    path = await video_path(engine, job)
    means = decoded(path, 64, 48).mean(axis=(1, 2))
    assert np.abs(means - np.array(colours)).max() < 8
    shown = streams(path)
    for tag in (
        "color_range=tv",
        "color_space=bt709",
        "color_transfer=bt709",
        "color_primaries=bt709",
    ):
        assert tag in shown
    data = path.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")


async def test_missing_and_damaged_files_are_left_out(
    engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, [encoded(picture(20 * number)) for number in range(6)])
    paths = sorted(engine.storage.root.rglob("images/*/*.jpg"))
    paths[1].unlink()
    paths[3].write_bytes(b"")
    paths[4].write_bytes(b"no jpeg")
    job = await render(engine, make_service(engine), timelapse, VideoSettings(10))
    assert (job.state, job.frames_total) == (JobState.FINISHED, 3)
    assert "leaves out 3 images" in caplog.text


async def test_file_that_falls_short_is_removed(engine: Engine) -> None:
    async def short(*command: str, **options: Any) -> asyncio.subprocess.Process:
        arguments = list(command)
        if arguments[0] == "ffmpeg":
            arguments[-1:-1] = ["-frames:v", "2"]
        return await asyncio.create_subprocess_exec(*arguments, **options)

    timelapse = await engine.timelapse()
    await keep(engine, timelapse, [encoded(picture(20))] * 5)
    job = await render(engine, make_service(engine, spawn=short), timelapse, VideoSettings(10))
    assert job.state is JobState.FAILED
    assert "frame_count" in (job.error or "")
    assert leftovers(engine) == []


async def test_ffmpeg_that_is_not_there(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, [encoded(picture(20))])
    service = make_service(engine, ffmpeg="/nowhere/ffmpeg")
    job = await render(engine, service, timelapse, VideoSettings(10))
    assert job.state is JobState.FAILED
    assert "ffmpeg_missing" in (job.error or "")
    # The worker lives on.
    again = await render(engine, make_service(engine), timelapse, VideoSettings(10))
    assert again.state is JobState.FINISHED


async def test_requests_that_make_no_sense(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    service = make_service(engine)
    with pytest.raises(NoImagesError):
        await service.request_render(timelapse.id, VideoSettings())
    with pytest.raises(NotFoundError):
        await service.request_render(99, VideoSettings())
    with pytest.raises(NotFoundError):
        await service.cancel(99)


class SlowFfmpeg:
    """Real FFmpeg that takes its pictures slowly, so that a test can step in."""

    def __init__(self) -> None:
        self.started = asyncio.Event()
        self.processes: list[asyncio.subprocess.Process] = []

    async def __call__(self, *command: str, **options: Any) -> asyncio.subprocess.Process:
        arguments = list(command)
        if arguments[0] == "ffmpeg":
            arguments[arguments.index("-f") : arguments.index("-f")] = ["-re"]
        process = await asyncio.create_subprocess_exec(*arguments, **options)
        self.processes.append(process)
        self.started.set()
        return process


async def begin_slow_render(engine: Engine) -> tuple[VideoService, SlowFfmpeg, RenderJob, Any]:
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, [encoded(picture(3 * number)) for number in range(40)])
    ffmpeg = SlowFfmpeg()
    service = make_service(engine, spawn=ffmpeg)
    job = await service.request_render(timelapse.id, VideoSettings(1))
    worker = asyncio.create_task(service.run())
    async with asyncio.timeout(20):
        await ffmpeg.started.wait()
    return service, ffmpeg, job, worker


async def test_cancelled_render_leaves_nothing(engine: Engine) -> None:
    service, ffmpeg, job, worker = await begin_slow_render(engine)
    cancelled = await service.cancel(job.id)
    assert cancelled.state is JobState.CANCELLED
    assert ffmpeg.processes[0].returncode is not None
    assert leftovers(engine) == []
    assert engine.types()[-1] == "video_failed"
    with pytest.raises(JobStateError):
        await service.cancel(job.id)
    # The worker goes on with the next job.
    await service.request_render(job.timelapse_id, VideoSettings(1))
    async with asyncio.timeout(20):
        while len(ffmpeg.processes) < 2:
            await asyncio.sleep(0.02)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


async def test_render_cut_off_by_a_restart_is_made_again(engine: Engine) -> None:
    _, ffmpeg, job, worker = await begin_slow_render(engine)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert ffmpeg.processes[0].returncode is not None
    assert leftovers(engine) == []
    stopped = await engine.videos.get_job(job.id)
    assert (stopped.state, stopped.attempts) == (JobState.QUEUED, 0)
    worker = asyncio.create_task(make_service(engine).run())
    async with asyncio.timeout(30):
        while not (found := await engine.videos.get_job(job.id)).state.is_over:
            await asyncio.sleep(0.02)
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)
    assert (found.state, found.frames_done) == (JobState.FINISHED, 40)


async def test_render_goes_on_after_an_outage_of_the_database(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away()
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, [encoded(picture(20 * number)) for number in range(3)])
    # Gone when the video is done, when that is to be said, and when the worker asks what is next.
    for name in ("finish", "give_back", "requeue_running"):
        monkeypatch.setattr(engine.videos, name, away.once(getattr(engine.videos, name)))
    job = await render(engine, make_service(engine), timelapse, VideoSettings(10))
    assert (job.state, job.frames_done, job.attempts) == (JobState.FINISHED, 3, 0)
    assert away.calls >= {"finish", "give_back", "requeue_running"}
    assert sorted(path.suffix for path in leftovers(engine)) == [".jpg", ".mp4"]


async def test_failed_render_is_told_after_an_outage(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = Away()
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, [encoded(picture(20))])
    monkeypatch.setattr(engine.videos, "end", away.once(engine.videos.end))
    service = make_service(engine, ffmpeg="/nowhere/ffmpeg")
    job = await render(engine, service, timelapse, VideoSettings(10))
    assert (job.state, away.calls) == (JobState.FAILED, {"end"})


class Away:
    """A database that is away at the first call of each kind."""

    def __init__(self) -> None:
        self.calls: set[str] = set()

    def once(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **options: Any) -> Any:
            if method.__name__ not in self.calls:
                self.calls.add(method.__name__)
                raise DatabaseUnavailableError(reason="server closed the connection")
            return await method(*args, **options)

        return call


async def test_queued_job_can_be_cancelled(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, [encoded(picture(20))])
    service = make_service(engine)
    job = await service.request_render(timelapse.id, VideoSettings())
    assert (await service.cancel(job.id)).state is JobState.CANCELLED
    assert await engine.videos.claim("here", BEGIN, LEASE) is None
