"""From every revision to the newest, with data in the tables."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
import pytest
from sqlalchemy import Connection, inspect, text

from custom_components.timelapser.engine.database.config import DatabaseConfig, SqliteConfig
from custom_components.timelapser.engine.database.database import Database
from custom_components.timelapser.engine.database.migrations import (
    current_revision,
    migrate,
    revisions,
)
from custom_components.timelapser.engine.database.pool_manager import Lane, PoolManager
from custom_components.timelapser.engine.database.tables import METADATA
from custom_components.timelapser.engine.database.verify_operations import VerifyOperations
from custom_components.timelapser.engine.errors import DatabaseTooNewError
from tests.engine.conftest import open_engine

GROUND_FLOOR = """
INSERT INTO cameras VALUES ('cam', 'Garden', 'garden-cam', 2, 1, 0, 2, NULL);
INSERT INTO timelapses VALUES (1, 'cam', 'Spring', 'running', 'garden-cam/1', 1795500000000, NULL,
  '{"interval": 60, "quality": "low"}', 2, 1, 0, 0, 3000, 220, 1795500060000, 1795500180000, 2);
INSERT INTO images VALUES (1, 'cam', 1, 1795500060000, '2026-11-24', 640, 480, 1000, 100, '[]',
  false, false);
INSERT INTO images VALUES (2, 'cam', 1, 1795500180000, '2026-11-24', 640, 480, 1000, 60,
  '["black"]', false, true);
INSERT INTO images VALUES (3, 'cam', 1, 1795500240000, '2026-11-24', 640, 480, 1000, 10,
  '["truncated"]', true, true);
INSERT INTO ticks VALUES (1, 'cam', 1, 1795500060000, 'captured', NULL);
INSERT INTO render_jobs VALUES (1, 'cam', 1, 'finished', 24, 'low', 1795500300000, 1795500300000,
  1795500310000, 2, 2, NULL);
INSERT INTO videos VALUES (1, 'cam', 1, 1, 'garden-cam/1/videos/a.mp4', 1795500310000, 2, 0.083, 24,
  640, 480, 'h264', 'yuv420p', 5000);
"""


def at_revision(revision: str) -> Callable[[Connection], None]:
    """Work that migrates an empty database to a revision, and fills it as it was then."""

    def work(connection: Connection) -> None:
        migrate(connection, revision)
        if revision >= "0001":
            for statement in GROUND_FLOOR.split(";\n"):
                if statement.strip():
                    connection.execute(text(statement.replace(":", r"\:")))

    return work


@pytest.fixture
async def pool(database_config: DatabaseConfig) -> AsyncIterator[PoolManager]:
    pool = PoolManager(database_config)
    yield pool
    await pool.close()


async def test_data_survive_every_step(
    pool: PoolManager, database_config: DatabaseConfig, tmp_path: Path
) -> None:
    await pool.run(Lane.WRITE, at_revision("0001"))
    async with open_engine(tmp_path, database_config) as parts:
        timelapse = await parts.timelapses.get(1)
        camera = await parts.cameras.get("cam")
        assert timelapse.settings == {"interval": 60, "quality": "low"}
        assert (timelapse.flagged_count, timelapse.score_min) == (1, 10)
        assert (timelapse.video_count, timelapse.video_byte_count) == (1, 5000)
        assert str(timelapse.first_day) == "2026-11-24"
        assert timelapse.resumed_at == timelapse.started_at
        assert (camera.byte_count, camera.video_count) == (3000, 1)
        assert camera.last_image_at == timelapse.last_image_at
        assert [image.id for image in await parts.image_rows.for_render(1)] == [1, 2]
        (video,) = await parts.videos.find_videos("cam")
        assert video.file.frames == 2
        wrong = await VerifyOperations(parts.database).verify(repair=False)
        # The sum of scores was wrong before.
        assert [(found.table, found.counter) for found in wrong] == [("timelapses", "score_sum")]


async def test_tables_are_as_the_code_thinks(pool: PoolManager) -> None:
    await pool.run(Lane.WRITE, migrate)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return compare_metadata(context, METADATA)

    assert await pool.run(Lane.READ, differences) == []


async def test_newer_database_is_left_alone(pool: PoolManager) -> None:
    def become_newer(connection: Connection) -> None:
        migrate(connection)
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
        connection.execute(text("DROP TABLE logs"))

    await pool.run(Lane.WRITE, become_newer)
    with pytest.raises(DatabaseTooNewError) as caught:
        await pool.run(Lane.WRITE, migrate)
    assert caught.value.placeholders == {"revision": "9999", "known": revisions()[-1]}
    assert await pool.run(Lane.READ, current_revision) == "9999"
    assert not await pool.run(Lane.READ, lambda connection: inspect(connection).has_table("logs"))


async def test_step_that_fails_leaves_everything_as_it_was(pool: PoolManager) -> None:
    await pool.run(Lane.WRITE, at_revision("0001"))

    def broken(connection: Connection) -> None:
        migrate(connection)
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        await pool.run(Lane.WRITE, broken)
    assert await pool.run(Lane.READ, current_revision) == "0001"

    def columns(connection: Connection) -> set[str]:
        return {column["name"] for column in inspect(connection).get_columns("timelapses")}

    found = await pool.run(Lane.READ, columns)
    assert "settings" in found
    assert "starred" not in found
    await pool.run(Lane.WRITE, migrate)


async def test_open_twice_changes_nothing(tmp_path: Path) -> None:
    for _ in range(2):
        database = Database(SqliteConfig(tmp_path / "timelapser.db"))
        await database.open()
        assert await database.read(current_revision) == revisions()[-1]
        await database.close()
