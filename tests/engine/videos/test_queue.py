"""The queue of renders: whose turn it is, and who may work on what, on both databases."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest

from custom_components.timelapser.engine.database.config import DatabaseConfig
from custom_components.timelapser.engine.database.database import Database
from custom_components.timelapser.engine.database.job_rows import MOST_ATTEMPTS
from custom_components.timelapser.engine.database.video_operations import VideoOperations
from custom_components.timelapser.engine.errors import (
    DatabaseUnavailableError,
    EncoderMissingError,
    FfmpegMemoryError,
    JobStateError,
    NoImagesError,
    StorageError,
    TimelapserError,
)
from custom_components.timelapser.engine.events import Event
from custom_components.timelapser.engine.models import (
    JobState,
    NewJob,
    Priority,
    RenderJob,
    RenderSpec,
    Selection,
    Timelapse,
    VideoFile,
)
from custom_components.timelapser.engine.videos.queue import BACK_OFF, LEASE, RenderQueue, Tell
from tests.engine.conftest import BEGIN, Engine

FILE = VideoFile(10, 0.4, 25.0, 640, 480, "h264", "yuv420p", 1000)
SECOND = timedelta(seconds=1)


class Clock:
    """The time, which passes when a test says so."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now

    def passes(self, time: timedelta) -> None:
        self.now += time


async def ask(
    store: VideoOperations, timelapse: Timelapse, priority: int = Priority.MANUAL
) -> RenderJob:
    spec = RenderSpec(Selection((timelapse.id,)))
    new = NewJob(timelapse.camera_id, timelapse.id, spec, 10, priority=priority)
    return await store.enqueue(new, BEGIN)


async def take(store: VideoOperations, clock: Clock, worker: str = "here") -> RenderJob | None:
    clock.passes(SECOND)
    return await store.claim(worker, clock(), LEASE)


async def finish(store: VideoOperations, job: RenderJob, now: datetime) -> None:
    await store.finish(job.id, now, f"videos/{job.id}.mp4", FILE, worker=job.worker)


async def test_highest_priority_goes_first(either: Engine) -> None:
    timelapse, clock = await either.timelapse(), Clock()
    asked = [
        await ask(either.videos, timelapse, priority)
        for priority in (
            Priority.BACKGROUND,
            Priority.SCHEDULED,
            Priority.MANUAL,
            Priority.MILESTONE,
            Priority.MANUAL,
        )
    ]
    taken = [await take(either.videos, clock) for _ in asked]
    assert [job and job.id for job in taken] == [asked[number].id for number in (2, 4, 3, 1, 0)]
    assert await take(either.videos, clock) is None


async def test_cameras_take_turns(either: Engine) -> None:
    clock = Clock()
    greedy, modest, late = [await either.timelapse(name) for name in ("cam1", "cam2", "cam3")]
    for timelapse in (greedy, greedy, greedy, modest, modest):
        await ask(either.videos, timelapse)
    served = [await take(either.videos, clock) for _ in range(3)]
    # One that was never served goes before those that were; then who was served longest ago.
    await ask(either.videos, late)
    served += [await take(either.videos, clock) for _ in range(3)]
    cameras = [job.camera_id for job in served if job]
    assert cameras == ["cam1", "cam2", "cam1", "cam3", "cam2", "cam1"]


async def test_no_job_is_taken_twice(either: Engine, database_config: DatabaseConfig) -> None:
    timelapse, clock = await either.timelapse(), Clock()
    asked = [await ask(either.videos, timelapse) for _ in range(12)]
    async with another(database_config) as other:
        stores = (either.videos, other)
        taken = await asyncio.gather(
            *(
                stores[number % 2].claim(f"worker {number % 2}", clock(), LEASE)
                for number in range(20)
            )
        )
    ids = Counter(job.id for job in taken if job)
    assert ids == Counter(job.id for job in asked)
    assert {job.worker for job in taken if job} == {"worker 0", "worker 1"}


async def test_two_workers_do_each_job_once(
    either: Engine, database_config: DatabaseConfig
) -> None:
    timelapse = await either.timelapse()
    for _ in range(8):
        await ask(either.videos, timelapse)
    worked: list[tuple[str, int]] = []
    async with another(database_config) as other:
        workers = [
            Worker(store, name, worked) for store, name in ((either.videos, "a"), (other, "b"))
        ]
        async with asyncio.TaskGroup() as group:
            for worker in workers:
                group.create_task(worker.work_until(lambda: len(worked) == 8))
    assert sorted(job for _, job in worked) == [job.id for job in reversed(await jobs(either))]
    assert {job.state for job in await jobs(either)} == {JobState.FINISHED}


