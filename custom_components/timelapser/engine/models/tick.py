"""Planned moments of capture, and what became of them."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Final


class TickOutcome(StrEnum):
    """What became of a planned moment of capture."""

    CAPTURED = "captured"
    QUARANTINED = "quarantined"
    FAILED = "failed"
    SKIPPED = "skipped"


class SkipReason(StrEnum):
    """Why no capture was tried."""

    BUSY = "busy"
    OFFLINE = "offline"
    DISK = "disk"
    MEMORY = "memory"
    STOPPED = "stopped"
    PAUSED = "paused"
    WINDOW = "window"
    GATE = "gate"
    WEATHER = "weather"

    @property
    def is_wanted(self) -> bool:
        """Whether it is as people set it up; such ticks do not count against the coverage."""
        return self in WANTED


UNEXPECTED: Final = "unexpected"
"""In place of the code of an error, where nobody thought of one."""
BLAMELESS: Final = frozenset(
    {UNEXPECTED, "storage_not_writable", "storage_missing", "database_error", "source_closed"}
)
"""Codes of errors that say nothing of the camera."""
WANTED: Final = frozenset(
    {SkipReason.PAUSED, SkipReason.WINDOW, SkipReason.GATE, SkipReason.WEATHER}
)


@dataclass(frozen=True, slots=True)
class Tick:
    """A planned moment of capture and what became of it.

    One that was skipped may stand for several of the same local day with the same reason: `count`
    of them, the last at `last_at`. `reason` is a SkipReason, or the code of an error. One with the
    count 0 was not planned: somebody asked for an image, and it failed.
    """

    camera_id: str
    timelapse_id: int
    planned_at: datetime
    local_day: date
    outcome: TickOutcome
    reason: str | None = None
    last_at: datetime | None = None
    count: int = 1

    @property
    def is_wanted(self) -> bool:
        """Whether it was skipped as people wanted it, and counts as not planned."""
        return self.outcome is TickOutcome.SKIPPED and self.reason in WANTED
