"""Videos: what is asked for goes into the queue, and what comes of it onto the disk."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
import logging
from pathlib import Path
from typing import Final, Protocol

from ..database.video_operations import VideoOperations
from ..errors import JobStateError, RenderError, StorageError, StorageLowRenderError
from ..events import Publish, VideoFailed, VideoFinished, VideoProgress, VideoQueued, VideoStarted
from ..images.files import IMAGE_SUFFIX, Storage
from ..models import (
    Codec,
    JobState,
    NewJob,
    Priority,
    RenderJob,
    RenderSpec,
    Selection,
    Video,
    VideoSettings,
)
from ..models.render import Estimate, Rendered, RenderPlan, RenderProgress
from ..settings import LoadSettings
from .ffmpeg import Spawn
from .planner import Planned, Planner
from .previews import PreviewKind, animated, poster
from .queue import LOOK_EVERY, RenderQueue, Tell

_LOGGER = logging.getLogger(__name__)

GB: Final = 10**9
PROGRESS_EVERY: Final = 1.0
"""Seconds between two events of progress."""


class VideoMaker(Protocol):
    """What makes the file of a video: it knows pictures and FFmpeg, but no jobs."""

    async def render(
        self, plan: RenderPlan, output: Path, on_progress: Callable[[RenderProgress], None]
    ) -> Rendered:
        """Write the video, whole or not at all; raise TimelapserError."""

    async def estimate(self, plan: RenderPlan) -> Estimate:
        """Answer what that will probably need."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a video would be, and need."""

    planned: Planned
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class Files:
    """What a job leaves on the disk."""

    video: Path
    poster: Path
    preview: Path | None


