"""The queue of render jobs: who may work on what, for how long, and what follows a failure."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
import logging
from typing import Final, Protocol

from ..database.job_rows import MOST_ATTEMPTS
from ..errors import (
    DatabaseError,
    DatabaseUnavailableError,
    DiskFullError,
    FfmpegMemoryError,
    FfmpegStalledError,
    JobStateError,
    NotFoundError,
    RenderError,
    StorageError,
    TimelapserError,
)
from ..events import Publish, VideoFailed, VideoQueued
from ..models import JobState, RenderJob

_LOGGER = logging.getLogger(__name__)

LEASE: Final = timedelta(minutes=2)
"""How long a job is its worker's without a word; renewed four times as often."""
LOOK_EVERY: Final = 30.0
"""Seconds until the next look at a database that is away, or jobs that are to be tried again."""
CALM: Final = 10
"""How many times longer that is while nothing of the kind is known: others may have left jobs."""
BACK_OFF: Final = (timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15))
"""Before each attempt after the first."""
MAY_PASS: Final = (StorageError, FfmpegMemoryError, FfmpegStalledError, DiskFullError)
"""Failures that another attempt may not have."""

type Tell = Callable[[int], None]
"""How work says how many frames are done."""
type Work = Callable[[RenderJob, Tell], Awaitable[None]]
"""Makes the video of a job and finishes its row; raises TimelapserError."""


class JobStore(Protocol):
    """Where jobs are kept: all that workers of several processes have to agree on.

    What concerns a running job names its worker, and raises JobStateError when the job is not
    that worker's any more; every call is one transaction.
    """

    async def claim(self, worker: str, now: datetime, lease: timedelta) -> RenderJob | None:
        """Take the job whose turn it is, so that nobody else does; None when no job waits."""

    async def renew(
        self, job_id: int, worker: str, lease_until: datetime, frames: int
    ) -> RenderJob:
        """Keep a running job, of which so many frames are done."""

    async def give_back(
        self,
        job: RenderJob,
        *,
        attempts: int,
        not_before: datetime | None = None,
        error: str | None = None,
    ) -> RenderJob:
        """Queue a running job again, after so many attempts."""

    async def end(
        self,
        job_id: int,
        now: datetime,
        state: JobState,
        error: str | None = None,
        worker: str | None = None,
    ) -> RenderJob:
        """End a job without a video."""

    async def requeue_running(
        self, worker: str | None = None, expired_at: datetime | None = None
    ) -> list[RenderJob]:
        """Queue again what a worker of before left, and what nobody renewed in time."""


@dataclass(slots=True)
class _Running:
    """A job that is worked on here."""

    job: RenderJob
    task: asyncio.Task[None] | None = None
    frames: int = 0

    def tell(self, frames: int) -> None:
        """Note how many frames are done."""
        self.frames = frames


