"""Capturing: retries inside the tick, limits, and what is recorded and told."""

import asyncio
from datetime import timedelta
from unittest.mock import patch

import pytest

from custom_components.timelapser.engine.capture import service as capture_service
from custom_components.timelapser.engine.capture.service import ImageCaptureService
from custom_components.timelapser.engine.errors import SourceTimeoutError, StorageError
from custom_components.timelapser.engine.models import CameraSource, Frame
from custom_components.timelapser.engine.settings import Level, Settings, resolve
from tests.engine.conftest import BEGIN, ZONE, Engine
from tests.harness import scene

AT_ONCE = Settings().load.concurrent_grabs
SETTINGS = resolve({Level.HUB: {"retries": 3, "retry_delay": 2.0, "timeout": 5}}).settings


class Source(CameraSource):
    """A stream that fails as often as it is told, then answers."""

    heavy = True

    def __init__(self, jpeg: bytes, failures: int = 0) -> None:
        self.jpeg, self.failures, self.grabs = jpeg, failures, 0

    async def grab(self, timeout: float) -> Frame:
        self.grabs += 1
        if self.grabs <= self.failures:
            raise SourceTimeoutError(host="camera", seconds=timeout)
        return Frame(BEGIN + timedelta(seconds=self.grabs), self.jpeg)

    async def close(self) -> None:
        pass


class Clock:
    """Time that passes by sleeping only."""

    def __init__(self) -> None:
        self.now = BEGIN
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    return scene.jpeg(0.5, (320, 240))


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(engine: Engine, clock: Clock) -> ImageCaptureService:
    return ImageCaptureService(
        engine.images, engine.recorder, engine.events.append, lambda: clock.now, clock.sleep
    )


@pytest.mark.parametrize(
    ("failures", "deadline", "slept", "captured"),
    [
        (0, None, [], True),
        (1, None, [2.0], True),
        (3, None, [2.0, 4.0, 8.0], True),
        (4, None, [2.0, 4.0, 8.0], False),
        # The next tick comes before a retry could: that tick is the retry.
        (1, 2, [], False),
        (2, 5, [2.0], False),
        (1, 5, [2.0], True),
    ],
)
async def test_retries(  # noqa: PLR0917
    engine: Engine,
    service: ImageCaptureService,
    clock: Clock,
    jpeg: bytes,
    failures: int,
    deadline: int | None,
    slept: list[float],
    captured: bool,
) -> None:
    timelapse = await engine.timelapse()
    until = BEGIN + timedelta(seconds=deadline) if deadline else None
    capture = service.capture(
        Source(jpeg, failures), timelapse, SETTINGS, ZONE, planned_at=BEGIN, deadline=until
    )
    if captured:
        await capture
    else:
        with pytest.raises(SourceTimeoutError):
            await capture
    assert clock.slept == slept
    assert engine.types() == ["image_captured" if captured else "capture_failed"]
    found = await engine.timelapses.get(timelapse.id)
    assert (found.image_count, found.failed_count) == ((1, 0) if captured else (0, 1))


