"""Whether two images are the same, told by a hash, or look alike, told by another."""

from hashlib import blake2b
from typing import Final

import numpy as np
from PIL import Image as Pillow

from ..models import Picture

_SIDE: Final = 32
_KEPT: Final = 8


def _cosines() -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """The first rows of the discrete cosine transform (type II) of `_SIDE` values."""
    frequency, place = np.ogrid[:_KEPT, :_SIDE]
    return np.cos(np.pi / _SIDE * frequency * (place + 0.5))


_COSINES: Final = _cosines()


def content_hash(jpeg: bytes) -> str:
    """Answer BLAKE2b of a file's bytes, 16 bytes long, in hexadecimal."""
    return blake2b(jpeg, digest_size=16).hexdigest()


def perceptual_hash(luma: Picture) -> int:
    """Answer 64 bits that say how brightness is spread over a picture.

    The picture is scaled to 32x32, and of its discrete cosine transform the 8x8 lowest frequencies
    are compared with their median ("pHash"): the first, highest bit is the mean's. Size, quality,
    sharpness and exposure change few of them; of a picture without structure they mean nothing.
    Takes rows and columns of luma at any size, from about 100x50 on as well as any larger.
    """
    small = Pillow.fromarray(luma).resize((_SIDE, _SIDE), Pillow.Resampling.BOX)
    waves = _COSINES @ np.asarray(small, np.float64) @ _COSINES.T
    bits = waves > np.median(waves)
    return int.from_bytes(np.packbits(bits).tobytes())


def distance(one: int, other: int) -> int:
    """Answer in how many of their 64 bits two hashes differ.

    None to a few: the same view in the same light. About 32: nothing in common.
    """
    return (one ^ other).bit_count()
