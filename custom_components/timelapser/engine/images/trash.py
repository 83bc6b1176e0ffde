"""What is to be deleted: moved aside in one step, then removed bit by bit.

Images are not moved, as there are so many: a list of them lies in the trash until they are gone.
"""

from collections.abc import Collection, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
import json
import os
from pathlib import Path
import re
from typing import Final

from ..errors import OutsideStorageError, StorageError
from ..models.retention import ImagePlace
from .files import PART_SUFFIX, Storage, ThumbSize, moment_of, stamp, write_atomically

FOLDER: Final = ".trash"
DAY: Final = timedelta(days=1)

_NAME = re.compile(r"(?P<kind>[a-z]+)-(?P<id>\d+)-(?P<stamp>\d{8}T\d{9}Z)(\.\w+)?")


class TrashKind(StrEnum):
    """What an entry was."""

    TIMELAPSE = "timelapse"
    VIDEO = "video"
    IMAGES = "images"


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
        """What is in the trash; what has not come here by `put` or `note` is left alone.

        Lists that are only half written are removed: nothing was deleted yet. Not to be called
        while one is being written.
        """
        found = []
        with suppress(FileNotFoundError):
            for path in sorted(self._storage.resolve(FOLDER).iterdir()):
                if entry := _entry(path.name):
                    found.append(entry)
                elif _entry(path.name.removeprefix(".").removesuffix(PART_SUFFIX)):
                    path.unlink(missing_ok=True)
        return found

    def note(self, places: Collection[ImagePlace]) -> TrashEntry:
        """Lay down a list of images that are about to be deleted, one at least.

        Where the disk has no room even for that, their small copies go first: those can be made
        again. Raises StorageError.
        """
        try:
            return self._note(places)
        except StorageError:
            self._remove(path for place in places for path in self._copies_of(place))
            return self._note(places)

    def _note(self, places: Collection[ImagePlace]) -> TrashEntry:
        first = min(places, key=lambda place: (place.captured_at, place.timelapse_id))
        entry = TrashEntry(TrashKind.IMAGES, first.timelapse_id, first.captured_at, ".json")
        listed = [(place.timelapse_id, place.folder, stamp(place.captured_at)) for place in places]
        write_atomically(self._path(entry), json.dumps(listed).encode(), sync=True)
        return entry

    def listed(self, entry: TrashEntry) -> list[ImagePlace]:
        """Answer what such a list names; one that is not as we write them names nothing."""
        try:
            rows = json.loads(self._path(entry).read_bytes())
            places = [ImagePlace(int(row[0]), str(row[1]), _moment(row[2])) for row in rows]
            for folder in {place.folder for place in places}:
                self._storage.resolve(folder)
        except OSError, ValueError, TypeError, LookupError, OutsideStorageError:
            return []
        return places

    def remove_images(self, entry: TrashEntry, places: Iterable[ImagePlace]) -> None:
        """Remove the files of images of a list, with their small copies; raise StorageError.

        Folders that are empty then go as well, except those of days that may still be written to.
        """
        path = self._path(entry)
        try:
            written = datetime.fromtimestamp(path.stat().st_mtime, UTC)
        except OSError as error:
            raise StorageError(folder=str(path)) from error
        paths = {path for place in places for path in self._files_of(place)}
        self._remove(paths)
        last = (written - 2 * DAY).date().isoformat()
        for folder in {file.parent for file in paths}:
            if folder.name < last:
                with suppress(OSError):
                    folder.rmdir()

    def _files_of(self, place: ImagePlace) -> Iterator[Path]:
        folder, moment = place.folder, place.captured_at
        for quarantined in (False, True):
            yield self._storage.image_path(folder, moment, quarantined)
        yield from self._copies_of(place)

    def _copies_of(self, place: ImagePlace) -> Iterator[Path]:
        for size in ThumbSize:
            yield self._storage.thumb_path(place.folder, place.captured_at, size)

    def _remove(self, paths: Iterable[Path]) -> None:
        try:
            for path in paths:
                path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(folder=str(self._storage.root)) from error

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


def _moment(text: object) -> datetime:
    moment = moment_of(str(text))
    if moment is None:
        raise ValueError(text)
    return moment
