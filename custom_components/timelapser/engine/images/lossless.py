"""What can be done to a JPEG without decoding it: turned by a note, cut along its blocks."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
import struct
from struct import pack, unpack_from
from typing import Final

from .orientation import ORIENTATION_TAG
from .turbo import turbojpeg

type Box = tuple[int, int, int, int]
"""Left, top, right, bottom in pixels of the picture as it is stored; the last two are outside."""

type LosslessCrop = Callable[[bytes, Box], bytes]
"""Cuts a JPEG; left and top lie on its grid. Raises whatever goes wrong."""

_START: Final = b"\xff\xd8"
_END: Final = b"\xff\xd9"
_PADDING: Final = 4096
_JFIF: Final = 0xE0
_EXIF: Final = 0xE1
_ICC: Final = 0xE2
_COMMENT: Final = 0xFE
_SCAN: Final = 0xDA
_ALONE: Final = frozenset({0x00, 0x01, *range(0xD0, 0xDA), 0xFF})
_EXIF_HEAD: Final = b"Exif\0\0"
_ICC_HEAD: Final = b"ICC_PROFILE\0"
_SEGMENT_LIMIT: Final = 0xFFFF - 2

_BYTE_ORDERS: Final = {b"II*\0": "<", b"MM\0*": ">"}
_ENTRY: Final = 12
_SHORT: Final = 3
_THUMBNAIL_AT: Final = 0x0201
_THUMBNAIL_LENGTH: Final = 0x0202


@dataclass(frozen=True, slots=True)
class _Segment:
    """One stretch of a JPEG's header; `start` is where its marker is."""

    code: int
    start: int
    end: int
    body: bytes

    @property
    def is_exif(self) -> bool:
        return self.code == _EXIF and self.body.startswith(_EXIF_HEAD)

    @property
    def outlives_a_cut(self) -> bool:
        """What is not about the picture's size, and holds no second copy of the picture."""
        icc = self.code == _ICC and self.body.startswith(_ICC_HEAD)
        return icc or self.is_exif or self.code == _COMMENT


def turbojpeg_crop() -> LosslessCrop | None:
    """Answer how TurboJPEG cuts; None where there is no such library."""
    turbo = turbojpeg()
    return None if turbo is None else turbo.cut


def is_whole(jpeg: bytes) -> bool:
    """Whether the data of the picture, not of a thumbnail in its header, comes to an end.

    Some cameras pad the file after it.
    """
    scan = next((found.end for found in _segments(jpeg) if found.code == _SCAN), len(jpeg))
    return jpeg.find(_END, max(scan, len(jpeg) - _PADDING)) >= 0


def with_orientation(jpeg: bytes, orientation: int) -> bytes:
    """Answer the JPEG with another EXIF orientation; all else in its EXIF is kept.

    An EXIF segment that cannot be read, or that has no room for the note, is replaced by one that
    says nothing else.
    """
    exifs = [found for found in _segments(jpeg) if found.is_exif]
    if not exifs:
        tiff = _smallest_tiff(orientation)
        at = _after_jfif(jpeg)
        return jpeg[:at] + _exif_segment(tiff) + jpeg[at:]
    found = exifs[0]
    tiff = _oriented(found.body[len(_EXIF_HEAD) :], orientation) or _smallest_tiff(orientation)
    return jpeg[: found.start] + _exif_segment(tiff) + jpeg[found.end :]


def with_notes_of(jpeg: bytes, original: bytes) -> bytes:
    """Give a cut JPEG what its original's header says: EXIF, colour profile, comments.

    Nothing that holds the picture again, as the thumbnail in EXIF does: what was cut away for
    privacy would be left in there.
    """
    notes = b"".join(_notes(original))
    at = _after_jfif(jpeg)
    return jpeg[:at] + notes + jpeg[at:]


def _notes(jpeg: bytes) -> Iterator[bytes]:
    for found in _segments(jpeg):
        if found.is_exif:
            yield _exif_segment(_without_thumbnail(found.body[len(_EXIF_HEAD) :]))
        elif found.outlives_a_cut:
            yield jpeg[found.start : found.end]


