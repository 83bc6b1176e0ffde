"""Encodes what videos will need, while nothing else is to be rendered."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
import logging
from typing import Final, Protocol

from ..database.timelapse_operations import TimelapseOperations
from ..errors import TimelapserError
from ..models import RenderSpec, Selection, Timelapse, TimelapseState
from ..models.render import RenderPlan
from ..settings import Settings
from .planner import Planner

_LOGGER = logging.getLogger(__name__)

LOOK_EVERY: Final = 600.0
"""Seconds between two looks: a chunk of 100 images is rarely full sooner."""
ASK_EVERY: Final = 1.0
"""Seconds between two questions whether somebody wants a video meanwhile."""


class Ahead(Protocol):
    """What encodes the full chunks of a plan."""

    async def encode_ahead(self, plan: RenderPlan) -> int:
        """Answer how many frames were encoded."""


class EncodeAhead:
    """Goes through the unfinished timelapses again and again; any render goes first."""

    def __init__(
        self,
        *,
        timelapses: TimelapseOperations,
        planner: Planner,
        renderer: Ahead,
        settings: Callable[[Timelapse], Settings],
        is_wanted: Callable[[], bool],
        is_busy: Callable[[], bool],
        now: Callable[[], datetime],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._timelapses = timelapses
        self._planner = planner
        self._renderer = renderer
        self._settings = settings
        self._is_wanted = is_wanted
        self._is_busy = is_busy
        self._now = now
        self._sleep = sleep
        self._seen: dict[int, int | None] = {}

    async def run(self) -> None:
        """Work until cancelled; what fails is tried again with the next images."""
        while True:
            await self._sleep(LOOK_EVERY)
            try:
                await self.look()
            except TimelapserError as error:
                _LOGGER.debug("Nothing is encoded ahead for now: %s", error)

    async def look(self) -> int:
        """Encode what is new in each timelapse; answer how many frames."""
        frames = 0
        for timelapse in await self._timelapses.find():
            if not self._is_wanted() or self._is_busy():
                break
            if timelapse.state is TimelapseState.COMPLETED or not self._is_new(timelapse):
                continue
            try:
                frames += await self._encode(timelapse)
            except TimelapserError as error:
                _LOGGER.debug("Timelapse %s is not encoded ahead: %s", timelapse.id, error)
        return frames

    def _is_new(self, timelapse: Timelapse) -> bool:
        before = self._seen.get(timelapse.id)
        self._seen[timelapse.id] = timelapse.last_image_id
        return timelapse.last_image_id is not None and timelapse.last_image_id != before

    async def _encode(self, timelapse: Timelapse) -> int:
        settings = self._settings(timelapse).video
        if settings.target_duration:
            # How long each image is shown changes with every image: nothing would be used again.
            return 0
        spec = RenderSpec.of(Selection(timelapse_ids=(timelapse.id,)), settings)
        planned = await self._planner.plan(timelapse.id, spec, self._now())
        encoding = asyncio.create_task(self._renderer.encode_ahead(planned.plan))
        try:
            while not encoding.done():
                await asyncio.wait([encoding], timeout=ASK_EVERY)
                if self._is_busy():
                    # The next look goes on from the segments that are finished.
                    self._seen.pop(timelapse.id, None)
                    break
        finally:
            encoding.cancel()
            with suppress(asyncio.CancelledError, TimelapserError):
                await encoding
        return 0 if encoding.cancelled() or encoding.exception() else encoding.result()
