"""The `render_jobs` and `videos` tables."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from ..errors import JobStateError, NotFoundError
from ..models import JobState, Quality, RenderJob, Timelapse, Video, VideoFile, VideoSettings
from .counters import count_video
from .database import Database, inserted_id
from .tables import render_jobs, videos


class VideoOperations:
    """Reads and writes render jobs and videos."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def queue(
        self, timelapse: Timelapse, settings: VideoSettings, now: datetime
    ) -> RenderJob:
        """Enter a job that waits for its turn."""

        def work(connection: Connection) -> RenderJob:
            result = connection.execute(
                insert(render_jobs).values(
                    camera_id=timelapse.camera_id,
                    timelapse_id=timelapse.id,
                    state=JobState.QUEUED,
                    fps=settings.fps,
                    quality=settings.quality,
                    requested_at=now,
                    frames_total=timelapse.image_count,
                )
            )
            return _fetch_job(connection, inserted_id(result))

        return await self._database.write(work)

    async def get_job(self, job_id: int) -> RenderJob:
        """Answer one job; raise NotFoundError when there is none."""
        return await self._database.read(lambda connection: _fetch_job(connection, job_id))

    async def find_jobs(
        self, camera_id: str | None = None, timelapse_id: int | None = None, limit: int = 100
    ) -> list[RenderJob]:
        """Jobs, the newest first."""
        query = _filtered(
            _JOBS.order_by(render_jobs.c.id.desc()), render_jobs, camera_id, timelapse_id, limit
        )
        return await self._database.read(
            lambda connection: [_job(row) for row in connection.execute(query)]
        )

    async def unfinished_jobs(self, timelapse_id: int) -> list[RenderJob]:
        """The queued and running jobs of a timelapse."""
        query = _JOBS.where(
            render_jobs.c.timelapse_id == timelapse_id,
            render_jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING]),
        )
        return await self._database.read(
            lambda connection: [_job(row) for row in connection.execute(query)]
        )

    async def next_queued(self) -> RenderJob | None:
        """The job that has waited longest."""
        query = _JOBS.where(render_jobs.c.state == JobState.QUEUED)
        query = query.order_by(render_jobs.c.id).limit(1)

        def work(connection: Connection) -> RenderJob | None:
            row = connection.execute(query).one_or_none()
            return _job(row) if row else None

        return await self._database.read(work)

    async def queue_length(self) -> int:
        """How many jobs wait or run."""
        query = select(func.count()).where(
            render_jobs.c.state.in_([JobState.QUEUED, JobState.RUNNING])
        )
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    async def start(self, job_id: int, now: datetime, frames_total: int) -> RenderJob:
        """Mark a queued job as running; raise JobStateError when it is not queued any more."""
        return await self._change(
            job_id,
            {JobState.QUEUED},
            {
                "state": JobState.RUNNING,
                "started_at": now,
                "frames_total": frames_total,
                "frames_done": 0,
            },
        )

    async def finish(
        self, job_id: int, now: datetime, path: str, file: VideoFile
    ) -> tuple[RenderJob, Video]:
        """Enter the video and finish its job in one transaction."""

        def work(connection: Connection) -> tuple[RenderJob, Video]:
            job = _fetch_job(connection, job_id)
            if job.state is not JobState.RUNNING:
                raise JobStateError(job=job_id, state=job.state)
            result = connection.execute(
                insert(videos).values(
                    camera_id=job.camera_id,
                    timelapse_id=job.timelapse_id,
                    job_id=job_id,
                    path=path,
                    created_at=now,
                    **asdict(file),
                )
            )
            _update_job(
                connection,
                job_id,
                {"state": JobState.FINISHED, "finished_at": now, "frames_done": file.frames},
            )
            video = _fetch_video(connection, inserted_id(result))
            count_video(connection, video)
            return _fetch_job(connection, job_id), video

        return await self._database.write(work)

    async def end(
        self, job_id: int, now: datetime, state: JobState, error: str | None = None
    ) -> RenderJob:
        """End a queued or running job without a video; raise JobStateError when it is over."""
        return await self._change(
            job_id,
            {JobState.QUEUED, JobState.RUNNING},
            {"state": state, "finished_at": now, "error": error},
        )

    async def requeue_running(self) -> list[RenderJob]:
        """Put jobs that a restart cut off back into the queue; answer them."""

        def work(connection: Connection) -> list[RenderJob]:
            query = _JOBS.where(render_jobs.c.state == JobState.RUNNING)
            cut_off = [_job(row) for row in connection.execute(query)]
            for job in cut_off:
                _update_job(
                    connection,
                    job.id,
                    {"state": JobState.QUEUED, "started_at": None, "frames_done": 0},
                )
            return [_fetch_job(connection, job.id) for job in cut_off]

        return await self._database.write(work)

    async def find_videos(
        self,
        camera_id: str | None = None,
        timelapse_id: int | None = None,
        limit: int | None = 100,
    ) -> list[Video]:
        """Videos, the newest first."""
        query = _filtered(
            select(videos).order_by(videos.c.id.desc()), videos, camera_id, timelapse_id, limit
        )
        return await self._database.read(
            lambda connection: [_video(row) for row in connection.execute(query)]
        )

    async def get_video(self, video_id: int) -> Video:
        """Answer one video; raise NotFoundError when there is none."""
        return await self._database.read(lambda connection: _fetch_video(connection, video_id))

    async def delete(self, video_id: int, created_at: datetime) -> bool:
        """Delete a video's row; answer whether it was there.

        Its birth is asked for because SQLite gives the id of a deleted row to another one.
        """
        query = select(videos).where(videos.c.id == video_id, videos.c.created_at == created_at)

        def work(connection: Connection) -> bool:
            row = connection.execute(query).one_or_none()
            if row is None:
                return False
            connection.execute(delete(videos).where(videos.c.id == video_id))
            count_video(connection, _video(row), sign=-1)
            return True

        return await self._database.write(work)

    async def _change(
        self, job_id: int, allowed: Iterable[JobState], values: dict[str, object]
    ) -> RenderJob:
        def work(connection: Connection) -> RenderJob:
            job = _fetch_job(connection, job_id)
            if job.state not in allowed:
                raise JobStateError(job=job_id, state=job.state)
            _update_job(connection, job_id, values)
            return _fetch_job(connection, job_id)

        return await self._database.write(work)


