"""The judgement of one picture: examined by itself, then held against the camera's history."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
import math
from typing import Final

import numpy as np

from ..models import Picture
from .analyzer import Analyzer, planes
from .certain import TOP_SCORE, Finding, Origin, Reason, certain_of_file, certain_of_picture
from .compare import Comparison, compare, entry_of
from .explain import explain
from .features import Maps, measure
from .heavy import HeavyMaps, measure_heavy
from .history import History, Signature, light_of
from .model import Model

PRISTINE: Final = 100
TELLS_ALL: Final = frozenset({Reason.UNIFORM, Reason.WHITE, Reason.BLACK})
"""Reasons beside which nothing else needs to be said."""
EXPLAINED_BELOW: Final = 85
"""Score from which on a picture is so usual that nothing needs to be said of it."""
FIRST_SCORE: Final = 40
"""What a camera's first picture scores at least: nothing says yet what is usual there."""
JPEG_ERRORS_SCORE: Final = 15
"""What an image scores at most whose JPEG is broken, as the camera's others are not."""
FROZEN_CHANGE: Final = 0.5
"""Mean difference in levels up to which a picture may be one of those before."""
FROZEN_SHARE: Final = 0.4
"""And the share of the camera's usual difference that this has to be below."""


@dataclass(frozen=True, slots=True)
class Examined:
    """A picture by itself; without a signature where there is none to look at."""

    origin: Origin
    certain: tuple[Reason, ...]
    features: Mapping[str, float]
    signature: Signature | None


@dataclass(frozen=True, slots=True)
class Scored:
    """A judgement: 100 is pristine; `exact` has a tenth, too, and is never above a limit alone.

    `features` are what the model saw, for the audit.
    """

    score: int
    exact: float
    findings: tuple[Finding, ...]
    certain: bool
    frozen: bool
    features: Mapping[str, float]


def examine(
    picture: Picture | None, origin: Origin, analyzer: Analyzer, *, heavy: bool = True
) -> Examined:
    """Measure a picture (RGB or grey, 240 to 960 columns) of an image, without its camera."""
    certain = certain_of_file(origin)
    if picture is None or picture.size == 0:
        return Examined(origin, certain or (Reason.UNREADABLE,), {}, None)
    seen = planes(picture, analyzer, large=heavy)
    certain += certain_of_picture(seen.luma)
    maps, features = measure(seen, analyzer)
    heavy_maps = None
    if seen.large is not None and seen.grey is not None:
        heavy_maps, more = measure_heavy(seen.large, seen.grey, origin.width, analyzer)
        features |= more
    signature = Signature(
        luma=np.clip(seen.luma + 0.5, 0, 255).astype(np.uint8),
        maps=_compact(maps),
        heavy=None if heavy_maps is None else _compact(heavy_maps),
        features=features,
        light=light_of(features),
        full_size=(origin.width, origin.height),
        jpeg_errors=origin.jpeg_errors,
    )
    return Examined(origin, certain, features, signature)


def judge(examined: Examined, history: History, model: Model, analyzer: Analyzer) -> Scored:
    """Score an examined picture against the history of its camera."""
    if examined.signature is None:
        broken = tuple(Finding(reason) for reason in examined.certain)
        return Scored(0, 0.0, broken, certain=True, frozen=False, features={})
    certain = examined.certain + _of_size(examined.signature, history)
    found = compare(examined.signature, history, analyzer)
    features = {**examined.features, **found.features}
    if found.features:
        score = model.with_history.score(features)
    else:
        score = max(model.alone.score(features), FIRST_SCORE)
    score = min([score, *(TOP_SCORE[reason] for reason in certain)])
    findings = [Finding(reason) for reason in certain]
    if _newly_broken(examined.signature, history):
        score = min(score, JPEG_ERRORS_SCORE if history.entries else FIRST_SCORE)
        findings.append(Finding(Reason.JPEG_ERRORS))
    frozen = not certain and _frozen(found)
    if frozen:
        findings.append(Finding(Reason.FROZEN))
    elif score < EXPLAINED_BELOW and not TELLS_ALL.intersection(certain):
        findings += explain(examined.signature, features, found.lost, history)
    exact = math.floor(score * 10) / 10
    return Scored(int(exact), exact, tuple(findings), bool(certain), frozen, features)


def accepted(examined: Examined, history: History, analyzer: Analyzer) -> History:
    """The history of the camera once this picture is accepted as good."""
    if examined.signature is None:
        return history
    return history.plus(entry_of(examined.signature, history, analyzer))


def _of_size(signature: Signature, history: History) -> tuple[Reason, ...]:
    sizes = {entry.signature.full_size for entry in history.entries}
    return (Reason.SIZE_CHANGED,) if sizes and signature.full_size not in sizes else ()


def _newly_broken(signature: Signature, history: History) -> bool:
    """Whether the JPEG has errors, and those before had none: some cameras never send it clean."""
    usual = any(entry.signature.jpeg_errors for entry in history.entries)
    return signature.jpeg_errors and not usual


def _frozen(found: Comparison) -> bool:
    """Whether the picture differs from one of those before by less than they ever do."""
    if found.change is None or found.usual_change is None:
        return False
    return found.change < min(FROZEN_CHANGE, FROZEN_SHARE * found.usual_change)


def _compact[T: (Maps, HeavyMaps)](maps: T) -> T:
    values = (getattr(maps, field.name).astype(np.float16) for field in fields(maps))
    return type(maps)(*values)
