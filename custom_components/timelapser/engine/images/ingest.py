"""From a frame to what is kept of it, with one scaled decode."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Final

from PIL import Image as Pillow
from PIL.ImageFile import ImageFile

from ..corruption.certain import Origin
from ..corruption.frozen import Signature
from ..models import Frame, Picture
from .likeness import content_hash, perceptual_hash
from .orientation import SWAPS_SIDES, orientation_of
from .raster import PillowRaster, PlanarRaster, Raster, Size
from .turbo import BrokenJpegError, Turbo, turbojpeg

SMALL_WIDTH: Final = 800
THUMB_WIDTH: Final = 200
SMALL_QUALITY: Final = 80
THUMB_QUALITY: Final = 70
SIGNATURE_WIDTH: Final = 100
MAX_PIXELS: Final = 100_000_000
MAX_BYTES: Final = 64 * 1024 * 1024
MAX_DECODED: Final = 10 * MAX_PIXELS
"""Pixels times scans: a progressive JPEG goes about ten times over the picture."""
SCAN: Final = b"\xff\xda"
JPEG_END: Final = b"\xff\xd9"
PADDING: Final = 4096
"""Bytes that some cameras send after the end of the picture."""

type LoadTurbo = Callable[[], Turbo | None]


@dataclass(frozen=True, slots=True)
class Ingested:
    """An image ready to be judged and written; what is of the picture is None without one."""

    jpeg: bytes
    width: int
    height: int
    small: bytes | None
    thumb: bytes | None
    origin: Origin
    content_hash: str
    """Of the JPEG as it is stored, see `likeness.content_hash`."""
    picture: Picture | None = None
    """The small thumbnail before it is encoded, to be judged; upright, RGB or grey."""
    signature: Signature | None = None
    luma: float | None = None
    """Mean brightness from 0 (black) to 255."""
    phash: int | None = None
    """64 bits, see `likeness.perceptual_hash`."""


def ingest(frame: Frame, jpeg_quality: int, load: LoadTurbo = turbojpeg) -> Ingested:
    """Measure a frame and make its thumbnails; never raises for a damaged picture.

    A camera's own JPEG stays as it is, byte for byte. A decoded picture is encoded once, and its
    thumbnails come from the picture, not from that JPEG. `load` answers TurboJPEG, or None where
    all is to be done by Pillow, with the same results but for rounding. Runs for about ten
    milliseconds.
    """
    if isinstance(frame.data, bytes):
        small, origin = _open(frame.data, frame.decoder_errors, load)
        return _derived(frame.data, small, origin)
    return _ingest_picture(frame.data, frame.decoder_errors, jpeg_quality, load)


def opened(jpeg: bytes, load: LoadTurbo = turbojpeg) -> tuple[Picture | None, Origin]:
    """Decode a JPEG as ingest does, to judge it: the picture, if any, and where it is from."""
    small, origin = _open(jpeg, decoder_errors=False, load=load)
    return (None if small is None else small.picture()), origin


def _ingest_picture(
    picture: Picture, decoder_errors: bool, jpeg_quality: int, load: LoadTurbo
) -> Ingested:
    height, width = picture.shape[:2]
    full = _raster_of(picture, load)
    jpeg = full.encoded(jpeg_quality)
    origin = Origin(width, height, len(jpeg), decoder_errors=decoder_errors)
    return _derived(jpeg, full.scaled(_fitted((width, height), SMALL_WIDTH)), origin)


def _raster_of(picture: Picture, load: LoadTurbo) -> Raster:
    if (turbo := load()) is None:
        return PillowRaster(Pillow.fromarray(picture))
    return PlanarRaster(turbo, turbo.separated(picture))


def _open(jpeg: bytes, decoder_errors: bool, load: LoadTurbo) -> tuple[Raster | None, Origin]:
    """Decode no larger than the small thumbnail needs, and answer that, upright."""
    unreadable = Origin(0, 0, len(jpeg), readable=False, truncated=not _ends(jpeg))
    image = _header(jpeg)
    if image is None:
        return None, unreadable
    width, height = image.size
    if width * height > MAX_PIXELS or width * height * _scans(jpeg, image) > MAX_DECODED:
        return None, replace(unreadable, width=width, height=height)
    orientation = orientation_of(image)
    turned = orientation in SWAPS_SIDES
    if turned:
        width, height = height, width
    size = _fitted((width, height), SMALL_WIDTH)
    stored_size = size[::-1] if turned else size
    origin = Origin(width, height, len(jpeg), decoder_errors=decoder_errors)
    raster, origin = _decoded(jpeg, image, stored_size, origin, load)
    return raster.scaled(stored_size).upright(orientation), origin


def _decoded(
    jpeg: bytes, image: ImageFile, wanted: Size, origin: Origin, load: LoadTurbo
) -> tuple[Raster, Origin]:
    """Decode to the wanted size or more; answer also what that told of the image.

    TurboJPEG takes what is all right, Pillow the rest.
    """
    reduction = _reduction(image.size, wanted)
    ends = _ends(jpeg)
    if ends and image.mode in ("L", "RGB") and (turbo := load()) is not None:
        try:
            return PlanarRaster(turbo, turbo.decoded(jpeg, reduction)), origin
        except BrokenJpegError:
            origin = replace(origin, jpeg_errors=True)
        except OSError:
            pass  # Pillow may know better
    origin = replace(origin, truncated=not (_load(image, reduction) and ends))
    return PillowRaster(image if image.mode in ("L", "RGB") else image.convert("RGB")), origin


def _ends(jpeg: bytes) -> bool:
    """Whether a JPEG was not cut; some cameras pad it after its end."""
    return JPEG_END in jpeg[-PADDING:]


def _header(jpeg: bytes) -> ImageFile | None:
    """Read what comes before the data of the picture, if it is a picture."""
    if len(jpeg) > MAX_BYTES:
        return None
    try:
        return Pillow.open(BytesIO(jpeg), formats=("JPEG",))
    except OSError, SyntaxError, Pillow.DecompressionBombError:
        return None


def _scans(jpeg: bytes, image: ImageFile) -> int:
    """How often the decoder goes over the picture; what is not progressive pays for it in bytes."""
    return jpeg.count(SCAN) if image.info.get("progressive") else 1


def _load(image: ImageFile, reduction: int) -> bool:
    """Decode by Pillow, as far as that goes; answer whether the data came to its end."""
    width, height = image.size
    image.draft(image.mode, (max(1, width // reduction), max(1, height // reduction)))
    try:
        image.load()
    except OSError, SyntaxError, ValueError:
        # What was decoded before the damage is kept: it shows people what happened. Without
        # tiles left to decode, Pillow hands it out.
        image.tile = []
        return False
    return True


def _derived(jpeg: bytes, small: Raster | None, origin: Origin) -> Ingested:
    """Make of the small picture all that follows from it."""
    same = content_hash(jpeg)
    if small is None:
        return Ingested(jpeg, origin.width, origin.height, None, None, origin, same)
    picture = small.picture()
    size = picture.shape[1], picture.shape[0]
    thumb = small.scaled(_fitted(size, THUMB_WIDTH))
    signature = thumb.scaled(_fitted(size, SIGNATURE_WIDTH)).luma()
    return Ingested(
        jpeg,
        origin.width,
        origin.height,
        small.encoded(SMALL_QUALITY),
        thumb.encoded(THUMB_QUALITY),
        origin,
        same,
        picture,
        signature,
        float(signature.mean()),
        perceptual_hash(signature),
    )


def _fitted(size: Size, width: int) -> Size:
    """Answer a size that is no wider, and not four times as high; never a larger one."""
    scale = min(1.0, width / size[0], 4 * width / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _reduction(size: Size, wanted: Size) -> int:
    """Answer by how much the decoder itself may make a picture smaller."""
    return next(
        (by for by in (8, 4, 2) if size[0] // by >= wanted[0] and size[1] // by >= wanted[1]), 1
    )
