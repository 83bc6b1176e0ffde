"""Weather, light and lenses, drawn into good pictures: odd, but good all the same."""

from collections.abc import Callable
from io import BytesIO
from typing import Final

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw, ImageFilter

from custom_components.timelapser.engine.models import Picture

type Condition = Callable[[Picture, Generator], Picture]
type Light = NDArray[np.float32]


def _picture(light: NDArray[np.floating]) -> Picture:
    return np.asarray(np.clip(light * 255, 0, 255), np.uint8)


def _light(picture: Picture) -> Light:
    return np.asarray(picture / 255, np.float32)


def _grain(light: Light, random: Generator, most: float) -> Light:
    height, width = light.shape[:2]
    noise = random.normal(0, random.uniform(0, most), (height, width, 1)).astype(np.float32)
    return light + noise


def _spots(picture: Picture, random: Generator, count: int, radius: float) -> Light:
    """Round lights that fade outwards, from 0 to 1, of shape (rows, columns, 1)."""
    height, width = picture.shape[:2]
    y, x = np.mgrid[0:height:4, 0:width:4].astype(np.float32)
    found = np.zeros_like(x)
    for _ in range(count):
        at_x, at_y = random.uniform(0, width), random.uniform(0, height)
        distance = np.hypot(x - at_x, y - at_y) / (width * radius)
        found = np.maximum(found, np.exp(-(distance**2)))
    small = Pillow.fromarray(found.astype(np.float32))
    return np.asarray(small.resize((width, height), Pillow.Resampling.BILINEAR))[:, :, None]


def night(picture: Picture, random: Generator) -> Picture:
    """Little light, much noise, and perhaps lamps."""
    light = _light(picture) ** random.uniform(1, 1.5) * random.uniform(0.06, 0.35)
    light = light * np.array([0.9, 0.95, 1.1], np.float32)
    if random.random() < 0.5:
        light = light + 0.9 * _spots(picture, random, int(random.integers(1, 6)), 0.02)
    return _picture(_grain(light, random, 0.035))


def floodlit(picture: Picture, random: Generator) -> Picture:
    """Dark but for one lamp's cone."""
    lamp = _spots(picture, random, 1, random.uniform(0.2, 0.45))
    light = _light(picture) * (random.uniform(0, 0.12) + lamp * random.uniform(0.7, 1.3))
    return _picture(_grain(light, random, 0.02))


def infrared(picture: Picture, random: Generator) -> Picture:
    """Without colour, brightest in the middle."""
    grey = _light(picture) @ np.array([0.5, 0.3, 0.2], np.float32)
    light = np.repeat(grey[:, :, None], 3, axis=2) * random.uniform(0.4, 1.0)
    light = light * (0.4 + 0.8 * _spots(picture, random, 1, 0.5))
    return _picture(np.repeat(_grain(light[:, :, :1], random, 0.03), 3, axis=2))


def twilight(picture: Picture, random: Generator) -> Picture:
    """The colours of dusk and dawn."""
    cast = np.array([random.uniform(0.7, 1.2), random.uniform(0.6, 0.9), random.uniform(0.5, 1.1)])
    light = _light(picture) * cast.astype(np.float32) * random.uniform(0.3, 0.9)
    return _picture(_grain(light, random, 0.015))


def fog(picture: Picture, random: Generator) -> Picture:
    """Contrast lost to a grey veil, more of it towards the top."""
    thick = np.linspace(random.uniform(0.5, 0.93), random.uniform(0.2, 0.8), len(picture))
    veil = thick.astype(np.float32)[:, None, None]
    light = _light(picture) * (1 - veil) + random.uniform(0.55, 0.9) * veil
    return _picture(_grain(light, random, 0.01))


def glare(picture: Picture, random: Generator) -> Picture:
    """The sun in the lens."""
    sun = _spots(picture, random, 1, random.uniform(0.05, 0.15))
    halo = _spots(picture, random, 1, random.uniform(0.3, 0.7))
    return _picture(_light(picture) * random.uniform(0.6, 1.1) + 1.2 * sun + 0.4 * halo)


