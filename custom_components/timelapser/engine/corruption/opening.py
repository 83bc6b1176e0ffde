"""From a file to the picture that is examined, with one scaled decode."""

from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps, UnidentifiedImageError

from ..models import Picture
from .certain import Origin

WIDTH: Final = 800
MAX_PIXELS: Final = 100_000_000
JPEG_END: Final = b"\xff\xd9"
PADDING: Final = 4096
"""Bytes that some cameras send after the end of the picture."""


def opened(jpeg: bytes) -> tuple[Picture | None, Origin]:
    """Decode a JPEG about as small as is needed: the picture, if any, and where it is from.

    Never raises; what was decoded before the damage of a cut file is kept.
    """
    truncated = JPEG_END not in jpeg[-PADDING:]
    try:
        image = Pillow.open(BytesIO(jpeg), formats=("JPEG",))
    except OSError, SyntaxError, UnidentifiedImageError, Pillow.DecompressionBombError:
        return None, Origin(0, 0, len(jpeg), readable=False, truncated=truncated)
    width, height = image.size
    if width * height > MAX_PIXELS:
        return None, Origin(width, height, len(jpeg), readable=False, truncated=truncated)
    scale = min(1.0, WIDTH / width)
    image.draft("L" if image.mode == "L" else "RGB", (int(width * scale), int(height * scale)))
    try:
        image.load()
    except OSError, SyntaxError, ValueError:
        truncated = True
        image.tile = []
    picture = image if image.mode in ("L", "RGB") else image.convert("RGB")
    picture = ImageOps.exif_transpose(picture)
    origin = Origin(*(sides(picture, width, height)), len(jpeg), readable=True, truncated=truncated)
    return np.asarray(narrowed(picture)), origin


def sides(picture: Pillow.Image, width: int, height: int) -> tuple[int, int]:
    """The sides of the full picture, as the upright picture lies."""
    lies = (picture.width > picture.height) == (width > height)
    return (width, height) if lies else (height, width)


def narrowed(picture: Pillow.Image) -> Pillow.Image:
    """The picture no wider than it is examined, by averaging areas."""
    if picture.width <= WIDTH:
        return picture
    size = WIDTH, max(1, round(picture.height * WIDTH / picture.width))
    return picture.resize(size, Pillow.Resampling.BOX, reducing_gap=1.0)
