"""Rows to train on: each image against several histories, and images made of the good ones."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Final

import numpy as np
from numpy.random import Generator
from PIL import Image as Pillow

from custom_components.timelapser.engine.corruption.analyzer import Analyzer
from custom_components.timelapser.engine.corruption.certain import Origin
from custom_components.timelapser.engine.corruption.compare import compare
from custom_components.timelapser.engine.corruption.history import History
from custom_components.timelapser.engine.corruption.judge import Examined, accepted, examine
from custom_components.timelapser.engine.images.ingest import opened
from custom_components.timelapser.engine.models import Picture

from .conditions import CONDITIONS
from .damage import EDITS
from .labelled import Labelled
from .streams import CODECS, FAITHFUL, LOSSES, through

VISIBLE: Final = 0.05
"""Share of the picture that drawn damage has to change, or it is not used."""
VISIBLE_LOSS: Final = 0.015
"""The same of a codec's damage, which is told by its edges before it is large."""
VISIBLE_STEP: Final = 12
ODD: Final = 0.55
"""How often an image is damaged under another condition than its own."""
WEIGHT_OWN: Final = 1.0
WEIGHT_MADE: Final = 0.3


@dataclass(frozen=True, slots=True)
class Example:
    """Features, and what is known; `own` are images of the folder in their own order."""

    features: Mapping[str, float]
    damaged: bool
    weight: float
    camera: str
    kind: str
    own: bool


def of_camera(
    images: Sequence[Labelled], analyzer: Analyzer, random: Generator, made: int
) -> Iterator[Example]:
    """All rows of one camera; `made` is how many of each sort are made of a good image."""
    pictures = [opened(image.path.read_bytes()) for image in images]
    examined = [examine(*picture, analyzer) for picture in pictures]
    good = [number for number, image in enumerate(images) if not image.damaged]
    before = History()
    for number, image in enumerate(images):
        one, (picture, origin) = examined[number], pictures[number]

        def some(number: int = number) -> History:
            return _some(good, number, examined, analyzer, random)

        if not image.frozen and not one.certain:
            for history in (before, some(), some()):
                features = _features(one, history, analyzer)
                own = history is before
                yield Example(features, image.damaged, WEIGHT_OWN, image.camera, image.kind, own)
        if image.damaged:
            continue
        before = accepted(one, before, analyzer)
        if picture is None or not made:
            continue
        for kind, damaged, new in _made(coloured(picture), random, made):
            again = _again(new, origin, analyzer, random)
            features = _features(again, some(), analyzer)
            yield Example(features, damaged, WEIGHT_MADE, image.camera, kind, own=False)


def _features(one: Examined, history: History, analyzer: Analyzer) -> dict[str, float]:
    if one.signature is None:
        return {}
    return {**one.features, **compare(one.signature, history, analyzer).features}


def _some(
    good: Sequence[int],
    number: int,
    examined: Sequence[Examined],
    analyzer: Analyzer,
    random: Generator,
) -> History:
    """A history of some other good images: those just before, or any in any order."""
    count = int(random.choice((1, 2, 3, 4, 5, 5, 5)))
    others = [n for n in good if n != number]
    earlier = [n for n in others if n < number]
    if earlier and random.random() < 0.5:
        chosen = earlier[-count:]
    else:
        chosen = [int(n) for n in random.permutation(others)[:count]]
    history = History()
    for n in chosen:
        history = accepted(examined[n], history, analyzer)
    return history


def sorts(analyzer: Analyzer) -> tuple[frozenset[str], frozenset[str]]:
    """The names of features that need a history, and of those that need heavy checks."""
    picture = np.random.default_rng(1).integers(0, 255, (360, 640, 3)).astype(np.uint8)
    origin = Origin(640, 360, 60_000)
    names = []
    for heavy in (False, True):
        one = examine(picture, origin, analyzer, heavy=heavy)
        history = accepted(one, History(), analyzer)
        names.append((frozenset(one.features), frozenset(_features(one, history, analyzer))))
    (_, fast), (single, everything) = names
    return everything - single, everything - fast


def coloured(picture: Picture) -> Picture:
    """A picture with three channels."""
    return picture if picture.ndim == 3 else np.repeat(picture[:, :, None], 3, axis=2)


def _again(picture: Picture, origin: Origin, analyzer: Analyzer, random: Generator) -> Examined:
    """A made picture, saved as a camera would, and examined."""
    buffer = BytesIO()
    Pillow.fromarray(picture).save(buffer, "JPEG", quality=int(random.integers(75, 96)))
    jpeg = buffer.getvalue()
    saved = np.asarray(Pillow.open(BytesIO(jpeg)).convert("RGB"))
    return examine(saved, Origin(origin.width, origin.height, len(jpeg)), analyzer)


def _odd(picture: Picture, random: Generator) -> tuple[str, Picture]:
    name = str(random.choice(list(CONDITIONS)))
    return name, CONDITIONS[name](picture, random)


def _made(picture: Picture, random: Generator, count: int) -> Iterator[tuple[str, bool, Picture]]:
    """Damaged and odd but good pictures: kind, whether it is damaged, picture."""
    for name in [*random.choice(list(EDITS), count, replace=False), "discoloured", "noisy"]:
        scene = _odd(picture, random)[1] if random.random() < ODD else picture
        damaged = EDITS[str(name)](scene, random)
        if _changed(scene, damaged) > VISIBLE:
            yield f"made {name}", True, damaged
    for _ in range(count + 1):
        scene = _odd(picture, random)[1] if random.random() < ODD else picture
        codec, loss = str(random.choice(list(CODECS))), str(random.choice(LOSSES))
        decoded = through(scene, codec, loss, random)
        if decoded is not None and decoded[1] > VISIBLE_LOSS:
            yield f"made {codec}: {loss}", True, decoded[0]
    for _ in range(2 * count):
        name, scene = _odd(picture, random)
        if random.random() < 0.25:
            scene = _odd(scene, random)[1]
        yield f"ok_{name}", False, scene
    decoded = through(picture, str(random.choice(FAITHFUL)), None, random)
    if decoded is not None:
        yield "ok_encoded", False, decoded[0]


def _changed(before: Picture, after: Picture) -> float:
    difference = np.abs(before.astype(np.int16) - after).max(axis=2)
    return float((difference > VISIBLE_STEP).mean())
