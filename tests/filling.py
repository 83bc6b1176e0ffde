"""Fills a timelapse with many images, and with videos, which have rows, but no files."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import Connection, insert

from custom_components.timelapser.engine.database.database import Database, inserted_id
from custom_components.timelapser.engine.database.tables import images, render_jobs, videos
from custom_components.timelapser.engine.database.verify_operations import VerifyOperations
from custom_components.timelapser.engine.models import Timelapse


def every(step: timedelta, begin: datetime, count: int) -> list[datetime]:
    """So many moments."""
    return [begin + number * step for number in range(count)]


async def fill(  # noqa: PLR0917
    database: Database,
    timelapse: Timelapse,
    zone: tzinfo,
    moments: Iterable[datetime],
    reasons: Collection[str] = (),
    missing: bool = False,
) -> None:
    """Enter images of those moments with their counters; reasons put them aside."""
    rows = [
        {
            "camera_id": timelapse.camera_id,
            "timelapse_id": timelapse.id,
            "captured_at": moment,
            "local_day": moment.astimezone(zone).date(),
            "width": 640,
            "height": 480,
            "byte_count": 1000,
            "score": 20 if reasons else 90,
            "reasons": [*reasons],
            "quarantined": bool(reasons),
            "flagged": False,
            "missing": missing,
        }
        for moment in moments
    ]
    await database.write(lambda connection: connection.execute(insert(images), rows))
    await VerifyOperations(database).verify(repair=True, timelapse=timelapse)


async def add_video(database: Database, timelapse: Timelapse, at: datetime, path: str) -> int:
    """Enter a video of one second with its counters; answer its id."""
    owner = {"camera_id": timelapse.camera_id, "timelapse_id": timelapse.id}
    job = {**owner, "state": "finished", "fps": 24, "quality": "low", "requested_at": at}
    file = {
        "frames": 24,
        "duration": 1.0,
        "fps": 24.0,
        "width": 640,
        "height": 480,
        "codec": "h264",
        "pixel_format": "yuv420p",
        "byte_count": 1000,
    }

    def work(connection: Connection) -> int:
        job_id = inserted_id(connection.execute(insert(render_jobs), job))
        video = {**owner, **file, "job_id": job_id, "path": path, "created_at": at}
        return inserted_id(connection.execute(insert(videos), video))

    video_id = await database.write(work)
    await VerifyOperations(database).verify(repair=True, timelapse=timelapse)
    return video_id
