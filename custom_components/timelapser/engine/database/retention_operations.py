"""What retention asks of the tables, and what it takes from them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, and_, delete, func, or_, select, update

from ..errors import NotFoundError, NotQuarantinedError
from ..models import JobState
from ..models.retention import GoneImage, ImagePlace, LibraryImage, LibraryVideo
from .database import Database
from .recounting import COLUMNS, count_restored, uncount
from .tables import images, render_jobs, timelapses, videos


class RetentionOperations:
    """Reads what rules decide on, deletes images, and takes them out of the quarantine."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def protected(self) -> set[int]:
        """The timelapses that are starred, or wait to be rendered, or are just being so."""
        starred = select(timelapses.c.id).where(timelapses.c.starred)

        def work(connection: Connection) -> set[int]:
            return _in_use(connection) | set(connection.execute(starred).scalars())

        return await self._database.read(work)

    async def images(
        self, timelapse_id: int, *, before: datetime | None, quarantined_before: datetime | None
    ) -> tuple[LibraryImage, ...]:
        """The images of a timelapse that are older than a moment, the oldest first.

        Those in quarantine have a moment of their own; None is for no image at all.
        """
        row = images.c
        wanted = []
        if before is not None:
            wanted.append(row.captured_at < before)
        if quarantined_before is not None:
            wanted.append(and_(row.quarantined, row.captured_at < quarantined_before))
        if not wanted:
            return ()
        query = (
            select(*(row[name] for name in LibraryImage.__dataclass_fields__))
            .where(row.timelapse_id == timelapse_id, or_(*wanted))
            .order_by(row.captured_at)
        )

        def work(connection: Connection) -> tuple[LibraryImage, ...]:
            return tuple(LibraryImage(*found) for found in connection.execute(query))

        return await self._database.read(work)

    async def end_of_oldest(self, timelapse_id: int, byte_count: int) -> datetime | None:
        """When the oldest images end that have so many bytes; None for a timelapse without any."""
        row = images.c
        older = func.sum(row.byte_count).over(order_by=row.captured_at) - row.byte_count
        own = select(row.captured_at, older.label("older")).where(row.timelapse_id == timelapse_id)
        found = own.subquery()
        query = select(func.max(found.c.captured_at)).where(found.c.older < byte_count)
        return await self._database.read(lambda connection: connection.scalar(query))

    async def automatic_videos(self) -> dict[int, tuple[LibraryVideo, ...]]:
        """The automatic videos of each timelapse, the oldest first."""
        row = videos.c
        query = (
            select(row.timelapse_id, row.id, row.created_at, row.byte_count)
            .where(row.automatic)
            .order_by(row.created_at, row.id)
        )

        def work(connection: Connection) -> dict[int, tuple[LibraryVideo, ...]]:
            found: defaultdict[int, list[LibraryVideo]] = defaultdict(list)
            for timelapse_id, *video in connection.execute(query):
                found[timelapse_id].append(LibraryVideo(*video))
            return {timelapse_id: tuple(some) for timelapse_id, some in found.items()}

        return await self._database.read(work)

    async def places(self, image_ids: Collection[int]) -> list[ImagePlace]:
        """Where the files of images lie, of those that there are."""
        query = (
            select(images.c.timelapse_id, timelapses.c.folder, images.c.captured_at)
            .join(timelapses, timelapses.c.id == images.c.timelapse_id)
            .where(images.c.id.in_(image_ids))
        )
        return await self._database.read(
            lambda connection: [ImagePlace(*row) for row in connection.execute(query)]
        )

    async def without_row(self, places: Iterable[ImagePlace]) -> list[ImagePlace]:
        """Those of some places that no image has."""
        wanted: defaultdict[int, list[ImagePlace]] = defaultdict(list)
        for place in places:
            wanted[place.timelapse_id].append(place)

        def work(connection: Connection) -> list[ImagePlace]:
            gone = []
            for timelapse_id, some in wanted.items():
                query = select(images.c.captured_at).where(
                    images.c.timelapse_id == timelapse_id,
                    images.c.captured_at.in_([place.captured_at for place in some]),
                )
                there = set(connection.execute(query).scalars())
                gone += [place for place in some if place.captured_at not in there]
            return gone

        return await self._database.read(work)

    async def delete(self, image_ids: Collection[int], *, spare_starred: bool) -> list[GoneImage]:
        """Delete images and take them from the counters, in one transaction; answer which.

        Those that a render needs are left, and with `spare_starred` those of starred timelapses.
        """
        query = (
            select(*COLUMNS)
            .join(timelapses, timelapses.c.id == images.c.timelapse_id)
            .where(images.c.id.in_(image_ids))
        )
        if spare_starred:
            query = query.where(~timelapses.c.starred)

        def work(connection: Connection) -> list[GoneImage]:
            busy = _in_use(connection)
            found = connection.execute(query).all()
            return _delete(connection, [row for row in found if row.timelapse_id not in busy])

        return await self._database.write(work)

    async def restore(self, image_id: int) -> None:
        """Count a quarantined image as kept and good; raise NotQuarantinedError, NotFoundError."""

        def work(connection: Connection) -> None:
            own = images.c.id == image_id
            image = connection.execute(select(*COLUMNS).where(own)).one_or_none()
            if image is None:
                raise NotFoundError(kind="image", id=image_id)
            if not image.quarantined:
                raise NotQuarantinedError(image=image_id)
            good = {"quarantined": False, "flagged": False}
            connection.execute(update(images).where(own).values(good))
            count_restored(connection, image)

        await self._database.write(work)


def _in_use(connection: Connection) -> set[int]:
    """The timelapses of which unfinished jobs may read images; some take all of their cameras."""
    row = render_jobs.c
    over = [state for state in JobState if state.is_over]
    jobs = connection.execute(
        select(row.camera_id, row.timelapse_id, row.spec).where(row.state.not_in(over))
    ).all()
    found = {job.timelapse_id for job in jobs}
    cameras = set()
    for job in jobs:
        if job.spec is not None:
            chosen = job.spec.get("selection", {}).get("timelapse_ids")
            beside = job.spec.get("beside", {})
            found.update(chosen or ())
            cameras.update(beside.get("cameras", ()))
            # A second range of dates may lie in any timelapse of the camera.
            if not chosen or "start" in beside:
                cameras.add(job.camera_id)
    if cameras:
        query = select(timelapses.c.id).where(timelapses.c.camera_id.in_(cameras))
        found.update(connection.execute(query).scalars())
    return found


def _delete(connection: Connection, gone: Sequence[Row[Any]]) -> list[GoneImage]:
    if gone:
        connection.execute(delete(images).where(images.c.id.in_([row.id for row in gone])))
        uncount(connection, gone)
    return [GoneImage(row.id, row.camera_id, row.timelapse_id, row.byte_count) for row in gone]