async def test_what_a_worker_lost(either: Engine) -> None:
    """All that it may say of a job ends with the job's lease, once somebody else has it."""
    store, clock = either.videos, Clock()
    job = await ask(store, await either.timelapse())
    lost = await take(store, clock)
    assert lost is not None
    clock.passes(LEASE + SECOND)
    (again,) = await store.requeue_running(expired_at=clock())
    assert (again.state, again.attempts, again.worker) == (JobState.QUEUED, 1, None)
    # Once for each crash.
    assert await store.requeue_running(expired_at=clock()) == []
    taken = await take(store, clock, "there")
    assert taken is not None
    assert taken.id == job.id
    for say in (
        store.renew(job.id, "here", clock(), 5),
        store.end(job.id, clock(), JobState.FAILED, "gone", "here"),
        store.start(job.id, clock(), 5, None, "here"),
        store.give_back(lost, attempts=9),
        finish(store, lost, clock()),
    ):
        with pytest.raises(JobStateError):
            await say
    renewed = await store.renew(job.id, "there", clock() + 2 * LEASE, 7)
    assert (renewed.frames_done, renewed.lease_until) == (7, clock() + 2 * LEASE)
    clock.passes(LEASE + SECOND)
    assert await store.requeue_running(expired_at=clock()) == []
    await finish(store, taken, clock())
    assert (await store.get_job(job.id)).state is JobState.FINISHED
    with pytest.raises(JobStateError):
        await finish(store, taken, clock())


async def test_restart_takes_back_only_its_own(either: Engine) -> None:
    store, clock, timelapse = either.videos, Clock(), await either.timelapse()
    asked = [await ask(store, timelapse) for _ in range(3)]
    for worker in ("here", "there", "here"):
        await take(store, clock, worker)
    again = await store.requeue_running("here", clock())
    assert {job.id for job in again} == {asked[0].id, asked[2].id}
    assert (await store.get_job(asked[1].id)).worker == "there"


async def test_job_that_ends_the_program_again_and_again(either: Engine) -> None:
    store, clock = either.videos, Clock()
    job = await ask(store, await either.timelapse())
    for attempt in range(1, MOST_ATTEMPTS + 1):
        assert await take(store, clock) is not None
        (cut_off,) = await store.requeue_running("here", clock())
        assert cut_off.attempts == attempt
    failed = await store.get_job(job.id)
    assert failed.state is JobState.FAILED
    assert "render_given_up" in (failed.error or "")
    assert await take(store, clock) is None


async def test_cancelled_job_stays_so(either: Engine) -> None:
    store, clock = either.videos, Clock()
    job = await ask(store, await either.timelapse())
    taken = await take(store, clock)
    assert taken is not None
    await store.end(job.id, clock(), JobState.CANCELLED)
    for say in (
        finish(store, taken, clock()),
        store.start(job.id, clock(), 5, None, "here"),
        store.give_back(taken, attempts=1),
        store.end(job.id, clock(), JobState.FAILED),
    ):
        with pytest.raises(JobStateError):
            await say
    assert (await store.get_job(job.id)).state is JobState.CANCELLED
    assert await store.find_videos() == []


@pytest.mark.parametrize(
    "error",
    [StorageError(folder="/media"), FfmpegMemoryError()],
    ids=["storage", "memory"],
)
async def test_what_may_pass_is_tried_again_later(engine: Engine, error: TimelapserError) -> None:
    job = await ask(engine.videos, await engine.timelapse())
    worker = Worker(engine.videos, "here", errors=[error] * 10)
    for attempt, wait in enumerate(BACK_OFF, 1):
        await worker.work_until(lambda attempt=attempt: len(worker.events) == attempt)
        waits = await engine.videos.get_job(job.id)
        assert (waits.state, waits.attempts) == (JobState.QUEUED, attempt)
        assert waits.not_before == worker.clock() + wait
        assert error.code in (waits.error or "")
        worker.clock.passes(wait - SECOND)
        assert await engine.videos.claim("there", worker.clock(), LEASE) is None
        worker.clock.passes(SECOND)
    await worker.work_until(lambda: len(worker.events) == MOST_ATTEMPTS)
    failed = await engine.videos.get_job(job.id)
    assert (failed.state, failed.attempts) == (JobState.FAILED, MOST_ATTEMPTS - 1)
    assert [event.type for event in worker.events] == ["video_queued"] * 3 + ["video_failed"]


