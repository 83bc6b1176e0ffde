"""Timelapses and videos by name and day, for lists and for a search.

Names are compared in Python: SQLite only knows upper and lower case of English letters.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from itertools import islice
from typing import Any, Final

from sqlalchemy import Connection, Select, select

from ..errors import NotFoundError
from .browse_operations import between_moments, sample
from .database import Database
from .tables import cameras, daily_statistics, timelapses, videos


@dataclass(frozen=True, slots=True)
class TimelapseEntry:
    """A timelapse in a list; where it was asked for with a day, counts and sample are the day's."""

    id: int
    name: str
    camera_id: str
    camera_name: str
    image_count: int
    quarantine_count: int
    video_count: int
    sample_id: int | None
    last_image_at: datetime | None

    @property
    def names(self) -> str:
        """What it is searched by."""
        return f"{self.camera_name} {self.name}"


@dataclass(frozen=True, slots=True)
class VideoEntry:
    """A video in a list; the sample is an image of its timelapse."""

    id: int
    name: str
    camera_name: str
    created_at: datetime
    duration: float
    has_poster: bool
    sample_id: int | None

    @property
    def names(self) -> str:
        """What it is searched by."""
        return f"{self.camera_name} {self.name}"


@dataclass(frozen=True, slots=True)
class Within:
    """Where to look: everywhere, unless a camera or a timelapse is named."""

    camera_id: str | None = None
    timelapse_id: int | None = None


class SearchOperations:
    """Reads the few columns that a list shows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def timelapse(self, timelapse_id: int) -> TimelapseEntry:
        """Answer one timelapse; raise NotFoundError when there is none."""
        found = await self.timelapses(Within(timelapse_id=timelapse_id), limit=1)
        if not found:
            raise NotFoundError(kind="timelapse", id=timelapse_id)
        return found[0]

    async def timelapses(
        self,
        within: Within,
        matches: Callable[[TimelapseEntry], bool] = bool,
        day: tuple[date, tzinfo] | None = None,
        limit: int | None = None,
    ) -> list[TimelapseEntry]:
        """Timelapses that match, the newest first; with a day, those that have images of it."""
        query = _TIMELAPSES if day is None else _timelapses_of(*day)
        query = _narrowed(query, within).order_by(timelapses.c.id.desc())

        def work(connection: Connection) -> list[TimelapseEntry]:
            found = (TimelapseEntry(*row) for row in connection.execute(query))
            return list(islice(filter(matches, found), limit))

        return await self._database.read(work)

    async def videos(
        self,
        within: Within,
        matches: Callable[[VideoEntry], bool] = bool,
        between: tuple[datetime, datetime] | None = None,
        limit: int | None = None,
    ) -> list[VideoEntry]:
        """Videos that match, the newest first; `between` two moments, the second left out."""
        query = _narrowed(_VIDEOS, within).order_by(videos.c.id.desc())
        if between is not None:
            query = query.where(*between_moments(videos.c.created_at, *between))

        def work(connection: Connection) -> list[VideoEntry]:
            found = (VideoEntry(*row) for row in connection.execute(query))
            return list(islice(filter(matches, found), limit))

        return await self._database.read(work)


_TIMELAPSE_COLUMNS: Final = (
    timelapses.c.id,
    timelapses.c.name,
    timelapses.c.camera_id,
    cameras.c.name.label("camera_name"),
)
_TIMELAPSES: Final[Select[Any]] = select(
    *_TIMELAPSE_COLUMNS,
    timelapses.c.image_count,
    timelapses.c.quarantine_count,
    timelapses.c.video_count,
    timelapses.c.last_image_id,
    timelapses.c.last_image_at,
).join(cameras, cameras.c.id == timelapses.c.camera_id)
_VIDEOS: Final[Select[Any]] = (
    select(
        videos.c.id,
        timelapses.c.name,
        cameras.c.name.label("camera_name"),
        videos.c.created_at,
        videos.c.duration,
        videos.c.poster_path.is_not(None),
        timelapses.c.last_image_id,
    )
    .join(timelapses, timelapses.c.id == videos.c.timelapse_id)
    .join(cameras, cameras.c.id == videos.c.camera_id)
)


def _timelapses_of(day: date, zone: tzinfo) -> Select[Any]:
    days = daily_statistics.c
    return (
        select(
            *_TIMELAPSE_COLUMNS,
            days.images,
            days.quarantined,
            timelapses.c.video_count,
            sample(zone),
            timelapses.c.last_image_at,
        )
        .join(timelapses, timelapses.c.id == days.timelapse_id)
        .join(cameras, cameras.c.id == days.camera_id)
        .where(days.day == day, days.images + days.quarantined > 0)
    )


def _narrowed(query: Select[Any], within: Within) -> Select[Any]:
    if within.camera_id is not None:
        query = query.where(timelapses.c.camera_id == within.camera_id)
    if within.timelapse_id is not None:
        query = query.where(timelapses.c.id == within.timelapse_id)
    return query
