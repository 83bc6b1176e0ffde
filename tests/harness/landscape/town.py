"""The far side of the lake: woods, a windmill and the town with its windows."""

from dataclasses import dataclass
import math

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .canvas import SHORE, WIDTH, Canvas, Layer, Rgb, Size, scaled, shaded, spaced

MILL = (488.0, 368.0)
CHURCH_CLOCK = (955.0, 374.0)
_WALLS: tuple[Rgb, ...] = (
    (238, 226, 204),
    (226, 196, 158),
    (210, 150, 120),
    (214, 216, 212),
    (190, 204, 210),
    (234, 208, 150),
)
_ROOFS: tuple[Rgb, ...] = ((168, 82, 60), (146, 70, 58), (120, 74, 66), (98, 88, 92))
_GLASS: Rgb = (86, 104, 122)
_LIT: Rgb = (255, 208, 120)


@dataclass(frozen=True, slots=True)
class Window:
    """A window of a house, and the hours in which light is in it."""

    x: float
    y: float
    on_at: float
    off_at: float
    up_at: float

    def is_lit(self, t: float) -> bool:
        """Whether somebody is in and awake while it is dark."""
        evening = (t if t > 0.5 else t + 1) % 2
        return self.on_at <= evening < self.off_at or self.up_at <= t < 0.27


@dataclass(frozen=True, slots=True)
class Town:
    """The far shore, and what is lit in it at night."""

    layer: Layer
    windows: tuple[Window, ...]
    lamps: Layer

    def draw_windows(self, frame: Image.Image, t: float) -> None:
        """Put light into the windows whose hour it is."""
        draw = ImageDraw.Draw(frame)
        for window in self.windows:
            if window.is_lit(t):
                left, top = scaled(frame.size, window.x, window.y)
                right, bottom = scaled(frame.size, window.x + 5, window.y + 6)
                draw.rectangle([left, top, max(left, right - 1), max(top, bottom - 1)], fill=_LIT)


def town(size: Size, random: np.random.Generator) -> Town:
    """Draw the far shore."""
    canvas = Canvas(size)
    windows: list[Window] = []
    _woods(canvas, random, (74, 112, 104), top=372, waves=30, tall=9)
    _woods(canvas, random, (66, 118, 78), top=402, waves=24, tall=13)
    _meadow(canvas)
    x, top = MILL[0], MILL[1] + 6
    canvas.polygon(
        [(x - 9, top), (x + 9, top), (x + 15, top + 54), (x - 15, top + 54)], (234, 228, 216)
    )
    canvas.polygon(
        [(x + 4, top), (x + 9, top), (x + 15, top + 54), (x + 6, top + 54)], (204, 196, 184)
    )
    canvas.polygon([(x - 12, top + 2), (x, top - 14), (x + 12, top + 2)], (132, 74, 58))
    for x in spaced(705, 1250, 49.0):
        _house(canvas, random, windows, x + random.uniform(-9, 9), 434 + random.uniform(-7, 3))
    _church(canvas, windows)
    for x in spaced(672, 1270, 57.0):
        _house(canvas, random, windows, x + random.uniform(-9, 9), SHORE - 3)
        _bush(canvas, random, x + random.uniform(24, 34), SHORE - 3, random.uniform(5, 10))
    for x in spaced(540, 660, 19.0):
        _bush(canvas, random, x + random.uniform(-8, 8), SHORE - 2, random.uniform(5, 11))
    canvas.rectangle(0, SHORE - 4, WIDTH, 5, (164, 154, 124))
    return Town(canvas.layer(), tuple(windows), _lamps(size, windows))


def blades(size: Size, turn: float) -> Image.Image:
    """The windmill's sails, RGBA, turned by `turn` of a whole turn."""
    side = max(8, scaled(size, 0, 110)[1])
    canvas = Canvas((side, side), oversample=3, view=(110, 110))
    for number in range(4):
        angle = (turn + number / 4) * 2 * math.pi
        along, across = (math.cos(angle), math.sin(angle)), (-math.sin(angle), math.cos(angle))

        def at(
            r: float,
            w: float,
            along: tuple[float, float] = along,
            across: tuple[float, float] = across,
        ) -> tuple[float, float]:
            return 55 + r * along[0] + w * across[0], 55 + r * along[1] + w * across[1]

        canvas.polygon([at(10, 0), at(46, 0), at(46, 10), at(10, 8)], (246, 242, 232))
        canvas.line([(55, 55), at(48, 0)], (96, 74, 60), 2)
    canvas.ellipse(55, 55, 3, 3, (86, 66, 54))
    return canvas.smooth()


def _woods(
    canvas: Canvas,
    random: np.random.Generator,
    colour: Rgb,
    *,
    top: float,
    waves: float,
    tall: float,
) -> None:
    """A wooded hill across the picture, conifer by conifer."""

    def ground(x: float) -> float:
        return top + waves * math.sin(x / 150 + top) + waves * 0.6 * math.sin(x / 67 + 1)

    edge = [(float(x), ground(x)) for x in range(0, WIDTH + 20, 20)]
    canvas.polygon([(0, SHORE), *edge, (WIDTH, SHORE)], shaded(colour, 0.86))
    for depth in range(5):
        for x in spaced(-10, WIDTH + 10, tall * 0.8):
            place = x + random.uniform(-4, 4)
            foot = ground(place) + depth * tall * 0.75 + random.uniform(0, 6)
            height = tall * random.uniform(1.1, 1.9)
            green = shaded(colour, random.uniform(0.78, 1.12))
            points = [
                (place - tall / 2.6, foot),
                (place, foot - height),
                (place + tall / 2.6, foot),
            ]
            canvas.polygon(points, green)


