"""The near side of the lake: the bank, a tree that sways, and sunflowers that grow by day."""

import math

import numpy as np
from PIL import Image

from .canvas import HEIGHT, WIDTH, Canvas, Layer, Rgb, Size, blend, scaled, shaded

# Where the sunflowers stand, and how tall each grows.
_FLOWERS = ((40, 128), (92, 164), (146, 140), (204, 178), (262, 150), (318, 172), (372, 132))
FLOWER_BED = (410, 250)
FLOWERS_AT = (820.0, 462.0)
CROWN_AT = (10.0, 196.0)
LEANINGS = 17
# The rounds of leaves the crown is made of: middle and radius.
_BOUGHS = (
    (200.0, 150.0, 130),
    (110.0, 200.0, 84),
    (296.0, 196.0, 88),
    (170.0, 84.0, 80),
    (250.0, 100.0, 76),
)
_GRASS: Rgb = (104, 156, 66)


def bank(size: Size, random: np.random.Generator) -> Layer:
    """Grass in front of the water, a fence, and the trunk of the tree."""
    canvas = Canvas(size)
    edge = [(float(x), _edge(x)) for x in range(0, WIDTH + 20, 10)]
    canvas.polygon([(0, HEIGHT), *edge, (WIDTH + 20, HEIGHT)], shaded(_GRASS, 0.9))
    for _ in range(2600):
        x = random.uniform(0, WIDTH)
        y = _edge(x) + random.uniform(0, 1) ** 1.3 * (HEIGHT + 10 - _edge(x))
        near = (y - 560) / 160
        tall = 7 + 13 * near
        lean = random.uniform(-0.4, 0.4) * tall
        green = shaded(_GRASS, random.uniform(0.7, 1.25) * (1.08 - 0.28 * near))
        canvas.line([(x, y), (x + lean, y - tall)], green, 1.2 + near)
    _fence(canvas)
    for _ in range(150):
        x = random.uniform(0, WIDTH)
        y = random.uniform(_edge(x) + 18, HEIGHT)
        petal = ((250, 250, 244), (248, 206, 92), (224, 112, 142), (168, 130, 220))[
            int(random.integers(4))
        ]
        radius = 1.6 + 2.2 * (y - 560) / 160
        canvas.ellipse(x, y, radius * 1.2, radius, petal)
        canvas.ellipse(x, y, radius * 0.4, radius * 0.4, (236, 186, 66))
    _trunk(canvas)
    return canvas.layer()


def crowns(size: Size, random: np.random.Generator) -> tuple[Image.Image, ...]:
    """The leaves of the tree, RGBA, from leaning all to the left to all to the right."""
    upright = _crown(size, random)
    # The higher a leaf, the farther it moves; the foot of the crown stays.
    return tuple(
        upright.transform(
            upright.size,
            Image.Transform.AFFINE,
            (1, lean, -lean * upright.height, 0, 1, 0),
            Image.Resampling.BILINEAR,
        )
        for lean in np.linspace(-0.026, 0.026, LEANINGS)
    )


def _crown(size: Size, random: np.random.Generator) -> Image.Image:
    canvas = Canvas(scaled(size, 400, 330), view=(400, 330))
    leaves: list[tuple[float, float]] = []
    for x, y, radius in _BOUGHS:
        for _ in range(130):
            angle, far = random.uniform(0, 2 * math.pi), math.sqrt(random.uniform(0, 1)) * radius
            leaves.append((x + far * math.cos(angle), y + far * math.sin(angle) * 0.86))
    leaves.sort(key=lambda leaf: -leaf[1] + random.uniform(-60, 60))
    for x, y in leaves:
        light = 1.2 - 0.62 * (y / 330) - 0.1 * (x - 200) / 200 + random.uniform(-0.12, 0.12)
        canvas.ellipse(
            x, y, random.uniform(7, 17), random.uniform(6, 13), shaded((96, 152, 62), light)
        )
    return canvas.smooth()


