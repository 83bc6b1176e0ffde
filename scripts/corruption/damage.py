"""Damage as cameras, networks and decoders make it, drawn into good pictures.

Used to train on more than a folder of labelled images can hold, and by the tests.
"""

from collections.abc import Callable
from io import BytesIO
from typing import Final

import numpy as np
from numpy.random import Generator
from PIL import Image as Pillow

from custom_components.timelapser.engine.models import Picture

type Damage = Callable[[Picture, Generator], Picture]

FILLS: Final = ((128, 128, 128), (0, 135, 0), (0, 0, 0), (255, 0, 255), (130, 130, 130))
MACROBLOCK: Final = 16
SMALLEST: Final = 0.08
"""Share of the picture that is damaged at least: less is not seen among what moves."""


def _tail(picture: Picture, random: Generator) -> int:
    """The first lost row, as of a decoder that gave up: some way down."""
    height = len(picture)
    row = int(height * random.uniform(0, 1 - SMALLEST))
    return row - row % MACROBLOCK


def _band(picture: Picture, random: Generator) -> slice:
    """A slice of the picture: some rows of macroblocks."""
    height = len(picture)
    share = random.uniform(SMALLEST, 0.6)
    top = int(height * random.uniform(0, 1 - share)) // MACROBLOCK * MACROBLOCK
    return slice(top, min(height, top + max(MACROBLOCK, int(height * share))))


def filled(picture: Picture, random: Generator) -> Picture:
    """A band or all of the rest in one colour; its first row begins anywhere."""
    damaged = picture.copy()
    rows = _band(picture, random) if random.random() < 0.4 else slice(_tail(picture, random), None)
    colour = FILLS[random.integers(len(FILLS))]
    damaged[rows] = colour
    start = rows.start
    column = int(random.integers(picture.shape[1]))
    damaged[start : start + MACROBLOCK, :column] = picture[start : start + MACROBLOCK, :column]
    return damaged


def smeared(picture: Picture, random: Generator) -> Picture:
    """The last good row repeated over what is lost, sharp or softly."""
    rows = _band(picture, random) if random.random() < 0.3 else slice(_tail(picture, random), None)
    damaged = picture.copy()
    line = picture[max(0, rows.start - 1)].astype(np.float32)
    wide = int(random.choice((1, 1, 4, 16)))
    kernel = np.ones(wide, np.float32) / wide
    soft = np.stack([np.convolve(line[:, c], kernel, "same") for c in range(3)], axis=1)
    damaged[rows] = soft.astype(np.uint8)
    return damaged


def torn(picture: Picture, random: Generator) -> Picture:
    """Bands shifted sideways."""
    damaged = picture.copy()
    width = picture.shape[1]
    for _ in range(random.integers(1, 4)):
        rows = _band(picture, random)
        shift = int(width * random.uniform(0.06, 0.94))
        damaged[rows] = np.roll(damaged[rows], shift, axis=1)
    return damaged


def lost_rows(picture: Picture, random: Generator) -> Picture:
    """What follows a lost slice moves up, or rows come twice."""
    top = _tail(picture, random)
    height = len(picture)
    shift = int(height * random.uniform(0.06, 0.5))
    damaged = picture.copy()
    if random.random() < 0.5:
        damaged[top:] = np.roll(picture, -shift, axis=0)[top:]
    else:
        damaged[top:] = np.roll(picture, shift, axis=0)[top:]
    return damaged


def _run(picture: Picture, random: Generator) -> list[tuple[slice, slice]]:
    """Macroblocks that follow one another, as all that a lost packet held."""
    height, width = picture.shape[:2]
    columns, rows = width // MACROBLOCK, height // MACROBLOCK
    total = columns * rows
    count = int(total * random.uniform(SMALLEST, 0.7))
    first = int(random.integers(0, total - count + 1))
    places = [divmod(number, columns) for number in range(first, first + count)]
    return [
        (
            slice(row * MACROBLOCK, (row + 1) * MACROBLOCK),
            slice(column * MACROBLOCK, (column + 1) * MACROBLOCK),
        )
        for row, column in places
    ]


def scrambled(picture: Picture, random: Generator) -> Picture:
    """Macroblocks in each other's places."""
    places = _run(picture, random)
    damaged = picture.copy()
    for place, source in zip(places, random.permutation(len(places)), strict=True):
        damaged[place] = picture[places[source]]
    return damaged


