"""A database with a camera and a timelapse, for the tests of what works on it."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from custom_components.timelapser.engine.corruption.service import CorruptionService
from custom_components.timelapser.engine.database.camera_operations import CameraOperations
from custom_components.timelapser.engine.database.config import DatabaseConfig, SqliteConfig
from custom_components.timelapser.engine.database.database import Database
from custom_components.timelapser.engine.database.image_operations import ImageOperations
from custom_components.timelapser.engine.database.timelapse_operations import TimelapseOperations
from custom_components.timelapser.engine.database.video_operations import VideoOperations
from custom_components.timelapser.engine.events import Event
from custom_components.timelapser.engine.images.files import Storage
from custom_components.timelapser.engine.images.recorder import Recorder
from custom_components.timelapser.engine.images.service import ImageService
from custom_components.timelapser.engine.images.spool import Spool
from custom_components.timelapser.engine.models import (
    Camera,
    Frame,
    Image,
    NewJob,
    RenderJob,
    RenderSpec,
    Selection,
    Timelapse,
    VideoSettings,
)
from custom_components.timelapser.engine.settings import Settings
from tests.harness.postgres import PostgresServer

ZONE = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)


@dataclass
class Engine:
    """The parts that most tests need."""

    database: Database
    storage: Storage
    pool: ThreadPoolExecutor
    images: ImageService
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cameras = CameraOperations(self.database)
        self.timelapses = TimelapseOperations(self.database)
        self.image_rows = ImageOperations(self.database)
        self.videos = VideoOperations(self.database)
        self.recorder = Recorder(self.image_rows, Spool(self.storage), self.pool)

    async def camera(self, camera_id: str = "cam") -> Camera:
        return await self.cameras.ensure(camera_id, "Garden", f"garden-{camera_id}")

    async def timelapse(self, camera_id: str = "cam") -> Timelapse:
        camera = await self.camera(camera_id)
        return await self.timelapses.create(camera.id, "Spring", {}, BEGIN)

    async def add(self, timelapse: Timelapse, jpeg: bytes, number: int) -> Image:
        """Keep a JPEG as the timelapse's image of that number."""
        frame = Frame(BEGIN + timedelta(seconds=number), jpeg)
        new = await self.images.keep(frame, timelapse, Settings(), ZONE)
        return await self.image_rows.record(new)

    def types(self) -> list[str]:
        return [event.type for event in self.events]


async def queue(
    videos: VideoOperations, timelapse: Timelapse, settings: VideoSettings, now: datetime
) -> RenderJob:
    """Enter a job for a whole timelapse."""
    spec = RenderSpec.of(Selection((timelapse.id,)), settings)
    new = NewJob(timelapse.camera_id, timelapse.id, spec, timelapse.image_count)
    return await videos.enqueue(new, now)


@pytest.fixture(params=["sqlite", "postgres"])
def database_config(request: pytest.FixtureRequest, tmp_path: Path) -> DatabaseConfig:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return SqliteConfig(tmp_path / "timelapser.db")
    request.getfixturevalue("socket_enabled")
    server: PostgresServer = request.getfixturevalue("postgres")
    return server.new_database()


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[Engine]:
    """The parts on SQLite."""
    async with open_engine(tmp_path, SqliteConfig(tmp_path / "timelapser.db")) as parts:
        yield parts


@pytest.fixture
async def either(tmp_path: Path, database_config: DatabaseConfig) -> AsyncIterator[Engine]:
    """The parts, on SQLite and then on PostgreSQL."""
    async with open_engine(tmp_path, database_config) as parts:
        yield parts


@asynccontextmanager
async def open_engine(folder: Path, config: DatabaseConfig) -> AsyncIterator[Engine]:
    storage = Storage(folder / "media")
    database = Database(config)
    await database.open()
    try:
        with ThreadPoolExecutor(2) as pool:
            yield Engine(database, storage, pool, ImageService(storage, CorruptionService(), pool))
    finally:
        await database.close()
