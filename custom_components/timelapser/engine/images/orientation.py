"""Pictures that lie on their side: some cameras only note down how they were held."""

from io import BytesIO
from typing import Final

from PIL import Image as Pillow
from PIL import ImageOps

ORIENTATION_TAG: Final = 0x0112
UPRIGHT: Final = 1
SWAPS_SIDES: Final = (5, 6, 7, 8)

_EXIF = b"Exif\0\0"
_HEAD = 64 * 1024
_QUALITY = 95


def orientation_of(image: Pillow.Image) -> int:
    """Answer the EXIF orientation, 1 for an upright picture."""
    try:
        return int(image.getexif().get(ORIENTATION_TAG, UPRIGHT))
    except TypeError, ValueError:  # another type than the standard's
        return UPRIGHT


def upright(jpeg: bytes) -> bytes:
    """Answer the JPEG itself, or a turned copy of one that lies on its side.

    FFmpeg turns such pictures in some versions and not in others; upright ones it leaves alone.
    """
    if _EXIF not in jpeg[:_HEAD]:
        return jpeg
    try:
        image = Pillow.open(BytesIO(jpeg), formats=("JPEG",))
        if orientation_of(image) == UPRIGHT:
            return jpeg
        buffer = BytesIO()
        ImageOps.exif_transpose(image).save(buffer, "JPEG", quality=_QUALITY)
    except OSError, SyntaxError, ValueError, Pillow.DecompressionBombError:
        return jpeg
    return buffer.getvalue()
