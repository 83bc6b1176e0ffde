"""What an answer over HTTP really is, whatever it says of itself."""

from io import BytesIO
from typing import Final

import numpy as np
from PIL import Image as Pillow
from PIL import UnidentifiedImageError

from ..errors import NoJpegError
from ..models import Picture

JPEG_START: Final = b"\xff\xd8\xff"
MAX_PIXELS: Final = 100_000_000
STARTS: Final = {
    "PNG": b"\x89PNG\r\n\x1a\n",
    "GIF": b"GIF8",
    "WEBP": b"RIFF",
    "BMP": b"BM",
}
"""Formats that some cameras send in place of JPEG, as maps of vacuum cleaners."""
LONGEST_START: Final = 8


def may_be_picture(start: bytes) -> bool:
    """Whether what begins like this may be a picture; more of it can tell better."""
    return any(
        start[: len(magic)] == magic[: len(start)] for magic in (JPEG_START, *STARTS.values())
    )


def is_jpeg(content: bytes) -> bool:
    """Whether it is a JPEG, which is kept as it is."""
    return content.startswith(JPEG_START)


def decode(content: bytes, host: str) -> Picture:
    """Decode a picture of another format; raise NoJpegError when it is none. Blocks."""
    formats = [name for name, magic in STARTS.items() if content.startswith(magic)]
    try:
        with Pillow.open(BytesIO(content), formats=formats or ("JPEG",)) as image:
            if image.width * image.height > MAX_PIXELS:
                raise NoJpegError(host=host)
            return np.asarray(image.convert("RGB"), np.uint8)
    except (OSError, SyntaxError, ValueError, UnidentifiedImageError) as error:
        raise NoJpegError(host=host) from error
    except Pillow.DecompressionBombError as error:
        raise NoJpegError(host=host) from error
