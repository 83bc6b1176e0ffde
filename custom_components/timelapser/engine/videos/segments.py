"""Which pictures are encoded together, and the names that tell all that shapes their pixels.

A chunk holds the images of a timelapse whose numbers lie in the same hundred. Numbers never change,
so a deleted or restored image touches one chunk, and a new one only the last. A selection with wide
steps takes wider chunks: `stride` is the power of two next to its usual step.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from itertools import groupby, pairwise, zip_longest
from math import log2
from statistics import median_low
from typing import Final

from ..models.render import Card, Looks, Mosaic, RenderImage, Shot, Shown, leading, tiles_of
from .deflicker import gains

CHUNK: Final = 100
"""Images of a chunk. Shorter ones make videos larger: 25 by 8 %, 50 by 2 %, 100 by nothing."""
SEGMENT_FPS: Final = 25
"""The frame rate inside of segments: one at which every frame begins at a whole millisecond."""
DIGEST: Final = 12
"""Characters of a picture's name inside of a segment; it need not be unique beyond its chunk."""


@dataclass(frozen=True, slots=True)
class Still:
    """A picture as it is shown in one frame."""

    image: Shown
    gain: float = 1.0

    @property
    def digest(self) -> str:
        """A name that is another one for other pixels."""
        match self.image:
            case Card():
                shown = f"card {self.image.text!r}"
            case Mosaic():
                tiles = " | ".join(image_name(tile) if tile else "" for tile in self.image.tiles)
                shown = f"{tiles} {self.image.gains}"
            case _:
                shown = image_name(self.image)
        return sha256(f"{shown} {self.gain}".encode()).hexdigest()[:DIGEST]


@dataclass(frozen=True)
class Chunk:
    """Pictures that are encoded together, one for each frame.

    `place` tells its number, whatever is in it; `is_open` says that images may still follow.
    """

    timelapse_id: int
    place: str
    stills: tuple[Still, ...]
    is_open: bool = False

    @cached_property
    def digests(self) -> tuple[str, ...]:
        """The names of the pictures."""
        known: dict[int, str] = {}
        for still in self.stills:
            known.setdefault(id(still), still.digest)
        return tuple(known[id(still)] for still in self.stills)

    def folder(self, scope: str) -> str:
        """Answer where the segments lie that an encoder, told by `scope`, makes here."""
        return f"{self.timelapse_id}/{scope}/{self.place}"

    def key(self, scope: str) -> str:
        """Answer the name of the segment that an encoder, told by `scope`, makes of the chunk."""
        return sha256(f"{scope} {pack(self.digests)}".encode()).hexdigest()

    def rest(self, start: int) -> Chunk:
        """Answer the chunk without its first frames."""
        return replace(self, stills=self.stills[start:])

    def without(self, images: Iterable[RenderImage]) -> Chunk:
        """Answer the chunk without images; where one was held, a neighbour is held instead.

        A mosaic without some of them has dark tiles, and goes when it has no others.
        """
        bad = set(images)
        kept: list[Still] = []
        owed = 0
        for image, run in groupby(self.stills, key=lambda still: still.image):
            stills = list(run)
            rest = _without(image, bad)
            if rest is None:
                owed += len(stills) - 1
                continue
            kept += stills if rest == image else [replace(stills[0], image=rest)] * len(stills)
            kept += [stills[-1]] * owed
            owed = 0
        kept += kept[-1:] * owed
        return replace(self, stills=tuple(kept))


def chunks(shots: Sequence[Shot], looks: Looks) -> list[Chunk]:
    """Answer the chunks of a video, in its order."""
    stride = _stride(shots)
    places = list(_places(shots, stride))
    last = dict(places)
    answer = []
    for (timelapse, number), run in groupby(zip(places, shots, strict=True), key=lambda x: x[0]):
        stills = tuple(_stills([shot for _, shot in run], looks))
        place = f"{stride}-{number}"
        answer.append(Chunk(timelapse, place, stills, is_open=last[timelapse] == number))
    return answer


def pack(digests: Sequence[str]) -> str:
    """Answer the names of pictures as text, each with the number of its frames."""
    return " ".join(f"{digest}*{sum(1 for _ in run)}" for digest, run in groupby(digests))


def unpack(text: str) -> tuple[str, ...]:
    """Answer the names that `pack` made a text of, none for another text."""
    names: list[str] = []
    try:
        for part in text.split():
            digest, count = part.split("*")
            names += [digest] * int(count)
    except ValueError:
        return ()
    return tuple(names)


def image_name(image: RenderImage) -> str:
    """Answer what tells an image's pixels from those of others."""
    return f"{image.id} {image.content_hash or image.byte_count}"


def runs(stills: Sequence[Still]) -> Iterator[tuple[Shown, int]]:
    """Answer the pictures that follow each other, and for how many frames."""
    for image, run in groupby(stills, key=lambda still: still.image):
        yield image, sum(1 for _ in run)


def alike(one: Sequence[str], other: Sequence[str]) -> int:
    """Answer how many frames two rows of pictures have in common from their beginning on."""
    for number, (left, right) in enumerate(zip(one, other, strict=False)):
        if left != right:
            return number
    return min(len(one), len(other))


def _without(shown: Shown, bad: set[RenderImage]) -> Shown | None:
    """Answer what is left of a frame, if anything."""
    if isinstance(shown, Mosaic):
        rest = shown.without(bad)
        return rest if any(rest.tiles) else None
    return None if shown in bad else shown


def _stride(shots: Sequence[Shot]) -> int:
    """Answer the power of two next to the usual step from one image's number to the next."""
    images = [image for shot in shots if (image := leading(shot.image))]
    steps = [
        later.seq - earlier.seq
        for earlier, later in pairwise(images)
        if later.timelapse_id == earlier.timelapse_id and later.seq > earlier.seq
    ]
    return 1 << round(log2(median_low(steps))) if steps else 1


def _places(shots: Sequence[Shot], stride: int) -> Iterator[tuple[int, int]]:
    """Answer timelapse and chunk of each shot; a card belongs to the image before it."""
    images = [leading(shot.image) for shot in shots]
    place = next((_place(image, stride) for image in images if image), (0, 0))
    for image in images:
        if image:
            place = _place(image, stride)
        yield place


def _place(image: RenderImage, stride: int) -> tuple[int, int]:
    return image.timelapse_id, image.seq // (CHUNK * stride)


def _stills(shots: Sequence[Shot], looks: Looks) -> Iterator[Still]:
    columns = _gains(shots) if looks.deflicker else []
    for shot in shots:
        factors = [
            column.get(tile, 1.0)
            for tile, column in zip(tiles_of(shot.image), columns, strict=False)
        ]
        match shot.image:
            case Mosaic():
                still = Still(replace(shot.image, gains=tuple(factors)))
            case _:
                still = Still(shot.image, *factors)
        for _ in range(shot.repeat):
            yield still


def _gains(shots: Sequence[Shot]) -> list[dict[RenderImage | None, float]]:
    """Answer the gains of a chunk's images, for each place in its frames by itself."""
    answer: list[dict[RenderImage | None, float]] = []
    for column in zip_longest(*(tiles_of(shot.image) for shot in shots)):
        # An image may stay for several frames, beside those of a quicker camera.
        images = [image for image in dict.fromkeys(column) if image]
        samples = [(image.captured_at, image.luma) for image in images]
        answer.append(dict(zip(images, gains(samples), strict=True)))
    return answer
