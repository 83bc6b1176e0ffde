"""A disk that runs full in the middle of a write: what is stored stays, and nothing is half."""

from collections.abc import Callable, Iterator
from datetime import timedelta
import errno
import os
from pathlib import Path
import subprocess
from typing import Any, NoReturn
from unittest.mock import patch

import pytest

from custom_components.timelapser.engine.database.config import SqliteConfig
from custom_components.timelapser.engine.database.operations import Operations
from custom_components.timelapser.engine.errors import StorageError
from custom_components.timelapser.engine.images.files import Storage
from custom_components.timelapser.engine.images.service import ImageService
from custom_components.timelapser.engine.models import Frame, Image, Timelapse
from custom_components.timelapser.engine.settings import Settings
from tests.engine.conftest import BEGIN, ZONE, Engine, open_engine
from tests.engine.images.test_retention_purging import House
from tests.engine.monitoring.test_reconciliation import create_service
from tests.harness import scene

JPEG = scene.jpeg(0.5, (320, 240))


def no_room(*_args: Any, **_kwargs: Any) -> NoReturn:
    raise OSError(errno.ENOSPC, "No space left on device")


def half_written(path: Path, *args: Any, **kwargs: Any) -> Any:
    """Open a file that takes half of what is written to it."""
    file = OPEN(path, *args, **kwargs)
    write = file.write

    class HalfFile:
        def __enter__(self) -> HalfFile:
            return self

        def __exit__(self, *_: object) -> None:
            file.close()

        def write(self, data: bytes) -> NoReturn:
            write(data[: len(data) // 2])
            file.flush()
            no_room()

    return HalfFile()


OPEN: Callable[..., Any] = Path.open
FAULTS: dict[str, tuple[Any, str, Callable[..., Any]]] = {
    "folder": (Path, "mkdir", no_room),
    "opening": (Path, "open", no_room),
    "writing": (Path, "open", half_written),
    "flushing": (os, "fsync", no_room),
    "renaming": (Path, "replace", no_room),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_nothing_stored_is_lost_and_nothing_is_half(engine: Engine, fault: str) -> None:
    timelapse = await engine.timelapse()
    before = await engine.add(timelapse, JPEG, 1)
    target, name, broken = FAULTS[fault]
    with patch.object(target, name, broken), pytest.raises(StorageError):
        await engine.images.keep(
            Frame(BEGIN + timedelta(seconds=2), JPEG), timelapse, Settings(), ZONE
        )
    await check(engine, [before])
    engine.storage.check_writable()
    assert await create_service(engine).run() == {}
    after = await engine.add(timelapse, JPEG, 2)
    await check(engine, [before, after])


async def check(parts: Engine, images: list[Image]) -> None:
    """There are these images, each with a whole file, and no other file but small copies."""
    found = await parts.image_rows.find(quarantined=None, limit=1000)
    assert {image.id for image in found} == {image.id for image in images}
    paths = {
        parts.storage.image_path(image.folder, image.captured_at, image.quarantined): image
        for image in found
    }
    root = parts.storage.root.resolve()
    files = {path for path in root.rglob("*") if path.is_file() and "thumbs" not in path.parts}
    assert files == set(paths)
    for path, image in paths.items():
        assert path.stat().st_size == image.byte_count
    assert not list(root.rglob("*.part"))
    assert await Operations(parts.database).counters.verify(repair=False) == []


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A real file system with room for a few images."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=512k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


async def test_a_real_disk_runs_full_and_is_purged(tmp_path: Path, small_disk: Path) -> None:
    async with open_engine(tmp_path, SqliteConfig(tmp_path / "timelapser.db")) as parts:
        parts.storage = Storage(small_disk / "media")
        parts.images = ImageService(parts.storage, parts.images._corruption, parts.pool)
        timelapse = await parts.timelapse()
        images: list[Image] = []
        with pytest.raises(StorageError):
            await keep_for_ever(parts, timelapse, images)
        assert len(images) > 2
        await check(parts, images)
        with pytest.raises(OSError, match="No space left"):
            fill(small_disk / "filler")
        now = images[0].captured_at + timedelta(days=1, milliseconds=1)
        went = await House(parts, {"image_retention": 1}, now).purge()
        assert [removal.id for removal in went.images] == [images[0].id]
        await check(parts, images[1:])
        (small_disk / "filler").unlink()
        images.append(await parts.add(timelapse, JPEG, len(images)))
        await check(parts, images[1:])


async def keep_for_ever(parts: Engine, timelapse: Timelapse, images: list[Image]) -> NoReturn:
    while True:
        images.append(await parts.add(timelapse, JPEG, len(images)))


def fill(path: Path) -> NoReturn:
    """Take what is left, to the last block."""
    with path.open("wb") as file:
        while True:
            file.write(b"x" * 512)
            file.flush()