def displaced(picture: Picture, random: Generator) -> Picture:
    """Macroblocks fetched from a wrong place, as by lost motion vectors."""
    height, width = picture.shape[:2]
    damaged = picture.copy()
    reach = int(random.choice((24, 48, 96)))
    drift = random.integers(-reach, reach + 1, 2)
    for place in _run(picture, random):
        if random.random() < 0.1:
            drift = random.integers(-reach, reach + 1, 2)
        row = int(np.clip(place[0].start + drift[0], 0, height - MACROBLOCK))
        column = int(np.clip(place[1].start + drift[1], 0, width - MACROBLOCK))
        damaged[place] = picture[row : row + MACROBLOCK, column : column + MACROBLOCK]
    return damaged


def pixelated(picture: Picture, random: Generator) -> Picture:
    """Macroblocks of one colour each, of any size."""
    damaged = picture.copy()
    for place in _run(picture, random):
        damaged[place] = picture[place].mean(axis=(0, 1)).astype(np.uint8)
    if random.random() < 0.4:
        side = int(random.choice((16, 24, 32, 48)))
        height, width = picture.shape[:2]
        image = Pillow.fromarray(picture)
        tiny = image.resize((width // side, height // side), Pillow.Resampling.BOX)
        rows = _band(picture, random)
        coarse = np.asarray(tiny.resize((width, height), Pillow.Resampling.NEAREST))
        damaged[rows] = coarse[rows]
    return damaged


def discoloured(picture: Picture, random: Generator) -> Picture:
    """The planes of chroma swapped, lost, filled, moved or inverted; of all or of a band."""
    chroma = np.asarray(Pillow.fromarray(picture).convert("YCbCr")).copy()
    rows = _band(picture, random) if random.random() < 0.3 else slice(None)
    match random.integers(6):
        case 0:
            chroma[rows, :, 1:] = chroma[rows, :, :0:-1].copy()
        case 1:
            chroma[rows, :, 1:] = 0
        case 2:
            chroma[rows, :, 1:] = 255 - chroma[rows, :, 1:]
        case 3:
            chroma[rows, :, 1 + random.integers(2)] = random.choice((0, 16, 240, 255))
        case 4:
            chroma[rows, :, 1:] = np.roll(chroma, picture.shape[1] // 3, axis=1)[rows, :, 1:]
        case _:
            chroma[rows, :, 1:] = 128
    return np.asarray(Pillow.fromarray(chroma, "YCbCr").convert("RGB"))


def noisy(picture: Picture, random: Generator) -> Picture:
    """Noise over everything, of each pixel or of lines, or single pixels gone."""
    height, width = picture.shape[:2]
    damaged = picture.astype(np.float32)
    match random.integers(3):
        case 0:
            damaged += random.normal(0, random.uniform(50, 110), (height, width, 1))
        case 1:
            damaged += random.normal(0, random.uniform(30, 80), (height, 1, 1))
        case _:
            gone = random.random((height, width)) < random.uniform(0.15, 0.5)
            damaged[gone] = random.choice((0, 255), (int(gone.sum()), 1))
    return np.clip(damaged, 0, 255).astype(np.uint8)


def combed(picture: Picture, random: Generator) -> Picture:
    """Every other row of the picture moved sideways: two fields that do not belong together."""
    damaged = picture.copy()
    period = int(random.choice((2, 4, 8)))
    shift = int(random.integers(12, 60))
    for row in range(period // 2):
        damaged[row::period] = np.roll(damaged[row::period], shift, axis=1)
    return damaged


def broken_jpeg(picture: Picture, random: Generator) -> Picture:
    """Bits of the entropy-coded data of a JPEG flipped, or its end lost."""
    buffer = BytesIO()
    Pillow.fromarray(picture).save(buffer, "JPEG", quality=int(random.integers(60, 95)))
    data = bytearray(buffer.getvalue())
    begin = data.index(b"\xff\xda") + 14
    if random.random() < 0.7:
        for _ in range(random.integers(1, 9)):
            data[random.integers(begin, int(len(data) * 0.9))] ^= 1 << int(random.integers(8))
    else:
        del data[int(random.uniform(begin, len(data) * 0.9)) :]
    return decoded(bytes(data))


def decoded(jpeg: bytes) -> Picture:
    """What a decoder that never gives up makes of a JPEG."""
    image = Pillow.open(BytesIO(jpeg), formats=("JPEG",))
    try:
        image.load()
    except OSError:
        image.tile = []
    return np.asarray(image.convert("RGB"))


EDITS: Final[dict[str, Damage]] = {
    function.__name__: function
    for function in (
        filled,
        smeared,
        torn,
        lost_rows,
        scrambled,
        displaced,
        pixelated,
        discoloured,
        noisy,
        combed,
        broken_jpeg,
    )
}