async def test_corrupted_image_is_quarantined_and_told(
    engine: Engine, service: ImageCaptureService, jpeg: bytes
) -> None:
    timelapse = await engine.timelapse()
    image = await service.capture(
        Source(jpeg[: len(jpeg) // 2]), timelapse, SETTINGS, ZONE, planned_at=BEGIN
    )
    assert image.quarantined
    assert engine.types() == ["image_quarantined"]
    assert await engine.image_rows.latest("cam") is None


async def test_cancelled_capture_leaves_no_file_without_a_row(
    engine: Engine, service: ImageCaptureService, jpeg: bytes
) -> None:
    """Home Assistant stops: a frame that was taken is kept, with its row and its tick."""
    timelapse = await engine.timelapse()
    source = Source(jpeg)
    capture = asyncio.create_task(
        service.capture(source, timelapse, SETTINGS, ZONE, planned_at=BEGIN)
    )
    while not source.grabs:
        await asyncio.sleep(0)
    capture.cancel()
    with pytest.raises(asyncio.CancelledError):
        await capture
    await asyncio.to_thread(engine.pool.shutdown)
    files = [*engine.storage.images_folder(timelapse.folder, quarantined=False).rglob("*.jpg")]
    assert len(files) == (await engine.timelapses.get(timelapse.id)).image_count == 1
    assert engine.types() == ["image_captured"]


async def test_cancelled_capture_does_not_wait_for_ever(
    engine: Engine, service: ImageCaptureService, jpeg: bytes
) -> None:
    timelapse = await engine.timelapse()
    stuck = asyncio.Event()

    async def never(*_args: object) -> None:
        stuck.set()
        await asyncio.Event().wait()

    with (
        patch.object(engine.recorder, "record", never),
        patch.object(capture_service, "KEPT_WITHIN", 0.01),
    ):
        capture = asyncio.create_task(service.capture(Source(jpeg), timelapse, SETTINGS, ZONE))
        await stuck.wait()
        capture.cancel()
        with pytest.raises(asyncio.CancelledError):
            await capture


async def test_dead_cameras_do_not_hold_up_others(
    service: ImageCaptureService, engine: Engine, jpeg: bytes
) -> None:
    """At most four grabs at once; the fifth goes as soon as one of them ends."""
    gate = asyncio.Event()
    running = 0
    most = 0

    class Slow(Source):
        async def grab(self, timeout: float) -> Frame:
            nonlocal running, most
            running += 1
            most = max(most, running)
            await gate.wait()
            running -= 1
            return await super().grab(timeout)

    grabs = [asyncio.create_task(service.grab(Slow(jpeg), 5)) for _ in range(9)]
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert running == AT_ONCE
    gate.set()
    await asyncio.gather(*grabs)
    assert most == AT_ONCE


async def test_streams_that_hang_do_not_hold_up_still_images(
    service: ImageCaptureService, jpeg: bytes
) -> None:
    class Hanging(Source):
        async def grab(self, timeout: float) -> Frame:
            return await asyncio.get_running_loop().create_future()

    class Still(Source):
        heavy = False

    hanging = [asyncio.create_task(service.grab(Hanging(jpeg), 5)) for _ in range(AT_ONCE + 2)]
    await asyncio.sleep(0)
    async with asyncio.timeout(2):
        assert (await service.grab(Still(jpeg), 5)).data == jpeg
    for grab in hanging:
        grab.cancel()
    await asyncio.gather(*hanging, return_exceptions=True)


async def test_a_slot_is_free_while_a_camera_waits_to_retry(engine: Engine, jpeg: bytes) -> None:
    waiting: list[asyncio.Future[None]] = []

    async def sleep(_seconds: float) -> None:
        waiting.append(asyncio.get_running_loop().create_future())
        await waiting[-1]

    service = ImageCaptureService(
        engine.images, engine.recorder, engine.events.append, lambda: BEGIN, sleep
    )
    timelapses = [await engine.timelapse(f"cam{number}") for number in range(AT_ONCE)]
    broken = [
        asyncio.create_task(service.capture(Source(jpeg, 1), timelapse, SETTINGS, ZONE))
        for timelapse in timelapses
    ]
    while len(waiting) < AT_ONCE:
        await asyncio.sleep(0)
    frame = await service.grab(Source(jpeg), 5)
    assert frame.data == jpeg
    for future in waiting:
        future.set_result(None)
    await asyncio.gather(*broken)


async def test_image_that_cannot_be_kept_is_a_miss(
    engine: Engine, service: ImageCaptureService, jpeg: bytes
) -> None:
    """A full disk shows: in the ticks, in the health, and as an event."""
    timelapse = await engine.timelapse()
    engine.storage.root.mkdir(parents=True, exist_ok=True)
    (engine.storage.root / timelapse.folder.split("/")[0]).write_text("in the way")
    with pytest.raises(StorageError):
        await service.capture(Source(jpeg), timelapse, SETTINGS, ZONE, planned_at=BEGIN)
    assert engine.types() == ["capture_failed"]
    assert (await engine.timelapses.get(timelapse.id)).failed_count == 1
    assert (await engine.cameras.get("cam")).last_error == "storage_not_writable"


@pytest.mark.parametrize(("deadline", "slept"), [(None, [5.0]), (60, [5.0]), (4, [2.0]), (0.5, [])])
async def test_second_look_leaves_time_for_the_next_tick(  # noqa: PLR0917
    service: ImageCaptureService,
    engine: Engine,
    clock: Clock,
    jpeg: bytes,
    deadline: float | None,
    slept: list[float],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(capture_service, "SECOND_LOOK", 5.0)
    timelapse = await engine.timelapse()
    until = BEGIN + timedelta(seconds=deadline) if deadline else None
    source = Source(jpeg[: len(jpeg) // 2])
    image = await service.capture(
        source, timelapse, SETTINGS, ZONE, planned_at=BEGIN, deadline=until
    )
    assert image.quarantined
    assert (clock.slept, source.grabs) == (slept, 1 + len(slept))
