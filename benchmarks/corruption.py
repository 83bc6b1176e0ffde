"""CPU per judged image: fast and heavy checks, history and model, by both analyzers.

All come after the one scaled decode of an image, which is measured beside them. "All" is what a
capture costs with heavy checks on: decode, both kinds of checks, history, model, and keeping the
picture for the next.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
import sys

if __package__ in (None, ""):  # started by its path
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.report import Figure, compare, parse, report
from custom_components.timelapser.engine.corruption.analyzer import Analyzer
from custom_components.timelapser.engine.corruption.analyzer_numpy import NumpyAnalyzer
from custom_components.timelapser.engine.corruption.choice import best_analyzer
from custom_components.timelapser.engine.corruption.history import History
from custom_components.timelapser.engine.corruption.judge import accepted, examine, judge
from custom_components.timelapser.engine.corruption.model import shipped
from custom_components.timelapser.engine.images.ingest import opened
from tests.harness import scene

SIZES = {"1080p": (1920, 1080), "4K": (3840, 2160)}
QUALITY = 90
MINUTE = 1 / 1440
NOON = 0.5
IMAGES = 6
REPEATS = 5


def ways(jpegs: list[bytes], analyzer: Analyzer) -> dict[str, Callable[[], object]]:
    """The parts of a judgement of the last image, with those before it as history."""
    model = shipped()
    history = History()
    for jpeg in jpegs[:-1]:
        history = accepted(examine(*opened(jpeg), analyzer), history, analyzer)
    picture, origin = opened(jpegs[-1])
    examined = examine(picture, origin, analyzer)

    def everything() -> object:
        found = examine(*opened(jpegs[-1]), analyzer)
        return judge(found, history, model, analyzer), accepted(found, history, analyzer)

    return {
        "fast": partial(examine, picture, origin, analyzer, heavy=False),
        "fast and heavy": partial(examine, picture, origin, analyzer),
        "history and model": partial(judge, examined, history, model, analyzer),
        "keeping": partial(accepted, examined, history, analyzer),
        "all": everything,
    }


def repeated(way: Callable[[], object]) -> None:
    """Do it some times, for the clock of CPU time is coarse."""
    for _ in range(REPEATS):
        way()


def main() -> None:
    """Measure both sizes; of a quick run only the smaller, as the scene is dear to draw."""
    quick = parse(__doc__)
    figures = {}
    analyzers = {one.name: one for one in (NumpyAnalyzer(), best_analyzer())}
    for size_name, size in [*SIZES.items()][: 1 if quick else None]:
        count = 2 if quick else IMAGES
        jpegs = [scene.jpeg(NOON + n * MINUTE, size, QUALITY) for n in range(count)]
        parts = {"decode": partial(repeated, partial(opened, jpegs[-1]))}
        for name, analyzer in analyzers.items():
            for part, way in ways(jpegs, analyzer).items():
                parts[f"{part}, {name}"] = partial(repeated, way)
        for part, cost in compare(parts, 2 if quick else 9).items():
            goal = GOALS.get(f"{size_name} {part}")
            milliseconds = cost.cpu / REPEATS * 1000
            figures[f"{size_name} {part}"] = Figure(milliseconds, "ms CPU", goal, at_most=True)
    report("corruption", figures)


GOALS = {"1080p fast, NumPy": 5.0, "1080p all, NumPy": 60.0}
"""Of a machine like the one that it was made on; elsewhere the ratios tell."""


if __name__ == "__main__":
    main()
