"""What is thought of images, and what was done with them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class AnalyzerChoice(StrEnum):
    """By what pictures are measured; all measure the same."""

    AUTO = "auto"
    NUMPY = "numpy"
    OPENCV = "opencv"


@dataclass(frozen=True, slots=True)
class Judgement:
    """What corruption detection says of an image: 100 is pristine, with the reasons for less."""

    score: int
    reasons: tuple[str, ...] = ()
    details: tuple[str, ...] = ()
    """The reasons in words, with the rows that they show in."""
    certain: bool = False
    """Whether a reason is certain: no model had to guess."""
    features: Mapping[str, float] = field(default_factory=dict)
    """What the model saw, where the score is low enough to be asked about."""
    model: str | None = None


class CorruptionAction(StrEnum):
    """What was done with a judged image; `replaced` by another one that was taken at once."""

    KEPT = "kept"
    FLAGGED = "flagged"
    QUARANTINED = "quarantined"
    REPLACED = "replaced"


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
    details: tuple[str, ...] = ()
    features: Mapping[str, float] = field(default_factory=dict)
    model: str | None = None
