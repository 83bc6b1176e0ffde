"""The images in the range of a selection, one after the other."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from ..models.selection import Candidate, Selection
from .database import Database
from .tables import images, timelapses

AT_A_TIME: Final = 2000

_IMAGE: Final = images.c
_COLUMNS: Final = (
    *(_IMAGE.id, _IMAGE.timelapse_id, timelapses.c.folder, _IMAGE.seq, _IMAGE.captured_at),
    *(_IMAGE.width, _IMAGE.height, _IMAGE.byte_count, _IMAGE.content_hash, _IMAGE.luma),
    *(_IMAGE.score, _IMAGE.phash, _IMAGE.sun_elevation, _IMAGE.sun_azimuth),
)


class SelectionOperations:
    """Reads what a selection is made of."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def read[T](
        self,
        camera_id: str,
        selection: Selection,
        start: datetime | None,
        end: datetime | None,
        work: Callable[[Iterator[Candidate]], T],
    ) -> T:
        """Answer what `work` makes, in a reader's thread, of the images in the order of capture.

        Those are what the camera kept from `start` to before `end`, and has.
        """
        query = _query(camera_id, selection, start, end)

        def read(connection: Connection) -> T:
            rows = connection.execute(query, execution_options={"yield_per": AT_A_TIME})
            return work(Candidate._make(row) for row in rows)

        return await self._database.read(read)


def _query(
    camera_id: str, selection: Selection, start: datetime | None, end: datetime | None
) -> Select[Any]:
    query = (
        select(*_COLUMNS)
        .join(timelapses, timelapses.c.id == _IMAGE.timelapse_id)
        .where(
            _IMAGE.camera_id == camera_id,
            _IMAGE.quarantined.is_(False),
            _IMAGE.missing.is_(False),
        )
    )
    if selection.timelapse_ids:
        query = query.where(_IMAGE.timelapse_id.in_(selection.timelapse_ids))
    if start is not None:
        query = query.where(_IMAGE.captured_at >= start)
    if end is not None:
        query = query.where(_IMAGE.captured_at < end)
    if selection.last_images is None:
        return query.order_by(_IMAGE.captured_at, _IMAGE.id)
    newest = query.order_by(_IMAGE.captured_at.desc(), _IMAGE.id.desc())
    found = newest.limit(selection.last_images).subquery()
    return select(found).order_by(found.c.captured_at, found.c.id)
