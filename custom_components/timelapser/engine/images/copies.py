"""The small copies of images on disk; everything here blocks, for an executor."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum, auto
import os
from pathlib import Path
from typing import Final

from ..errors import OutsideStorageError, StorageError, TimelapserError
from ..models import Frame, Image, ThumbnailMode
from .files import Storage, ThumbSize, moment_of, write_atomically
from .ingest import ingest, opened

MAX_BYTES: Final = 64 * 1024 * 1024
"""A larger file is no picture of a camera, and not read into memory."""
_ANY_QUALITY: Final = 90  # of the full picture, which is not encoded again


class State(Enum):
    """What was found in the place of a copy."""

    GOOD = auto()
    MISSING = auto()
    UNREADABLE = auto()


@dataclass(frozen=True, slots=True)
class Tended:
    """What was wrong with the copies of an image, and what was done about it."""

    missing: bool = False
    unreadable: bool = False
    made: bool = False
    failed: bool = False


def inside(storage: Storage, path: Path) -> Path | None:
    """Answer where a file really lies; one that is missing, or outside the storage, is None."""
    try:
        real = path.resolve(strict=True)
    except OSError:
        return None
    return real if real.is_relative_to(storage.root.resolve()) and real.is_file() else None


class Copies:
    """Keeps, finds, makes and removes the copies; the full images are only read."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def keep(
        self,
        folder: str,
        captured_at: datetime,
        copies: Mapping[ThumbSize, bytes | None],
        mode: ThumbnailMode,
    ) -> None:
        """Write the copies of a new image, if they are wanted; raise StorageError.

        Where only the latest are wanted, those of the image before go.
        """
        if mode is ThumbnailMode.OFF:
            return
        for size, jpeg in copies.items():
            if jpeg is not None:
                path = self._storage.thumb_path(folder, captured_at, size)
                write_atomically(path, jpeg, sync=False)
        if mode is ThumbnailMode.LATEST:
            self._remove_before(folder, captured_at)

    def full(self, image: Image) -> Path | None:
        """Answer the file of the image itself."""
        path = self._storage.image_path(image.folder, image.captured_at, image.quarantined)
        return inside(self._storage, path)

    def find(self, image: Image, size: ThumbSize) -> Path | None:
        """Answer the file of a copy; an empty one, as a power cut leaves them, counts as none."""
        path = inside(self._storage, self._path(image, size))
        return path if path and _size(path) else None

    def find_or_make(self, image: Image, size: ThumbSize) -> Path | None:
        """The same, made where it is missing; None for an image that cannot be read.

        Raises StorageError when the copy cannot be written.
        """
        found = self.find(image, size)
        if found is None and self.make(image, (size,)):
            found = self.find(image, size)
        return found

    def larger(self, image: Image, size: ThumbSize) -> Path | None:
        """Answer the next larger file there is."""
        small = self.find(image, ThumbSize.SMALL) if size is ThumbSize.THUMB else None
        return small or self.full(image)

    def make(self, image: Image, sizes: Collection[ThumbSize]) -> bool:
        """Make copies from the full image; answer whether that can be read; raise StorageError.

        A thumbnail is made from the small copy where the full image is gone.
        """
        source = self.full(image)
        if source is None and ThumbSize.SMALL not in sizes:
            source = self.find(image, ThumbSize.SMALL)
        jpeg = _read(source) if source else None
        if jpeg is None:
            return False
        ingested = ingest(Frame(image.captured_at, jpeg), _ANY_QUALITY)
        made = {ThumbSize.SMALL: ingested.small, ThumbSize.THUMB: ingested.thumb}
        for size in sizes:
            if (copy := made[size]) is None:
                return False
            path = self._path(image, size)
            # Raises where a link leads the folder out of the storage.
            self._storage.resolve(self._day(image.folder, image.captured_at.date()))
            write_atomically(path, copy, sync=False)
        return True

    def state(self, image: Image, size: ThumbSize) -> State:
        """Look at a copy; after a power cut, some are empty or end early."""
        path = inside(self._storage, self._path(image, size))
        if path is None:
            return State.MISSING
        jpeg = _read(path)
        picture, origin = opened(jpeg) if jpeg else (None, None)
        whole = picture is not None and origin is not None and not origin.truncated
        return State.GOOD if whole else State.UNREADABLE

    def tend(
        self, image: Image, sizes: Collection[ThumbSize], *, only_missing: bool, dry_run: bool
    ) -> Tended:
        """Look at the copies of an image, and make those that are bad, or all; never raises."""
        try:
            states = {size: self.state(image, size) for size in sizes}
            bad = [size for size, state in states.items() if state is not State.GOOD]
            wanted = bad if only_missing else sizes
            tried = bool(wanted) and not dry_run
            made = tried and self._made(image, wanted)
        except TimelapserError:  # the folder leads out of the storage
            return Tended(failed=True)
        return Tended(
            State.MISSING in states.values(),
            State.UNREADABLE in states.values(),
            made,
            tried and not made,
        )

    def days(self, folder: str) -> list[date]:
        """The days in UTC for which there may be copies, the newest first."""
        found = []
        for name in _names(self._storage.resolve(f"{folder}/thumbs")):
            with suppress(ValueError):
                found.append(date.fromisoformat(name))
        return sorted(found, reverse=True)

    def remove_small(self, folder: str, day: date) -> int:
        """Remove the small copies of a day; answer how many; raise StorageError."""
        path = self._storage.resolve(self._day(folder, day))
        ending = f".{ThumbSize.SMALL}.jpg"
        small = [path / name for name in _names(path) if name.endswith(ending)]
        try:
            for copy in small:
                copy.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(folder=str(path)) from error
        return len(small)

    def _made(self, image: Image, sizes: Collection[ThumbSize]) -> bool:
        try:
            return self.make(image, sizes)
        except StorageError:
            return False

    def _remove_before(self, folder: str, captured_at: datetime) -> None:
        # What cannot be removed costs room, but no image.
        with suppress(OSError, OutsideStorageError):
            before = self._newest_before(folder, captured_at)
            if before is not None:
                for size in ThumbSize:
                    self._storage.thumb_path(folder, before, size).unlink(missing_ok=True)

    def _newest_before(self, folder: str, moment: datetime) -> datetime | None:
        for day in self.days(folder):
            names = _names(self._storage.resolve(self._day(folder, day)))
            stamps = {name.split(".")[0] for name in names}
            older = [found for text in stamps if (found := moment_of(text)) and found < moment]
            if older:
                return max(older)
        return None

    def _path(self, image: Image, size: ThumbSize) -> Path:
        return self._storage.thumb_path(image.folder, image.captured_at, size)

    @staticmethod
    def _day(folder: str, day: date) -> str:
        return f"{folder}/thumbs/{day.isoformat()}"


def _names(path: Path) -> Iterator[str]:
    with suppress(FileNotFoundError), os.scandir(path) as entries:
        yield from (entry.name for entry in entries)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:  # removed meanwhile
        return 0


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes() if _size(path) <= MAX_BYTES else None
    except OSError:
        return None
