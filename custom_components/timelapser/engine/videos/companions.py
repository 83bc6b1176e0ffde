"""Finds the images that stand beside those of a video."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, tzinfo
from typing import Final

from ..database.camera_operations import CameraOperations
from ..database.selection_operations import SelectionOperations
from ..errors import InvalidSettingError
from ..models import RenderSpec, Selection
from ..models.render import RenderImage, Shot
from ..models.selection import Candidate
from .grid import Column, at_once, leading_images, side_by_side, with_columns

AROUND: Final = timedelta(days=1)
"""How far beyond the leading images others are looked for."""


class Companions:
    """Puts images of other cameras, or of another range of dates, beside those of a video."""

    def __init__(
        self,
        selections: SelectionOperations,
        cameras: CameraOperations,
        zone: Callable[[], tzinfo],
    ) -> None:
        self._selections = selections
        self._cameras = cameras
        self._zone = zone

    async def beside(
        self, camera_id: str, spec: RenderSpec, shots: tuple[Shot, ...], now: datetime
    ) -> tuple[Shot, ...]:
        """Answer the shots with mosaics where something is asked to stand beside their images.

        Raises NotFoundError for cameras that there are not, and InvalidSettingError.
        """
        images = leading_images(shots)
        if spec.beside.start is not None:
            return with_columns(shots, [await self._compared(camera_id, spec, images, now)])
        for other in spec.beside.cameras:
            await self._check(other, camera_id)
        columns = [await self._at_once(other, images) for other in spec.beside.cameras]
        return with_columns(shots, columns)

    async def _check(self, other: str, camera_id: str) -> None:
        if other == camera_id:
            raise InvalidSettingError(
                setting="grid_with", value=other, expected="other cameras than the first"
            )
        await self._cameras.get(other)

    async def _at_once(self, other: str, images: list[RenderImage]) -> Column:
        start, end = images[0].captured_at - AROUND, images[-1].captured_at + AROUND
        return await self._read(other, start, end, lambda found: at_once(images, found))

    async def _compared(
        self, camera_id: str, spec: RenderSpec, images: list[RenderImage], now: datetime
    ) -> Column:
        zone = self._zone()
        first = spec.selection.range(zone, now)[0] or images[0].captured_at
        start, end = spec.beside.range(zone, now)
        if end is None:
            end = start + (images[-1].captured_at - first) + AROUND
        firsts = first.astimezone(zone).date(), start.astimezone(zone).date()

        def work(found: list[RenderImage]) -> Column:
            if not found:
                raise InvalidSettingError(
                    setting="compare_from", value=str(spec.beside.start), expected="with images"
                )
            return side_by_side(images, found, firsts, zone)

        return await self._read(camera_id, start, end, work)

    async def _read(
        self,
        camera_id: str,
        start: datetime,
        end: datetime,
        work: Callable[[list[RenderImage]], Column],
    ) -> Column:
        def read(rows: Iterator[Candidate]) -> Column:
            return work([render_image(row) for row in rows])

        return await self._selections.read(camera_id, Selection(), start, end, read)


def render_image(row: Candidate) -> RenderImage:
    """Answer what a render has to know of an image."""
    return RenderImage(
        row.id,
        row.timelapse_id,
        row.folder,
        row.seq,
        row.captured_at,
        row.width,
        row.height,
        row.byte_count,
        row.content_hash,
        row.luma,
    )
