"""JPEGs as cameras send them, and what is transformed and looked at in the same way."""

from collections.abc import Callable
from datetime import UTC, datetime
from io import BytesIO
from struct import pack
from typing import Any

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps
import pytest
from turbojpeg import TurboJPEG

from custom_components.timelapser.engine.images.lossless import LosslessCrop, turbojpeg_crop
from custom_components.timelapser.engine.images.transforms import transform
from custom_components.timelapser.engine.models import (
    Aspect,
    AspectMode,
    Frame,
    Picture,
    TransformSettings,
)

MOMENT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ORIENTATION = 0x0112
GPS = 0x8825
THUMBNAIL = b"\xff\xd8 a small copy \xff\xd9"

type Load = Callable[[], LosslessCrop | None]


def no_library() -> None:
    """What is loaded where TurboJPEG is not installed."""


def failing_library() -> LosslessCrop:
    def crop(_jpeg: bytes, _box: object) -> bytes:
        raise OSError("unsupported")

    return crop


def misbehaving_library() -> LosslessCrop:
    return lambda jpeg, _box: jpeg


def unexpected_library() -> None:
    pytest.fail("a library was asked for")


needs_turbojpeg = pytest.mark.skipif(
    turbojpeg_crop() is None, reason="libturbojpeg is not installed"
)

LIBRARIES: tuple[Load, ...] = (turbojpeg_crop, no_library)


def map_picture(width: int = 160, height: int = 320) -> Pillow.Image:
    """A picture whose red and green tell where every pixel comes from."""
    picture = np.full((height, width, 3), 90, np.uint8)
    picture[..., 0] = np.linspace(0, 255, width)[None, :]
    picture[..., 1] = np.linspace(0, 255, height)[:, None]
    return Pillow.fromarray(picture)


def photo(width: int = 1279, height: int = 719) -> Pillow.Image:
    """A picture with structure and noise in every block."""
    noise = np.random.default_rng(7).integers(0, 90, (height, width, 3))
    ramp = np.linspace(0, 160, width)[None, :, None]
    return Pillow.fromarray((noise + ramp).astype(np.uint8))


def encoded(picture: Pillow.Image, orientation: int | None = None, **options: object) -> bytes:
    if orientation is not None:
        exif = Pillow.Exif()
        exif[ORIENTATION] = orientation
        options["exif"] = exif
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=90, **options)
    return buffer.getvalue()


def encoded_by_turbojpeg(subsampling: int) -> bytes:
    """What Pillow cannot encode."""
    if turbojpeg_crop() is None:
        return b""
    library: Any = TurboJPEG  # it has no types
    jpeg: bytes = library().encode(np.array(photo()), jpeg_subsample=subsampling)
    return jpeg


def run(data: bytes, settings: TransformSettings, load: Load = turbojpeg_crop) -> bytes:
    """Transform a JPEG."""
    result = transform(Frame(MOMENT, data), settings, 90, load).data
    assert isinstance(result, bytes)
    return result


def drawn(picture: Picture, settings: TransformSettings) -> Picture:
    """Transform a decoded picture."""
    result = transform(Frame(MOMENT, picture), settings, 90).data
    assert isinstance(result, np.ndarray)
    return result


def stored(jpeg: bytes, mode: str = "RGB") -> Picture:
    """Decode as it is stored; grey is the brightness alone, which has no neighbours' colours."""
    image = Pillow.open(BytesIO(jpeg))
    image.draft(mode, image.size)
    return np.asarray(image.convert(mode))


def shown(jpeg: bytes) -> Pillow.Image:
    """Decode as viewers show it."""
    return ImageOps.exif_transpose(Pillow.open(BytesIO(jpeg))).convert("RGB")


def exif_of(jpeg: bytes) -> Pillow.Exif:
    return Pillow.open(BytesIO(jpeg)).getexif()


def scan_of(jpeg: bytes) -> bytes:
    """What comes after the header."""
    return jpeg[jpeg.rindex(b"\xff\xda") :]


# These come out on the grid of a JPEG of 160x320, however it lies.
CROP = TransformSettings(crop_left=10, crop_top=20, crop_right=30, crop_bottom=10)
TURNED = TransformSettings(rotation=90)
CUT_AND_TURNED = TransformSettings(crop_left=25, rotation=90)
WITH_BARS = TransformSettings(aspect=Aspect.SQUARE, aspect_mode=AspectMode.LETTERBOX)


def tiff(order: str, orientation: int | None, padding: int = 0) -> bytes:
    """A camera's EXIF as its bytes: who made it, where, maker's notes, and a thumbnail."""
    make, note = b"Timelapser\0\0", b"note" + bytes(padding)
    count = 3 if orientation is None else 4
    gps_at = 8 + 2 + count * 12 + 4
    thumbnail_directory_at = gps_at + 2 + 12 + 4
    make_at = thumbnail_directory_at + 2 + 2 * 12 + 4
    note_at = make_at + len(make)
    thumbnail_at = note_at + len(note)
    entries = [(0x010F, 2, len(make), make_at)]
    if orientation is not None:
        left_justified = orientation if order == "<" else orientation << 16
        entries.append((ORIENTATION, 3, 1, left_justified))
    entries += [(GPS, 4, 1, gps_at), (0x927C, 7, len(note), note_at)]

    def directory(following: int, *entries: tuple[int, int, int, int]) -> bytes:
        packed = [pack(f"{order}HHII", *entry) for entry in entries]
        return pack(f"{order}H", len(packed)) + b"".join(packed) + pack(f"{order}I", following)

    return b"".join(
        (
            pack(f"{order}2sHI", b"II" if order == "<" else b"MM", 42, 8),
            directory(thumbnail_directory_at, *entries),
            directory(0, (1, 2, 2, 0x4E004E00)),
            directory(0, (0x0201, 4, 1, thumbnail_at), (0x0202, 4, 1, len(THUMBNAIL))),
            make,
            note,
            THUMBNAIL,
        )
    )


def noted(jpeg: bytes, tiff: bytes) -> bytes:
    """Give a JPEG an EXIF segment, before all else as cameras do."""
    return b"\xff\xd8\xff\xe1" + pack(">H", len(tiff) + 8) + b"Exif\0\0" + tiff + jpeg[2:]
