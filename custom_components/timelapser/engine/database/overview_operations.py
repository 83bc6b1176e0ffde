"""What is shown of a camera, in one read: it is wanted after every capture."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection

from ..models import Camera, Timelapse
from .camera_operations import fetch_camera
from .database import Database
from .statistics_operations import DayStatistics, Scope, fetch_day
from .timelapse_operations import fetch_latest


@dataclass(frozen=True, slots=True)
class Overview:
    """A camera, its newest timelapse, and what was counted on a day."""

    camera: Camera
    timelapse: Timelapse | None
    today: DayStatistics


class OverviewOperations:
    """Reads overviews."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, camera_id: str, day: date) -> Overview:
        """Answer a camera's overview; raise NotFoundError when there is no such camera."""

        def work(connection: Connection) -> Overview:
            return Overview(
                fetch_camera(connection, camera_id),
                fetch_latest(connection, camera_id),
                fetch_day(connection, Scope(camera_id), day),
            )

        return await self._database.read(work)
