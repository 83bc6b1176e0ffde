"""The lake: what stands on the shore upside down, broken by waves; and a sailing boat."""

import math

import numpy as np
from PIL import Image, ImageFilter

from .canvas import SHORE, WIDTH, Canvas, Colour, Size, from_array, lit, scaled
from .daylight import Daylight

LAKE_END = 626
WAVES = 60
BOAT_VIEW = (56, 96)
# Where the boat's keel meets the water.
BOAT_Y = 512.0


def glitter(size: Size, random: np.random.Generator) -> Image.Image:
    """How strongly the water glitters below sun and moon."""
    width, height = size[0] * 260 // WIDTH, scaled(size, 0, 180)[1]
    dashes = np.repeat(random.random((height, width // 6 + 1)), 6, axis=1)[:, :width]
    x = np.linspace(-1, 1, width)[None, :]
    y = np.linspace(0, 1, height)[:, None]
    beam = np.exp(-((x / (0.18 + 0.5 * y)) ** 2)) * (1 - x**2) * (1 - 0.5 * y)
    glow = from_array((dashes > 0.62) * beam * 210)
    return glow.filter(ImageFilter.GaussianBlur(0.7))


def boat(size: Size) -> Image.Image:
    """A sailing boat and its reflection, RGBA."""
    canvas = Canvas(scaled(size, *BOAT_VIEW), oversample=4, view=BOAT_VIEW)
    canvas.polygon([(29, 4), (29, 40), (50, 40)], (250, 246, 236))
    canvas.polygon([(26, 10), (26, 40), (9, 40)], (226, 84, 66))
    canvas.line([(27.5, 2), (27.5, 48)], (104, 78, 58), 1.6)
    canvas.polygon([(4, 43), (53, 43), (45, 52), (12, 52)], (120, 70, 48))
    canvas.polygon([(4, 43), (53, 43), (51, 45.5), (6, 45.5)], (236, 226, 208))
    upright = canvas.smooth()
    water = upright.height * 52 // BOAT_VIEW[1]
    mirrored = upright.crop((0, 0, upright.width, water)).transpose(Image.Transpose.FLIP_TOP_BOTTOM)
    faint = mirrored.getchannel("A").point(lambda value: value * 0.35)
    mirrored.putalpha(faint)
    upright.paste(mirrored, (0, water))
    return upright


def draw_lake(
    frame: Image.Image, light: Daylight, t: float, *, glitter: Image.Image, boat: Image.Image
) -> None:
    """Fill the lake with what is drawn above it."""
    top, bottom = scaled(frame.size, 0, SHORE)[1], scaled(frame.size, 0, LAKE_END)[1]
    above = frame.crop((0, top - round((bottom - top) * 1.35), frame.width, top))
    mirrored = above.transpose(Image.Transpose.FLIP_TOP_BOTTOM).resize((frame.width, bottom - top))
    water = lit(mirrored, (0.74, 0.82, 0.86), (30, 74, 104), 0.16)
    frame.paste(_rippled(water, t), (0, top))
    by_day, by_night = 1 - light.night, 0.8 * light.night
    _shine(frame, glitter, light.sun, light.sun_colour, by_day)
    _shine(frame, glitter, light.moon, (206, 216, 240), by_night)
    left, keel = scaled(frame.size, -80 + (t * 2 % 1) * (WIDTH + 160), BOAT_Y)
    heave = round(math.sin(t * 2 * math.pi * WAVES) * frame.height / 700)
    colours = lit(boat.convert("RGB"), light.ground)
    frame.paste(colours, (left, keel + heave - boat.height // 2), boat.getchannel("A"))


def _rippled(water: Image.Image, t: float) -> Image.Image:
    """Rows moved to and fro, the nearer the more."""
    pixels = np.asarray(water)
    waves = np.empty_like(pixels)
    for row in range(len(pixels)):
        depth = row / len(pixels)
        phase = 26 * math.log(1 + 6 * depth) - t * 2 * math.pi * WAVES
        shift = (1 + 5 * depth) * math.sin(phase) + 2 * depth * math.sin(2.3 * row)
        waves[row] = np.roll(pixels[row], round(shift * water.width / WIDTH), axis=0)
    return Image.fromarray(waves)


def _shine(
    frame: Image.Image,
    glitter: Image.Image,
    body: tuple[float, float],
    colour: Colour,
    strength: float,
) -> None:
    """The beam of sun or moon on the water, while it is up."""
    strength *= min(1.0, max(0.0, (0.64 - body[1]) * 12))
    if strength > 0:
        at = round(body[0] * frame.width) - glitter.width // 2, scaled(frame.size, 0, SHORE)[1]
        red, green, blue = (round(channel) for channel in colour)
        frame.paste((red, green, blue), at, glitter.point(lambda value: value * strength))
