"""Timelapses, and the rules by which they begin and stop."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import TypedDict


class TimelapseState(StrEnum):
    """Where a timelapse is in its life."""

    RUNNING = "running"
    PAUSED = "paused"
    COMPLETED = "completed"


@dataclass(frozen=True, slots=True)
class Timelapse:
    """One run of captures on a camera; `longest_gap` between two images in milliseconds."""

    id: int
    camera_id: str
    name: str
    state: TimelapseState
    folder: str
    started_at: datetime
    resumed_at: datetime | None = None
    completed_at: datetime | None = None
    starred: bool = False
    notes: str = ""
    start_at: datetime | None = None
    stop_at: datetime | None = None
    stop_after_days: int | None = None
    stop_after_images: int | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    image_count: int = 0
    quarantine_count: int = 0
    flagged_count: int = 0
    failed_count: int = 0
    skipped_count: int = 0
    byte_count: int = 0
    video_count: int = 0
    video_byte_count: int = 0
    score_sum: int = 0
    score_min: int | None = None
    longest_gap: int = 0
    first_day: date | None = None
    first_image_at: datetime | None = None
    last_image_at: datetime | None = None
    last_image_id: int | None = None

    @property
    def score_mean(self) -> float | None:
        """Mean corruption score over all judged images, quarantined ones too."""
        judged = self.image_count + self.quarantine_count
        return self.score_sum / judged if judged else None


class TimelapseRules(TypedDict, total=False):
    """When a timelapse begins to capture, and when it stops by itself, whichever comes first."""

    start_at: datetime | None
    stop_at: datetime | None
    stop_after_days: int | None
    stop_after_images: int | None


class TimelapseChanges(TimelapseRules, total=False):
    """What people may change of a timelapse; what is left out stays as it is."""

    name: str
    starred: bool
    notes: str
