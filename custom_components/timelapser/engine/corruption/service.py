"""The judgement of images: what is kept, flagged or put into quarantine."""

from dataclasses import dataclass

from ..models import Judgement
from ..settings import CorruptionSettings
from .metrics import Metrics
from .scoring import score


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement and what follows from it."""

    judgement: Judgement
    quarantined: bool
    flagged: bool


class CorruptionService:
    """Judges images by their metrics."""

    def judge(self, metrics: Metrics, settings: CorruptionSettings) -> Verdict:
        """Answer the verdict; with detection off, only what cannot be read is put aside."""
        if not settings.enabled and metrics.readable:
            return Verdict(Judgement(100), quarantined=False, flagged=False)
        judgement = score(metrics)
        quarantined = not metrics.readable or judgement.score < settings.quarantine_below
        return Verdict(judgement, quarantined, judgement.score < settings.flag_below)