def sunflowers(size: Size, t: float, sway: float) -> Image.Image:
    """The flower bed, RGBA: up in the morning, open at noon, asleep at night."""
    canvas = Canvas(scaled(size, *FLOWER_BED), view=FLOWER_BED)
    grown = 0.34 + 0.66 * _ease(np.interp(t, (0.16, 0.48, 0.74, 0.96), (0, 1, 1, 0)))
    opened = _ease(np.interp(t, (0.30, 0.46, 0.74, 0.84), (0, 1, 1, 0)))
    for number, (x, tall) in enumerate(_FLOWERS):
        bend = sway * tall * 0.10 + 5 * math.sin(number * 2.1)
        _sunflower(
            canvas,
            x,
            tall=tall * grown,
            bend=bend * grown,
            opened=opened,
            scale=1.0 - 0.1 * (number % 3),
        )
    return canvas.smooth()


def _sunflower(
    canvas: Canvas, x: float, *, tall: float, bend: float, opened: float, scale: float
) -> None:
    foot = FLOWER_BED[1]
    stem = [(x + bend * (part / 8) ** 2, foot - tall * part / 8) for part in range(9)]
    canvas.line(stem, (74, 124, 52), 4.5)
    for part, side in ((3, -1), (4, 1), (6, -1)):
        left, top = stem[part]
        long = 22 * scale * min(1, tall / 120)
        canvas.polygon(
            [
                (left, top),
                (left + side * long * 0.5, top - 9),
                (left + side * long, top - 3),
                (left + side * long * 0.5, top + 4),
            ],
            (92, 150, 60) if side > 0 else (78, 134, 54),
        )
    head = stem[-1]
    disc, petal = (7 + 6 * opened) * scale, (1 + 17 * opened) * scale
    for ring, (colour, long) in enumerate((((232, 158, 24), 1.0), ((252, 200, 44), 0.88))):
        for number in range(15):
            angle = (number + ring / 2) / 15 * 2 * math.pi
            _petal(
                canvas,
                head,
                angle=angle,
                start=disc * 0.7,
                end=disc + petal * long,
                width=3.6 * scale,
                colour=colour,
            )
    # A bud is green all over, and shows its brown disc as it opens.
    brown = min(1.0, opened * 2)
    canvas.ellipse(*head, disc, disc, blend((120, 170, 74), (92, 58, 32), brown))
    canvas.ellipse(*head, disc * 0.6, disc * 0.6, blend((150, 194, 96), (64, 40, 26), brown))


def _petal(
    canvas: Canvas,
    middle: tuple[float, float],
    *,
    angle: float,
    start: float,
    end: float,
    width: float,
    colour: Rgb,
) -> None:
    across, down = math.cos(angle), math.sin(angle)
    waist = (start + end) / 2
    points = [(start, 0.0), (waist, width), (end, 0.0), (waist, -width)]
    canvas.polygon(
        [(middle[0] + r * across - w * down, middle[1] + r * down + w * across) for r, w in points],
        colour,
    )


def _trunk(canvas: Canvas) -> None:
    bark: Rgb = (112, 82, 60)
    canvas.polygon([(192, 400), (226, 400), (240, 620), (262, 656), (160, 656), (182, 620)], bark)
    canvas.polygon([(212, 400), (226, 400), (240, 620), (262, 656), (222, 650)], shaded(bark, 0.8))
    for x in (192, 203, 219, 230):
        canvas.line([(x, 480), (x - 2, 560), (x + 2, 630)], shaded(bark, 0.7), 1.6)


def _fence(canvas: Canvas) -> None:
    wood: Rgb = (176, 138, 100)
    for y in (596, 620):
        rail = [(float(x), y + 10 * math.sin(x / 260)) for x in range(430, WIDTH + 20, 30)]
        canvas.line(rail, wood, 6)
        canvas.line([(x, top + 3) for x, top in rail], shaded(wood, 0.74), 2)
    for x in range(440, WIDTH, 92):
        top = 578 + 10 * math.sin(x / 260)
        canvas.rectangle(x, top, 11, 66, shaded(wood, 1.06))
        canvas.rectangle(x + 7, top, 4, 66, shaded(wood, 0.78))


def _edge(x: float) -> float:
    """The upper edge of the bank."""
    return 606 - 34 * math.exp(-(((x - 120) / 260) ** 2)) + 8 * math.sin(x / 160)


def _ease(part: float) -> float:
    return float(part * part * (3 - 2 * part))
