"""The recent good pictures of a camera, as small as they need to be to judge the next."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .analyzer import Blocks
from .features import Maps
from .heavy import HeavyMaps

KEPT: Final = 5
RECENT: Final = 3
"""Of those kept, the newest, whatever their light is."""


class Light(StrEnum):
    """The light of a picture; features are usual or not for their light."""

    DAY = "day"
    DUSK = "dusk"
    NIGHT = "night"
    INFRARED = "infrared"


def light_of(features: Mapping[str, float]) -> Light:
    """Tell the light from brightness and colour."""
    if features["colour"] < 0.01:
        return Light.INFRARED
    if features["brightness"] < 0.16:
        return Light.NIGHT
    return Light.DUSK if features["brightness"] < 0.3 else Light.DAY


@dataclass(frozen=True, slots=True, eq=False)
class Signature:
    """A picture as later ones are compared with it; luma of 240 columns, maps as measured."""

    luma: NDArray[np.uint8]
    maps: Maps
    heavy: HeavyMaps | None
    features: Mapping[str, float]
    light: Light
    full_size: tuple[int, int]
    jpeg_errors: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Entry:
    """An accepted picture; `agreement` per block and `change` in levels, with those before it."""

    signature: Signature
    agreement: Blocks | None
    change: float | None


@dataclass(frozen=True, slots=True, eq=False)
class History:
    """Up to five accepted pictures of one camera, oldest first; some 300 KB at 1080p."""

    entries: tuple[Entry, ...] = ()

    def plus(self, entry: Entry) -> History:
        """The history with one more; the oldest goes that is not alone of its light."""
        entries = [*self.entries, entry]
        if len(entries) > KEPT:
            lights = Counter(kept.signature.light for kept in entries)
            older = entries[:-RECENT]
            spare = next((old for old in older if lights[old.signature.light] > 1), older[0])
            entries.remove(spare)
        return History(tuple(entries))

    def comparable(self, signature: Signature) -> tuple[Entry, ...]:
        """Those whose pictures have the same shape."""
        shape = signature.luma.shape
        return tuple(entry for entry in self.entries if entry.signature.luma.shape == shape)

    def usual(self, name: str, light: Light) -> float | None:
        """The median of a feature over pictures of a light, or over all where there are none."""
        entries = [entry for entry in self.entries if entry.signature.light is light]
        values = [
            entry.signature.features[name]
            for entry in entries or self.entries
            if name in entry.signature.features
        ]
        return float(np.median(values)) if values else None
