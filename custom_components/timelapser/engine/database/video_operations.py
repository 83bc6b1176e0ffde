"""The `render_jobs` and `videos` tables."""

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select

from ..errors import NotFoundError
from ..models import (
    JobState,
    NewJob,
    RenderJob,
    Video,
    VideoFile,
)
from .counters import count_video
from .database import Database, inserted_id
from .job_rows import (
    JOBS,
    change_job,
    claim_job,
    enter_job,
    fetch_job,
    give_back_job,
    job_of,
    requeue_jobs,
)
from .tables import render_jobs, videos

_UNFINISHED = (JobState.QUEUED, JobState.RUNNING)


class VideoOperations:
    """Reads and writes render jobs and videos; a queue's `JobStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def enqueue(self, new: NewJob, now: datetime) -> RenderJob:
        """Enter a job that waits for its turn."""
        return await self._database.write(partial(enter_job, new=new, now=now))

    async def get_job(self, job_id: int) -> RenderJob:
        """Answer one job; raise NotFoundError when there is none."""
        return await self._database.read(partial(fetch_job, job_id=job_id))

    async def find_jobs(
        self, camera_id: str | None = None, timelapse_id: int | None = None, limit: int = 100
    ) -> list[RenderJob]:
        """Jobs, the newest first."""
        query = _filtered(
            JOBS.order_by(render_jobs.c.id.desc()), render_jobs, camera_id, timelapse_id, limit
        )
        return await self._jobs(query)

    async def unfinished_jobs(self, timelapse_id: int) -> list[RenderJob]:
        """The queued and running jobs of a timelapse."""
        return await self._jobs(
            JOBS.where(
                render_jobs.c.timelapse_id == timelapse_id, render_jobs.c.state.in_(_UNFINISHED)
            )
        )

    async def queue_length(self) -> int:
        """How many jobs wait or run."""
        query = select(func.count()).where(render_jobs.c.state.in_(_UNFINISHED))
        return await self._database.read(lambda connection: connection.execute(query).scalar_one())

    async def claim(self, worker: str, now: datetime, lease: timedelta) -> RenderJob | None:
        """Take the job whose turn it is, for as long as the lease; None when no job waits."""
        return await self._database.write(partial(claim_job, worker=worker, now=now, lease=lease))

    async def start(
        self,
        job_id: int,
        now: datetime,
        frames_total: int,
        decision: Mapping[str, Any] | None = None,
        worker: str | None = None,
    ) -> RenderJob:
        """Mark a job as running, and note what was decided; JobStateError when it is over."""
        values = {
            "state": JobState.RUNNING,
            "started_at": now,
            "frames_total": frames_total,
            "frames_done": 0,
            "decision": decision,
        }
        return await self._change(job_id, _UNFINISHED, values, worker)

    async def renew(
        self, job_id: int, worker: str, lease_until: datetime, frames: int
    ) -> RenderJob:
        """Keep a running job; raise JobStateError when it is not the worker's any more."""
        values = {"lease_until": lease_until, "frames_done": frames}
        return await self._change(job_id, (JobState.RUNNING,), values, worker)

    async def finish(
        self,
        job_id: int,
        now: datetime,
        path: str,
        file: VideoFile,
        *,
        worker: str | None = None,
        decision: Mapping[str, Any] | None = None,
        cpu_seconds: float | None = None,
        poster_path: str | None = None,
    ) -> tuple[RenderJob, Video]:
        """Enter the video and finish its job in one transaction; else JobStateError."""
        finished = {
            "state": JobState.FINISHED,
            "finished_at": now,
            "frames_total": file.frames,
            "frames_done": file.frames,
            "cpu_seconds": cpu_seconds,
            "error": None,
            "lease_until": None,
        }
        if decision is not None:
            finished["decision"] = decision

        def work(connection: Connection) -> tuple[RenderJob, Video]:
            job = change_job(connection, job_id, (JobState.RUNNING,), finished, worker)
            result = connection.execute(
                insert(videos).values(
                    camera_id=job.camera_id,
                    timelapse_id=job.timelapse_id,
                    job_id=job_id,
                    path=path,
                    created_at=now,
                    poster_path=poster_path,
                    automatic=job.automatic,
                    decision=job.decision,
                    **asdict(file),
                )
            )
            video = _fetch_video(connection, inserted_id(result))
            count_video(connection, video)
            return fetch_job(connection, job_id), video

        return await self._database.write(work)

    async def end(
        self,
        job_id: int,
        now: datetime,
        state: JobState,
        error: str | None = None,
        worker: str | None = None,
    ) -> RenderJob:
        """End a queued or running job without a video; raise JobStateError when it is over."""
        values = {"state": state, "finished_at": now, "error": error, "lease_until": None}
        return await self._change(job_id, _UNFINISHED, values, worker)

    async def give_back(
        self,
        job: RenderJob,
        *,
        attempts: int,
        not_before: datetime | None = None,
        error: str | None = None,
    ) -> RenderJob:
        """Queue a running job again; raise JobStateError when it is not the worker's any more."""
        return await self._database.write(
            lambda connection: give_back_job(connection, job, attempts, not_before, error)
        )

    async def requeue_running(
        self, worker: str | None = None, expired_at: datetime | None = None
    ) -> list[RenderJob]:
        """Queue jobs again that a crash cut off; answer them, also those that now have failed.

        They are those of a worker of before and those whose lease has ended; all without either.
        """
        return await self._database.write(
            partial(requeue_jobs, worker=worker, expired_at=expired_at)
        )

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
        self,
        job_id: int,
        allowed: tuple[JobState, ...],
        values: dict[str, Any],
        worker: str | None = None,
    ) -> RenderJob:
        return await self._database.write(
            lambda connection: change_job(connection, job_id, allowed, values, worker)
        )

    async def _jobs(self, query: Select[Any]) -> list[RenderJob]:
        return await self._database.read(
            lambda connection: [job_of(row) for row in connection.execute(query)]
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


def _fetch_video(connection: Connection, video_id: int) -> Video:
    row = connection.execute(select(videos).where(videos.c.id == video_id)).one_or_none()
    if row is None:
        raise NotFoundError(kind="video", id=video_id)
    return _video(row)


def _video(row: Row[Any]) -> Video:
    values = dict(row._mapping)
    file = VideoFile(**{name: values.pop(name) for name in VideoFile.__dataclass_fields__})
    return Video(**values, file=file)
