"""Rows of the log."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class LogLevel(StrEnum):
    """How much a log row matters."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def and_above(self) -> tuple[LogLevel, ...]:
        """The level and those that matter more."""
        levels = tuple(LogLevel)
        return levels[levels.index(self) :]


@dataclass(frozen=True, slots=True)
class NewLogRow:
    """What happened, in a sentence without secrets; `data` for machines."""

    logged_at: datetime
    level: LogLevel
    source: str
    message: str
    camera_id: str | None = None
    correlation_id: str | None = None
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class LogRow(NewLogRow):
    """A row of the log."""

    id: int = 0