def _meadow(canvas: Canvas) -> None:
    """The mill's clearing, and the open land the town stands on."""
    middle = MILL[0]
    knoll = [(middle + x, SHORE - 34 * math.exp(-((x / 95) ** 2))) for x in range(-220, 226, 6)]
    canvas.polygon(knoll, (140, 172, 92))
    land = [(x, 452 - 38 / (1 + math.exp(-(x - 690) / 22))) for x in range(600, WIDTH + 20, 10)]
    canvas.polygon([(600, 452), *land, (WIDTH + 20, 452)], (128, 160, 92))


def _house(
    canvas: Canvas, random: np.random.Generator, windows: list[Window], x: float, foot: float
) -> None:
    width, height = random.uniform(34, 46), random.uniform(20, 30)
    roof, top = random.uniform(14, 20), foot - height
    wall = _WALLS[int(random.integers(len(_WALLS)))]
    tiles = _ROOFS[int(random.integers(len(_ROOFS)))]
    canvas.rectangle(x, top, width, height, wall)
    canvas.rectangle(x + width * 0.72, top, width * 0.28, height, shaded(wall, 0.88))
    chimney = x + width * random.uniform(0.25, 0.7)
    canvas.rectangle(chimney, top - roof, 4, roof, (146, 96, 82))
    canvas.polygon(
        [
            (x - 3, top + 1),
            (x + 7, top - roof),
            (x + width - 7, top - roof),
            (x + width + 3, top + 1),
        ],
        tiles,
    )
    canvas.line([(x + 7, top - roof), (x + width - 7, top - roof)], shaded(tiles, 1.25), 1.2)
    door = int(random.integers(0, 3))
    for floor in range(2 if height > 25 else 1):
        for column in range(3):
            left, upper = x + 5 + column * (width - 15) / 2, top + 4 + floor * 11
            if floor == (1 if height > 25 else 0) and column == door:
                canvas.rectangle(left, foot - 11, 6, 11, (104, 68, 48))
                continue
            canvas.rectangle(left - 1, upper - 1, 7, 8, shaded(wall, 1.12))
            canvas.rectangle(left, upper, 5, 6, _GLASS)
            windows.append(_window(random, left, upper))


def _window(random: np.random.Generator, x: float, y: float) -> Window:
    return Window(
        x,
        y,
        on_at=random.uniform(0.74, 0.83),
        off_at=random.uniform(0.90, 1.12) if random.random() < 0.85 else 0,
        up_at=random.uniform(0.20, 0.26) if random.random() < 0.6 else 1,
    )


def _church(canvas: Canvas, windows: list[Window]) -> None:
    stone: Rgb = (228, 220, 206)
    canvas.rectangle(968, 404, 62, 36, stone)
    canvas.polygon([(964, 405), (974, 382), (1024, 382), (1034, 405)], (126, 84, 76))
    canvas.rectangle(940, 362, 30, 78, shaded(stone, 1.04))
    canvas.rectangle(961, 362, 9, 78, shaded(stone, 0.9))
    canvas.polygon([(936, 363), (955, 306), (974, 363)], (92, 112, 116))
    canvas.polygon([(955, 306), (974, 363), (962, 363)], (74, 94, 100))
    canvas.line([(955, 296), (955, 308)], (214, 178, 84), 1.6)
    canvas.line([(951, 300), (959, 300)], (214, 178, 84), 1.6)
    for x in (978, 992, 1006, 1020):
        canvas.polygon([(x, 432), (x, 418), (x + 3, 412), (x + 6, 418), (x + 6, 432)], _GLASS)
        windows.append(Window(x, 419, on_at=0.77, off_at=0.93, up_at=1))
    canvas.ellipse(*CHURCH_CLOCK, 10, 10, (92, 82, 74))
    canvas.ellipse(*CHURCH_CLOCK, 8.6, 8.6, (250, 248, 240))


def _bush(canvas: Canvas, random: np.random.Generator, x: float, foot: float, tall: float) -> None:
    for _ in range(5):
        green = shaded((78, 128, 66), random.uniform(0.75, 1.15))
        radius = tall * random.uniform(0.45, 0.7)
        canvas.ellipse(
            x + random.uniform(-tall, tall) * 0.7,
            foot - tall * random.uniform(0.3, 1),
            radius,
            radius,
            green,
        )


def _lamps(size: Size, windows: list[Window]) -> Layer:
    """The glow that hangs over the town at night."""
    glow = Image.new("L", size)
    draw = ImageDraw.Draw(glow)
    for window in windows:
        draw.rectangle(
            [*scaled(size, window.x - 3, window.y - 2), *scaled(size, window.x + 8, window.y + 9)],
            fill=150,
        )
    for x in range(660, WIDTH, 62):
        draw.rectangle(
            [*scaled(size, x - 3, SHORE - 16), *scaled(size, x + 3, SHORE - 10)], fill=255
        )
    soft = glow.filter(ImageFilter.GaussianBlur(size[1] / 90))
    warm = Image.merge("RGB", [soft.point(lambda v, k=k: v * k) for k in (1.0, 0.72, 0.36)])
    return Layer(warm, soft)
