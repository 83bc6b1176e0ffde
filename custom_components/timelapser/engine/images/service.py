"""Keeping images: measured, judged and written in one go off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from functools import partial
from pathlib import Path

from ..corruption.frozen import FrozenWatch
from ..corruption.service import Assessment, CorruptionService, Verdict
from ..errors import StorageError
from ..models import (
    Context,
    Frame,
    Image,
    Judgement,
    NewImage,
    Replaced,
    ThumbnailMode,
    Timelapse,
)
from ..settings import Settings
from .copies import Copies
from .files import Storage, ThumbSize, write_atomically
from .ingest import Ingested, ingest
from .inventory import Place
from .transforms import transform


class ImageSize(StrEnum):
    """The sizes in which an image can be had."""

    FULL = "full"
    SMALL = "small"
    THUMB = "thumb"


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where an image goes, and what is noted with it; of a degraded camera, less is looked at."""

    timelapse: Timelapse
    zone: tzinfo
    context: Context
    degraded: bool = False


@dataclass(frozen=True, slots=True)
class Assessed:
    """An image that was judged, but not written yet."""

    captured_at: datetime
    ingested: Ingested
    assessment: Assessment
    thumbnails: ThumbnailMode


class ImageService:
    """Writes images and finds them again."""

    def __init__(self, storage: Storage, corruption: CorruptionService, executor: Executor) -> None:
        self._storage = storage
        self._copies = Copies(storage)
        self._corruption = corruption
        self._executor = executor
        self._frozen: dict[str, FrozenWatch] = {}

    async def keep(
        self,
        frame: Frame,
        timelapse: Timelapse,
        settings: Settings,
        zone: tzinfo,
        context: Context | None = None,
    ) -> NewImage:
        """Judge a frame and write it where it belongs; raise StorageError when that fails."""
        return await self.keep_shelved(
            frame, Shelf(timelapse, zone, context or Context()), settings
        )

    async def keep_shelved(self, frame: Frame, shelf: Shelf, settings: Settings) -> NewImage:
        """The same, where more is known of where it goes."""
        return await self._run(lambda: self._write(self._assess(frame, shelf, settings), shelf))

    async def keep_unless_suspect(
        self, frame: Frame, shelf: Shelf, settings: Settings
    ) -> NewImage | Assessed:
        """Judge a frame and write it; one that looks bad is answered instead, not written."""

        def work() -> NewImage | Assessed:
            assessed = self._assess(frame, shelf, settings)
            suspect = assessed.assessment.verdict.suspect
            return assessed if suspect else self._write(assessed, shelf)

        return await self._run(work)

    async def keep_better(
        self, first: Assessed, second: Frame | None, shelf: Shelf, settings: Settings
    ) -> NewImage:
        """Write the better one of a suspect image and another one taken since, if there is one."""

        def work() -> NewImage:
            if second is None:
                return self._write(first, shelf)
            other = self._assess(second, shelf, settings)
            if other.ingested.jpeg == first.ingested.jpeg:
                # The same picture again says nothing: web cameras renew theirs now and then.
                return self._write(first, shelf)
            chosen = self._corruption.choose(first.assessment, other.assessment)
            if chosen is first.assessment:
                return self._write(first, shelf)
            gone = Replaced(first.captured_at, first.assessment.verdict.judgement)
            return self._write(replace(other, assessment=chosen), shelf, (gone,))

        return await self._run(work)

    async def examine(
        self, frame: Frame, settings: Settings, camera_id: str = ""
    ) -> tuple[Ingested, Judgement]:
        """Measure and judge a frame without keeping it, against the camera's history if named."""

        def work() -> tuple[Ingested, Judgement]:
            ingested = self._ingest(frame, settings)
            assessment = self._corruption.assess(
                camera_id, ingested.picture, ingested.origin, settings.corruption, heavy=True
            )
            return ingested, assessment.verdict.judgement

        return await self._run(work)

    async def keep_import(
        self,
        ingested: Ingested,
        judgement: Judgement,
        captured_at: datetime,
        shelf: Shelf,
        settings: Settings,
    ) -> NewImage:
        """Write a picture from elsewhere; a bad one is flagged: people chose to import it."""
        rules = settings.corruption
        flagged = rules.enabled and judgement.score < rules.flag_below
        verdict = Verdict(judgement, quarantined=False, flagged=flagged)
        folder, mode = shelf.timelapse.folder, settings.thumbnails.mode.of_others

        def work() -> NewImage:
            moment = self._free_moment(folder, captured_at)
            self._write_files(folder, moment, ingested, False, mode)
            new = _new_image(shelf.timelapse, moment, shelf.zone, ingested, verdict)
            return replace(new, context=shelf.context, imported=True)

        return await self._run(work)

    async def path(self, image: Image, size: ImageSize) -> Path | None:
        """Answer an image's file, or the next larger one where a small one is missing."""
        return await self._run(partial(self._path, image, size))

    async def adopt(
        self,
        timelapse: Timelapse,
        place: Place,
        settings: Settings,
        zone: tzinfo,
    ) -> NewImage:
        """Judge a file that has no row anew; where it cannot be read, move it to the quarantine.

        It is what a crash between the file's rename and the row's commit leaves behind. Raises
        StorageError when it cannot be read from the disk.
        """
        return await self._run(partial(self._adopt, timelapse, place, settings, zone))

    async def move(self, folder: str, captured_at: datetime, *, to_quarantine: bool) -> None:
        """Move an image's file into the quarantine, or out of it; raise StorageError."""
        await self._run(partial(self._move, folder, captured_at, to_quarantine))

    def frozen_watch(self, camera_id: str) -> FrozenWatch:
        """Answer what watches whether a camera's picture changes."""
        return self._frozen.setdefault(camera_id, FrozenWatch())

    def _ingest(self, frame: Frame, settings: Settings) -> Ingested:
        quality = settings.capture.jpeg_quality
        return ingest(transform(frame, settings.picture, quality), quality)

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _assess(self, frame: Frame, shelf: Shelf, settings: Settings) -> Assessed:
        ingested = self._ingest(frame, settings)
        assessment = self._corruption.assess(
            shelf.timelapse.camera_id,
            ingested.picture,
            ingested.origin,
            settings.corruption,
            heavy=not shelf.degraded,
        )
        return Assessed(frame.captured_at, ingested, assessment, settings.thumbnails.mode)

    def _write(
        self, assessed: Assessed, shelf: Shelf, replaced: tuple[Replaced, ...] = ()
    ) -> NewImage:
        timelapse, ingested = shelf.timelapse, assessed.ingested
        verdict = self._corruption.settle(timelapse.camera_id, assessed.assessment)
        captured_at = self._free_moment(timelapse.folder, assessed.captured_at)
        mode = assessed.thumbnails.of_others if verdict.quarantined else assessed.thumbnails
        self._write_files(timelapse.folder, captured_at, ingested, verdict.quarantined, mode)
        if ingested.signature is not None:
            self.frozen_watch(timelapse.camera_id).see(ingested.signature, captured_at)
        new = _new_image(timelapse, captured_at, shelf.zone, ingested, verdict)
        return replace(new, context=shelf.context, replaced=replaced)

    def _adopt(
        self, timelapse: Timelapse, place: Place, settings: Settings, zone: tzinfo
    ) -> NewImage:
        path = self._storage.image_path(timelapse.folder, place.captured_at, place.quarantined)
        try:
            frame = Frame(place.captured_at, path.read_bytes())
        except OSError as error:
            raise StorageError(folder=str(path.parent)) from error
        ingested = ingest(frame, settings.capture.jpeg_quality)
        # By itself: the camera's history is of another time.
        judged = self._corruption.assess(
            "", ingested.picture, ingested.origin, settings.corruption, heavy=True
        ).verdict
        quarantined = place.quarantined or not ingested.origin.readable
        if quarantined and not place.quarantined:
            self._move(timelapse.folder, place.captured_at, True)
        mode = settings.thumbnails.mode.of_others
        self._write_thumbs(timelapse.folder, place.captured_at, ingested, mode)
        verdict = Verdict(judged.judgement, quarantined, judged.flagged)
        return _new_image(timelapse, place.captured_at, zone, ingested, verdict)

    def _move(self, folder: str, captured_at: datetime, to_quarantine: bool) -> None:
        source, target = (
            self._storage.image_path(folder, captured_at, quarantined)
            for quarantined in (not to_quarantine, to_quarantine)
        )
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            source.rename(target)
        except OSError as error:
            raise StorageError(folder=str(target.parent)) from error

    def _free_moment(self, folder: str, captured_at: datetime) -> datetime:
        """Answer the moment in whole milliseconds, moved on where a file has it already."""
        moment = captured_at.replace(microsecond=captured_at.microsecond // 1000 * 1000)
        while any(
            self._storage.image_path(folder, moment, quarantined).exists()
            for quarantined in (False, True)
        ):
            moment += timedelta(milliseconds=1)
        return moment

    def _write_files(
        self,
        folder: str,
        captured_at: datetime,
        ingested: Ingested,
        quarantined: bool,
        mode: ThumbnailMode,
    ) -> None:
        path = self._storage.image_path(folder, captured_at, quarantined)
        write_atomically(path, ingested.jpeg, sync=True)
        # Copies can be made later: a disk that is just full now costs nobody the image.
        with suppress(StorageError):
            self._write_thumbs(folder, captured_at, ingested, mode)

    def _write_thumbs(
        self, folder: str, captured_at: datetime, ingested: Ingested, mode: ThumbnailMode
    ) -> None:
        copies = {ThumbSize.SMALL: ingested.small, ThumbSize.THUMB: ingested.thumb}
        self._copies.keep(folder, captured_at, copies, mode)

    def _path(self, image: Image, size: ImageSize) -> Path | None:
        smaller = {
            ImageSize.THUMB: (ThumbSize.THUMB, ThumbSize.SMALL),
            ImageSize.SMALL: (ThumbSize.SMALL,),
            ImageSize.FULL: (),
        }
        copies = (self._copies.find(image, kind) for kind in smaller[size])
        return next(filter(None, copies), None) or self._copies.full(image)


def _new_image(
    timelapse: Timelapse,
    captured_at: datetime,
    zone: tzinfo,
    ingested: Ingested,
    verdict: Verdict,
) -> NewImage:
    return NewImage(
        camera_id=timelapse.camera_id,
        timelapse_id=timelapse.id,
        captured_at=captured_at,
        local_day=captured_at.astimezone(zone).date(),
        width=ingested.width,
        height=ingested.height,
        byte_count=len(ingested.jpeg),
        judgement=verdict.judgement,
        quarantined=verdict.quarantined,
        flagged=verdict.flagged,
        luma=ingested.luma,
        phash=ingested.phash,
        content_hash=ingested.content_hash,
    )
