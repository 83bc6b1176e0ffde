"""The judgement of images: each against its camera's recent good ones, and what follows from it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from ..models import Judgement, Picture
from ..settings import CorruptionSettings
from .analyzer import Analyzer
from .certain import TOP_SCORE, Finding, Origin, Reason
from .choice import best_analyzer
from .history import History
from .judge import EXPLAINED_BELOW, Examined, Scored, accepted, examine, judge
from .model import Model, shipped

CERTAIN: Final = TOP_SCORE.keys() - {Reason.SIZE_CHANGED}
FIRST_TRIES: Final = 5
"""Pictures of which no two in a row agree until one begins the history all the same."""
AGREES: Final = 0.9
"""Correlation of two pictures from which on they show the same: damage is never the same twice."""
DIGITS: Final = 4
"""Of features in the audit: more say nothing, and fill the disk."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A judgement and what follows from it; `frozen` is apart from the score."""

    judgement: Judgement
    quarantined: bool
    flagged: bool
    frozen: bool = False

    @property
    def suspect(self) -> bool:
        """Whether another image is worth the time: what is certain may be gone as well."""
        return self.quarantined or self.flagged


@dataclass(frozen=True, slots=True)
class Assessment:
    """A verdict with what it was made from; pictures that were not looked at have none."""

    verdict: Verdict
    examined: Examined | None = None


@dataclass(slots=True)
class CameraMemory:
    """What is remembered of a camera: its good pictures, and the last one if that was none."""

    history: History = History()
    quarantined: bool = False
    suspect: Examined | None = None
    unconfirmed: int = 0


class CorruptionService:
    """Judges images; all of it is work for an executor, one image of a camera at a time."""

    def __init__(
        self,
        analyzer: Callable[[], Analyzer] = best_analyzer,
        model: Callable[[], Model] = shipped,
    ) -> None:
        self._make_analyzer = analyzer
        self._load_model = model
        self._analyzer: Analyzer | None = None
        self._memories: dict[str, CameraMemory] = {}

    @property
    def analyzer(self) -> Analyzer:
        """What measures pictures; chosen with the first one."""
        analyzer = self._analyzer
        if analyzer is None:
            analyzer = self._analyzer = self._make_analyzer()
        return analyzer

    def use(self, analyzer: Callable[[], Analyzer]) -> None:
        """Measure by another analyzer from now on; both measure the same."""
        self._make_analyzer, self._analyzer = analyzer, None

    def assess(
        self,
        camera_id: str,
        picture: Picture | None,
        origin: Origin,
        settings: CorruptionSettings,
        *,
        heavy: bool,
    ) -> Assessment:
        """Judge a picture; with detection off, only what cannot be read is put aside."""
        if not settings.enabled and origin.readable:
            return Assessment(Verdict(Judgement(100), quarantined=False, flagged=False))
        examined = examine(picture, origin, self.analyzer, heavy=heavy and settings.heavy)
        model = self._load_model()
        scored = judge(examined, self._memory(camera_id).history, model, self.analyzer)
        return Assessment(_verdict(scored, model, settings, origin), examined)

    def choose(self, first: Assessment, second: Assessment) -> Assessment:
        """Answer the second of two images taken shortly after each other, or the first if better.

        Damage goes away, scenes stay: where both show the same, it is how things look now.
        """
        if not second.verdict.suspect:
            return second
        certain = first.verdict.judgement.certain or second.verdict.judgement.certain
        if not certain and _agree(first.examined, second.examined):
            return replace(second, verdict=_cleared(second.verdict))
        better = second.verdict.judgement.score >= first.verdict.judgement.score
        return second if better else first

    def settle(self, camera_id: str, assessment: Assessment) -> Verdict:
        """Answer the verdict that stands, and learn from it.

        On the score alone, no two images in a row are put aside: a scene may have changed. It has,
        where two in a row show the same.
        """
        memory, verdict = self._memory(camera_id), assessment.verdict
        before = memory.suspect
        guessed = verdict.suspect and not verdict.judgement.certain
        if guessed and _agree(memory.suspect, assessment.examined):
            verdict = _cleared(verdict)
        memory.suspect = assessment.examined if verdict.suspect and guessed else None
        if verdict.quarantined and memory.quarantined and not verdict.judgement.certain:
            verdict = replace(verdict, quarantined=False, flagged=True)
        memory.quarantined = verdict.quarantined
        examined = assessment.examined
        if examined is not None and not verdict.suspect and not verdict.frozen:
            self._learn(memory, examined, before)
        return verdict

    def _learn(self, memory: CameraMemory, examined: Examined, before: Examined | None) -> None:
        """Take a good picture into the history; the first one only when the next agrees with it.

        Alone, a damaged picture may look good, and all later ones would be held against it.
        """
        first = not memory.history.entries
        if first and not _agree(before, examined) and memory.unconfirmed < FIRST_TRIES:
            memory.suspect = examined
            memory.unconfirmed += 1
            return
        memory.unconfirmed = 0
        memory.history = accepted(examined, memory.history, self.analyzer)

    def forget(self, camera_id: str) -> None:
        """Begin anew with a camera, whose source is another one now."""
        self._memories.pop(camera_id, None)

    def _memory(self, camera_id: str) -> CameraMemory:
        return self._memories.setdefault(camera_id, CameraMemory())


def _verdict(scored: Scored, model: Model, settings: CorruptionSettings, origin: Origin) -> Verdict:
    asked_about = scored.score < EXPLAINED_BELOW
    judgement = Judgement(
        scored.score,
        tuple(finding.reason.value for finding in scored.findings),
        tuple(map(_words, scored.findings)),
        # Another size alone may be as somebody wants it.
        certain=any(f.reason in CERTAIN for f in scored.findings),
        features={n: _short(v) for n, v in scored.features.items()} if asked_about else {},
        model=model.version,
    )
    quarantined = not origin.readable or scored.score < settings.quarantine_below
    flagged = scored.score < settings.flag_below
    return Verdict(judgement, quarantined, flagged, scored.frozen)


def _words(finding: Finding) -> str:
    words = str(finding.reason).replace("_", " ")
    return words if finding.rows is None else f"{words}: rows {finding.rows[0]}-{finding.rows[1]}"


def _short(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _cleared(verdict: Verdict) -> Verdict:
    return replace(verdict, quarantined=False, flagged=False)


def _agree(one: Examined | None, other: Examined | None) -> bool:
    """Whether two pictures show the same; one and the same picture proves nothing."""
    if one is None or other is None or one.signature is None or other.signature is None:
        return False
    a, b = one.signature.luma, other.signature.luma
    if a.shape != b.shape or not a.std() or not b.std() or np.array_equal(a, b):
        return False
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1]) >= AGREES
