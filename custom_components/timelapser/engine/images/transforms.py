"""Cutting and turning a camera's pictures, without loss where JPEG allows it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from io import BytesIO
from typing import Any, Final

import numpy as np
from PIL import Image as Pillow
from PIL.JpegImagePlugin import JpegImageFile, get_sampling

from ..models import Aspect, AspectMode, Frame, Picture, TransformSettings
from .ingest import MAX_PIXELS
from .lossless import (
    Box,
    LosslessCrop,
    is_whole,
    turbojpeg_crop,
    with_notes_of,
    with_orientation,
)
from .orientation import SWAPS_SIDES, UPRIGHT, orientation_of

type Size = tuple[int, int]
"""Width and height in pixels."""

MIN_SIDE: Final = 16
# A picture that is encoded a second time must not visibly lose by it.
MIN_QUALITY: Final = 92

# EXIF orientations, each a quarter turn clockwise on from the one before: plain and mirrored.
_TURNS: Final = ((1, 6, 3, 8), (2, 7, 4, 5))
_FLIPPED_ACROSS: Final = (2, 3, 6, 7)
_FLIPPED_DOWN: Final = (3, 4, 7, 8)
# For each orientation: which sides of the upright picture (left, top, right, bottom are 0 to 3)
# are the left, top, right and bottom of the stored one.
_SIDES: Final = {
    1: (0, 1, 2, 3),
    2: (2, 1, 0, 3),
    3: (2, 3, 0, 1),
    4: (0, 3, 2, 1),
    5: (1, 0, 3, 2),
    6: (1, 2, 3, 0),
    7: (3, 2, 1, 0),
    8: (3, 0, 1, 2),
}


@dataclass(frozen=True, slots=True)
class _Plan:
    """What becomes of a stored picture: the part kept, how it is shown, and what bars fill up."""

    box: Box
    orientation: int
    canvas: Size | None = None

    @property
    def kept(self) -> Size:
        """The size of the part that is kept, as it is stored."""
        left, top, right, bottom = self.box
        return right - left, bottom - top

    @property
    def sensible(self) -> bool:
        """Whether a picture worth keeping comes out, and one that fits into memory."""
        width, height = self.canvas or (0, 0)
        return min(self.kept) >= MIN_SIDE and width * height <= MAX_PIXELS


@dataclass(frozen=True, slots=True)
class _Source:
    """A JPEG of which only the header has been read; `grid` is the size of its blocks."""

    jpeg: bytes
    image: JpegImageFile
    orientation: int
    grid: Size

    @property
    def decodable(self) -> bool:
        """Whether the data looks whole, and may be decoded: damage must not be hidden by that."""
        width, height = self.image.size
        return width * height <= MAX_PIXELS and is_whole(self.jpeg)


def transform(
    frame: Frame,
    settings: TransformSettings,
    jpeg_quality: int,
    load_crop: Callable[[], LosslessCrop | None] = turbojpeg_crop,
) -> Frame:
    """Cut and turn a frame's picture; answer the very frame where there is nothing to do.

    A JPEG is turned by its EXIF orientation and cut along its grid of blocks, mostly of 8 or 16
    pixels, both without loss. So a crop leaves up to 15 pixels more at the left and at the top (of
    the picture as it is stored), and what is cut to a shape lies up to 15 pixels off the middle.
    Bars make it be encoded again, at `jpeg_quality` or better. So does a cut that TurboJPEG is
    missing for or fails at; its size is the same, because the pictures of a video should be alike.

    Never raises for damaged JPEGs: one that was cut short is only turned, one that cannot be read
    stays as it is. So does a picture of which less than 16x16 would be left, or that would become
    larger than `MAX_PIXELS`. Runs for up to hundreds of milliseconds.
    """
    if settings == TransformSettings():
        return frame
    data: bytes | Picture
    if isinstance(frame.data, bytes):
        data = _transform_jpeg(frame.data, settings, jpeg_quality, load_crop)
    else:
        data = _transform_picture(frame.data, settings)
    return frame if data is frame.data else replace(frame, data=data)


def _transform_picture(picture: Picture, settings: TransformSettings) -> Picture:
    height, width = picture.shape[:2]
    plan = _planned((width, height), UPRIGHT, settings, (1, 1))
    if plan == _Plan((0, 0, width, height), UPRIGHT) or not plan.sensible:
        return picture
    return _drawn(picture, plan)


def _transform_jpeg(
    jpeg: bytes,
    settings: TransformSettings,
    jpeg_quality: int,
    load_crop: Callable[[], LosslessCrop | None],
) -> bytes:
    source = _read(jpeg)
    if source is None:
        return jpeg
    plan = _planned(source.image.size, source.orientation, settings, source.grid)
    if not plan.sensible:
        return jpeg
    if (plan.kept == source.image.size and plan.canvas is None) or not source.decodable:
        return _shown_by(jpeg, plan.orientation)
    return (
        _cut_without_loss(source, plan, load_crop)
        or _encoded_anew(source, plan, jpeg_quality)
        or jpeg
    )


def _planned(size: Size, orientation: int, settings: TransformSettings, grid: Size) -> _Plan:
    """Say in terms of the stored picture what the settings say of the upright one."""
    shown = _swapped(size, orientation)
    shares = settings.crop_left, settings.crop_top, settings.crop_right, settings.crop_bottom
    # Zero first, so that what is no number counts as zero.
    cut = [
        round(shown[side % 2] * min(100, max(0, share)) / 100) for side, share in enumerate(shares)
    ]
    left, top, right, bottom = (cut[side] for side in _SIDES[orientation])
    box = left - left % grid[0], top - top % grid[1], size[0] - right, size[1] - bottom
    plan = _Plan(box, _turned(orientation, settings.rotation))
    if settings.aspect is Aspect.NONE or not plan.sensible:
        return plan
    if settings.aspect_mode is AspectMode.CROP:
        return _cut_to_shape(plan, settings.aspect, grid)
    return _filled_to_shape(plan, settings.aspect)


def _cut_to_shape(plan: _Plan, aspect: Aspect, grid: Size) -> _Plan:
    kept = plan.kept
    across, down = _swapped(_ratio(aspect), plan.orientation)
    width = _at_most(kept[0], kept[1] * across / down)
    height = _at_most(kept[1], kept[0] * down / across)
    left, top = (
        edge + slack // 2 // block * block
        for edge, slack, block in zip(
            plan.box[:2], (kept[0] - width, kept[1] - height), grid, strict=True
        )
    )
    return replace(plan, box=(left, top, left + width, top + height))


def _filled_to_shape(plan: _Plan, aspect: Aspect) -> _Plan:
    shown = width, height = _swapped(plan.kept, plan.orientation)
    across, down = _ratio(aspect)
    canvas = _at_least(width, height * across / down), _at_least(height, width * down / across)
    return plan if canvas == shown else replace(plan, canvas=canvas)


def _at_most(side: int, wanted: float) -> int:
    """Shorten a side; one pixel more than wanted is no other shape."""
    return side if wanted > side - 1.5 else round(wanted)


def _at_least(side: int, wanted: float) -> int:
    return side if wanted < side + 1.5 else round(wanted)


def _ratio(aspect: Aspect) -> Size:
    width, height = aspect.value.split("-")
    return int(width), int(height)


def _swapped(size: Size, orientation: int) -> Size:
    return (size[1], size[0]) if orientation in SWAPS_SIDES else size


def _turned(orientation: int, degrees: int) -> int:
    """Answer the orientation that shows a picture turned clockwise from another one."""
    turns = next(turns for turns in _TURNS if orientation in turns)
    return turns[(turns.index(orientation) + degrees // 90) % 4]


def _drawn(picture: Picture, plan: _Plan) -> Picture:
    """Cut, turn and fill up a decoded picture, with colours or without."""
    left, top, right, bottom = plan.box
    picture = picture[top:bottom, left:right]
    if plan.orientation in SWAPS_SIDES:
        picture = picture.swapaxes(0, 1)
    if plan.orientation in _FLIPPED_ACROSS:
        picture = picture[:, ::-1]
    if plan.orientation in _FLIPPED_DOWN:
        picture = picture[::-1]
    if plan.canvas is None:
        return np.ascontiguousarray(picture)
    height, width = picture.shape[:2]
    filled = np.zeros((plan.canvas[1], plan.canvas[0], *picture.shape[2:]), np.uint8)
    left, top = (plan.canvas[0] - width) // 2, (plan.canvas[1] - height) // 2
    filled[top : top + height, left : left + width] = picture
    return filled


def _read(jpeg: bytes) -> _Source | None:
    try:
        image = Pillow.open(BytesIO(jpeg), formats=("JPEG",))
    except Exception:  # whatever damaged bytes make the library raise
        return None
    if not isinstance(image, JpegImageFile) or not image.layer:
        return None
    return _Source(jpeg, image, _orientation_of(image), _grid_of(image))


def _orientation_of(image: JpegImageFile) -> int:
    try:
        orientation = orientation_of(image)
    except Exception:  # as above
        return UPRIGHT
    return orientation if orientation in _SIDES else UPRIGHT


def _grid_of(image: JpegImageFile) -> Size:
    # The only component of a grey picture is never subsampled, whatever its header says.
    if len(image.layer) == 1:
        return 8, 8
    return 8 * max(layer[1] for layer in image.layer), 8 * max(layer[2] for layer in image.layer)


def _shown_by(jpeg: bytes, orientation: int) -> bytes:
    """Answer the JPEG with that orientation, itself where it has it."""
    source = _read(jpeg)
    if source is None or source.orientation == orientation:
        return jpeg
    return with_orientation(jpeg, orientation)


def _cut_without_loss(
    source: _Source, plan: _Plan, load_crop: Callable[[], LosslessCrop | None]
) -> bytes | None:
    if plan.canvas is not None or (crop := load_crop()) is None:
        return None
    try:
        cut = crop(source.jpeg, plan.box)
    except Exception:  # as above
        return None
    found = _read(cut)
    if found is None or found.image.size != plan.kept:
        return None
    return _shown_by(with_notes_of(cut, source.jpeg), plan.orientation)


def _encoded_anew(source: _Source, plan: _Plan, jpeg_quality: int) -> bytes | None:
    image = source.image
    encoding: dict[str, Any] = {"subsampling": get_sampling(image)}
    if plan.canvas is not None:
        drawing, note = plan, UPRIGHT
        encoding["quality"] = max(jpeg_quality, MIN_QUALITY)
    else:
        # On the camera's own grid, its own tables give back nearly the numbers it had: nearer
        # than a high quality would, and in no more bytes. So it is turned by a note here, too.
        drawing, note = replace(plan, orientation=UPRIGHT), plan.orientation
        encoding["qtables"] = image.quantization
    try:
        image.load()
        decoded = image if image.mode in ("L", "RGB") else image.convert("RGB")
        buffer = BytesIO()
        Pillow.fromarray(_drawn(np.asarray(decoded), drawing)).save(buffer, "JPEG", **encoding)
    except Exception:  # as above
        return None
    return _shown_by(with_notes_of(buffer.getvalue(), source.jpeg), note)
