"""Identifiers of the media source: typed values and their text."""

from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from .const import DOMAIN


@dataclass(frozen=True, slots=True)
class CameraIdentifier:
    """A camera's folder."""

    kind: ClassVar[str] = "camera"
    camera_id: str


@dataclass(frozen=True, slots=True)
class TimelapseIdentifier:
    """A timelapse's folder."""

    kind: ClassVar[str] = "timelapse"
    timelapse_id: int


@dataclass(frozen=True, slots=True)
class DayIdentifier:
    """The images of one local day of a timelapse."""

    kind: ClassVar[str] = "day"
    timelapse_id: int
    day: date


@dataclass(frozen=True, slots=True)
class ImageIdentifier:
    """One image."""

    kind: ClassVar[str] = "image"
    image_id: int


@dataclass(frozen=True, slots=True)
class VideoIdentifier:
    """One video."""

    kind: ClassVar[str] = "video"
    video_id: int

    @property
    def media_content_id(self) -> str:
        """What media players and automations name it by."""
        return f"media-source://{DOMAIN}/{text_of(self)}"


type Identifier = (
    CameraIdentifier | TimelapseIdentifier | DayIdentifier | ImageIdentifier | VideoIdentifier
)


def text_of(identifier: Identifier) -> str:
    """Answer the text of an identifier."""
    match identifier:
        case CameraIdentifier(camera_id):
            values: tuple[object, ...] = (camera_id,)
        case TimelapseIdentifier(timelapse_id):
            values = (timelapse_id,)
        case DayIdentifier(timelapse_id, day):
            values = (timelapse_id, day.isoformat())
        case ImageIdentifier(image_id):
            values = (image_id,)
        case VideoIdentifier(video_id):
            values = (video_id,)
    return "/".join(map(str, (identifier.kind, *values)))


def parse_identifier(text: str) -> Identifier:
    """Answer the identifier of a text; raise ValueError when it is none."""
    match text.split("/"):
        case ["camera", camera_id]:
            return CameraIdentifier(camera_id)
        case ["timelapse", number]:
            return TimelapseIdentifier(int(number))
        case ["day", number, day]:
            return DayIdentifier(int(number), date.fromisoformat(day))
        case ["image", number]:
            return ImageIdentifier(int(number))
        case ["video", number]:
            return VideoIdentifier(int(number))
    raise ValueError(text)
