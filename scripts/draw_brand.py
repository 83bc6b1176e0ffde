"""Draw the icon and the logo of Timelapser: the sun's way over a hill, in a stack of frames.

All measures are in parts of the icon's side; pictures are drawn larger and reduced.
"""

from math import cos, pi, sin
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

FOLDER = Path(__file__).parents[1] / "custom_components/timelapser/brand"
OVERSAMPLE = 8

type Color = tuple[int, int, int]
type Point = tuple[float, float]

SKY: tuple[Color, ...] = ((28, 38, 92), (106, 62, 138), (238, 112, 92), (255, 190, 92))
FRAMES: tuple[Color, ...] = ((150, 168, 214), (92, 112, 178))
SUN: Color = (255, 226, 138)
HILL: Color = (40, 34, 84)
HILL_FRONT: Color = (24, 24, 62)
WORD: Color = (92, 112, 178)

# Frames: left, top, right, bottom. Those behind look out above.
FRONT = (0.04, 0.20, 0.96, 0.98)
BEHIND = ((0.18, 0.02, 0.82, 0.40), (0.11, 0.11, 0.89, 0.50))
CORNER = 0.13

# The sun's way: an arc about a point on the horizon, with the sun at some angles of it.
CENTER: Point = (0.50, 0.86)
RADIUS = 0.40
SUNS = (
    (162.0, 0.032, 110),
    (126.0, 0.045, 170),
    (90.0, 0.105, 255),
    (54.0, 0.045, 170),
    (18.0, 0.032, 110),
)


def mix(first: Color, second: Color, part: float) -> Color:
    """A color between two."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(first, second, strict=True))
    return red, green, blue


def gradient(size: int, top: float, bottom: float) -> Image.Image:
    """The sky, from one height to another."""
    column = Image.new("RGB", (1, size))
    for y in range(size):
        part = min(max((y / size - top) / (bottom - top), 0.0), 1.0) * (len(SKY) - 1)
        band = min(int(part), len(SKY) - 2)
        column.putpixel((0, y), mix(SKY[band], SKY[band + 1], part - band))
    return column.resize((size, size))


def scaled(box: tuple[float, float, float, float], size: int) -> list[float]:
    """A box in pixels."""
    return [value * size for value in box]


def draw_suns(scene: Image.Image, size: int) -> None:
    """The sun at several times of the day, on a faint arc."""
    layer = Image.new("RGBA", scene.size, (*SUN, 0))
    pen = ImageDraw.Draw(layer)
    x, y = CENTER
    circle = scaled((x - RADIUS, y - RADIUS, x + RADIUS, y + RADIUS), size)
    pen.arc(circle, 180, 360, fill=(*SUN, 90), width=round(0.016 * size))
    for angle, radius, strength in SUNS:
        sun_x = x + RADIUS * cos(angle * pi / 180)
        sun_y = y - RADIUS * sin(angle * pi / 180)
        box = (sun_x - radius, sun_y - radius, sun_x + radius, sun_y + radius)
        pen.ellipse(scaled(box, size), fill=(*SUN, strength))
    scene.alpha_composite(layer)


def draw_hill(
    scene: Image.Image, size: int, color: Color, wave: tuple[float, float, float]
) -> None:
    """A hill whose ridge is one swing of a sine: its height, its swing, and where it starts."""
    height, swing, start = wave
    ridge = [(x / 64, height - swing * sin((x / 64 + start) * 1.5 * pi)) for x in range(65)]
    outline = [(x * size, y * size) for x, y in [*ridge, (1.0, 1.0), (0.0, 1.0)]]
    ImageDraw.Draw(scene).polygon(outline, fill=(*color, 255))


def draw_icon(side: int) -> Image.Image:
    """The icon, with nothing behind it."""
    size = side * OVERSAMPLE
    icon = Image.new("RGBA", (size, size))
    pen = ImageDraw.Draw(icon)
    for box, color in zip(BEHIND, FRAMES, strict=True):
        pen.rounded_rectangle(scaled(box, size), CORNER * size * 0.7, fill=(*color, 255))
    scene = gradient(size, FRONT[1], 0.86).convert("RGBA")
    draw_suns(scene, size)
    draw_hill(scene, size, HILL, (0.82, 0.07, 0.1))
    draw_hill(scene, size, HILL_FRONT, (0.88, 0.05, 0.75))
    shape = Image.new("L", (size, size))
    ImageDraw.Draw(shape).rounded_rectangle(scaled(FRONT, size), CORNER * size, fill=255)
    icon.paste(scene, (0, 0), shape)
    return icon.resize((side, side), Image.Resampling.BOX)


def draw_logo(height: int) -> Image.Image:
    """The icon with the name beside it."""
    scale = 4
    font = ImageFont.load_default(height * scale * 0.52)
    left, top, right, bottom = font.getbbox("Timelapser")
    gap = round(height * 0.14)
    width = height + gap + round((right - left) / scale) + gap // 2
    word = Image.new("RGBA", (width * scale, height * scale), (*WORD, 0))
    middle = (height * scale * 1.1 - (top + bottom)) / 2
    ImageDraw.Draw(word).text(
        ((height + gap) * scale - left, middle), "Timelapser", font=font, fill=(*WORD, 255)
    )
    logo = word.resize((width, height), Image.Resampling.BOX)
    logo.alpha_composite(draw_icon(height))
    return logo


def main() -> None:
    """Write the pictures that Home Assistant shows."""
    FOLDER.mkdir(exist_ok=True)
    for suffix, side in (("", 256), ("@2x", 512)):
        draw_icon(side).save(FOLDER / f"icon{suffix}.png", optimize=True)
        draw_logo(side).save(FOLDER / f"logo{suffix}.png", optimize=True)


if __name__ == "__main__":
    main()
