"""What is to be deleted: moved aside in one step, then removed bit by bit."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
import os
from pathlib import Path
import re
from typing import Final

from ..errors import StorageError
from .files import Storage, moment_of, stamp

FOLDER: Final = ".trash"

_NAME = re.compile(r"(?P<kind>[a-z]+)-(?P<id>\d+)-(?P<stamp>\d{8}T\d{9}Z)(\.\w+)?")


class TrashKind(StrEnum):
    """What an entry was."""

    TIMELAPSE = "timelapse"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class TrashEntry:
    """Something in the trash, with what tells its row from any other that ever had its id."""

    kind: TrashKind
    id: int
    moment: datetime
    suffix: str = ""

    @property
    def name(self) -> str:
        """The name of its file or folder."""
        return f"{self.kind}-{self.id}-{stamp(self.moment)}{self.suffix}"


class Trash:
    """The trash of a storage; everything here blocks, for an executor."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def put(self, relative: str, entry: TrashEntry) -> None:
        """Move a file or folder here in one step, if it is still there; raise StorageError."""
        source, target = self._storage.resolve(relative), self._path(entry)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with suppress(FileNotFoundError):
                source.rename(target)
        except OSError as error:
            raise StorageError(folder=str(source.parent)) from error

    def entries(self) -> list[TrashEntry]:
        """What is in the trash; what has not come here by `put` is left alone."""
        try:
            names = sorted(path.name for path in self._storage.resolve(FOLDER).iterdir())
        except FileNotFoundError:
            return []
        return [entry for name in names if (entry := _entry(name))]

    def remove_some(self, entry: TrashEntry, limit: int) -> bool:
        """Remove up to `limit` files; answer whether that was all. Raises StorageError."""
        path = self._path(entry)
        try:
            if not path.is_dir():
                path.unlink(missing_ok=True)
                return True
            return _empty(path, limit)
        except OSError as error:
            raise StorageError(folder=str(path)) from error

    def _path(self, entry: TrashEntry) -> Path:
        return self._storage.resolve(f"{FOLDER}/{entry.name}")


def _empty(root: Path, limit: int) -> bool:
    for folder, subfolders, files in os.walk(root, topdown=False):
        links = [name for name in subfolders if Path(folder, name).is_symlink()]
        for name in files + links:
            if not limit:
                return False
            Path(folder, name).unlink(missing_ok=True)
            limit -= 1
        Path(folder).rmdir()
    return True


def _entry(name: str) -> TrashEntry | None:
    match = _NAME.fullmatch(name)
    moment = moment_of(match["stamp"]) if match else None
    if match is None or moment is None or match["kind"] not in TrashKind:
        return None
    return TrashEntry(TrashKind(match["kind"]), int(match["id"]), moment, match[4] or "")
