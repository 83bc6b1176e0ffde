"""Images: those that want a row, and those that have one."""

from dataclasses import dataclass
from datetime import date, datetime

from .context import Context
from .corruption import Judgement


@dataclass(frozen=True, slots=True)
class Replaced:
    """A bad image that was not kept, because another one was taken at once."""

    judged_at: datetime
    judgement: Judgement


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
    replaced: tuple[Replaced, ...] = ()
    luma: float | None = None
    """Mean, 0 to 255."""
    phash: int | None = None
    """64 bits; the fewer differ, the more alike two images are."""
    content_hash: str | None = None
    imported: bool = False


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
    seq: int = 0
    luma: float | None = None
    phash: int | None = None
    content_hash: str | None = None
    imported: bool = False
