"""Images judged one after another, as the pipeline does it."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from custom_components.timelapser.engine.corruption.analyzer import Analyzer
from custom_components.timelapser.engine.corruption.history import History
from custom_components.timelapser.engine.corruption.judge import Scored, accepted, examine, judge
from custom_components.timelapser.engine.corruption.model import Model
from custom_components.timelapser.engine.images.ingest import opened
from custom_components.timelapser.engine.settings import CorruptionSettings

from .labelled import Labelled

GOOD = "good"


@dataclass(frozen=True, slots=True)
class Judged:
    """An image and what is thought of it."""

    image: Labelled
    scored: Scored
    verdict: str


def verdict(scored: Scored) -> str:
    """What the defaults make of a judgement alone."""
    settings = CorruptionSettings()
    if scored.frozen:
        return "frozen"
    if scored.score < settings.quarantine_below:
        return "quarantined"
    return "flagged" if scored.score < settings.flag_below else GOOD


def accepted_alone(one: Judged, history: History) -> bool:
    """Whether the history takes an image without a retry: something has to be the first."""
    return one.verdict == GOOD or (not history.entries and not one.scored.certain)


def judged(
    images: Iterable[Labelled],
    model: Model,
    analyzer: Analyzer,
    accepts: Callable[[Judged, History], bool] | None = None,
) -> Iterator[Judged]:
    """Judge the images of one camera in their order; the history is what is accepted."""
    history = History()
    for image in images:
        examined = examine(*opened(image.path.read_bytes()), analyzer)
        scored = judge(examined, history, model, analyzer)
        one = Judged(image, scored, verdict(scored))
        if (accepts or accepted_alone)(one, history):
            history = accepted(examined, history, analyzer)
        yield one
