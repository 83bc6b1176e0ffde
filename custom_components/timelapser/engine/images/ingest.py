"""From a frame to what is kept of it, with one scaled decode."""

from dataclasses import dataclass, replace
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from ..corruption.certain import Origin
from ..corruption.frozen import Signature
from ..models import Frame, Picture
from .orientation import SWAPS_SIDES, UPRIGHT, orientation_of

SMALL_WIDTH: Final = 800
THUMB_WIDTH: Final = 200
SMALL_QUALITY: Final = 80
THUMB_QUALITY: Final = 70
SIGNATURE_WIDTH: Final = 100
MAX_PIXELS: Final = 100_000_000
JPEG_END: Final = b"\xff\xd9"
PADDING: Final = 4096
"""Bytes that some cameras send after the end of the picture."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """An image ready to be judged and written; thumbnails are missing where nothing decodes."""

    jpeg: bytes
    width: int
    height: int
    small: bytes | None
    thumb: bytes | None
    origin: Origin
    picture: Picture | None = None
    """The small thumbnail before it is encoded, to be judged; upright, RGB or grey."""
    signature: Signature | None = None


def ingest(frame: Frame, jpeg_quality: int) -> Ingested:
    """Measure a frame and make its thumbnails; never raises for a damaged picture.

    A camera's own JPEG stays as it is, byte for byte. A decoded picture is encoded once, and its
    thumbnails come from the picture, not from that JPEG. Runs for tens of milliseconds.
    """
    if isinstance(frame.data, bytes):
        return _ingest_jpeg(frame.data, frame.decoder_errors)
    return _ingest_picture(frame.data, frame.decoder_errors, jpeg_quality)


def opened(jpeg: bytes) -> tuple[Picture | None, Origin]:
    """Decode a JPEG as ingest does, to judge it: the picture, if any, and where it is from."""
    picture, origin = _open(jpeg, decoder_errors=False)
    return (None if picture is None else np.asarray(_narrow(picture, SMALL_WIDTH))), origin


def _ingest_jpeg(jpeg: bytes, decoder_errors: bool) -> Ingested:
    picture, origin = _open(jpeg, decoder_errors)
    if picture is None:
        return Ingested(jpeg, origin.width, origin.height, None, None, origin)
    return _derive(jpeg, picture, origin)


def _ingest_picture(picture: Picture, decoder_errors: bool, jpeg_quality: int) -> Ingested:
    full = Pillow.fromarray(picture)
    jpeg = _encode(full, jpeg_quality)
    origin = Origin(full.width, full.height, len(jpeg), decoder_errors=decoder_errors)
    return _derive(jpeg, full, origin)


def _open(jpeg: bytes, decoder_errors: bool) -> tuple[Pillow.Image | None, Origin]:
    """Decode no larger than the small thumbnail needs."""
    # Some cameras pad the file after its end; one that ends earlier was cut.
    truncated = JPEG_END not in jpeg[-PADDING:]
    unreadable = Origin(0, 0, len(jpeg), readable=False, truncated=truncated)
    try:
        image = Pillow.open(BytesIO(jpeg), formats=("JPEG",))
    except OSError, SyntaxError, UnidentifiedImageError, Pillow.DecompressionBombError:
        return None, unreadable
    width, height = image.size
    if width * height > MAX_PIXELS:
        return None, replace(unreadable, width=width, height=height)
    orientation = orientation_of(image)
    if orientation in SWAPS_SIDES:
        width, height = height, width
    scale = min(1.0, SMALL_WIDTH / width)
    size = int(image.width * scale), int(image.height * scale)
    image.draft("L" if image.mode == "L" else "RGB", size)
    try:
        image.load()
    except OSError, SyntaxError, ValueError:
        # What was decoded before the damage is kept: it shows people what happened. Without
        # tiles left to decode, Pillow hands it out.
        truncated = True
        image.tile = []
    picture = image if image.mode in ("L", "RGB") else image.convert("RGB")
    upright = ImageOps.exif_transpose(picture) if orientation != UPRIGHT else picture
    origin = Origin(width, height, len(jpeg), truncated=truncated, decoder_errors=decoder_errors)
    return upright, origin


def _derive(jpeg: bytes, picture: Pillow.Image, origin: Origin) -> Ingested:
    small = _narrow(picture, SMALL_WIDTH)
    thumb = _narrow(small, THUMB_WIDTH)
    return Ingested(
        jpeg,
        origin.width,
        origin.height,
        _encode(small, SMALL_QUALITY),
        _encode(thumb, THUMB_QUALITY),
        origin,
        np.asarray(small),
        np.asarray(_narrow(thumb, SIGNATURE_WIDTH).convert("L")),
    )


def _narrow(picture: Pillow.Image, width: int) -> Pillow.Image:
    """Scale down to a width, never up, by averaging areas: cheap, and nothing is sharpened."""
    if picture.width <= width:
        return picture
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), Pillow.Resampling.BOX, reducing_gap=1.0)


def _encode(picture: Pillow.Image, quality: int) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()
