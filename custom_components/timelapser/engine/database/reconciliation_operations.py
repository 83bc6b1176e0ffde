"""What rows say of the files of images, for comparing the two."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import batched
from typing import Final

from sqlalchemy import BigInteger, Connection, select, type_coerce, update

from .database import Database
from .tables import EPOCH, MILLISECOND, images

DAY: Final = 24 * 60 * 60 * 1000
"""In milliseconds, as times are stored."""
ROWS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class StoredImage:
    """Where a row says that its file is; `missing` when it was not there at the last look."""

    id: int
    captured_at: datetime
    quarantined: bool
    missing: bool


class ReconciliationOperations:
    """Reads where files should be, and remembers which are gone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def utc_days(self, timelapse_id: int) -> set[date]:
        """The days in UTC, as the folders have them, of all images of a timelapse."""
        day = type_coerce(images.c.captured_at, BigInteger) // DAY
        query = select(day).where(images.c.timelapse_id == timelapse_id).distinct()

        def work(connection: Connection) -> set[date]:
            return {
                (EPOCH + number * DAY * MILLISECOND).date()
                for (number,) in connection.execute(query)
            }

        return await self._database.read(work)

    async def stored(self, timelapse_id: int, utc_day: date) -> list[StoredImage]:
        """What the rows of a day in UTC say of their files."""
        begin = datetime.combine(utc_day, time(), UTC)
        query = select(
            images.c.id, images.c.captured_at, images.c.quarantined, images.c.missing
        ).where(
            images.c.timelapse_id == timelapse_id,
            images.c.captured_at >= begin,
            images.c.captured_at < begin + timedelta(days=1),
        )
        return await self._database.read(
            lambda connection: [StoredImage(*row) for row in connection.execute(query)]
        )

    async def mark_missing(self, image_ids: Collection[int], *, missing: bool) -> None:
        """Remember that files are gone, or back; rows stay what they are otherwise."""

        def work(connection: Connection) -> None:
            for some in batched(image_ids, ROWS_AT_ONCE, strict=False):
                connection.execute(
                    update(images).where(images.c.id.in_(some)).values(missing=missing)
                )

        await self._database.write(work)
