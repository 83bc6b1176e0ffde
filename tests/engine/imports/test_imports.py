"""Imports of pictures and videos, from real files."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from io import BytesIO
import os
from pathlib import Path
import subprocess
from typing import Any

import pytest

from custom_components.timelapser.engine.database.operations import Operations
from custom_components.timelapser.engine.errors import (
    ImportRunningError,
    NothingToImportError,
    StorageLowError,
)
from custom_components.timelapser.engine.imports.report import ImportReport
from custom_components.timelapser.engine.imports.service import (
    ImportParts,
    ImportRequest,
    ImportService,
)
from custom_components.timelapser.engine.models import Timelapse, TimelapseState
from custom_components.timelapser.engine.settings import Settings
from tests.engine.conftest import BEGIN, ZONE, Engine
from tests.harness import scene

NOON = datetime(2026, 7, 1, 10, 0, tzinfo=UTC)
"""Noon of the place."""
SIZE = (320, 180)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "old pictures"
    made.mkdir()
    return made


def service(engine: Engine, has_room: Callable[[], None] = lambda: None) -> ImportService:
    return ImportService(
        ImportParts(
            rows=Operations(engine.database),
            images=engine.images,
            executor=engine.pool,
            now=lambda: BEGIN,
            zone=lambda: ZONE,
            has_room=has_room,
        )
    )


def request(folder: Path, **changes: Any) -> ImportRequest:
    given: dict[str, Any] = {
        "camera_id": "cam",
        "roots": (folder,),
        "settings": Settings(),
        "name": "Old",
        "every": timedelta(minutes=1),
    }
    return ImportRequest(**{**given, **changes})


def png(minute: int) -> bytes:
    buffer = BytesIO()
    scene.draw(minute * 0.37, SIZE).save(buffer, "PNG")
    return buffer.getvalue()


def jpeg(minute: int) -> bytes:
    return scene.jpeg(minute * 0.37, SIZE)


def put(folder: Path, minute: int, content: bytes | None = None, suffix: str = ".jpg") -> Path:
    path = folder / f"2026-07-01_12.{minute:02d}.00{suffix}"
    path.write_bytes(jpeg(minute) if content is None else content)
    return path


async def moments(engine: Engine, timelapse: Timelapse | None) -> list[datetime]:
    assert timelapse is not None
    return [row.captured_at for row in await engine.image_rows.for_render(timelapse.id)]


def reasons(report: ImportReport) -> dict[str, str]:
    return {file: reason.value for file, reason in report.named}


async def test_a_folder_becomes_a_timelapse(engine: Engine, folder: Path) -> None:
    await engine.camera()
    (folder / "later").mkdir()
    put(folder / "later", 2)
    put(folder, 0)
    put(folder, 1, png(1), ".png")
    report = await service(engine).run(request(folder))

    assert (report.files, report.imported, reasons(report)) == (3, 3, {})
    timelapse = report.timelapse
    assert timelapse is not None
    assert (timelapse.name, timelapse.state) == ("Old", TimelapseState.COMPLETED)
    assert timelapse.image_count == 3
    assert await moments(engine, timelapse) == [NOON + timedelta(minutes=n) for n in range(3)]
    newest = await engine.image_rows.find(timelapse_id=timelapse.id)
    assert all(image.imported and image.content_hash and image.luma for image in newest)
    assert [image.seq for image in newest] == [2, 1, 0]
    # A JPEG is kept byte for byte, and nothing is gone from where it was.
    kept = engine.storage.image_path(timelapse.folder, NOON, quarantined=False)
    assert kept.read_bytes() == jpeg(0)
    assert len([name for _, _, names in os.walk(folder) for name in names]) == 3
    assert await Operations(engine.database).counters.verify(repair=False) == []


async def test_what_cannot_be_imported_is_told(
    engine: Engine, folder: Path, tmp_path: Path
) -> None:
    await engine.camera()
    put(folder, 0)
    put(folder, 1, b"")
    put(folder, 2, b"\xff\xd8\xff garbage")
    put(folder, 3, b"#EXTM3U\nfile:///etc/passwd\n", ".mp4")
    put(folder, 4, b"hello", ".txt")
    outside = tmp_path / "secret.jpg"
    outside.write_bytes(jpeg(9))
    (folder / "2026-07-01_12.05.00.jpg").symlink_to(outside)
    os.mkfifo(folder / "2026-07-01_12.06.00.jpg")
    with put(folder, 7, b"\xff\xd8\xff").open("r+b") as huge:
        huge.truncate(500_000_000)
    undated = put(folder, 8).rename(folder / "undated.jpg")
    os.utime(undated, (0, 0))
    (folder / ".hidden.jpg").write_bytes(jpeg(10))
    report = await service(engine).run(request(folder))

    assert report.imported == 1
    names = {f"2026-07-01_12.0{minute}.00": minute for minute in range(10)}
    assert {names.get(Path(file).stem, file): why for file, why in reasons(report).items()} == {
        1: "empty",
        2: "unreadable",
        3: "unreadable",
        4: "unknown_format",
        5: "outside",
        6: "unknown_format",
        7: "too_large",
        "undated.jpg": "no_time",
    }
    assert report.counts["unreadable"] == 2


async def test_twice_is_once(engine: Engine, folder: Path) -> None:
    await engine.camera()
    put(folder, 0)
    put(folder, 1, png(1), ".png")
    first = await service(engine).run(request(folder))
    put(folder, 2)
    again = await service(engine).run(request(folder, timelapse=first.timelapse))
    assert (again.imported, again.counts) == (1, {"already_there": 2})
    assert len(await moments(engine, again.timelapse)) == 3


async def test_nothing_new_leaves_no_empty_timelapse(engine: Engine, folder: Path) -> None:
    await engine.camera()
    put(folder, 2, b"\xff\xd8\xff garbage")
    report = await service(engine).run(request(folder))
    assert (report.timelapse, report.imported) == (None, 0)
    assert await engine.timelapses.find() == []


async def test_only_gaps_are_filled(engine: Engine, folder: Path) -> None:
    await engine.camera()
    for minute in (0, 1, 5):
        put(folder, minute)
    first = await service(engine).run(request(folder))
    for minute in range(8):
        put(folder, minute)
        (folder / f"2026-07-01_12.{minute:02d}.20.jpg").write_bytes(jpeg(30 + minute))
    report = await service(engine).run(request(folder, timelapse=first.timelapse, only_gaps=True))
    filled = [NOON + timedelta(minutes=minute) for minute in range(8)]
    assert await moments(engine, report.timelapse) == filled
    assert report.imported == 5
    images = await engine.image_rows.find(timelapse_id=first.timelapse.id if first.timelapse else 0)
    # What came between others has the place of the one before.
    assert [image.seq for image in reversed(images)] == [0, 1, 1, 1, 1, 2, 3, 4]


async def test_a_range_of_time(engine: Engine, folder: Path) -> None:
    await engine.camera()
    for minute in range(4):
        put(folder, minute)
    begin, end = NOON + timedelta(minutes=1), NOON + timedelta(minutes=3)
    report = await service(engine).run(request(folder, begin=begin, end=end))
    assert await moments(engine, report.timelapse) == [begin, begin + timedelta(minutes=1)]
    assert report.counts == {"out_of_range": 2}


def record(path: Path, seconds: int, *extra: str) -> None:
    command = ["ffmpeg", "-loglevel", "error", "-f", "lavfi", "-i"]
    command += [f"testsrc2=size=320x180:rate=5:duration={seconds}", "-g", "5"]
    subprocess.run([*command, *extra, str(path)], check=True, timeout=60)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
async def test_a_recording_gives_keyframes(engine: Engine, folder: Path, suffix: str) -> None:
    await engine.camera()
    record(folder / f"2026-07-01_12-00-00{suffix}", 10)
    report = await service(engine).run(request(folder, every=timedelta(seconds=3)))
    taken = [(moment - NOON).total_seconds() for moment in await moments(engine, report.timelapse)]
    assert taken == pytest.approx([0, 3, 6, 9], abs=0.1)


@pytest.mark.parametrize(
    ("extra", "begins"),
    [
        (("-metadata", "creation_time=2026-07-01T10:00:00Z"), NOON),
        # A recorder closes its file when the last picture has come.
        ((), NOON - timedelta(seconds=4)),
    ],
)
async def test_a_recording_without_a_telling_name(
    engine: Engine, folder: Path, extra: tuple[str, ...], begins: datetime
) -> None:
    await engine.camera()
    record(folder / "recording.mp4", 4, *extra)
    os.utime(folder / "recording.mp4", (NOON.timestamp(), NOON.timestamp()))
    report = await service(engine).run(request(folder, every=timedelta(seconds=2)))
    found = await moments(engine, report.timelapse)
    assert (found[0] - begins).total_seconds() == pytest.approx(0, abs=0.1)


async def test_a_recording_cut_short_gives_what_it_has(engine: Engine, folder: Path) -> None:
    await engine.camera()
    record(folder / "2026-07-01_12-00-00.ts", 10)
    with (folder / "2026-07-01_12-00-00.ts").open("r+b") as file:
        file.truncate(file.seek(0, os.SEEK_END) // 2)
    report = await service(engine).run(request(folder, every=timedelta(seconds=1)))
    assert 2 <= report.imported < 10


async def test_a_full_disk_ends_it_and_another_run_goes_on(engine: Engine, folder: Path) -> None:
    await engine.camera()
    first = await service(engine).run(request(_one(folder)))
    rooms = iter([True, False])

    def has_room() -> None:
        if not next(rooms):
            raise StorageLowError(free="0.5", resume="2")

    for minute in range(1, 4):
        put(folder, minute)
    wanted = request(folder, timelapse=first.timelapse)
    with pytest.raises(StorageLowError):
        await service(engine, has_room).run(wanted)
    report = await service(engine).run(wanted)
    assert len(await moments(engine, report.timelapse)) == 4
    assert await Operations(engine.database).counters.verify(repair=False) == []


def _one(folder: Path) -> Path:
    put(folder, 0)
    return folder


async def test_cancelled_and_run_again(engine: Engine, folder: Path) -> None:
    await engine.camera()
    for minute in range(6):
        put(folder, minute)
    looked = 0

    def cancel_at_third() -> None:
        nonlocal looked
        looked += 1
        if looked == 3:
            imports.cancel()

    imports = service(engine, cancel_at_third)
    report = await imports.run(request(folder))
    assert (report.cancelled, report.imported) == (True, 3)
    rest = await imports.run(request(folder, timelapse=report.timelapse))
    assert (rest.imported, rest.counts) == (3, {"already_there": 3})


async def test_one_at_a_time(engine: Engine, folder: Path, tmp_path: Path) -> None:
    await engine.camera()
    put(folder, 0)
    imports = service(engine)
    first = asyncio.create_task(imports.run(request(folder)))
    await asyncio.sleep(0)
    with pytest.raises(ImportRunningError):
        await imports.run(request(folder))
    assert (await first).imported == 1
    with pytest.raises(NothingToImportError):
        await imports.run(request(tmp_path / "nothing here"))
