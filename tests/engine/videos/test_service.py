"""From what is asked for to rows and files: the planner on both databases, and the service."""

import asyncio
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from custom_components.timelapser.engine.database.selection_operations import SelectionOperations
from custom_components.timelapser.engine.errors import (
    FfmpegMemoryError,
    InvalidSettingError,
    NoImagesError,
    NotFoundError,
    TimelapserError,
)
from custom_components.timelapser.engine.events import VideoProgress
from custom_components.timelapser.engine.models import (
    Codec,
    JobState,
    Judgement,
    NewImage,
    Priority,
    Quality,
    RenderJob,
    RenderSpec,
    Resolution,
    Selection,
    Timelapse,
    Timing,
    VideoFile,
    VideoSettings,
)
from custom_components.timelapser.engine.models.render import (
    Estimate,
    Rendered,
    RenderImage,
    RenderPlan,
    RenderProgress,
)
from custom_components.timelapser.engine.settings import LoadSettings
from custom_components.timelapser.engine.videos.planner import Planner
from custom_components.timelapser.engine.videos.service import VideoService
from tests.engine.conftest import BEGIN, ZONE, Engine

HOUR = timedelta(hours=1)
GB = 10**9


async def keep(engine: Engine, timelapse: Timelapse, number: int, **values: Any) -> int:
    """Enter an image of the hour of that number; no file is needed to plan."""
    captured_at = BEGIN + number * HOUR
    new: dict[str, Any] = {
        "camera_id": timelapse.camera_id,
        "timelapse_id": timelapse.id,
        "captured_at": captured_at,
        "local_day": captured_at.astimezone(ZONE).date(),
        "width": 640,
        "height": 480,
        "byte_count": 1000 + number,
        "judgement": Judgement(90),
        "quarantined": False,
        "flagged": False,
        "luma": 50.0,
        "phash": (1 << 64) - 1 - number,
        "content_hash": f"{number:032x}",
    }
    return (await engine.image_rows.record(NewImage(**new | values))).id


def planner_of(engine: Engine) -> Planner:
    return Planner(
        SelectionOperations(engine.database), engine.timelapses, engine.cameras, lambda: ZONE
    )


def hours(plan: RenderPlan) -> list[int]:
    return [
        (shot.image.captured_at - BEGIN) // HOUR
        for shot in plan.shots
        if isinstance(shot.image, RenderImage)
    ]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), [0, 1, 2, 3, 26, 27, 28]),
        (Selection(timelapse_ids=(1,)), [0, 1, 2, 3]),
        (Selection(timelapse_ids=(1, 2)), [0, 1, 2, 3, 26, 27, 28]),
        (Selection(last_images=4), [3, 26, 27, 28]),
        (Selection(timelapse_ids=(1,), last_images=2), [2, 3]),
        (Selection(start=date(2026, 11, 25)), [26, 27, 28]),
        (Selection(end=date(2026, 11, 24)), [0, 1, 2, 3]),
        (Selection(start=BEGIN + HOUR, end=BEGIN + 3 * HOUR), [1, 2]),
        (Selection(last_hours=3), [27, 28]),
        (Selection(last_hours=3, last_images=1), [28]),
        (Selection(per_day=1), [0, 26]),
        (Selection(without_alike=0, without_dark=50), [0, 1, 2, 3, 26, 27, 28]),
        (Selection(without_dark=51), None),
        (Selection(start=date(2027, 1, 1)), None),
    ],
)
async def test_images_of_a_plan(
    either: Engine, selection: Selection, expected: list[int] | None
) -> None:
    camera = await either.camera()
    first = await either.timelapses.create_completed(camera.id, "Spring", BEGIN, BEGIN + 5 * HOUR)
    second = await either.timelapses.create(first.camera_id, "Summer", {}, BEGIN + 25 * HOUR)
    stranger = await either.timelapse("cam2")
    for number in range(4):
        await keep(either, first, number)
    for number in range(26, 29):
        await keep(either, second, number)
    await keep(either, second, 29, quarantined=True)
    await keep(either, stranger, 2)
    asked = planner_of(either).plan(second.id, RenderSpec(selection), BEGIN + 30 * HOUR)
    if expected is None:
        with pytest.raises(NoImagesError):
            await asked
        return
    planned = await asked
    assert hours(planned.plan) == expected
    image = planned.plan.shots[-1].image
    assert isinstance(image, RenderImage)
    assert image.folder == (second if expected[-1] > 25 else first).folder
    assert (image.byte_count, image.luma) == (1000 + expected[-1], 50.0)
    assert image.content_hash == f"{expected[-1]:032x}"