def overexposed(picture: Picture, random: Generator) -> Picture:
    """Far too much light."""
    return _picture(_light(picture) * random.uniform(1.5, 3.2) + random.uniform(0, 0.2))


def defocused(picture: Picture, random: Generator) -> Picture:
    """Out of focus."""
    radius = picture.shape[1] * random.uniform(0.002, 0.011)
    return np.asarray(Pillow.fromarray(picture).filter(ImageFilter.GaussianBlur(radius)))


def shaken(picture: Picture, random: Generator) -> Picture:
    """Moved during the exposure, along one way."""
    reach = int(picture.shape[1] * random.uniform(0.006, 0.03))
    step = random.uniform(-1, 1, 2)
    step /= np.abs(step).max()
    total = np.zeros(picture.shape, np.float32)
    for number in range(reach):
        at = np.round(step * (number - reach / 2)).astype(int)
        total += np.roll(picture, (int(at[0]), int(at[1])), axis=(0, 1))
    return (total / max(reach, 1)).astype(np.uint8)


def poor(picture: Picture, random: Generator) -> Picture:
    """Few bits: blocks show everywhere."""
    buffer = BytesIO()
    Pillow.fromarray(picture).save(buffer, "JPEG", quality=int(random.integers(8, 30)))
    return np.asarray(Pillow.open(buffer).convert("RGB"))


def snowy(picture: Picture, random: Generator) -> Picture:
    """White on the ground: the lower part is bright and has little structure."""
    line = random.uniform(0.2, 0.7)
    depth = np.linspace(0, 1, len(picture), dtype=np.float32)[:, None, None]
    cover = np.clip((depth - line) * 8, 0, 1) * random.uniform(0.6, 0.92)
    return _picture(_light(picture) * (1 - cover) + random.uniform(0.8, 0.95) * cover)


def falling(picture: Picture, random: Generator) -> Picture:
    """Rain or flakes before the lens."""
    layer = Pillow.new("L", (picture.shape[1], picture.shape[0]))
    pen = ImageDraw.Draw(layer)
    slant, long = random.uniform(-0.3, 0.3), random.integers(0, 24)
    for _ in range(int(random.integers(50, 500))):
        x, y = random.uniform(0, layer.width), random.uniform(0, layer.height)
        if long > 6:
            pen.line([x, y, x + slant * long, y + long], fill=int(random.integers(60, 180)))
        else:
            size = random.uniform(1, 4)
            pen.ellipse([x - size, y - size, x + size, y + size], fill=220)
    soft = np.asarray(layer.filter(ImageFilter.GaussianBlur(0.8)))[:, :, None] / np.float32(255)
    return _picture(_light(picture) * (1 - soft * 0.8) + soft * 0.8)


def visited(picture: Picture, random: Generator) -> Picture:
    """Somebody or something large stands in the way, with edges and a surface of its own."""
    height, width = picture.shape[:2]
    size = (int(width * random.uniform(0.08, 0.4)), int(height * random.uniform(0.1, 0.7)))
    at = int(random.integers(width - size[0])), int(random.integers(height - size[1]))
    mask = Pillow.new("L", size)
    pen = ImageDraw.Draw(mask)
    shape = pen.ellipse if random.random() < 0.6 else pen.rectangle
    shape([2, 2, size[0] - 3, size[1] - 3], fill=255)
    mask = mask.filter(ImageFilter.GaussianBlur(random.uniform(0.5, 2)))
    source = int(random.integers(width - size[0])), int(random.integers(height - size[1]))
    box = (*source, source[0] + size[0], source[1] + size[1])
    surface = Pillow.fromarray(picture).crop(box)
    shade = random.uniform(0.3, 1.5)
    surface = surface.point(lambda value: value * shade)
    if random.random() < 0.5:
        surface = surface.filter(ImageFilter.GaussianBlur(8))
    scene = Pillow.fromarray(picture)
    scene.paste(surface, at, mask)
    return np.asarray(scene)


CONDITIONS: Final[dict[str, Condition]] = {
    function.__name__: function
    for function in (
        night,
        floodlit,
        infrared,
        twilight,
        fog,
        glare,
        overexposed,
        defocused,
        shaken,
        poor,
        snowy,
        falling,
        visited,
    )
}
