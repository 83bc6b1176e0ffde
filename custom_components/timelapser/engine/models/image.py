"""Images, and what is thought of them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from .context import Context


@dataclass(frozen=True, slots=True)
class Judgement:
    """What corruption detection says of an image: 100 is pristine, with the reasons for less."""

    score: int
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class NewImage:
    """An image that is safely on disk and wants its row."""

    camera_id: str
    timelapse_id: int
    captured_at: datetime
    local_day: date
    width: int
    height: int
    byte_count: int
    judgement: Judgement
    quarantined: bool
    flagged: bool
    context: Context = Context()


@dataclass(frozen=True, slots=True)
class Image:
    """One captured frame; its files are found by `images.files.Storage`."""

    id: int
    camera_id: str
    timelapse_id: int
    folder: str
    captured_at: datetime
    local_day: date
    width: int
    height: int
    byte_count: int
    score: int
    reasons: tuple[str, ...]
    quarantined: bool
    flagged: bool
    missing: bool = False
    context: Context = Context()


class CorruptionAction(StrEnum):
    """What was done with a judged image."""

    KEPT = "kept"
    FLAGGED = "flagged"
    QUARANTINED = "quarantined"


@dataclass(frozen=True, slots=True)
class CorruptionLog:
    """A judgement in the past; without an image where that is gone."""

    id: int
    camera_id: str
    timelapse_id: int
    image_id: int | None
    judged_at: datetime
    score: int
    action: CorruptionAction
    reasons: tuple[str, ...]