class VideoService:
    """Plans videos, queues jobs, and works them off."""

    def __init__(
        self,
        *,
        operations: VideoOperations,
        planner: Planner,
        renderer: VideoMaker,
        storage: Storage,
        executor: Executor,
        now: Callable[[], datetime],
        publish: Publish,
        ffmpeg: str,
        worker: str,
        load: Callable[[], LoadSettings],
        free_disk: Callable[[Path], int | None],
        spawn: Spawn = asyncio.create_subprocess_exec,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._operations = operations
        self._planner = planner
        self._renderer = renderer
        self._storage = storage
        self._executor = executor
        self._now = now
        self._publish = publish
        self._ffmpeg = ffmpeg
        self._worker = worker
        self._load = load
        self._free_disk = free_disk
        self._spawn = spawn
        self._queue = RenderQueue(
            operations,
            self._work,
            worker=worker,
            at_once=lambda: load().render_jobs_at_once,
            now=now,
            publish=publish,
            look_every=look_every,
        )

    @property
    def is_busy(self) -> bool:
        """Whether a video is being made here."""
        return self._queue.is_busy

    async def forecast(self, timelapse_id: int, spec: RenderSpec) -> Forecast:
        """Answer what a video would be, without making it; raises as `request` does."""
        planned = await self._planner.plan(timelapse_id, spec, self._now())
        return Forecast(planned, await self._renderer.estimate(planned.plan))

    async def request(
        self,
        timelapse_id: int,
        spec: RenderSpec,
        *,
        priority: int = Priority.MANUAL,
        automatic: bool = False,
    ) -> RenderJob:
        """Queue a video that belongs to a timelapse; raises what `Planner.plan` does."""
        now = self._now()
        planned = await self._planner.plan(timelapse_id, spec, now)
        new = NewJob(
            planned.timelapse.camera_id,
            timelapse_id,
            spec,
            planned.plan.frames,
            planned.decision.plain,
            priority,
            automatic,
        )
        job = await self._operations.enqueue(new, now)
        self._publish(VideoQueued(job.camera_id, job))
        self._queue.wake()
        return job

    async def request_render(self, timelapse_id: int, settings: VideoSettings) -> RenderJob:
        """Queue a video of all images of a timelapse; raises as `request` does."""
        selection = Selection(timelapse_ids=(timelapse_id,))
        return await self.request(timelapse_id, RenderSpec.of(selection, settings))

    async def cancel(self, job_id: int) -> RenderJob:
        """End a queued or running job; raise JobStateError when it is over."""
        job = await self._operations.end(job_id, self._now(), JobState.CANCELLED)
        await self._queue.drop(job_id)
        self._publish(VideoFailed(job.camera_id, job))
        return job

    async def cancel_all(self, timelapse_id: int) -> None:
        """End every queued or running job of a timelapse."""
        for job in await self._operations.unfinished_jobs(timelapse_id):
            with suppress(JobStateError):
                await self.cancel(job.id)

    async def run(self) -> None:
        """Work the queue off until cancelled; see `RenderQueue.run`."""
        await self._queue.run()

    async def _work(self, job: RenderJob, tell: Tell) -> None:
        """Make the video of a job that was claimed."""
        planned = await self._planner.plan(job.timelapse_id, job.request, job.requested_at)
        await self._check_room(await self._renderer.estimate(planned.plan))
        decision = planned.decision.plain
        job = await self._operations.start(
            job.id, self._now(), planned.plan.frames, decision, self._worker
        )
        self._publish(VideoStarted(job.camera_id, job))
        video = await self._make(job, planned, tell)
        self._publish(VideoFinished(job.camera_id, await self._operations.get_job(job.id), video))

    async def _check_room(self, estimate: Estimate) -> None:
        """Raise StorageLowRenderError when the video would leave less room than captures need."""
        free = await self._run(self._free_disk, self._storage.root)
        if free is None:
            return
        usable = max(0.0, free - self._load().stop_below * GB)
        if estimate.byte_count > usable:
            raise StorageLowRenderError(
                needed=f"{estimate.byte_count / GB:.2f}", free=f"{usable / GB:.2f}"
            )

    async def _make(self, job: RenderJob, planned: Planned, tell: Tell) -> Video:
        """Make the files and enter them: they stay if, and only if, their row is written."""
        files = self._files(planned, job)
        finished = False
        try:
            await self._run(_make_folder, files.video.parent)
            told = self._progress(job, tell)
            rendered = await self._renderer.render(planned.plan, files.video, told)
            self._tell_left_out(job, rendered)
            await self._make_pictures(job, files, rendered)
            finishing = asyncio.create_task(self._finish(job, files, rendered, planned))
            try:
                video = await asyncio.shield(finishing)
            finally:
                await asyncio.wait([finishing])
                finished = finishing.exception() is None
        finally:
            if not finished:
                await self._run(_remove, files)
        return video

    async def _finish(
        self, job: RenderJob, files: Files, rendered: Rendered, planned: Planned
    ) -> Video:
        decision = {
            **planned.decision.plain,
            "encoder": rendered.encoder,
            "encoder_reason": rendered.reason,
            "frames_from_cache": rendered.frames_from_cache,
            "left_out": dict(rendered.left_out),
        }
        has_poster = await self._run(files.poster.exists)
        _, video = await self._operations.finish(
            job.id,
            self._now(),
            self._storage.relative(files.video),
            rendered.file,
            worker=self._worker,
            decision=decision,
            cpu_seconds=rendered.cpu_seconds,
            poster_path=self._storage.relative(files.poster) if has_poster else None,
        )
        return video

    async def _make_pictures(self, job: RenderJob, files: Files, rendered: Rendered) -> None:
        """Make poster and preview; a video without them is a good one all the same."""
        file, ffmpeg, spawn = rendered.file, self._ffmpeg, self._spawn
        try:
            middle = (file.frames - 1) // 2 / file.fps
            await poster(ffmpeg, files.video, files.poster, at=middle, spawn=spawn)
            if files.preview is not None:
                kind = PreviewKind(files.preview.suffix.removeprefix("."))
                await animated(ffmpeg, files.video, files.preview, file, kind, spawn=spawn)
        except (RenderError, OSError) as error:
            _LOGGER.warning(
                "Camera %s: render job %s has no poster or preview: %s",
                *(job.camera_id, job.id, error),
            )

    def _tell_left_out(self, job: RenderJob, rendered: Rendered) -> None:
        if count := sum(rendered.left_out.values()):
            _LOGGER.warning(
                "Camera %s: render job %s leaves out %s images: %s",
                *(job.camera_id, job.id, count, dict(rendered.left_out)),
            )

    def _files(self, planned: Planned, job: RenderJob) -> Files:
        # By the moment of this attempt: a worker that has lost the job must not touch the file of
        # the one that has it now.
        began = job.started_at or self._now()
        folder = self._storage.videos_folder(planned.timelapse.folder)
        name = f"{began.astimezone(UTC):%Y%m%dT%H%M%SZ}-{job.id}"
        is_webm = planned.plan.encoding.codec is Codec.VP9
        preview = job.request.preview
        return Files(
            folder / f"{name}.{'webm' if is_webm else 'mp4'}",
            folder / f"{name}{IMAGE_SUFFIX}",
            folder / f"{name}.{preview}" if preview else None,
        )

    def _progress(self, job: RenderJob, tell: Tell) -> Callable[[RenderProgress], None]:
        clock = asyncio.get_running_loop().time
        told = clock()

        def on_progress(progress: RenderProgress) -> None:
            nonlocal told
            tell(progress.frames_done)
            if clock() - told >= PROGRESS_EVERY:
                told = clock()
                shown = job.at(progress.frames_done)
                self._publish(VideoProgress(job.camera_id, shown, progress.fps, progress.eta))

        return on_progress

    async def _run[*Ts, T](self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work, *args)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(folder=str(folder)) from error


def _remove(files: Files) -> None:
    for path in (files.video, files.poster, files.preview):
        if path is not None:
            with suppress(OSError):
                path.unlink(missing_ok=True)
