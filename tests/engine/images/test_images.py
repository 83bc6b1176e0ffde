"""Images: one decode, atomic files, and what a crash leaves."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.corruption.service import CorruptionService
from custom_components.timelapser.engine.errors import OutsideStorageError, StorageError
from custom_components.timelapser.engine.images.files import (
    Storage,
    ThumbSize,
    captured_at_of,
    write_atomically,
)
from custom_components.timelapser.engine.images.ingest import ingest
from custom_components.timelapser.engine.images.inventory import Place
from custom_components.timelapser.engine.images.service import ImageService, ImageSize
from custom_components.timelapser.engine.models import (
    Frame,
    Image,
    NewImage,
    Timelapse,
    TimelapseState,
)
from custom_components.timelapser.engine.settings import Settings
from tests.harness import scene

ZONE = ZoneInfo("Pacific/Auckland")
NOON = datetime(2026, 11, 24, 12, 0, 0, 123_456, UTC)
TIMELAPSE = Timelapse(7, "cam", "Garden", TimelapseState.RUNNING, "garden-1/7", NOON)


@pytest.fixture(scope="module")
def jpeg() -> bytes:
    return scene.jpeg(0.4, (1280, 720))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[ImageService]:
    with ThreadPoolExecutor(1) as pool:
        yield ImageService(Storage(tmp_path), CorruptionService(), pool)


def encoded(picture: Pillow.Image, **options: object) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def size_of(jpeg: bytes | None) -> tuple[int, int]:
    assert jpeg is not None
    return Pillow.open(BytesIO(jpeg)).size


def row(new: NewImage) -> Image:
    return Image(
        1,
        new.camera_id,
        new.timelapse_id,
        TIMELAPSE.folder,
        new.captured_at,
        new.local_day,
        new.width,
        new.height,
        new.byte_count,
        new.judgement.score,
        new.judgement.reasons,
        new.quarantined,
        new.flagged,
    )


def files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.*"))


@pytest.mark.parametrize(
    ("size", "options", "small", "thumb"),
    [
        ((1920, 1080), {}, (800, 450), (200, 112)),
        ((1080, 1920), {}, (800, 1422), (200, 356)),
        ((640, 480), {}, (640, 480), (200, 150)),
        ((100, 80), {}, (100, 80), (100, 80)),
        ((16, 16), {}, (16, 16), (16, 16)),
        ((1920, 1080), {"progressive": True}, (800, 450), (200, 112)),
    ],
)
def test_thumbnails(
    size: tuple[int, int],
    options: dict[str, object],
    small: tuple[int, int],
    thumb: tuple[int, int],
) -> None:
    original = encoded(scene.draw(0.4, (960, 540)).resize(size), **options)
    found = ingest(Frame(NOON, original), 90)
    assert found.jpeg is original
    assert (found.width, found.height) == size
    assert found.origin.readable
    for jpeg, expected in ((found.small, small), (found.thumb, thumb)):
        assert abs(np.subtract(size_of(jpeg), expected)).max() <= 1


@pytest.mark.parametrize("mode", ["L", "CMYK"])
def test_other_colour_modes(mode: str) -> None:
    original = encoded(scene.draw(0.4, (1280, 720)).convert(mode))
    found = ingest(Frame(NOON, original), 90)
    assert found.origin.readable
    assert size_of(found.small) == (800, 450)


def test_rotated_picture_stands_upright() -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    original = encoded(scene.draw(0.4, (1280, 720)), exif=exif)
    found = ingest(Frame(NOON, original), 90)
    assert (found.width, found.height) == (720, 1280)
    width, height = size_of(found.thumb)
    assert height > width


@pytest.mark.parametrize(
    ("cut", "readable", "truncated"),
    [
        (lambda data: data[: len(data) // 2], True, True),
        (lambda data: data[:-2], True, True),
        (lambda data: data + bytes(64), True, False),
        (lambda data: data[:40], False, True),
        (lambda data: b"\xff\xd8\xff" + bytes(5000), False, True),
    ],
    ids=["half", "no end", "padded", "header", "nothing"],
)
def test_damaged_jpeg_is_measured(jpeg: bytes, cut, readable: bool, truncated: bool) -> None:
    found = ingest(Frame(NOON, cut(jpeg)), 90)
    assert (found.origin.readable, found.origin.truncated) == (readable, truncated)
    assert (found.small is not None) is readable


def test_decoded_picture_is_encoded_once(jpeg: bytes) -> None:
    picture = np.asarray(scene.draw(0.4, (1280, 720)))
    found = ingest(Frame(NOON, picture), 90)
    assert size_of(found.jpeg) == (1280, 720)
    back = np.asarray(Pillow.open(BytesIO(found.jpeg))).astype(int)
    assert np.abs(back - picture).mean() < 6


async def test_keep_writes_whole_files_only(
    service: ImageService, tmp_path: Path, jpeg: bytes
) -> None:
    new = await service.keep(Frame(NOON, jpeg), TIMELAPSE, Settings(), ZONE)
    assert files(tmp_path / "garden-1/7") == [
        "images/2026-11-24/20261124T120000123Z.jpg",
        "thumbs/2026-11-24/20261124T120000123Z.small.jpg",
        "thumbs/2026-11-24/20261124T120000123Z.thumb.jpg",
    ]
    assert (tmp_path / "garden-1/7/images/2026-11-24/20261124T120000123Z.jpg").read_bytes() == jpeg
    # In Auckland the next day has begun.
    assert new.local_day.isoformat() == "2026-11-25"
    assert (new.quarantined, new.flagged) == (False, False)
    assert new.judgement.score >= 85


async def test_same_millisecond_overwrites_nothing(service: ImageService, jpeg: bytes) -> None:
    kept = [await service.keep(Frame(NOON, jpeg), TIMELAPSE, Settings(), ZONE) for _ in range(3)]
    assert len({new.captured_at for new in kept}) == 3


async def test_corrupted_image_goes_to_quarantine(
    service: ImageService, tmp_path: Path, jpeg: bytes
) -> None:
    new = await service.keep(Frame(NOON, jpeg[: len(jpeg) // 2]), TIMELAPSE, Settings(), ZONE)
    assert new.quarantined
    assert "truncated" in new.judgement.reasons
    path = await service.path(row(new), ImageSize.FULL)
    assert path is not None
    assert path.is_relative_to(tmp_path / "garden-1/7/quarantine")


async def test_missing_small_files_fall_back(service: ImageService, jpeg: bytes) -> None:
    image = row(await service.keep(Frame(NOON, jpeg), TIMELAPSE, Settings(), ZONE))
    for name in ("thumb.jpg", "small.jpg", "123Z.jpg"):
        path = await service.path(image, ImageSize.THUMB)
        assert path is not None
        assert path.name.endswith(name)
        path.unlink()
    assert await service.path(image, ImageSize.THUMB) is None


@pytest.mark.parametrize(
    ("data", "quarantined", "reason"),
    [(None, False, None), (b"", True, "unreadable"), (b"no picture", True, "unreadable")],
)
async def test_files_without_a_row_are_judged_anew(
    service: ImageService,
    tmp_path: Path,
    jpeg: bytes,
    data: bytes | None,
    *,
    quarantined: bool,
    reason: str | None,
) -> None:
    """A crash between the file's rename and the row's commit loses nothing."""
    lost = await service.keep(Frame(NOON, jpeg), TIMELAPSE, Settings(), ZONE)
    path = tmp_path / "garden-1/7/images/2026-11-24/20261124T120000123Z.jpg"
    if data is not None:
        path.write_bytes(data)
    found = await service.adopt(TIMELAPSE, Place(lost.captured_at, False), Settings(), ZONE)
    assert found.quarantined is quarantined
    assert found.judgement.reasons == ((reason,) if reason else ())
    assert await service.path(row(found), ImageSize.FULL) is not None
    assert path.exists() is not quarantined


def test_failed_write_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(StorageError):
        write_atomically(tmp_path / "day/image.jpg", b"data", sync=True)
    assert files(tmp_path) == []


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", ".", "", "link/x"])
def test_paths_stay_inside(tmp_path: Path, path: str) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (root / "link").symlink_to(tmp_path)
    with pytest.raises(OutsideStorageError):
        Storage(root).resolve(path)


def test_names_tell_their_moment(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    moment = NOON.replace(microsecond=123_000)
    assert captured_at_of(storage.image_path("a/1", moment, quarantined=False)) == moment
    assert captured_at_of(storage.thumb_path("a/1", moment, ThumbSize.SMALL)) is None
    assert captured_at_of(Path("holiday.jpg")) is None


def test_camera_folder_is_readable_and_unique(tmp_path: Path) -> None:
    storage = Storage(tmp_path)
    first = storage.camera_folder("Jardín / Süd", "01K9ABCDEFGH")
    assert first == "jardin-sud-abcdefgh"
    assert storage.camera_folder("../..", "01K9ABCDEFGH") == "camera-abcdefgh"


def test_storage_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    with pytest.raises(StorageError):
        Storage(tmp_path / "file" / "timelapser").check_writable()
    Storage(tmp_path / "new" / "timelapser").check_writable()
    assert files(tmp_path / "new" / "timelapser") == []
