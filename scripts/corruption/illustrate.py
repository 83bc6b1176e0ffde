"""Draw the picture of docs/CORRUPTION.md: the scene, odd and damaged, with what it scores."""

from collections.abc import Iterator
import logging
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from custom_components.timelapser.engine.corruption.analyzer_numpy import NumpyAnalyzer
from custom_components.timelapser.engine.corruption.certain import Origin
from custom_components.timelapser.engine.corruption.history import History
from custom_components.timelapser.engine.corruption.judge import accepted, examine, judge
from custom_components.timelapser.engine.corruption.model import shipped
from custom_components.timelapser.engine.models import Picture
from tests.harness import scene

from .conditions import CONDITIONS
from .damage import EDITS
from .streams import through

TARGET = Path(__file__).parents[2] / "docs/images/corruption.jpg"
SIZE = (640, 360)
TILE = (320, 180)
CAPTION = 16
COLUMNS = 4
NOON = 0.5
MINUTE = 1 / 1440
GOOD = ("fog", "night", "glare", "snowy", "defocused", "falling", "infrared")
BAD = ("filled", "smeared", "torn", "scrambled", "discoloured")
STREAMS = (("h264", "packets"), ("h264", "no key"), ("h265", "packets"))
BYTES = 60_000


def pictures() -> Iterator[tuple[str, Picture]]:
    """What is shown, good pictures first."""
    noon = np.asarray(scene.draw(NOON, SIZE))
    random = np.random.default_rng(11)
    yield "as it is", noon
    for name in GOOD:
        yield name, CONDITIONS[name](noon, random)
    for name in BAD:
        yield name, EDITS[name](noon, random)
    for codec, loss in STREAMS:
        found = through(noon, codec, loss, random)
        if found is not None:
            yield f"{codec}, {loss} lost" if loss == "packets" else f"{codec}, {loss}", found[0]


def main() -> None:
    """Judge all and draw them side by side."""
    logging.getLogger("libav").setLevel(logging.CRITICAL)
    analyzer, history, origin = NumpyAnalyzer(), History(), Origin(*SIZE, BYTES)
    for number in range(5, 0, -1):
        before = np.asarray(scene.draw(NOON - number * MINUTE, SIZE))
        history = accepted(examine(before, origin, analyzer), history, analyzer)
    shown = list(pictures())
    height = TILE[1] + CAPTION
    sheet = Image.new("RGB", (COLUMNS * TILE[0], -(-len(shown) // COLUMNS) * height), "white")
    pen = ImageDraw.Draw(sheet)
    for number, (name, picture) in enumerate(shown):
        x, y = number % COLUMNS * TILE[0], number // COLUMNS * height
        found = judge(examine(picture, origin, analyzer), history, shipped(), analyzer)
        sheet.paste(Image.fromarray(picture).resize(TILE, Image.Resampling.BOX), (x, y))
        pen.text((x + 4, y + TILE[1] + 2), f"{name}: {found.score}", fill="black")
    TARGET.parent.mkdir(exist_ok=True)
    sheet.save(TARGET, quality=75)


if __name__ == "__main__":
    main()
