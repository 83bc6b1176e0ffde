"""Videos: the queue of render jobs and the worker that makes them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor
from contextlib import suppress
from datetime import datetime
import logging
from pathlib import Path

from ..database.image_operations import ImageOperations, RenderImage
from ..database.timelapse_operations import TimelapseOperations
from ..database.video_operations import VideoOperations
from ..errors import (
    DatabaseError,
    DatabaseUnavailableError,
    FrameCountError,
    JobStateError,
    NoImagesError,
    RenderError,
    TimelapserError,
)
from ..events import (
    Publish,
    VideoFailed,
    VideoFinished,
    VideoProgress,
    VideoQueued,
    VideoStarted,
)
from ..images.files import PART_SUFFIX, Storage
from ..images.orientation import upright
from ..models import JobState, RenderJob, Video, VideoSettings
from .command import render_command
from .ffmpeg import Spawn, encode
from .probe import find_ffprobe, probe

_LOGGER = logging.getLogger(__name__)

JPEG_START = b"\xff\xd8\xff"
BATCH = 8
"""Files read in one hop off the event loop."""
AWAY_SECONDS = 30.0
"""Until the next look at a database that is away."""
PROGRESS_EVERY = 0.5
"""Seconds between two events of progress."""


class VideoService:
    """Queues render jobs and works them off, one at a time."""

    def __init__(
        self,
        *,
        operations: VideoOperations,
        images: ImageOperations,
        timelapses: TimelapseOperations,
        storage: Storage,
        executor: Executor,
        now: Callable[[], datetime],
        publish: Publish,
        ffmpeg: str,
        spawn: Spawn = asyncio.create_subprocess_exec,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._operations = operations
        self._images = images
        self._timelapses = timelapses
        self._storage = storage
        self._executor = executor
        self._now = now
        self._publish = publish
        self._ffmpeg = ffmpeg
        self._spawn = spawn
        self._sleep = sleep
        self._wake = asyncio.Event()
        self._running: tuple[int, asyncio.Task[None]] | None = None
        self._cut_off = True

    async def request_render(self, timelapse_id: int, settings: VideoSettings) -> RenderJob:
        """Queue a video of a timelapse; raise NoImagesError when it has no image."""
        timelapse = await self._timelapses.get(timelapse_id)
        if not timelapse.image_count:
            raise NoImagesError(timelapse=timelapse.name)
        job = await self._operations.queue(timelapse, settings, self._now())
        self._publish(VideoQueued(job.camera_id, job))
        self._wake.set()
        return job

    async def cancel(self, job_id: int) -> RenderJob:
        """End a queued or running job; raise JobStateError when it is over."""
        job = await self._operations.end(job_id, self._now(), JobState.CANCELLED)
        if self._running is not None and self._running[0] == job_id:
            task = self._running[1]
            task.cancel()
            await asyncio.wait([task])
        self._publish(VideoFailed(job.camera_id, job))
        return job

    async def cancel_all(self, timelapse_id: int) -> None:
        """End every queued or running job of a timelapse."""
        for job in await self._operations.unfinished_jobs(timelapse_id):
            with suppress(JobStateError):
                await self.cancel(job.id)

    async def run(self) -> None:
        """Work the queue off until cancelled; no job's failure ends it.

        What a restart cut off, or an outage of the database, is queued again first. A job that
        runs at a cancellation stays marked as running, for the next run to queue it again.
        """
        while True:
            self._wake.clear()
            try:
                job = await self._next()
            except DatabaseError as error:
                _LOGGER.debug("The render queue waits: %s", error)
                await self._sleep(AWAY_SECONDS)
                continue
            if job is None:
                await self._wake.wait()
                continue
            task = asyncio.create_task(self._work(job))
            self._running = (job.id, task)
            try:
                # Waiting, unlike awaiting, tells a cancelled job from a cancelled worker.
                await asyncio.wait([task])
            finally:
                self._running = None
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    async def _next(self) -> RenderJob | None:
        if self._cut_off:
            for job in await self._operations.requeue_running():
                self._publish(VideoQueued(job.camera_id, job))
            self._cut_off = False
        return await self._operations.next_queued()

    async def _work(self, job: RenderJob) -> None:
        try:
            await self._render(job)
        except JobStateError:
            _LOGGER.debug("Render job %s was cancelled before it began", job.id)
        except DatabaseUnavailableError as error:
            self._cut_off = True
            _LOGGER.warning("Camera %s: render job %s waits: %s", job.camera_id, job.id, error)
        except TimelapserError as error:
            _LOGGER.warning("Camera %s: render job %s: %s", job.camera_id, job.id, error)
            await self._fail(job, error)
        except Exception:
            _LOGGER.exception("Camera %s: render job %s failed", job.camera_id, job.id)
            await self._fail(job, RenderError(reason="unexpected error, see the log"))

    async def _fail(self, job: RenderJob, error: TimelapserError) -> None:
        text = error.placeholders.get("reason", str(error))
        try:
            failed = await self._operations.end(job.id, self._now(), JobState.FAILED, text[:500])
        except JobStateError:
            return
        except DatabaseError:
            self._cut_off = True
            return
        self._publish(VideoFailed(job.camera_id, failed))

    async def _render(self, job: RenderJob) -> None:
        timelapse = await self._timelapses.get(job.timelapse_id)
        rows = await self._images.for_render(timelapse.id)
        plan = await self._run(self._usable, timelapse.folder, rows)
        if len(plan) < len(rows):
            _LOGGER.warning(
                "Camera %s: render job %s leaves out %s images whose files are missing or damaged",
                *(job.camera_id, job.id, len(rows) - len(plan)),
            )
        if not plan:
            raise NoImagesError(timelapse=timelapse.name)
        job = await self._operations.start(job.id, self._now(), len(plan))
        self._publish(VideoStarted(job.camera_id, job))
        output = self._output(timelapse.folder, job)
        part = output.with_name(f".{output.name}{PART_SUFFIX}")
        try:
            video = await self._make(job, plan, part, output)
        finally:
            await self._run(_remove, part)
        self._publish(VideoFinished(job.camera_id, await self._operations.get_job(job.id), video))

    async def _make(
        self, job: RenderJob, plan: list[tuple[RenderImage, Path]], part: Path, output: Path
    ) -> Video:
        first = plan[0][0]
        await self._run(_make_folder, part.parent)
        command = render_command(self._ffmpeg, first.width, first.height, job.settings, part)
        paths = [path for _, path in plan]
        await encode(command, self._jpegs(paths), self._progress(job), self._spawn)
        file = await probe(find_ffprobe(self._ffmpeg), part, self._spawn)
        if file.frames != len(plan):
            raise FrameCountError(expected=len(plan), actual=file.frames)
        await self._run(part.replace, output)
        finishing = asyncio.create_task(
            self._operations.finish(job.id, self._now(), self._storage.relative(output), file)
        )
        try:
            _, video = await asyncio.shield(finishing)
        finally:
            # Even when cancelled: the file stays if, and only if, its row was written.
            await asyncio.wait([finishing])
            if finishing.exception() is not None:
                await self._run(_remove, output)
        return video

    def _output(self, folder: str, job: RenderJob) -> Path:
        stamp = f"{self._now():%Y%m%dT%H%M%SZ}"
        return self._storage.videos_folder(folder) / f"{stamp}-{job.id}.mp4"

    def _progress(self, job: RenderJob) -> Callable[[int], None]:
        clock = asyncio.get_running_loop().time
        told = clock()

        def on_frames(frames: int) -> None:
            nonlocal told
            if clock() - told >= PROGRESS_EVERY:
                told = clock()
                self._publish(VideoProgress(job.camera_id, job.at(frames)))

        return on_frames

    async def _jpegs(self, paths: list[Path]) -> AsyncIterator[bytes]:
        for start in range(0, len(paths), BATCH):
            for jpeg in await self._run(_read, paths[start : start + BATCH]):
                yield jpeg

    def _usable(self, folder: str, rows: list[RenderImage]) -> list[tuple[RenderImage, Path]]:
        """Answer the rows whose file is there and begins like a JPEG."""
        paths = [
            (row, self._storage.image_path(folder, row.captured_at, quarantined=False))
            for row in rows
        ]
        return [(row, path) for row, path in paths if _is_jpeg(path)]

    async def _run[*Ts, T](self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *args)


def _is_jpeg(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(JPEG_START)) == JPEG_START
    except OSError:
        return False


def _read(paths: list[Path]) -> list[bytes]:
    try:
        return [upright(path.read_bytes()) for path in paths]
    except OSError as error:
        raise RenderError(reason="an image vanished during the render") from error


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
