"""Judging the images of a timelapse again, with the model and the settings there are now."""

import asyncio
from concurrent.futures import Executor
from dataclasses import dataclass, field
import logging
from typing import Final

from ..database.image_operations import ImageOperations
from ..database.verify_operations import VerifyOperations
from ..images.files import Storage
from ..images.ingest import ingest
from ..images.service import ImageService
from ..models import Frame, Image, Timelapse
from ..settings import Settings
from .service import CorruptionService, Verdict

_LOGGER = logging.getLogger(__name__)

PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Change:
    """An image whose verdict is another one now."""

    image: Image
    verdict: Verdict


@dataclass(slots=True)
class Rejudged:
    """What came of it: all that were judged, and those that changed."""

    judged: int = 0
    unreadable: int = 0
    changes: list[Change] = field(default_factory=list)


class RejudgeService:
    """Goes through the images in their order, as captures would have; one at a time."""

    def __init__(
        self,
        rows: ImageOperations,
        counters: VerifyOperations,
        images: ImageService,
        storage: Storage,
        executor: Executor,
    ) -> None:
        self._rows = rows
        self._counters = counters
        self._images = images
        self._storage = storage
        self._executor = executor
        self._running = asyncio.Lock()

    async def rejudge(self, timelapse: Timelapse, settings: Settings, *, apply: bool) -> Rejudged:
        """Judge all images again; change rows and files only when `apply` says so."""
        async with self._running:
            found = await self._judge(timelapse, settings)
            if apply and found.changes:
                await self._apply(timelapse, found)
        return found

    async def _judge(self, timelapse: Timelapse, settings: Settings) -> Rejudged:
        found, judge = Rejudged(), CorruptionService()
        loop = asyncio.get_running_loop()
        for image in await self._all(timelapse):
            verdict = await loop.run_in_executor(
                self._executor, self._verdict, judge, image, settings
            )
            if verdict is None:
                found.unreadable += 1
                continue
            found.judged += 1
            if _differs(image, verdict):
                found.changes.append(Change(image, verdict))
        return found

    async def _all(self, timelapse: Timelapse) -> list[Image]:
        images: list[Image] = []
        page = await self._rows.find(timelapse_id=timelapse.id, quarantined=None, limit=PAGE)
        while page:
            images += page
            before = page[-1].captured_at
            page = await self._rows.find(
                timelapse_id=timelapse.id, quarantined=None, before=before, limit=PAGE
            )
        return images[::-1]

    def _verdict(
        self, judge: CorruptionService, image: Image, settings: Settings
    ) -> Verdict | None:
        path = self._storage.image_path(image.folder, image.captured_at, image.quarantined)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        ingested = ingest(Frame(image.captured_at, content), settings.capture.jpeg_quality)
        assessment = judge.assess(
            image.camera_id, ingested.picture, ingested.origin, settings.corruption, heavy=True
        )
        return judge.settle(image.camera_id, assessment)

    async def _apply(self, timelapse: Timelapse, found: Rejudged) -> None:
        for change in found.changes:
            image, verdict = change.image, change.verdict
            if image.quarantined is not verdict.quarantined:
                await self._images.move(
                    image.folder, image.captured_at, to_quarantine=verdict.quarantined
                )
            # After the move: a crash in between is set right by what the row says.
            await self._rows.judge_again(
                image.id,
                verdict.judgement,
                quarantined=verdict.quarantined,
                flagged=verdict.flagged,
            )
        await self._counters.verify(repair=True, timelapse=timelapse)
        _LOGGER.info(
            "Timelapse %s: %s of %s images are judged otherwise now",
            timelapse.id,
            len(found.changes),
            found.judged,
        )


def _differs(image: Image, verdict: Verdict) -> bool:
    return (image.score, image.quarantined, image.flagged) != (
        verdict.judgement.score,
        verdict.quarantined,
        verdict.flagged,
    )
