"""A decoded picture on its way to thumbnails: as Pillow has it, or as TurboJPEG's planes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Final, Protocol, Self

import numpy as np
from PIL import Image as Pillow

from ..models import Picture
from .turbo import Planes, Turbo

type Size = tuple[int, int]
"""Width and height."""

_TURNS: Final[Mapping[int, Pillow.Transpose]] = {
    2: Pillow.Transpose.FLIP_LEFT_RIGHT,
    3: Pillow.Transpose.ROTATE_180,
    4: Pillow.Transpose.FLIP_TOP_BOTTOM,
    5: Pillow.Transpose.TRANSPOSE,
    6: Pillow.Transpose.ROTATE_270,
    7: Pillow.Transpose.TRANSVERSE,
    8: Pillow.Transpose.ROTATE_90,
}


class Raster(Protocol):
    """A picture, in colour or grey, that can be made smaller and encoded."""

    def scaled(self, size: Size) -> Self:
        """Scale down by averaging areas: cheap, and nothing is sharpened."""

    def upright(self, orientation: int) -> Self:
        """Turn as an EXIF orientation asks for."""

    def encoded(self, quality: int) -> bytes:
        """Encode as a JPEG."""

    def picture(self) -> Picture:
        """Answer RGB or grey."""

    def luma(self) -> Picture:
        """Answer brightness alone."""


@dataclass(frozen=True, slots=True)
class PillowRaster:
    """A picture in RGB or grey, encoded by Pillow."""

    image: Pillow.Image

    def scaled(self, size: Size) -> Self:
        """See Raster."""
        return replace(self, image=_scaled(self.image, size))

    def upright(self, orientation: int) -> Self:
        """See Raster."""
        return replace(self, image=_turned(self.image, orientation))

    def encoded(self, quality: int) -> bytes:
        """See Raster."""
        buffer = BytesIO()
        # Else Pillow hands on what a camera, or whoever sent it, wrote into its file.
        self.image.save(buffer, "JPEG", quality=quality, comment=b"")
        return buffer.getvalue()

    def picture(self) -> Picture:
        """See Raster."""
        return np.asarray(self.image)

    def luma(self) -> Picture:
        """See Raster."""
        return np.asarray(self.image.convert("L"))


@dataclass(frozen=True, slots=True)
class PlanarRaster:
    """A picture as JPEG stores it: luma and, at half its size or any other, chroma.

    Scaling makes chroma half as large as luma, which all else needs.
    """

    turbo: Turbo
    planes: Planes

    def scaled(self, size: Size) -> Self:
        """See Raster."""
        width, height = size
        half = (width + 1) // 2, (height + 1) // 2
        luma, *chroma = (Pillow.fromarray(plane) for plane in self.planes)
        scaled = _scaled(luma, size), *(_scaled(plane, half) for plane in chroma)
        return replace(self, planes=[np.asarray(plane) for plane in scaled])

    def upright(self, orientation: int) -> Self:
        """See Raster."""
        if orientation not in _TURNS:
            return self
        images = (Pillow.fromarray(plane) for plane in self.planes)
        return replace(self, planes=[np.asarray(_turned(image, orientation)) for image in images])

    def encoded(self, quality: int) -> bytes:
        """See Raster."""
        return self.turbo.encoded(self.planes, quality)

    def picture(self) -> Picture:
        """See Raster."""
        return self.turbo.rgb(self.planes)

    def luma(self) -> Picture:
        """See Raster."""
        return self.planes[0]


def _scaled(image: Pillow.Image, size: Size) -> Pillow.Image:
    if image.size == size:
        return image
    return image.resize(size, Pillow.Resampling.BOX, reducing_gap=1.0)


def _turned(image: Pillow.Image, orientation: int) -> Pillow.Image:
    turn = _TURNS.get(orientation)
    return image if turn is None else image.transpose(turn)
