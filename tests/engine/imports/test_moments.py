"""When files were taken."""

from datetime import UTC, datetime, timedelta
import os
from pathlib import Path
from zoneinfo import ZoneInfo

from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.imports.moments import moment_of, moment_of_name

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("name", "moment"),
    [
        ("2026-07-01_12.30.05", datetime(2026, 7, 1, 10, 30, 5, tzinfo=UTC)),
        ("garden_20260701123005", datetime(2026, 7, 1, 10, 30, 5, tzinfo=UTC)),
        ("IMG_20260101_123005123", datetime(2026, 1, 1, 11, 30, 5, 123000, tzinfo=UTC)),
        ("20260701T123005000Z", datetime(2026, 7, 1, 12, 30, 5, tzinfo=UTC)),
        ("2026-07-01T12:30", datetime(2026, 7, 1, 10, 30, tzinfo=UTC)),
        ("2026/07/01/12/30.05", datetime(2026, 7, 1, 10, 30, 5, tzinfo=UTC)),
        ("2026-07-01 12h30m05", datetime(2026, 7, 1, 10, 30, 5, tzinfo=UTC)),
        ("front-1764000000.250-abc", datetime.fromtimestamp(1764000000.25, UTC)),
        # Half an hour that came twice: the first one is meant.
        ("2026-10-25_02.30.00", datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        ("camera 3", None),
        ("2026-13-01_12.30.05", None),
        ("2026-07-01", None),
        ("99999999999999999999", None),
    ],
)
def test_names(name: str, moment: datetime | None) -> None:
    assert moment_of_name(name, ZONE) == moment


def write(path: Path, exif: dict[int, str] | None = None, at: datetime = NOW) -> Path:
    picture = Pillow.new("RGB", (32, 18))
    told = picture.getexif()
    ifd = told.get_ifd(0x8769)
    ifd.update(exif or {})
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.save(path, exif=told)
    os.utime(path, (at.timestamp(), at.timestamp()))
    return path


ORIGINAL, OFFSET, FRACTION = 36867, 36881, 37521


@pytest.mark.parametrize(
    ("exif", "moment"),
    [
        ({ORIGINAL: "2026:07:01 12:30:05"}, datetime(2026, 7, 1, 10, 30, 5, tzinfo=UTC)),
        (
            {ORIGINAL: "2026:07:01 12:30:05", OFFSET: "+05:30", FRACTION: "25"},
            datetime(2026, 7, 1, 7, 0, 5, 250000, tzinfo=UTC),
        ),
        # What is wrong or not plausible is passed over, for the name.
        ({ORIGINAL: "0000:00:00 00:00:00"}, datetime(2026, 3, 1, 11, 0, tzinfo=UTC)),
        ({ORIGINAL: "1970:01:01 00:00:00"}, datetime(2026, 3, 1, 11, 0, tzinfo=UTC)),
        ({ORIGINAL: "2099:01:01 00:00:00"}, datetime(2026, 3, 1, 11, 0, tzinfo=UTC)),
        ({ORIGINAL: "yesterday"}, datetime(2026, 3, 1, 11, 0, tzinfo=UTC)),
    ],
)
def test_exif_goes_before_the_name(tmp_path: Path, exif: dict[int, str], moment: datetime) -> None:
    path = write(tmp_path / "2026-03-01_12.00.00.jpg", exif)
    assert moment_of(path, tmp_path, ZONE, NOW) == moment


def test_a_pattern_goes_first(tmp_path: Path) -> None:
    path = write(tmp_path / "cam 03.01.26 07-08.jpg", {ORIGINAL: "2026:07:01 12:30:05"})
    moment = moment_of(path, tmp_path, ZONE, NOW, "cam %d.%m.%y %H-%M")
    assert moment == datetime(2026, 1, 3, 6, 8, tzinfo=UTC)


def test_folders_belong_to_the_name(tmp_path: Path) -> None:
    path = write(tmp_path / "2026-03-01" / "12" / "05.30.jpg")
    assert moment_of(path, tmp_path, ZONE, NOW) == datetime(2026, 3, 1, 11, 5, 30, tzinfo=UTC)


def test_the_time_of_the_file_is_the_last_resort(tmp_path: Path) -> None:
    at = NOW - timedelta(days=3)
    assert moment_of(write(tmp_path / "a.jpg", at=at), tmp_path, ZONE, NOW) == at
    lost = write(tmp_path / "b.jpg", at=datetime(1980, 1, 1, tzinfo=UTC))
    assert moment_of(lost, tmp_path, ZONE, NOW) is None


@pytest.mark.parametrize(
    "exif", [b"Exif\0\0" + b"\xff" * 4000, b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\0" * 20]
)
def test_hostile_exif_harms_nobody(tmp_path: Path, exif: bytes) -> None:
    path = tmp_path / "2026-03-01_12.00.00.jpg"
    Pillow.new("RGB", (32, 18)).save(path, exif=exif)
    assert moment_of(path, tmp_path, ZONE, NOW) == datetime(2026, 3, 1, 11, 0, tzinfo=UTC)
