"""What really lies in the storage folder; everything here blocks, for an executor."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
import os
from pathlib import Path
import shutil
from typing import Final, NamedTuple

from .files import PART_SUFFIX, Storage, captured_at_of
from .spool import FOLDER as SPOOL_FOLDER

IMAGE_FOLDERS: Final = {"images": False, "quarantine": True}
"""Those of a timelapse that hold images, and whether they are quarantined there."""
IMPORT_FOLDER: Final = ".import"
"""Where imports put what they fetch, each in a folder of its own."""


class Place(NamedTuple):
    """An image file of a timelapse."""

    captured_at: datetime
    quarantined: bool


@dataclass(frozen=True, slots=True)
class DayFiles:
    """The images of a day in UTC; `old` were there before this run, `leftovers` are removed."""

    present: frozenset[Place]
    old: frozenset[Place]
    leftovers: int


@dataclass(frozen=True, slots=True)
class VideoFiles:
    """The names of the videos of a timelapse; `old` were there before this run."""

    present: frozenset[str]
    old: frozenset[str]
    leftovers: int


class Inventory:
    """Looks into folders, one at a time, and removes what an earlier run left half-written."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def remove_leftovers(self) -> int:
        """Remove half-written files outside of timelapses, and what imports fetched; count them."""
        spool = self._storage.resolve(SPOOL_FOLDER)
        parts = sum(self._sweep(list(_files(path))) for path in (self._storage.root, spool))
        return parts + self._sweep_imports()

    def days(self, folder: str) -> set[date]:
        """The days in UTC for which a timelapse has folders."""
        found = set()
        for name in (*IMAGE_FOLDERS, "thumbs"):
            with suppress(FileNotFoundError):
                for day in (self._storage.resolve(folder) / name).iterdir():
                    with suppress(ValueError):
                        found.add(date.fromisoformat(day.name))
        return found

    def day(self, folder: str, day: date) -> DayFiles:
        """Look at a day of a timelapse."""
        present, old, leftovers = set(), set(), 0
        for name, quarantined in IMAGE_FOLDERS.items():
            files = list(_files(self._path(folder, name, day)))
            leftovers += self._sweep(files)
            for file in files:
                captured_at = captured_at_of(Path(file.name))
                if captured_at is not None and captured_at.date() == day:
                    present.add(Place(captured_at, quarantined))
                    if self._is_old(file):
                        old.add(Place(captured_at, quarantined))
        leftovers += self._sweep(list(_files(self._path(folder, "thumbs", day))))
        return DayFiles(frozenset(present), frozenset(old), leftovers)

    def videos(self, folder: str) -> VideoFiles | None:
        """Look at the videos of a timelapse; None where there is no folder for them."""
        path = self._storage.videos_folder(folder)
        if not path.is_dir():
            return None
        files = list(_files(path))
        leftovers = self._sweep(files)
        whole = [file for file in files if not _is_part(file)]
        return VideoFiles(
            frozenset(file.name for file in whole),
            frozenset(file.name for file in whole if self._is_old(file)),
            leftovers,
        )

    def _path(self, folder: str, name: str, day: date) -> Path:
        return self._storage.resolve(f"{folder}/{name}/{day.isoformat()}")

    def _sweep(self, files: list[os.DirEntry[str]]) -> int:
        parts = [file for file in files if _is_part(file) and self._is_old(file)]
        for part in parts:
            Path(part.path).unlink(missing_ok=True)
        return len(parts)

    def _sweep_imports(self) -> int:
        removed = 0
        with suppress(FileNotFoundError), os.scandir(self._storage.resolve(IMPORT_FOLDER)) as all_:
            for folder in all_:
                if folder.is_dir(follow_symlinks=False) and self._is_old(folder):
                    shutil.rmtree(folder.path, ignore_errors=True)
                    removed += 1
        return removed

    def _is_old(self, file: os.DirEntry[str]) -> bool:
        try:
            return file.stat(follow_symlinks=False).st_mtime <= self._storage.opened_at
        except FileNotFoundError:  # written to the end, or deleted, meanwhile
            return False


def _files(path: Path) -> Iterator[os.DirEntry[str]]:
    with suppress(FileNotFoundError), os.scandir(path) as entries:
        yield from (entry for entry in entries if entry.is_file(follow_symlinks=False))


def _is_part(file: os.DirEntry[str]) -> bool:
    return file.name.startswith(".") and file.name.endswith(PART_SUFFIX)
