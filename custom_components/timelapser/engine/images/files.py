"""Where every file of the house lies, and how files are written."""

from contextlib import suppress
from datetime import UTC, datetime
from enum import StrEnum
import os
from pathlib import Path

from slugify import slugify

from ..errors import OutsideStorageError, StorageError, StorageMissingError

STAMP = "%Y%m%dT%H%M%S"
PART_SUFFIX = ".part"
IMAGE_SUFFIX = ".jpg"


class ThumbSize(StrEnum):
    """The small copies of an image."""

    SMALL = "small"
    THUMB = "thumb"


class Storage:
    """The storage folder.

    Laid out as `<camera>/<timelapse id>/{images,quarantine,thumbs}/YYYY-MM-DD/<stamp>.jpg` and
    `.../videos/`. Days and stamps are UTC, so no change of clocks ever overwrites a file.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.opened_at = 0.0

    def camera_folder(self, name: str, camera_id: str) -> str:
        """Answer a folder name for a camera: readable, and unique by the end of its id."""
        slug = slugify(name, max_length=60) or "camera"
        return f"{slug}-{camera_id[-8:].lower()}"

    def images_folder(self, folder: str, *, quarantined: bool) -> Path:
        """Where a timelapse's kept or quarantined images lie."""
        return self.resolve(folder) / ("quarantine" if quarantined else "images")

    def image_path(self, folder: str, captured_at: datetime, quarantined: bool) -> Path:
        """Where an image lies."""
        return (
            self.images_folder(folder, quarantined=quarantined)
            / f"{captured_at:%Y-%m-%d}"
            / f"{stamp(captured_at)}{IMAGE_SUFFIX}"
        )

    def thumb_path(self, folder: str, captured_at: datetime, size: ThumbSize) -> Path:
        """Where a small copy of an image lies."""
        day = f"{captured_at:%Y-%m-%d}"
        return self.resolve(folder) / "thumbs" / day / f"{stamp(captured_at)}.{size}.jpg"

    def videos_folder(self, folder: str) -> Path:
        """Where a timelapse's videos lie."""
        return self.resolve(folder) / "videos"

    def resolve(self, relative: str) -> Path:
        """Answer an absolute path; raise OutsideStorageError when it leads out of the root."""
        root = self.root.resolve()
        path = (root / relative).resolve()
        if path == root or not path.is_relative_to(root):
            raise OutsideStorageError
        return path

    def relative(self, path: Path) -> str:
        """Answer the path from the root on, with forward slashes."""
        return path.relative_to(self.root.resolve()).as_posix()

    def check_there(self) -> None:
        """Raise StorageMissingError without the root; made anew, it would hide a missing disk."""
        if not self.root.exists():
            raise StorageMissingError(folder=str(self.root))

    def check_writable(self) -> None:
        """Make the root if need be and write to it; raise StorageError when that fails.

        From then on `opened_at` tells, by the disk's own clock, what was there before.
        """
        probe = self.root / f".probe{PART_SUFFIX}"
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            probe.write_bytes(b"probe")
            self.opened_at = probe.stat().st_mtime
            probe.unlink()
        except OSError as error:
            raise StorageError(folder=str(self.root)) from error


def captured_at_of(path: Path) -> datetime | None:
    """Answer the moment that a file's name tells, or None for a name that is not ours."""
    return moment_of(path.stem) if path.suffix == IMAGE_SUFFIX else None


def moment_of(text: str) -> datetime | None:
    """Answer the moment of a stamp, or None for what is none."""
    try:
        moment = datetime.strptime(text[:15], STAMP).replace(tzinfo=UTC)
        milliseconds = int(text[15:18])
    except ValueError:
        return None
    moment = moment.replace(microsecond=milliseconds * 1000)
    return moment if stamp(moment) == text else None


def part_path(path: Path) -> Path:
    """Answer the name a file has while it is being written."""
    return path.with_name(f".{path.name}{PART_SUFFIX}")


def write_atomically(path: Path, data: bytes, *, sync: bool) -> None:
    """Write a file that is either whole or not there; raise StorageError otherwise.

    With `sync` the bytes have reached the disk before the name appears. Thumbnails go without:
    they can be made again, and each sync costs a seek on a hard disk.
    """
    part = part_path(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with part.open("wb") as file:
            file.write(data)
            if sync:
                file.flush()
                os.fsync(file.fileno())
        part.replace(path)
    except OSError as error:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise StorageError(folder=str(path.parent)) from error


def stamp(moment: datetime) -> str:
    """Answer the moment as it stands in names: UTC, with milliseconds."""
    moment = moment.astimezone(UTC)
    return f"{moment.strftime(STAMP)}{moment.microsecond // 1000:03d}Z"