_JOBS = select(render_jobs, videos.c.id.label("video_id")).outerjoin(
    videos, videos.c.job_id == render_jobs.c.id
)


def _filtered(
    query: Select[Any],
    table: Any,
    camera_id: str | None,
    timelapse_id: int | None,
    limit: int | None,
) -> Select[Any]:
    if camera_id is not None:
        query = query.where(table.c.camera_id == camera_id)
    if timelapse_id is not None:
        query = query.where(table.c.timelapse_id == timelapse_id)
    return query.limit(limit)


def _update_job(connection: Connection, job_id: int, values: dict[str, object]) -> None:
    connection.execute(update(render_jobs).where(render_jobs.c.id == job_id).values(values))


def _fetch_job(connection: Connection, job_id: int) -> RenderJob:
    row = connection.execute(_JOBS.where(render_jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFoundError(kind="render job", id=job_id)
    return _job(row)


def _job(row: Row[Any]) -> RenderJob:
    values = dict(row._mapping)
    settings = VideoSettings(values.pop("fps"), Quality(values.pop("quality")))
    return RenderJob(**{**values, "state": JobState(values["state"])}, settings=settings)


def _fetch_video(connection: Connection, video_id: int) -> Video:
    row = connection.execute(select(videos).where(videos.c.id == video_id)).one_or_none()
    if row is None:
        raise NotFoundError(kind="video", id=video_id)
    return _video(row)


def _video(row: Row[Any]) -> Video:
    values = dict(row._mapping)
    file = VideoFile(**{name: values.pop(name) for name in VideoFile.__dataclass_fields__})
    return Video(**values, file=file)
