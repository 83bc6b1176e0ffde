"""The files of an import, found and put in order; everything here blocks, for an executor."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
import os
from pathlib import Path
from typing import Final

from ..capture.content import decode, is_jpeg
from ..errors import NoJpegError
from ..models import Frame
from .moments import moment_of, moment_of_name
from .recordings import SUFFIXES as VIDEO_SUFFIXES
from .report import ImportReport, LeftOut, UnreadableFileError

PICTURE_SUFFIXES: Final = frozenset({".jpg", ".jpeg", ".png", ".webp", ".bmp", ".gif"})
MAX_PICTURE_BYTES: Final = 64 * 10**6
"""A JPEG of 100 megapixels has less; it has to fit into memory as a whole."""


@dataclass(frozen=True, slots=True)
class Clock:
    """What tells when a file was taken; `pattern` is one of strptime, for names."""

    zone: tzinfo
    now: datetime
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """A file to import; a video whose name tells nothing says itself when it begins."""

    path: Path
    name: str
    moment: datetime | None
    is_video: bool = False


def find_files(roots: Iterable[Path], clock: Clock, report: ImportReport) -> list[Found]:
    """Answer the pictures and videos of folders, or single files, in order of time.

    Links are followed only where they stay inside. Hidden files are somebody's own business.
    """
    found = []
    for root in roots:
        folder = root if root.is_dir() else root.parent
        for path in [root] if root.is_file() else _walk(root):
            report.files += 1
            entry = _look(path, folder, clock)
            if isinstance(entry, LeftOut):
                report.leave_out(path.relative_to(folder).as_posix(), entry)
            else:
                found.append(entry)
    return sorted(found, key=lambda file: (file.moment or clock.now, file.name))


def read_frame(file: Found) -> Frame:
    """Read a picture: a JPEG as it is, others decoded; raise UnreadableFileError."""
    if file.moment is None:
        raise UnreadableFileError
    try:
        content = file.path.read_bytes()
        data = content if is_jpeg(content) else decode(content, file.name)
    except (OSError, NoJpegError) as error:
        raise UnreadableFileError from error
    return Frame(file.moment, data)


def _walk(root: Path) -> Iterator[Path]:
    for folder, folders, names in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        yield from (Path(folder, name) for name in sorted(names) if not name.startswith("."))


def _look(path: Path, folder: Path, clock: Clock) -> Found | LeftOut:
    suffix = path.suffix.lower()
    if suffix not in PICTURE_SUFFIXES | VIDEO_SUFFIXES:
        return LeftOut.UNKNOWN
    try:
        if not path.resolve(strict=True).is_relative_to(folder.resolve()):
            return LeftOut.OUTSIDE
        size = path.stat().st_size
        if not path.is_file():
            return LeftOut.UNKNOWN
        if not size:
            return LeftOut.EMPTY
        name = path.relative_to(folder).as_posix()
        if suffix in VIDEO_SUFFIXES:
            return Found(path, name, moment_of_name(path.stem, clock.zone), is_video=True)
        if size > MAX_PICTURE_BYTES:
            return LeftOut.TOO_LARGE
        moment = moment_of(path, folder, clock.zone, clock.now, clock.pattern)
    except OSError:
        return LeftOut.UNREADABLE
    return Found(path, name, moment) if moment else LeftOut.NO_TIME