@pytest.mark.parametrize(
    "error",
    [
        NoImagesError(timelapse="Spring"),
        EncoderMissingError(codec="av1", reason="none"),
        ValueError("a mistake of ours"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_what_cannot_pass_fails_at_once(engine: Engine, error: Exception) -> None:
    job = await ask(engine.videos, await engine.timelapse())
    worker = Worker(engine.videos, "here", errors=[error])
    await worker.work_until(lambda: bool(worker.events))
    failed = await engine.videos.get_job(job.id)
    assert (failed.state, worker.attempts) == (JobState.FAILED, 1)
    assert failed.error


async def test_outage_is_not_the_fault_of_a_job(engine: Engine) -> None:
    job = await ask(engine.videos, await engine.timelapse())
    worker = Worker(engine.videos, "here", errors=[DatabaseUnavailableError(reason="away")] * 6)
    await worker.work_until(lambda: len(worker.worked) == 1)
    done = await engine.videos.get_job(job.id)
    assert (done.state, done.attempts, worker.attempts) == (JobState.FINISHED, 0, 7)


async def test_stopped_worker_gives_its_job_back(engine: Engine) -> None:
    job = await ask(engine.videos, await engine.timelapse())
    worker = Worker(engine.videos, "here", hold=True)
    await worker.work_until(worker.holding.is_set)
    waits = await engine.videos.get_job(job.id)
    assert (waits.state, waits.attempts, waits.worker) == (JobState.QUEUED, 0, None)
    assert worker.ended == [job.id]


async def test_worker_drops_a_job_that_is_not_its_any_more(engine: Engine) -> None:
    job = await ask(engine.videos, await engine.timelapse())
    worker = Worker(engine.videos, "here", hold=True, lease=timedelta(seconds=0.2))
    running = asyncio.create_task(worker.work_until(lambda: bool(worker.ended)))
    await worker.holding.wait()
    # As another process would.
    await engine.videos.end(job.id, BEGIN, JobState.CANCELLED)
    await running
    assert worker.ended == [job.id]
    assert (await engine.videos.get_job(job.id)).state is JobState.CANCELLED


async def test_lease_is_renewed_while_a_job_runs(engine: Engine) -> None:
    job = await ask(engine.videos, await engine.timelapse())
    worker = Worker(engine.videos, "here", hold=True, lease=timedelta(seconds=0.2))

    running = asyncio.create_task(worker.queue.run())
    try:
        await worker.holding.wait()
        worker.clock.passes(timedelta(seconds=0.1))
        async with asyncio.timeout(20):
            while (found := await engine.videos.get_job(job.id)).lease_until != (
                worker.clock() + timedelta(seconds=0.2)
            ):
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    assert (found.frames_done, found.state) == (3, JobState.RUNNING)


@pytest.mark.parametrize("at_once", [1, 3])
async def test_so_many_at_once(engine: Engine, at_once: int) -> None:
    timelapse = await engine.timelapse()
    for _ in range(5):
        await ask(engine.videos, timelapse)
    worker = Worker(engine.videos, "here", at_once=at_once)
    await worker.work_until(lambda: len(worker.worked) == 5)
    assert worker.most == at_once


async def jobs(engine: Engine) -> list[RenderJob]:
    return await engine.videos.find_jobs()


@asynccontextmanager
async def another(config: DatabaseConfig) -> AsyncIterator[VideoOperations]:
    """The same database, as another process has it."""
    database = Database(config)
    await database.open()
    try:
        yield VideoOperations(database)
    finally:
        await database.close()


class Worker:
    """A queue that finishes jobs without rendering, or fails as it is told."""

    def __init__(
        self,
        store: VideoOperations,
        name: str,
        worked: list[tuple[str, int]] | None = None,
        *,
        errors: list[Any] | None = None,
        hold: bool = False,
        at_once: int = 1,
        lease: timedelta = LEASE,
    ) -> None:
        self.clock = Clock()
        self.events: list[Event] = []
        self.worked = [] if worked is None else worked
        self.ended: list[int] = []
        self.attempts = self.running = self.most = 0
        self.holding = asyncio.Event()
        self._store = store
        self._name = name
        self._errors = errors or []
        self._hold = hold
        self.queue = RenderQueue(
            store,
            self._work,
            worker=name,
            at_once=lambda: at_once,
            now=self.clock,
            publish=self.events.append,
            lease=lease,
            look_every=0.02,
        )

    async def work_until(self, is_enough: Any) -> None:
        running = asyncio.create_task(self.queue.run())
        try:
            async with asyncio.timeout(30):
                while not is_enough():
                    await asyncio.sleep(0.01)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    async def _work(self, job: RenderJob, tell: Tell) -> None:
        self.attempts += 1
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            await asyncio.sleep(0.05)
            tell(3)
            if self._hold:
                self.holding.set()
                await asyncio.Event().wait()
            if self._errors:
                raise self._errors.pop(0)
            await finish(self._store, job, self.clock())
            self.worked.append((self._name, job.id))
        finally:
            self.running -= 1
            self.ended.append(job.id)