class RenderQueue:
    """Takes jobs from a store and has them worked on, some at a time.

    The worker's name has to be its own, and the same after a restart: what it had before is
    queued again at once, what another one had when its lease has ended.
    """

    def __init__(
        self,
        store: JobStore,
        work: Work,
        *,
        worker: str,
        at_once: Callable[[], int],
        now: Callable[[], datetime],
        publish: Publish,
        lease: timedelta = LEASE,
        look_every: float = LOOK_EVERY,
    ) -> None:
        self._store = store
        self._work = work
        self._worker = worker
        self._at_once = at_once
        self._now = now
        self._publish = publish
        self._lease = lease
        self._look_every = look_every
        self._wake = asyncio.Event()
        self._running: dict[int, _Running] = {}
        # What could not be said of a job, because the database was away.
        self._unsaid: dict[int, tuple[RenderJob, TimelapserError]] = {}
        self._is_first_look = True
        self._again_at: datetime | None = None

    @property
    def is_busy(self) -> bool:
        """Whether a job is worked on here."""
        return bool(self._running)

    def wake(self) -> None:
        """Look again: there may be a job."""
        self._wake.set()

    async def drop(self, job_id: int) -> None:
        """Stop working on a job, whose row says why; it has stopped when this returns."""
        running = self._running.get(job_id)
        if running is not None and running.task is not None:
            running.task.cancel()
            await asyncio.wait([running.task])

    async def run(self) -> None:
        """Work jobs off until cancelled; no job's failure ends it, nor does the database's.

        Jobs that run then go back into the queue. Where that fails, or the program ends without
        it, the next start does it.
        """
        try:
            while True:
                self._wake.clear()
                wait = self._look_every
                try:
                    await self._look()
                    if self._again_at is None or self._again_at < self._now():
                        wait *= CALM
                except DatabaseError as error:
                    _LOGGER.debug("The render queue waits: %s", error)
                with suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()
        finally:
            await self._stop()

    async def _look(self) -> None:
        for job, error in [*self._unsaid.values()]:
            await self._say(job, error)
        worker = self._worker if self._is_first_look else None
        for job in await self._store.requeue_running(worker, self._now()):
            # Its lease can have ended here as well, when the database was away for long.
            await self.drop(job.id)
            self._tell_of(job)
        self._is_first_look = False
        while len(self._running) < self._at_once():
            claimed = await self._store.claim(self._worker, self._now(), self._lease)
            if claimed is None:
                return
            running = self._running[claimed.id] = _Running(claimed)
            running.task = asyncio.create_task(self._carry_out(running))

    async def _carry_out(self, running: _Running) -> None:
        job = running.job
        keeping = asyncio.create_task(self._keep(running))
        try:
            await self._work(job, running.tell)
        except JobStateError as error:
            _LOGGER.debug("Render job %s is not ours any more: %s", job.id, error)
        except TimelapserError as error:
            _LOGGER.warning("Camera %s: render job %s: %s", job.camera_id, job.id, error)
            await self._settle(job, error)
        except Exception:
            _LOGGER.exception("Camera %s: render job %s failed", job.camera_id, job.id)
            await self._settle(job, RenderError(reason="unexpected error, see the log"))
        finally:
            keeping.cancel()
            self._running.pop(job.id, None)
            self._wake.set()

    async def _keep(self, running: _Running) -> None:
        """Renew the lease for as long as the job runs, and drop the job when it is lost."""
        while True:
            await asyncio.sleep(self._lease.total_seconds() / 4)
            try:
                await self._store.renew(
                    running.job.id, self._worker, self._now() + self._lease, running.frames
                )
            except (JobStateError, NotFoundError) as error:
                # One that is finished has its video, which is only to be told yet.
                finished = error.placeholders.get("state") == JobState.FINISHED
                if running.task is not None and not finished:
                    running.task.cancel()
                return
            except DatabaseError as error:
                _LOGGER.debug("The lease of job %s is not renewed: %s", running.job.id, error)

    async def _settle(self, job: RenderJob, error: TimelapserError) -> None:
        try:
            await self._say(job, error)
        except DatabaseError:
            self._unsaid[job.id] = (job, error)

    async def _say(self, job: RenderJob, error: TimelapserError) -> None:
        """Enter what follows from a failure: another attempt, or the end."""
        try:
            self._tell_of(await self._follow(job, error))
        except JobStateError, NotFoundError:
            _LOGGER.debug("Render job %s is over already", job.id)
        self._unsaid.pop(job.id, None)

    async def _follow(self, job: RenderJob, error: TimelapserError) -> RenderJob:
        attempts = job.attempts + 1
        text = error.placeholders.get("reason", str(error))[:500]
        if isinstance(error, DatabaseUnavailableError):
            # Which is nobody's fault, and over when this can be said.
            return await self._store.give_back(job, attempts=job.attempts)
        if isinstance(error, MAY_PASS) and attempts < MOST_ATTEMPTS:
            not_before = self._now() + BACK_OFF[attempts - 1]
            # A look after it is sure to come.
            self._again_at = not_before + timedelta(seconds=self._look_every)
            return await self._store.give_back(
                job, attempts=attempts, not_before=not_before, error=text
            )
        return await self._store.end(job.id, self._now(), JobState.FAILED, text, self._worker)

    def _tell_of(self, job: RenderJob) -> None:
        kind = VideoFailed if job.state.is_over else VideoQueued
        self._publish(kind(job.camera_id, job))

    async def _stop(self) -> None:
        stopped = [*self._running.values()]
        tasks = [running.task for running in stopped if running.task is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for running in stopped:
            with suppress(DatabaseError, JobStateError, NotFoundError):
                await self._store.give_back(running.job, attempts=running.job.attempts)
