"""Images as a ZIP archive that is written while it is read."""

from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
import os
from pathlib import Path
import zipfile
from zoneinfo import ZoneInfo

import pytest

from custom_components.timelapser.engine.images.archive import PIECE, archive
from custom_components.timelapser.engine.images.files import Storage
from custom_components.timelapser.engine.models import Image

ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 24, 11, tzinfo=UTC)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage(tmp_path / "media")


def kept(storage: Storage, at: datetime, data: bytes, folder: str = "garden-abc/7") -> Image:
    """Write a file, whatever is in it, and answer the row that it would have."""
    path = storage.image_path(folder, at, quarantined=False)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return Image(1, "cam", 7, folder, at, at.date(), 1, 1, len(data), 100, (), False, False)


def path_of(storage: Storage, image: Image) -> Path:
    return storage.image_path(image.folder, image.captured_at, image.quarantined)


async def each(images: Iterable[Image]) -> AsyncIterator[Image]:
    for image in images:
        yield image


async def pieces(storage: Storage, *images: Image) -> list[bytes]:
    return [piece async for piece in archive(storage, each(images), ZONE)]


async def opened(storage: Storage, *images: Image) -> zipfile.ZipFile:
    found = zipfile.ZipFile(BytesIO(b"".join(await pieces(storage, *images))))
    assert found.testzip() is None
    return found


async def test_files_come_out_as_they_went_in(storage: Storage) -> None:
    data = [b"first", b"", os.urandom(3 * PIECE + 7)]
    images = [
        kept(storage, NOON + timedelta(seconds=number), content)
        for number, content in enumerate(data)
    ]
    found = await opened(storage, *images)
    assert found.namelist() == [
        f"garden-abc-7/2026-11-24/12-00-0{number}.000+0100.jpg" for number in range(3)
    ]
    assert [found.read(name) for name in found.namelist()] == data
    (first, *_rest) = found.infolist()
    assert first.compress_type == zipfile.ZIP_STORED
    assert first.date_time == (2026, 11, 24, 12, 0, 0)


async def test_only_pieces_are_held(storage: Storage) -> None:
    data = bytes(20 * PIECE)
    images = [kept(storage, NOON + timedelta(hours=n), data) for n in range(2)]
    found = await pieces(storage, *images)
    assert len(found) > 40
    assert max(map(len, found)) < PIECE + 1000


async def test_hour_that_comes_twice(storage: Storage) -> None:
    moments = [datetime(2026, 10, 25, hour, 30, tzinfo=UTC) for hour in (0, 1)]
    found = await opened(storage, *(kept(storage, at, b"x") for at in moments))
    assert [Path(name).name for name in found.namelist()] == [
        "02-30-00.000+0200.jpg",
        "02-30-00.000+0100.jpg",
    ]


@pytest.mark.parametrize(("year", "told"), [(1970, 1980), (2026, 2026), (2200, 2107)])
async def test_years_that_the_format_does_not_know(storage: Storage, year: int, told: int) -> None:
    found = await opened(storage, kept(storage, NOON.replace(year=year), b"x"))
    (entry,) = found.infolist()
    assert entry.date_time[0] == told
    assert f"/{year}-11-24/" in entry.filename


async def test_names_are_safe(storage: Storage) -> None:
    found = await opened(storage, kept(storage, NOON, b"x", "Jardín & Süd: 100%/7"))
    assert found.namelist() == ["jardin-sud-100-7/2026-11-24/12-00-00.000+0100.jpg"]


async def test_what_is_gone_is_told(storage: Storage, tmp_path: Path) -> None:
    there, gone, linked = (kept(storage, NOON + timedelta(hours=n), b"x") for n in range(3))
    path_of(storage, gone).unlink()
    secret = tmp_path / "secret"
    secret.write_text("secret")
    path_of(storage, linked).unlink()
    path_of(storage, linked).symlink_to(secret)
    outside = replace(there, folder="../..")
    found = await opened(storage, there, gone, linked, outside)
    first, missing = found.namelist()
    assert first == "garden-abc-7/2026-11-24/12-00-00.000+0100.jpg"
    assert missing == "missing.txt"
    assert found.read(missing).decode().splitlines()[2:] == [
        "garden-abc-7/2026-11-24/13-00-00.000+0100.jpg",
        "garden-abc-7/2026-11-24/14-00-00.000+0100.jpg",
        "images/2026-11-24/12-00-00.000+0100.jpg",
    ]


async def test_file_that_goes_while_it_is_read(storage: Storage) -> None:
    """What is open can be read to its end; the next one, which went meanwhile, is told."""
    first, second = (kept(storage, NOON + timedelta(hours=n), bytes(3 * PIECE)) for n in range(2))
    found = []
    async for piece in archive(storage, each([first, second]), ZONE):
        found.append(piece)
        for image in (first, second):
            path_of(storage, image).unlink(missing_ok=True)
    whole = zipfile.ZipFile(BytesIO(b"".join(found)))
    assert whole.testzip() is None
    name, missing = whole.namelist()
    assert len(whole.read(name)) == 3 * PIECE
    assert "13-00-00" in whole.read(missing).decode()


async def test_no_images(storage: Storage) -> None:
    assert (await opened(storage)).namelist() == []


async def test_beyond_what_32_bits_hold(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the limits of the format lowered, all that comes beyond them has its ZIP64 form."""
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 3 * PIECE)
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 3)
    data = [os.urandom(size) for size in (100, 5 * PIECE, 100, 100, 100)]
    images = [
        kept(storage, NOON + timedelta(seconds=number), content)
        for number, content in enumerate(data)
    ]
    whole = b"".join(await pieces(storage, *images))
    monkeypatch.undo()
    assert b"PK\x06\x06" in whole  # the end of a ZIP64 directory
    found = zipfile.ZipFile(BytesIO(whole))
    assert found.testzip() is None
    assert [found.read(name) for name in found.namelist()] == data


async def test_who_goes_away_leaves_nothing_open(storage: Storage) -> None:
    image = kept(storage, NOON, bytes(5 * PIECE))
    path = path_of(storage, image)
    async with aclosing(archive(storage, each([image]), ZONE)) as running:
        await anext(running)
        assert path in open_files()
    assert path not in open_files()


def open_files() -> set[Path]:
    """The files that this process has open."""
    links = Path("/proc/self/fd").iterdir()
    return {link.readlink() for link in links if link.is_symlink()}
