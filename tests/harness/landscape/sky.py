"""Stars, moon, clouds and mountains."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .canvas import HEIGHT, SHORE, Array, Canvas, Layer, Size, fractal, from_array, scaled


def stars(size: Size, random: np.random.Generator) -> Image.Image:
    """Brightness of the stars, down to the mountains."""
    size = size[0], scaled(size, 0, 380)[1]
    sky = Image.new("L", (size[0] * 2, size[1] * 2))
    draw = ImageDraw.Draw(sky)
    for _ in range(340):
        x, y = random.uniform(0, sky.width), random.uniform(0, sky.height)
        radius = (0.7 + 1.5 * random.uniform(0, 1) ** 4) * sky.height / 760
        brightness = int(random.integers(110, 256))
        draw.ellipse([x - radius, y - radius, x + radius, y + radius], fill=brightness)
    return sky.resize(size, Image.Resampling.BOX)


def moon(size: Size) -> Image.Image:
    """The full moon with its halo, RGBA."""
    side = max(16, 200 * size[1] // HEIGHT)
    canvas = Canvas((side, side), oversample=4, view=(200, 200))
    canvas.ellipse(100, 100, 26, 26, (240, 240, 228))
    for x, y, radius in ((91, 91, 7), (107, 86, 4), (106, 106, 8), (90, 110, 4), (115, 97, 3)):
        canvas.ellipse(x, y, radius, radius, (212, 214, 208))
    disc = canvas.smooth()
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    halo = np.clip(1 - np.hypot(x, y), 0, 1) ** 2.2 * 95
    glow = Image.new("RGBA", disc.size, (206, 216, 255, 0))
    glow.putalpha(from_array(halo))
    return Image.alpha_composite(glow, disc)


def cirrus(size: Size, random: np.random.Generator) -> Layer:
    """High thin clouds, twice as wide as the picture, that repeat; its colours are shades."""
    width, height = size[0] * 2, scaled(size, 0, 300)[1]
    # Drawn at a quarter of the width: wind has pulled them long.
    field = np.repeat(fractal((height, width // 4 + 1), random, 1.6), 4, axis=1)[:, :width]
    envelope = np.sin(np.linspace(0.1, np.pi - 0.1, height))[:, None]
    density = np.clip((field * envelope - 0.46) * 3.4, 0, 1)
    mask = from_array(density * 190).filter(ImageFilter.BoxBlur(2))
    return Layer(Image.new("L", (width, height), 235), mask)


def cumulus(size: Size, random: np.random.Generator) -> Layer:
    """Heaps of cloud, twice as wide as the picture, that repeat; its colours are shades."""
    width, height = size[0] * 2, scaled(size, 0, 300)[1]
    mask, shade = Image.new("L", (width, height)), Image.new("L", (width, height), 255)
    cover, tone = ImageDraw.Draw(mask), ImageDraw.Draw(shade)
    unit = size[1] / HEIGHT
    for number in range(11):
        middle = (number + random.uniform(0.1, 0.9)) * width / 11
        far = random.uniform(0.45, 1.0)
        base, across = (85 + 190 * (1 - far) + random.uniform(0, 50)) * unit, 110 * far * unit
        puffs = [(random.normal(0, 0.45), random.uniform(0, 1)) for _ in range(46)]
        for x, level in sorted(puffs, key=lambda puff: -puff[1]):
            rise = level * 56 * far * unit * max(0.1, 1 - (x / 1.1) ** 2)
            radius = random.uniform(10, 26) * far * unit * max(0.35, 1 - abs(x) * 0.55)
            for turn in (-width, 0, width):
                left, top = middle + x * across + turn, base - rise
                box = [left - radius * 1.3, top - radius, left + radius * 1.3, top + radius * 0.8]
                cover.ellipse(box, fill=225)
                tone.ellipse(box, fill=round(110 + 145 * min(1, level * 1.25)))
    soft = ImageFilter.GaussianBlur(4.5 * unit)
    grain = 0.72 + 0.7 * fractal((height, width), random, 1.3) ** 1.2
    return Layer(
        shade.filter(soft), from_array(np.asarray(mask.filter(soft)) * np.minimum(1, grain))
    )


def mountains(size: Size, random: np.random.Generator) -> Layer:
    """A snow-topped range behind the lake."""
    width, height = size
    columns = np.linspace(0, 1, width)
    rows = np.arange(height)[:, None] * HEIGHT / height
    ridge = 372 - sum(
        tall * np.maximum(0, 1 - np.abs(columns - middle) / across) ** 0.9
        for tall, middle, across in (
            (150, 0.33, 0.15),
            (70, 0.16, 0.16),
            (195, 0.60, 0.21),
            (110, 0.78, 0.15),
            (90, 0.97, 0.16),
        )
    )
    ridge = ridge - 110 * _line(random, width, 1.15)
    below = rows - ridge[None, :]
    relief = fractal((height, width), random, 1.8)
    # Slopes that face the light and those that do not, and snow that lies on the former.
    slope = np.tanh((np.gradient(relief, axis=1) + 0.5 * np.gradient(relief, axis=0)) * width / 9)
    lit = (0.88 + 0.2 * slope)[..., None]
    depth = below + 300 * (0.5 - relief) - 22 * slope
    snow = np.clip((40 - depth + (262 - rows) * 0.55) / 16, 0, 1)[..., None]
    colour = np.array([100, 114, 146]) * (1 - snow) + np.array([240, 244, 252]) * snow
    picture = np.dstack([colour * lit, np.clip(below + 0.5, 0, 1) * 255])
    picture[scaled(size, 0, SHORE)[1] :, :, 3] = 0
    return Layer.of(from_array(picture))


def _line(random: np.random.Generator, width: int, slope: float) -> Array:
    """A rough line that repeats, about -0.5 to 0.5."""
    waves = np.fft.rfft(random.standard_normal(width))
    frequency = np.arange(len(waves), dtype=float)
    frequency[0] = 1
    waves /= frequency**slope
    waves[0] = 0
    field = np.fft.irfft(waves, n=width)
    line: Array = field / (5 * field.std())
    return line
