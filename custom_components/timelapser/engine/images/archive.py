"""Images as one ZIP archive that is written while it is read; only pieces are in memory."""

from collections.abc import AsyncGenerator, AsyncIterable, Callable
from datetime import tzinfo
import os
from typing import Final
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import aiofiles
from slugify import slugify

from ..errors import OutsideStorageError
from ..models import Image
from .copies import Copies
from .files import Storage

PIECE: Final = 256 * 1024
MISSING: Final = "missing.txt"
_FIRST_YEAR, _LAST_YEAR = 1980, 2107
"""What the format can tell."""


class _Sink:
    """Takes what `ZipFile` writes until it is taken away; there is no seeking back in it."""

    def __init__(self) -> None:
        self._written = bytearray()

    def write(self, data: bytes) -> int:
        self._written += data
        return len(data)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Nothing is open."""

    def take(self) -> bytes:
        taken = bytes(self._written)
        self._written.clear()
        return taken


async def archive(
    storage: Storage, images: AsyncIterable[Image], zone: tzinfo
) -> AsyncGenerator[bytes]:
    """Answer the archive in pieces; JPEGs are compressed already, so they are only stored.

    An image whose file is gone, lies outside the storage, or cannot be read to its end is named
    by a text at the end of the archive. Close the generator where it is not read to its end.
    """
    copies, sink, missing = Copies(storage), _Sink(), list[str]()
    with ZipFile(sink, "w", ZIP_STORED) as target:
        async for image in images:
            info = _info(image, zone)
            try:
                async with aiofiles.open(
                    info.filename, "rb", buffering=0, opener=_opener(copies, image)
                ) as file:
                    info.file_size = os.fstat(file.fileno()).st_size  # beyond 4 GB, told ahead
                    with target.open(info, "w") as member:
                        while piece := await file.read(PIECE):
                            member.write(piece)
                            yield sink.take()
            except OSError, OutsideStorageError:
                missing.append(info.filename)
        if missing:
            names = "\n".join(missing)
            target.writestr(MISSING, f"These images could not be read:\n\n{names}\n")
    yield sink.take()


def _info(image: Image, zone: tzinfo) -> ZipInfo:
    """Name an image by its camera, timelapse and local time.

    The time holds the offset from UTC: where clocks are set back, an hour comes twice.
    """
    at = image.captured_at.astimezone(zone)
    name = f"{at:%Y-%m-%d}/{at:%H-%M-%S}.{at.microsecond // 1000:03d}{at:%z}.jpg"
    year = min(max(at.year, _FIRST_YEAR), _LAST_YEAR)
    return ZipInfo(
        f"{slugify(image.folder) or 'images'}/{name}",
        (year, at.month, at.day, at.hour, at.minute, at.second),
    )


def _opener(copies: Copies, image: Image) -> Callable[[str, int], int]:
    """Answer what opens an image's file in the thread that reads it."""

    def opened(name: str, flags: int) -> int:
        path = copies.full(image)
        if path is None:
            raise FileNotFoundError(name)
        return os.open(path, flags)

    return opened
