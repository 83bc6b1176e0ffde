"""A backup copies files while everything goes on: each copy is a whole database."""

from pathlib import Path
import shutil
import sqlite3
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.backup import async_post_backup, async_pre_backup
from custom_components.timelapser.engine.database.log_operations import LogOperations
from custom_components.timelapser.engine.models import LogLevel, NewLogRow
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, device_id, set_up, settle


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry) -> TimelapserHub:
    hub = await set_up(home, entry)
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA))
    await settle(home)
    return hub


def images_in(database: Path) -> int:
    with sqlite3.connect(database) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        (count,) = connection.execute("SELECT count(*) FROM images").fetchone()
    connection.close()
    return int(count)


def content(file: Path) -> bytes:
    return file.read_bytes()


def copy(file: Path, target: Path, *suffixes: str) -> Path:
    for suffix in ("", *suffixes):
        shutil.copy(f"{file}{suffix}", f"{target}{suffix}")
    return target


async def test_copies_are_whole_while_captures_go_on(
    home: HomeAssistant, hub: TimelapserHub, tmp_path: Path
) -> None:
    camera = device_id(home, CAMERA)
    await act(home, "capture_now", device_id=camera)
    file = Path(home.config.path("timelapser.db"))
    await async_pre_backup(home)
    held = content(file)
    # More than SQLite would leave in its log by itself.
    logs = LogOperations(hub.database)
    row = NewLogRow(dt_util.utcnow(), LogLevel.INFO, "test", "x" * 2000, data={"more": "y" * 5000})
    await logs.add(*[row] * 1000)
    await act(home, "capture_now", device_id=camera)
    assert content(file) == held
    assert images_in(copy(file, tmp_path / "alone.db")) == 2
    assert images_in(copy(file, tmp_path / "both.db", "-wal")) == 3
    await async_post_backup(home)
    await logs.add(row)
    assert content(file) != held


async def test_backup_never_fails_because_of_us(
    home: HomeAssistant, hub: TimelapserHub, caplog: pytest.LogCaptureFixture
) -> None:
    with patch.object(hub.database.pool, "checkpoint", side_effect=RuntimeError("disk gone")):
        await async_pre_backup(home)
    await async_post_backup(home)
    assert "not prepared for the backup" in caplog.text
    await home.config_entries.async_unload(hub.cameras[CAMERA].coordinator.config_entry.entry_id)
    await async_pre_backup(home)
    await async_post_backup(home)
