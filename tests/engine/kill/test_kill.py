"""SIGKILL at random moments, then a start: nothing is lost, nothing is half."""

from collections.abc import Iterator
from pathlib import Path
import random
import subprocess
import sys

import pytest
from sqlalchemy import text

from custom_components.timelapser.engine.database.config import SqliteConfig
from custom_components.timelapser.engine.database.database import Database
from custom_components.timelapser.engine.database.migrations import current_revision, revisions
from custom_components.timelapser.engine.database.pool_manager import Lane, PoolManager
from custom_components.timelapser.engine.database.verify_operations import VerifyOperations
from custom_components.timelapser.engine.models import Timelapse
from tests.engine.conftest import Engine, open_engine
from tests.engine.database.test_migrations import at_revision
from tests.engine.kill.victim import DATABASE, JOURNAL, key_of
from tests.engine.monitoring.test_reconciliation import create_service

ROUNDS = 8
MIGRATIONS = 5
ROOT = Path(__file__).parents[3]


class Victim:
    """Works and is killed, as often as it is told to."""

    def __init__(self, folder: Path, module: str = "tests.engine.kill.victim") -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, str(folder)],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def work(self, work: str, seconds: float) -> None:
        """Work for some time, and be killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{work} {seconds}\n")
        self._process.stdin.flush()
        assert self._process.stdout.readline() == "-9\n"

    def close(self) -> None:
        """End for good."""
        self._process.communicate(timeout=10)


@pytest.fixture
def victim(tmp_path: Path) -> Iterator[Victim]:
    victim = Victim(tmp_path)
    yield victim
    victim.close()


async def test_captures_and_deletions(tmp_path: Path, victim: Victim) -> None:
    chance = random.Random(20261124)
    for _ in range(ROUNDS):
        victim.work("capture", chance.uniform(0.1, 0.6))
        async with open_engine(tmp_path, SqliteConfig(tmp_path / DATABASE)) as parts:
            parts.storage.check_writable()
            await parts.videos.requeue_running()
            await create_service(parts).run()
            await check_house(parts, (tmp_path / JOURNAL).read_text().splitlines())
    words = [line.split()[0] for line in (tmp_path / JOURNAL).read_text().splitlines()]
    assert words.count("image") > ROUNDS
    assert "deleted" in words


async def check_house(parts: Engine, journal: list[str]) -> None:
    """Compare rows, files and what the killed process was told."""
    timelapses = {key_of(found): found for found in await parts.timelapses.find()}
    done = {tuple(line.split()) for line in journal}
    undone = {words[1] for words in done if words[0] in ("deleting", "deleted")}
    for word, key, *rest in done:
        if word == "deleted":
            assert key not in timelapses
        elif word == "image" and key not in undone:
            rows = await parts.image_rows.find(timelapse_id=timelapses[key].id, limit=1000)
            assert rest[0] in {row.captured_at.isoformat() for row in rows}
        elif word == "video" and key not in undone:
            rows = await parts.videos.find_videos(timelapse_id=timelapses[key].id)
            assert rest[0] in {row.path for row in rows}
    await check_files(parts, list(timelapses.values()))
    assert await VerifyOperations(parts.database).verify(repair=False) == []


async def check_files(parts: Engine, timelapses: list[Timelapse]) -> None:
    """There is a file for each row, a row for each file, and nothing else."""
    expected = {
        parts.storage.image_path(row.folder, row.captured_at, row.quarantined)
        for row in await parts.image_rows.find(quarantined=None, limit=10_000)
    }
    videos = await parts.videos.find_videos(limit=None)
    expected |= {parts.storage.resolve(row.path) for row in videos}
    root = parts.storage.root.resolve()
    files = {path for path in root.rglob("*") if path.is_file() and "thumbs" not in path.parts}
    assert files == expected
    folders = {parts.storage.resolve(found.folder) for found in timelapses}
    assert {path for path in root.glob("*/*") if path.is_dir()} <= folders


async def test_migrations(tmp_path: Path, victim: Victim) -> None:
    chance = random.Random(24112026)
    config = SqliteConfig(tmp_path / DATABASE)
    pool = PoolManager(config)
    await pool.run(Lane.WRITE, at_revision("0001"))
    await pool.close()
    old = config.path.read_bytes()
    seen = set()
    for _ in range(MIGRATIONS):
        for suffix in ("-wal", "-shm"):
            config.path.with_name(f"{DATABASE}{suffix}").unlink(missing_ok=True)
        config.path.write_bytes(old)
        victim.work("migrate", chance.uniform(0, 0.25))
        pool = PoolManager(config)
        seen.add(await pool.run(Lane.READ, current_revision))
        await pool.close()
        await check_migrated(tmp_path)
    assert seen <= {"0001", revisions()[-1]}


async def check_migrated(folder: Path) -> None:
    """Whatever was left, opening it brings it up to date, with all that was in it."""
    database = Database(SqliteConfig(folder / DATABASE))
    await database.open()
    try:
        assert await database.read(current_revision) == revisions()[-1]
        rows = await database.read(
            lambda connection: connection.execute(text("SELECT count(*) FROM images")).scalar()
        )
        assert rows == 3
    finally:
        await database.close()
