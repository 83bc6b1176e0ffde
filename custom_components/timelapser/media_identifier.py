"""Identifiers of the media source: typed values and their text."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
import re
from typing import ClassVar, Final

from .const import DOMAIN
from .engine.database.browse_operations import FINER, Album

STAMP: Final = "%Y%m%dT%H%MZ"
YEARS: Final = range(1970, 9999)
"""What a clock can be set to; beyond, sums of times fail."""
MINUTE: Final = timedelta(minutes=1)
LENGTHS: Final = {str(length // MINUTE): length for length in sorted({*FINER, *FINER.values()})}
CAMERA_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,64}")
MAX_DIGITS: Final = 18
"""Of an id; more is no number to a database."""


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
class VideosIdentifier:
    """The videos of a timelapse."""

    kind: ClassVar[str] = "videos"
    timelapse_id: int


@dataclass(frozen=True, slots=True)
class QuarantineIdentifier:
    """The days on which images of a timelapse were put aside."""

    kind: ClassVar[str] = "quarantine"
    timelapse_id: int


@dataclass(frozen=True, slots=True)
class DayIdentifier:
    """The images of one local day."""

    album: Album
    day: date

    @property
    def kind(self) -> str:
        """The first word of its text."""
        return QuarantineIdentifier.kind if self.album.quarantined else "day"


@dataclass(frozen=True, slots=True)
class PeriodIdentifier:
    """The images of an hour, or of some minutes of one."""

    album: Album
    begin: datetime
    length: timedelta

    @property
    def kind(self) -> str:
        """The first word of its text."""
        return QuarantineIdentifier.kind if self.album.quarantined else "period"


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
    CameraIdentifier
    | TimelapseIdentifier
    | VideosIdentifier
    | QuarantineIdentifier
    | DayIdentifier
    | PeriodIdentifier
    | ImageIdentifier
    | VideoIdentifier
)


def text_of(identifier: Identifier) -> str:
    """Answer the text of an identifier."""
    match identifier:
        case CameraIdentifier(camera_id):
            values: tuple[object, ...] = (camera_id,)
        case (
            TimelapseIdentifier(number)
            | VideosIdentifier(number)
            | QuarantineIdentifier(number)
            | ImageIdentifier(number)
            | VideoIdentifier(number)
        ):
            values = (number,)
        case DayIdentifier(album, day):
            values = (album.timelapse_id, day.isoformat())
        case PeriodIdentifier(album, begin, length):
            values = (album.timelapse_id, f"{begin:{STAMP}}", length // MINUTE)
    return "/".join(map(str, (identifier.kind, *values)))


def parse_identifier(text: str) -> Identifier:
    """Answer the identifier of a text; raise ValueError when it is none.

    Each has one text only, so that nothing can be named in another way than it is listed.
    """
    identifier = _parse(text)
    if text_of(identifier) != text:
        raise ValueError(text)
    return identifier


def _parse(text: str) -> Identifier:
    match text.split("/"):
        case ["camera", camera_id] if CAMERA_ID.fullmatch(camera_id):
            return CameraIdentifier(camera_id)
        case ["timelapse", number]:
            return TimelapseIdentifier(_number(number))
        case ["videos", number]:
            return VideosIdentifier(_number(number))
        case ["quarantine", number]:
            return QuarantineIdentifier(_number(number))
        case ["day" | "quarantine" as kind, number, day]:
            return DayIdentifier(_album(kind, number), date.fromisoformat(day))
        case ["period" | "quarantine" as kind, number, begin, minutes]:
            return PeriodIdentifier(_album(kind, number), _moment(begin), _length(minutes))
        case ["image", number]:
            return ImageIdentifier(_number(number))
        case ["video", number]:
            return VideoIdentifier(_number(number))
    raise ValueError(text)


def _album(kind: str, number: str) -> Album:
    return Album(_number(number), quarantined=kind == QuarantineIdentifier.kind)


def _number(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(text)
    return int(text)


def _moment(text: str) -> datetime:
    moment = datetime.strptime(text, STAMP).replace(tzinfo=UTC)
    if moment.year not in YEARS:
        raise ValueError(text)
    return moment


def _length(text: str) -> timedelta:
    if text not in LENGTHS:
        raise ValueError(text)
    return LENGTHS[text]
