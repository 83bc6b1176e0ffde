"""Taking frames: limited concurrency, retries with back-off, and the record of what came of it."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import replace
from datetime import datetime, tzinfo
import logging
from typing import Any

from ..errors import (
    InvalidAuthError,
    SourceClosedError,
    SourceError,
    TimelapserError,
)
from ..events import CaptureFailed, ImageCaptured, ImageQuarantined, Publish
from ..images.recorder import Recorder
from ..images.service import ImageService, Shelf
from ..models import (
    CameraSource,
    Context,
    Frame,
    Image,
    NewImage,
    SkipReason,
    Tick,
    TickOutcome,
    Timelapse,
)
from ..models.tick import UNEXPECTED
from ..settings import CaptureSettings, Settings
from .slots import Slots

_LOGGER = logging.getLogger(__name__)

MAX_GRABS = 16
"""Grabs at once, over all cameras, at the most that settings allow."""
LIGHT = 8
"""So many times as many still images may be fetched at once: streams must not hold them up."""
SECOND_LOOK = 5.0
"""Seconds until a suspect image is taken again; sources never give the same keyframe twice."""
LEAST_LEFT = 1.0
"""Seconds until the next tick that a second look needs."""
KEPT_WITHIN = 5.0
"""Seconds that a capture which is cancelled has to keep the frame that it took."""


def no_context(_moment: datetime) -> Context:
    """Note nothing with an image."""
    return Context()


class ImageCaptureService:
    """Takes a camera's frame, has it judged and kept, and tells."""

    def __init__(
        self,
        images: ImageService,
        recorder: Recorder,
        publish: Publish,
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._images = images
        self._recorder = recorder
        self._publish = publish
        self._now = now
        self._sleep = sleep
        usual = Settings().load.concurrent_grabs
        self._heavy, self._light = Slots(usual), Slots(usual * LIGHT)

    async def capture(
        self,
        source: CameraSource,
        timelapse: Timelapse,
        settings: Settings,
        zone: tzinfo,
        *,
        planned_at: datetime | None = None,
        deadline: datetime | None = None,
        note: Callable[[datetime], Context] = no_context,
        degraded: bool = False,
    ) -> Image:
        """Take, judge and record one image; `note` says what is noted with it.

        One that looks bad is taken once more, unless the camera is `degraded`: damage goes away,
        scenes stay.

        Raises SourceError when no attempt gave a frame, StorageError when it cannot be kept.

        `planned_at` is the tick that asked for it, if one did; no retry begins that could not
        wait its delay before `deadline`, usually the next tick.
        """
        try:
            frame = await self._grab(source, timelapse, settings.capture, deadline)
            shelf = Shelf(timelapse, zone, note(frame.captured_at), degraded)
            if degraded or not settings.corruption.retry:
                keep = self._images.keep_shelved(frame, shelf, settings)
            else:
                again = self._again(source, settings.capture, deadline)
                keep = self._keep_better(frame, shelf, settings, again)
            return await self._to_the_end(self._record(keep, timelapse, zone, planned_at))
        except Exception as error:
            code = error.code if isinstance(error, TimelapserError) else UNEXPECTED
            moment = planned_at or self._now()
            miss = _tick(timelapse, moment, zone, TickOutcome.FAILED, code)
            if planned_at is None:
                miss = replace(miss, count=0)
            await self._recorder.record_miss(miss)
            self._publish(CaptureFailed(timelapse.camera_id, timelapse.id, code))
            raise

    async def keep(
        self,
        frame: Frame,
        timelapse: Timelapse,
        settings: Settings,
        zone: tzinfo,
        *,
        note: Callable[[datetime], Context] = no_context,
        planned_at: datetime | None = None,
    ) -> Image:
        """Judge and record a frame that was taken; raise StorageError when it cannot be kept."""
        shelf = Shelf(timelapse, zone, note(frame.captured_at))
        keep = self._images.keep_shelved(frame, shelf, settings)
        return await self._to_the_end(self._record(keep, timelapse, zone, planned_at))

    async def skip(
        self, timelapse: Timelapse, planned_at: datetime, zone: tzinfo, reason: SkipReason
    ) -> None:
        """Record a tick for which no capture is tried."""
        _LOGGER.debug("Camera %s: tick skipped, %s", timelapse.camera_id, reason)
        tick = _tick(timelapse, planned_at, zone, TickOutcome.SKIPPED, reason)
        await self._recorder.record_miss(tick)

    def allow(self, grabs: int) -> None:
        """Set how many grabs of streams may run at once, over all cameras."""
        self._heavy.allow(grabs)
        self._light.allow(grabs * LIGHT)

    async def grab(self, source: CameraSource, timeout: float) -> Frame:
        """Take one frame in a single attempt, within the limit on grabs at once."""
        async with self._heavy if source.heavy else self._light:
            return await source.grab(timeout)

    async def _to_the_end(self, keep: Coroutine[Any, Any, Image]) -> Image:
        """Await, though cancelled: no thread can be told to stop writing a file.

        Without this, its row and its tick would be missing until the next start.
        """
        keeping = asyncio.create_task(keep)
        try:
            # Waiting, unlike awaiting, does not pass a cancellation on.
            await asyncio.wait([keeping])
        except asyncio.CancelledError:
            await asyncio.wait([keeping], timeout=KEPT_WITHIN)
            keeping.cancel()
            await asyncio.gather(keeping, return_exceptions=True)
            raise
        return keeping.result()

    async def _keep_better(
        self,
        frame: Frame,
        shelf: Shelf,
        settings: Settings,
        again: Callable[[], Awaitable[Frame | None]],
    ) -> NewImage:
        found = await self._images.keep_unless_suspect(frame, shelf, settings)
        if isinstance(found, NewImage):
            return found
        _LOGGER.debug("Camera %s: an image looks bad", shelf.timelapse.camera_id)
        return await self._images.keep_better(found, await again(), shelf, settings)

    def _again(
        self, source: CameraSource, settings: CaptureSettings, deadline: datetime | None
    ) -> Callable[[], Awaitable[Frame | None]]:
        """Answer what takes another frame a little later, if there is time and one comes."""

        async def again() -> Frame | None:
            wait = SECOND_LOOK
            if deadline is not None:
                left = (deadline - self._now()).total_seconds()
                if left < LEAST_LEFT:
                    return None
                wait = min(wait, left / 2)
            await self._sleep(wait)
            try:
                return await self.grab(source, settings.timeout)
            except SourceError:
                return None

        return again

    async def _record(
        self,
        keep: Awaitable[NewImage],
        timelapse: Timelapse,
        zone: tzinfo,
        planned_at: datetime | None,
    ) -> Image:
        new = await keep
        outcome = TickOutcome.QUARANTINED if new.quarantined else TickOutcome.CAPTURED
        tick = _tick(timelapse, planned_at, zone, outcome) if planned_at else None
        image = await self._recorder.record(timelapse, new, tick)
        event = ImageQuarantined if image.quarantined else ImageCaptured
        self._publish(event(timelapse.camera_id, image))
        return image

    async def _grab(
        self,
        source: CameraSource,
        timelapse: Timelapse,
        settings: CaptureSettings,
        deadline: datetime | None,
    ) -> Frame:
        delay = settings.retry_delay
        for retries_left in range(settings.retries, -1, -1):
            try:
                return await self.grab(source, settings.timeout)
            except SourceError as error:
                # A wrong password does not become right, and cameras lock accounts for it.
                hopeless = isinstance(error, InvalidAuthError | SourceClosedError)
                if hopeless or not retries_left or self._too_late(delay, deadline):
                    raise
                _LOGGER.debug(
                    "Camera %s: %s, trying again in %s s", timelapse.camera_id, error, delay
                )
            # The slot of this grab is free meanwhile, so that other cameras need not wait.
            await self._sleep(delay)
            delay *= 2
        raise AssertionError("the last attempt answers or raises")

    def _too_late(self, delay: float, deadline: datetime | None) -> bool:
        return deadline is not None and (deadline - self._now()).total_seconds() <= delay


def _tick(
    timelapse: Timelapse,
    planned_at: datetime,
    zone: tzinfo,
    outcome: TickOutcome,
    reason: str | None = None,
) -> Tick:
    day = planned_at.astimezone(zone).date()
    return Tick(timelapse.camera_id, timelapse.id, planned_at, day, outcome, reason)
