"""What came of an import, file by file."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from ..models import Timelapse


class UnreadableFileError(Exception):
    """A file is no picture or video, or is damaged."""


class LeftOut(StrEnum):
    """Why a file, or a picture of a video, was not imported."""

    OUTSIDE = "outside"
    """A link leads out of the folder."""
    UNKNOWN = "unknown_format"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    NOT_FETCHED = "not_fetched"
    NO_TIME = "no_time"
    OUT_OF_RANGE = "out_of_range"
    """Before or after the time that was asked for."""
    ALREADY_THERE = "already_there"
    """The timelapse has the same picture, byte for byte."""
    NO_GAP = "no_gap"
    """The timelapse has an image of that time."""


@dataclass(slots=True)
class ImportReport:
    """Counts go on for ever; the files themselves are named up to a limit."""

    timelapse: Timelapse | None = None
    files: int = 0
    imported: int = 0
    byte_count: int = 0
    cancelled: bool = False
    left_out: Counter[LeftOut] = field(default_factory=Counter)
    named: list[tuple[str, LeftOut]] = field(default_factory=list)

    LIMIT = 200

    def leave_out(self, file: str, reason: LeftOut) -> None:
        """Note why a file, or a picture of it, was left out."""
        self.left_out[reason] += 1
        if len(self.named) < self.LIMIT:
            self.named.append((file, reason))

    @property
    def counts(self) -> Mapping[str, int]:
        """How many were left out, by reason."""
        return {reason.value: count for reason, count in self.left_out.most_common()}
