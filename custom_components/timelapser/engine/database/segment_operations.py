"""The `segments` table: encoded runs of pictures that videos are joined from."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import batched
from typing import Any

from sqlalchemy import Connection, delete, select, update

from .database import Database, total, upsert
from .tables import segments

BATCH = 500
"""Keys in one statement; databases bound the number of its parameters."""


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """One segment; `path` is relative to the storage root, `key` tells all that shapes it."""

    key: str
    timelapse_id: int
    path: str
    frames: int
    byte_count: int
    used_at: datetime


class SegmentOperations:
    """Reads and writes segments."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, keys: Collection[str]) -> dict[str, SegmentRow]:
        """Those of the keys that have a segment."""

        def work(connection: Connection) -> dict[str, SegmentRow]:
            found = {}
            for some in batched(keys, BATCH, strict=False):
                for row in connection.execute(_SEGMENTS.where(segments.c.key.in_(some))):
                    found[row.key] = SegmentRow(**row._mapping)
            return found

        return await self._database.read(work)

    async def in_folder(self, folder: str) -> list[SegmentRow]:
        """The segments that lie in a folder, the longest first."""
        query = _SEGMENTS.where(segments.c.path.startswith(f"{folder}/", autoescape=True))
        return await self._all(query.order_by(segments.c.frames.desc()))

    async def oldest(self, limit: int) -> list[SegmentRow]:
        """The segments that were not used for the longest time."""
        return await self._all(_SEGMENTS.order_by(segments.c.used_at, segments.c.id).limit(limit))

    async def after(self, key: str, limit: int) -> list[SegmentRow]:
        """A page of all segments, in the order of their keys."""
        return await self._all(
            _SEGMENTS.where(segments.c.key > key).order_by(segments.c.key).limit(limit)
        )

    async def put(self, row: SegmentRow) -> None:
        """Enter a segment, in place of one with the same key."""
        values = asdict(row)

        def work(connection: Connection) -> None:
            statement = upsert(connection, segments).values(values)
            connection.execute(
                statement.on_conflict_do_update(index_elements=[segments.c.key], set_=values)
            )

        await self._database.write(work)

    async def touch(self, paths: Collection[str], now: datetime) -> None:
        """Note that segments are in use."""

        def work(connection: Connection) -> None:
            for some in batched(paths, BATCH, strict=False):
                connection.execute(
                    update(segments).where(segments.c.path.in_(some)).values(used_at=now)
                )

        await self._database.write(work)

    async def remove(self, paths: Collection[str]) -> None:
        """Forget the segments at these paths."""

        def work(connection: Connection) -> None:
            for some in batched(paths, BATCH, strict=False):
                connection.execute(delete(segments).where(segments.c.path.in_(some)))

        await self._database.write(work)

    async def size(self, folder: str | None = None) -> tuple[int, int]:
        """Frames and bytes of all segments, or of those in a folder."""
        query = select(total(segments.c.frames), total(segments.c.byte_count))
        if folder is not None:
            query = query.where(segments.c.path.startswith(f"{folder}/", autoescape=True))

        def work(connection: Connection) -> tuple[int, int]:
            frames, byte_count = connection.execute(query).one()
            return frames, byte_count

        return await self._database.read(work)

    async def known(self, paths: Collection[str]) -> set[str]:
        """Those of the paths that are a segment's."""

        def work(connection: Connection) -> set[str]:
            found: set[str] = set()
            for some in batched(paths, BATCH, strict=False):
                query = select(segments.c.path).where(segments.c.path.in_(some))
                found.update(connection.execute(query).scalars())
            return found

        return await self._database.read(work)

    async def _all(self, query: Any) -> list[SegmentRow]:
        return await self._database.read(
            lambda connection: [SegmentRow(**row._mapping) for row in connection.execute(query)]
        )


_SEGMENTS = select(*(column for column in segments.c if column.name != "id"))
