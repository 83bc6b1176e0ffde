"""How a camera's pictures are cut and turned."""

from dataclasses import dataclass
from enum import StrEnum


class Aspect(StrEnum):
    """Shapes that a picture may be brought into, width to height."""

    NONE = "none"
    WIDE = "16-9"
    STANDARD = "4-3"
    PHOTO = "3-2"
    SQUARE = "1-1"
    CINEMA = "21-9"
    PORTRAIT = "9-16"


class AspectMode(StrEnum):
    """How a picture is brought into a shape."""

    CROP = "crop"
    LETTERBOX = "letterbox"


@dataclass(frozen=True, slots=True)
class TransformSettings:
    """What is done to a picture, in this order: crop, rotation, aspect.

    Crops are percent of the picture as the camera sends it, so that they survive a change of its
    resolution; the rotation is in degrees, clockwise.
    """

    crop_left: float = 0
    crop_top: float = 0
    crop_right: float = 0
    crop_bottom: float = 0
    rotation: int = 0
    aspect: Aspect = Aspect.NONE
    aspect_mode: AspectMode = AspectMode.CROP