def _segments(jpeg: bytes) -> Iterator[_Segment]:
    """Walk through the header, up to and with the start of the scan."""
    at = len(_START)
    while 0 <= (at := jpeg.find(b"\xff", at)) < len(jpeg) - 3:
        code = jpeg[at + 1]
        if code in _ALONE:
            at += 1
            continue
        (length,) = unpack_from(">H", jpeg, at + 2)
        end = at + 2 + length
        yield _Segment(code, at, end, jpeg[at + 4 : end])
        if code == _SCAN:
            return
        at = end


def _after_jfif(jpeg: bytes) -> int:
    first = next(_segments(jpeg), None)
    return first.end if first is not None and first.code == _JFIF else len(_START)


def _exif_segment(tiff: bytes) -> bytes:
    body = _EXIF_HEAD + tiff
    return pack(">BBH", 0xFF, _EXIF, len(body) + 2) + body


def _smallest_tiff(orientation: int) -> bytes:
    return pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, ORIENTATION_TAG, _SHORT, 1, orientation, 0, 0)


@dataclass(frozen=True, slots=True)
class _Directory:
    """One directory of tags in a TIFF; `end` is where the way to the next one stands."""

    start: int
    end: int
    entries: tuple[bytes, ...]

    @classmethod
    def at(cls, start: int, tiff: bytes, order: str) -> _Directory:
        """Read the directory; raises struct.error where it runs out of the TIFF."""
        (count,) = unpack_from(f"{order}H", tiff, start)
        first, end = start + 2, start + 2 + count * _ENTRY
        unpack_from(f"{order}I", tiff, end)
        return cls(start, end, tuple(tiff[at : at + _ENTRY] for at in range(first, end, _ENTRY)))


def _oriented(tiff: bytes, orientation: int) -> bytes | None:
    """Answer a TIFF with its orientation set, or None where that cannot be.

    A directory without the tag has no room for it. It is written again at the end then, so that
    all that is found by its place, and makers' notes are, stays where it is.
    """
    try:
        order = _BYTE_ORDERS[tiff[:4]]
        (start,) = unpack_from(f"{order}I", tiff, 4)
        old = _Directory.at(start, tiff, order)
    except struct.error, KeyError:
        return None

    def tag(entry: bytes) -> int:
        number: int = unpack_from(f"{order}H", entry)[0]
        return number

    kept = [entry for entry in old.entries if tag(entry) != ORIENTATION_TAG]
    kept.append(pack(f"{order}HHIHH", ORIENTATION_TAG, _SHORT, 1, orientation, 0))
    kept.sort(key=tag)
    directory = pack(f"{order}H", len(kept)) + b"".join(kept) + tiff[old.end : old.end + 4]
    room = old.end + 4 - old.start
    if len(directory) <= room:
        return tiff[:start] + directory.ljust(room, b"\0") + tiff[old.end + 4 :]
    body = tiff + b"\0" * (len(tiff) % 2)
    moved = body[:4] + pack(f"{order}I", len(body)) + body[8:] + directory
    return moved if len(_EXIF_HEAD) + len(moved) <= _SEGMENT_LIMIT else None


def _without_thumbnail(tiff: bytes) -> bytes:
    """Answer a TIFF whose second directory, the thumbnail's, is unlinked, and its JPEG blank."""
    try:
        order = _BYTE_ORDERS[tiff[:4]]
        (start,) = unpack_from(f"{order}I", tiff, 4)
        first = _Directory.at(start, tiff, order)
        (following,) = unpack_from(f"{order}I", tiff, first.end)
    except struct.error, KeyError:
        return tiff
    unlinked = tiff[: first.end] + bytes(4) + tiff[first.end + 4 :]
    try:
        second = _Directory.at(following, tiff, order)
    except struct.error:
        return unlinked
    values = {}
    for entry in second.entries:
        tag, _, _, value = unpack_from(f"{order}HHII", entry)
        values[tag] = value
    at, length = values.get(_THUMBNAIL_AT, 0), values.get(_THUMBNAIL_LENGTH, 0)
    if not 8 <= at <= at + length <= len(tiff):
        return unlinked
    return unlinked[:at] + bytes(length) + unlinked[at + length :]
