"""From a frame to what is kept of it, with one scaled decode."""

from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from ..corruption.frozen import Signature
from ..corruption.metrics import Metrics, measure
from ..models import Frame, Picture
from .orientation import SWAPS_SIDES, UPRIGHT, orientation_of

SMALL_WIDTH: Final = 800
THUMB_WIDTH: Final = 200
SMALL_QUALITY: Final = 80
THUMB_QUALITY: Final = 70
SIGNATURE_WIDTH: Final = 100
MAX_PIXELS: Final = 100_000_000
JPEG_END: Final = b"\xff\xd9"


@dataclass(frozen=True, slots=True)
class Ingested:
    """An image ready to be judged and written; thumbnails are missing where nothing decodes."""

    jpeg: bytes
    width: int
    height: int
    small: bytes | None
    thumb: bytes | None
    metrics: Metrics
    signature: Signature | None = None


def ingest(frame: Frame, jpeg_quality: int) -> Ingested:
    """Measure a frame and make its thumbnails; never raises for a damaged picture.

    A camera's own JPEG stays as it is, byte for byte. A decoded picture is encoded once, and its
    thumbnails come from the picture, not from that JPEG. Runs for tens of milliseconds.
    """
    if isinstance(frame.data, bytes):
        return _ingest_jpeg(frame.data, frame.decoder_errors)
    return _ingest_picture(frame.data, frame.decoder_errors, jpeg_quality)


def _ingest_jpeg(jpeg: bytes, decoder_errors: bool) -> Ingested:
    picture, width, height, truncated = _decode_scaled(jpeg)
    if picture is None:
        metrics = Metrics(len(jpeg), width, height, readable=False, truncated=truncated)
        return Ingested(jpeg, width, height, None, None, metrics)
    small, thumb, metrics, signature = _derive(
        picture, len(jpeg), width, height, truncated=truncated, decoder_errors=decoder_errors
    )
    return Ingested(jpeg, width, height, small, thumb, metrics, signature)


def _ingest_picture(picture: Picture, decoder_errors: bool, jpeg_quality: int) -> Ingested:
    full = Pillow.fromarray(picture)
    jpeg = _encode(full, jpeg_quality)
    small, thumb, metrics, signature = _derive(
        full, len(jpeg), full.width, full.height, truncated=False, decoder_errors=decoder_errors
    )
    return Ingested(jpeg, full.width, full.height, small, thumb, metrics, signature)


def _decode_scaled(jpeg: bytes) -> tuple[Pillow.Image | None, int, int, bool]:
    """Decode no larger than the small thumbnail needs: picture, full size, and whether cut."""
    # Some cameras pad the file after its end; one that ends earlier was cut.
    truncated = JPEG_END not in jpeg[-4096:]
    try:
        image = Pillow.open(BytesIO(jpeg), formats=("JPEG",))
    except OSError, SyntaxError, UnidentifiedImageError, Pillow.DecompressionBombError:
        return None, 0, 0, truncated
    width, height = image.size
    if width * height > MAX_PIXELS:
        return None, width, height, truncated
    orientation = orientation_of(image)
    upright_width = height if orientation in SWAPS_SIDES else width
    scale = min(1.0, SMALL_WIDTH / upright_width)
    image.draft("L" if image.mode == "L" else "RGB", (int(width * scale), int(height * scale)))
    try:
        image.load()
    except OSError, SyntaxError, ValueError:
        # What was decoded before the damage is kept: it shows people what happened. Without
        # tiles left to decode, Pillow hands it out.
        truncated = True
        image.tile = []
    picture = image if image.mode in ("L", "RGB") else image.convert("RGB")
    if orientation in SWAPS_SIDES:
        width, height = height, width
    upright = ImageOps.exif_transpose(picture) if orientation != UPRIGHT else picture
    return upright, width, height, truncated


def _derive(
    picture: Pillow.Image,
    byte_count: int,
    width: int,
    height: int,
    *,
    truncated: bool,
    decoder_errors: bool,
) -> tuple[bytes, bytes, Metrics, Signature]:
    small = _narrow(picture, SMALL_WIDTH)
    thumb = _narrow(small, THUMB_WIDTH)
    grey = _narrow(small, SMALL_WIDTH // 2).convert("L")
    luma = np.asarray(grey)
    metrics = measure(
        luma, byte_count, width, height, truncated=truncated, decoder_errors=decoder_errors
    )
    signature = np.asarray(_narrow(grey, SIGNATURE_WIDTH))
    return _encode(small, SMALL_QUALITY), _encode(thumb, THUMB_QUALITY), metrics, signature


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
