"""Keeping images: measured, judged and written in one go off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import replace
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from functools import partial
from pathlib import Path

from ..corruption.frozen import FrozenWatch
from ..corruption.service import CorruptionService, Verdict
from ..errors import StorageError
from ..models import Context, Frame, Image, Judgement, NewImage, Timelapse
from ..settings import Settings
from .files import Storage, ThumbSize, write_atomically
from .ingest import Ingested, ingest
from .inventory import Place
from .transforms import transform


class ImageSize(StrEnum):
    """The sizes in which an image can be had."""

    FULL = "full"
    SMALL = "small"
    THUMB = "thumb"


class ImageService:
    """Writes images and finds them again."""

    def __init__(self, storage: Storage, corruption: CorruptionService, executor: Executor) -> None:
        self._storage = storage
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
        return await self._run(
            partial(self._keep, frame, timelapse, settings, zone, context or Context())
        )

    async def examine(self, frame: Frame, settings: Settings) -> tuple[Ingested, Judgement]:
        """Measure and judge a frame without keeping it."""

        def work() -> tuple[Ingested, Judgement]:
            ingested = self._ingest(frame, settings)
            verdict = self._corruption.judge(ingested.metrics, settings.corruption)
            return ingested, verdict.judgement

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

    def _keep(
        self,
        frame: Frame,
        timelapse: Timelapse,
        settings: Settings,
        zone: tzinfo,
        context: Context,
    ) -> NewImage:
        ingested = self._ingest(frame, settings)
        verdict = self._corruption.judge(ingested.metrics, settings.corruption)
        captured_at = self._free_moment(timelapse.folder, frame.captured_at)
        self._write_thumbs(timelapse.folder, captured_at, ingested)
        path = self._storage.image_path(timelapse.folder, captured_at, verdict.quarantined)
        write_atomically(path, ingested.jpeg, sync=True)
        if ingested.signature is not None:
            self.frozen_watch(timelapse.camera_id).see(ingested.signature, captured_at)
        return replace(_new_image(timelapse, captured_at, zone, ingested, verdict), context=context)

    def _adopt(
        self, timelapse: Timelapse, place: Place, settings: Settings, zone: tzinfo
    ) -> NewImage:
        path = self._storage.image_path(timelapse.folder, place.captured_at, place.quarantined)
        try:
            frame = Frame(place.captured_at, path.read_bytes())
        except OSError as error:
            raise StorageError(folder=str(path.parent)) from error
        ingested = ingest(frame, settings.capture.jpeg_quality)
        judged = self._corruption.judge(ingested.metrics, settings.corruption)
        quarantined = place.quarantined or not ingested.metrics.readable
        if quarantined and not place.quarantined:
            self._move(timelapse.folder, place.captured_at, True)
        self._write_thumbs(timelapse.folder, place.captured_at, ingested)
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

    def _write_thumbs(self, folder: str, captured_at: datetime, ingested: Ingested) -> None:
        for size, jpeg in (
            (ThumbSize.SMALL, ingested.small),
            (ThumbSize.THUMB, ingested.thumb),
        ):
            if jpeg is not None:
                path = self._storage.thumb_path(folder, captured_at, size)
                write_atomically(path, jpeg, sync=False)

    def _path(self, image: Image, size: ImageSize) -> Path | None:
        small, thumb = (
            self._storage.thumb_path(image.folder, image.captured_at, kind)
            for kind in (ThumbSize.SMALL, ThumbSize.THUMB)
        )
        full = self._storage.image_path(image.folder, image.captured_at, image.quarantined)
        cascade = {
            ImageSize.THUMB: (thumb, small, full),
            ImageSize.SMALL: (small, full),
            ImageSize.FULL: (full,),
        }
        return next((path for path in cascade[size] if path.is_file()), None)


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
    )
