"""Composes the tiles of a frame into one picture."""

from collections.abc import Iterable
from io import BytesIO
from typing import Final

from PIL import Image as Pillow
from PIL import ImageOps

from ..images.orientation import SWAPS_SIDES, orientation_of
from .grid import boxes

QUALITY: Final = 95
"""Of the composed JPEG, which is encoded once more in the video."""
# Luma and colour differences, as JPEGs have them: nothing is turned into RGB and back.
MODE: Final = "YCbCr"
DARK: Final = (16, 128, 128)


def compose(tiles: Iterable[bytes | None], pictures: int, size: tuple[int, int]) -> bytes:
    """Answer a JPEG of a size, which is even, with a JPEG in each of so many tiles.

    Each is fitted into its tile, with borders where it has another shape. It stays dark for None,
    and for what cannot be decoded. The tiles are asked for one after the other, and decoded no
    larger than they need to be, so that only one is in memory.
    """
    canvas = Pillow.new(MODE, size, DARK)
    for box, jpeg in zip(boxes(pictures, size), tiles, strict=True):
        left, top, right, bottom = box
        tile = _tile(jpeg, (right - left, bottom - top)) if jpeg is not None else None
        if tile is not None:
            spare = right - left - tile.width, bottom - top - tile.height
            canvas.paste(tile, (left + spare[0] // 2, top + spare[1] // 2))
    buffer = BytesIO()
    canvas.save(buffer, "JPEG", quality=QUALITY)
    return buffer.getvalue()


def _tile(jpeg: bytes, size: tuple[int, int]) -> Pillow.Image | None:
    """Answer the upright picture, as large as fits; None when it cannot be decoded."""
    try:
        with Pillow.open(BytesIO(jpeg), formats=("JPEG",)) as image:
            orientation = orientation_of(image)
            image.draft(MODE, size[::-1] if orientation in SWAPS_SIDES else size)
            image.load()
            turned = ImageOps.exif_transpose(image) if orientation != 1 else image
            if turned.mode not in {MODE, "L"}:
                turned = turned.convert("RGB")
            return ImageOps.contain(turned.convert(MODE), size, Pillow.Resampling.BICUBIC)
    except OSError, SyntaxError, ValueError, Pillow.DecompressionBombError:
        return None