async def test_plan_of_all_that_can_be_asked(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    for number, size in enumerate([(800, 600), (1920, 1080), (1920, 1080)]):
        await keep(engine, timelapse, number, width=size[0], height=size[1])
    settings = VideoSettings(
        30, Quality.HIGH, Codec.VP9, resolution=Resolution.HD, deflicker=True, hold_last=1.0
    )
    spec = RenderSpec.of(Selection((timelapse.id,)), settings, {"hold_first": 1}, name="Mine")
    planned = await planner_of(engine).plan(timelapse.id, spec, BEGIN)
    plan, encoding = planned.plan, planned.plan.encoding
    assert (encoding.width, encoding.height) == (1280, 720)
    assert (encoding.codec, encoding.quality) == (Codec.VP9, Quality.HIGH)
    assert (plan.fps, plan.frames, plan.looks.deflicker) == (Fraction(30), 63, True)
    assert (plan.title, plan.camera, plan.created_at) == ("Mine", "Garden", BEGIN)
    assert RenderSpec.from_plain(spec.plain) == spec


async def test_plans_that_make_no_sense(engine: Engine) -> None:
    timelapse, stranger = await engine.timelapse(), await engine.timelapse("cam2")
    await keep(engine, timelapse, 0)
    await keep(engine, stranger, 0)
    planner = planner_of(engine)
    for timelapse_id, selection in (
        (99, Selection()),
        (timelapse.id, Selection((99,))),
        (timelapse.id, Selection((timelapse.id, stranger.id))),
    ):
        with pytest.raises(NotFoundError):
            await planner.plan(timelapse_id, RenderSpec(selection), BEGIN)


@pytest.mark.parametrize("data", [{}, {"selection": {}}, {"selection": 5, "timing": {}}])
def test_stored_spec_that_nobody_stored(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError):
        RenderSpec.from_plain(data)


class Maker:
    """Makes a file without FFmpeg, or fails as it is told."""

    def __init__(self, errors: list[TimelapserError] | None = None) -> None:
        self.errors = errors or []
        self.plans: list[RenderPlan] = []
        self.outputs: list[Path] = []
        self.byte_count = 1000
        self.may_end = asyncio.Event()
        self.may_end.set()

    async def estimate(self, plan: RenderPlan) -> Estimate:
        return Estimate(plan.frames, self.byte_count, 1.0, plan.frames // 2)

    async def render(
        self, plan: RenderPlan, output: Path, on_progress: Callable[[RenderProgress], None]
    ) -> Rendered:
        self.plans.append(plan)
        for done in range(plan.frames):
            on_progress(RenderProgress(plan.frames, done + 1, 10.0, 1.0))
        if self.errors:
            raise self.errors.pop(0)
        await self.may_end.wait()
        await asyncio.to_thread(output.write_bytes, b"video")
        self.outputs.append(output)
        size = plan.encoding.width, plan.encoding.height
        file = VideoFile(plan.frames, 1.0, float(plan.fps), *size, "h264", "yuv420p", 5)
        return Rendered(file, "libx264", "no hardware", 2.5, 1, {"missing": 1})


class Parts:
    """A service with such a maker, at work."""

    def __init__(
        self, engine: Engine, maker: Maker, free: int | None = 10 * GB, worker: str = "here"
    ) -> None:
        self.engine = engine
        self.now = BEGIN
        self.service = VideoService(
            operations=engine.videos,
            planner=planner_of(engine),
            renderer=maker,
            storage=engine.storage,
            executor=engine.pool,
            now=lambda: self.now,
            publish=engine.events.append,
            ffmpeg="/nowhere/ffmpeg",
            worker=worker,
            load=LoadSettings,
            free_disk=lambda _: free,
            look_every=0.02,
        )

    async def work_until(self, job: RenderJob, is_enough: Callable[[RenderJob], bool]) -> RenderJob:
        running = asyncio.create_task(self.service.run())
        try:
            async with asyncio.timeout(30):
                while not is_enough(found := await self.engine.videos.get_job(job.id)):
                    await asyncio.sleep(0.01)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
        return found


def is_over(job: RenderJob) -> bool:
    return job.state.is_over


async def test_what_is_kept_of_a_job(engine: Engine, caplog: pytest.LogCaptureFixture) -> None:
    timelapse = await engine.timelapse()
    for number in range(50):
        await keep(engine, timelapse, number)
    maker = Maker()
    parts = Parts(engine, maker)
    spec = RenderSpec(Selection((timelapse.id,)), Timing(25, 1), name="Mine")
    job = await parts.service.request(
        timelapse.id, spec, priority=Priority.SCHEDULED, automatic=True
    )
    assert (job.priority, job.automatic, job.request) == (Priority.SCHEDULED, True, spec)
    assert (job.frames_total, (job.decision or {})["fps"]) == (50, 50)
    done = await parts.work_until(job, lambda _: "video_finished" in engine.types())
    assert (done.state, done.cpu_seconds, done.progress) == (JobState.FINISHED, 2.5, 1.0)
    (video,) = await engine.videos.find_videos()
    assert video.automatic
    assert video.decision == done.decision
    decision = dict(done.decision or {})
    assert decision["encoder_reason"] == "no hardware"
    assert (decision["left_out"], decision["frames_from_cache"]) == ({"missing": 1}, 1)
    # Without an FFmpeg there is no poster, but the video is there.
    assert video.poster_path is None
    assert engine.storage.resolve(video.path).read_bytes() == b"video"
    assert "no poster" in caplog.text
    # However often a renderer tells, at most once a second it is passed on.
    assert sum(isinstance(event, VideoProgress) for event in engine.events) == 0
    assert [name for name in engine.types() if name.startswith("video")] == [
        "video_queued",
        "video_started",
        "video_finished",
    ]


async def test_forecast_queues_nothing(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    for number in range(10):
        await keep(engine, timelapse, number)
    parts = Parts(engine, Maker())
    forecast = await parts.service.forecast(timelapse.id, RenderSpec(Selection((timelapse.id,))))
    assert (forecast.estimate.frames, forecast.estimate.from_cache) == (10, 0.5)
    assert forecast.planned.decision.plain["frames"] == 10
    assert await engine.videos.find_jobs() == []


@pytest.mark.parametrize(
    ("free", "byte_count", "state"),
    [
        (3 * GB, 2 * GB - 1, JobState.FINISHED),
        (3 * GB, 2 * GB + 1, JobState.FAILED),
        (GB // 2, 1, JobState.FAILED),
        (None, 2 * GB, JobState.FINISHED),  # nobody can say
    ],
)
async def test_room_on_the_disk(
    engine: Engine, free: int | None, byte_count: int, state: JobState
) -> None:
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, 0)
    maker = Maker()
    maker.byte_count = byte_count
    parts = Parts(engine, maker, free)
    job = await parts.service.request_render(timelapse.id, VideoSettings())
    done = await parts.work_until(job, is_over)
    assert done.state is state
    if state is JobState.FAILED:
        assert (maker.plans, done.attempts) == ([], 0)
        assert "storage_low_render (needed " in (done.error or "")
        assert f"needed {byte_count / GB:.2f}" in (done.error or "")


async def test_another_attempt_renders_the_same(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    for number in range(5):
        await keep(engine, timelapse, number)
    maker = Maker([FfmpegMemoryError()])
    parts = Parts(engine, maker)
    parts.now = BEGIN + 4 * HOUR
    spec = RenderSpec(Selection((timelapse.id,), last_hours=3))
    job = await parts.service.request(timelapse.id, spec)
    waits = await parts.work_until(job, lambda job: job.attempts == 1)
    assert (waits.state, waits.not_before) == (JobState.QUEUED, parts.now + timedelta(minutes=1))
    parts.now += 48 * HOUR
    done = await parts.work_until(job, is_over)
    assert (done.state, done.attempts, done.error) == (JobState.FINISHED, 1, None)
    # The last hours are those before it was asked for.
    assert [hours(plan) for plan in maker.plans] == [[1, 2, 3, 4]] * 2


async def test_worker_that_lost_its_job_leaves_the_video_of_the_next_one(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, 0)
    slow, quick = Maker(), Maker()
    slow.may_end.clear()
    first, second = Parts(engine, slow), Parts(engine, quick, worker="there")
    job = await first.service.request_render(timelapse.id, VideoSettings())
    running = asyncio.create_task(first.service.run())
    async with asyncio.timeout(20):
        while not slow.plans:
            await asyncio.sleep(0.01)
        # As when it was away for longer than its lease.
        await engine.videos.requeue_running()
        second.now += timedelta(minutes=5)
        assert (await second.work_until(job, is_over)).state is JobState.FINISHED
        slow.may_end.set()
        while not slow.outputs or slow.outputs[0].exists():
            await asyncio.sleep(0.01)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    (video,) = await engine.videos.find_videos()
    assert [*engine.storage.root.rglob("videos/*")] == [engine.storage.resolve(video.path)]


async def test_images_of_a_timelapse_that_is_gone(engine: Engine) -> None:
    timelapse, camera = await engine.timelapse(), await engine.camera()
    other = await engine.timelapses.create_completed(camera.id, "Old", BEGIN, BEGIN)
    await keep(engine, timelapse, 0)
    parts = Parts(engine, Maker())
    job = await parts.service.request(timelapse.id, RenderSpec(Selection((other.id, timelapse.id))))
    await engine.timelapses.delete(other.id, other.started_at)
    done = await parts.work_until(job, is_over)
    assert done.state is JobState.FAILED
    assert "no_such" in (done.error or "")


async def test_spec_that_cannot_be_read_fails_once(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    await keep(engine, timelapse, 0)
    parts = Parts(engine, Maker())
    job = await parts.service.request_render(timelapse.id, VideoSettings())
    await spoil(engine, job.id)
    done = await parts.work_until(job, is_over)
    assert (done.state, done.attempts) == (JobState.FAILED, 0)
    assert "invalid_setting" in (done.error or "")


async def test_job_of_an_older_version_is_rendered(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    for number in range(3):
        await keep(engine, timelapse, number)
    maker = Maker()
    parts = Parts(engine, maker)
    job = await parts.service.request_render(timelapse.id, VideoSettings(7, Quality.LOW))
    await spoil(engine, job.id, None)
    assert (await parts.work_until(job, is_over)).state is JobState.FINISHED
    assert maker.plans[0].fps == 7
    assert maker.plans[0].encoding.quality is Quality.LOW


async def spoil(engine: Engine, job_id: int, spec: Any = "{}") -> None:
    """Store a spec that this version does not write."""
    await engine.database.write(
        lambda connection: connection.execute(
            text("UPDATE render_jobs SET spec = :spec WHERE id = :id"),
            {"spec": spec, "id": job_id},
        )
    )
