"""Rows of the `render_jobs` table, and the queue that they make; within a transaction."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    false,
    func,
    insert,
    or_,
    select,
    true,
    update,
)

from ..errors import JobStateError, NotFoundError, RenderGivenUpError
from ..models import JobState, NewJob, Quality, RenderJob
from .database import inserted_id
from .tables import render_jobs, videos

MOST_ATTEMPTS: Final = 4
"""The first, and three more."""

JOBS: Final = select(render_jobs, videos.c.id.label("video_id")).outerjoin(
    videos, videos.c.job_id == render_jobs.c.id
)
_WAITING: Final = {
    "state": JobState.QUEUED,
    "started_at": None,
    "frames_done": 0,
    "worker": None,
    "lease_until": None,
}


def job_of(row: Row[Any]) -> RenderJob:
    """Answer the job of a row of `JOBS`."""
    values = dict(row._mapping)
    states = {"state": JobState(values["state"]), "quality": Quality(values["quality"])}
    return RenderJob(**{**values, **states})


def fetch_job(connection: Connection, job_id: int) -> RenderJob:
    """Answer one job; raise NotFoundError when there is none."""
    row = connection.execute(JOBS.where(render_jobs.c.id == job_id)).one_or_none()
    if row is None:
        raise NotFoundError(kind="render job", id=job_id)
    return job_of(row)


def enter_job(connection: Connection, new: NewJob, now: datetime) -> RenderJob:
    """Enter a job that waits for its turn."""
    result = connection.execute(
        insert(render_jobs).values(
            camera_id=new.camera_id,
            timelapse_id=new.timelapse_id,
            state=JobState.QUEUED,
            fps=new.spec.timing.fps,
            quality=new.spec.quality,
            requested_at=now,
            frames_total=new.frames_total,
            priority=new.priority,
            spec=new.spec.plain,
            decision=new.decision,
            automatic=new.automatic,
        )
    )
    return fetch_job(connection, inserted_id(result))


def change_job(
    connection: Connection,
    job_id: int,
    allowed: Iterable[JobState],
    values: dict[str, Any],
    worker: str | None = None,
) -> RenderJob:
    """Change a job that is in one of some states, and perhaps a worker's; else JobStateError."""
    job = fetch_job(connection, job_id)
    table = render_jobs.c
    condition = and_(table.id == job_id, table.state.in_([*allowed]))
    if worker is not None:
        condition = and_(condition, table.worker == worker)
    # The condition is that of the statement: another process may be as far at this moment.
    if not connection.execute(update(render_jobs).where(condition).values(values)).rowcount:
        raise JobStateError(job=job_id, state=job.state)
    return fetch_job(connection, job_id)


def claim_job(
    connection: Connection, worker: str, now: datetime, lease: timedelta
) -> RenderJob | None:
    """Take the job whose turn it is; None when no job waits.

    The highest priority goes first, and of equal ones the camera whose last render began longest
    ago, and of its jobs the oldest. Other processes may do the same at the same time.
    """
    table, served = render_jobs.c, render_jobs.alias()
    last_served = (
        select(func.max(served.c.started_at))
        .where(served.c.camera_id == table.camera_id)
        .scalar_subquery()
    )
    query = (
        select(table.id)
        .where(
            table.state == JobState.QUEUED, or_(table.not_before.is_(None), table.not_before <= now)
        )
        .order_by(table.priority.desc(), last_served.is_not(None), last_served, table.id)
        .limit(1)
        .with_for_update(skip_locked=True)  # which SQLite, where all writers wait, ignores
    )
    job_id = connection.execute(query).scalar_one_or_none()
    if job_id is None:
        return None
    running = {
        "state": JobState.RUNNING,
        "started_at": now,
        "frames_done": 0,
        "worker": worker,
        "lease_until": now + lease,
    }
    return change_job(connection, job_id, {JobState.QUEUED}, running)


def give_back_job(
    connection: Connection,
    job: RenderJob,
    attempts: int,
    not_before: datetime | None = None,
    error: str | None = None,
) -> RenderJob:
    """Put a running job back into the queue, after so many failed attempts."""
    values = {**_WAITING, "attempts": attempts, "not_before": not_before, "error": error}
    return change_job(connection, job.id, {JobState.RUNNING}, values, job.worker)


def requeue_jobs(
    connection: Connection, worker: str | None, expired_at: datetime | None
) -> list[RenderJob]:
    """Put running jobs back that a worker of before had, or whose lease has ended.

    All of them where neither is said. Those that were cut off again and again have failed.
    """
    table = render_jobs.c
    condition: ColumnElement[bool] = false() if worker or expired_at else true()
    if worker:
        condition = or_(condition, table.worker == worker, table.worker.is_(None))
    if expired_at:
        condition = or_(condition, table.lease_until < expired_at)
    query = JOBS.where(table.state == JobState.RUNNING, condition).with_for_update(
        of=render_jobs, skip_locked=True
    )
    cut_off = [job_of(row) for row in connection.execute(query)]
    return [_put_back(connection, job, expired_at) for job in cut_off]


def _put_back(connection: Connection, job: RenderJob, now: datetime | None) -> RenderJob:
    attempts = job.attempts + 1
    if attempts < MOST_ATTEMPTS:
        return give_back_job(connection, job, attempts)
    error = str(RenderGivenUpError(attempts=attempts))
    failed = {
        "state": JobState.FAILED,
        "finished_at": now or job.started_at,
        "attempts": attempts,
        "error": error,
    }
    return change_job(connection, job.id, {JobState.RUNNING}, failed)
