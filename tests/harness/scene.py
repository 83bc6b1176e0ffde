"""A town by a lake through a whole day: what the test cameras look at.

Everything follows from `t` in [0, 1), the time of day, and comes round again at 1.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
import io
import math
from pathlib import Path
import subprocess
from typing import Literal

import numpy as np
from PIL import Image, ImageChops, ImageDraw, ImageFont

from .landscape.canvas import HEIGHT, SHORE, WIDTH, Colour, Layer, Size, lit, mixed, scaled
from .landscape.daylight import Daylight
from .landscape.garden import CROWN_AT, FLOWERS_AT, LEANINGS, bank, crowns, sunflowers
from .landscape.lake import boat, draw_lake, glitter
from .landscape.sky import cirrus, cumulus, moon, mountains, stars
from .landscape.town import CHURCH_CLOCK, MILL, Town, blades, town

type Codec = Literal["h264", "h265"]
CODECS: tuple[Codec, ...] = ("h264", "h265")
# Sensor noise, in steps of 8 bits: about that of a small camera by day.
NOISE = 1.6
NOISE_MARGIN = 64
MILL_TURNS = 24
CLOUD_TURNS = (1, 2)


def draw(t: float, size: Size = (1280, 720)) -> Image.Image:
    """The scene at `t`."""
    t %= 1
    parts = _parts(size)
    light = Daylight.at(t)
    frame = _sky(size, light)
    _heavens(frame, parts, light, t)
    haze = mixed(light.sky[1], light.sky[2], 0.4)
    _lay(frame, parts.mountains, light.ground, haze, 0.34)
    _lay(frame, parts.town.layer, light.ground, haze, 0.07)
    _town_life(frame, parts, light, t)
    draw_lake(frame, light, t, glitter=parts.glitter, boat=parts.boat)
    _garden(frame, parts, light, t)
    _clock(frame, parts, t)
    return _noisy(frame, parts.noise, t)


def jpeg(t: float, size: Size = (1280, 720), quality: int = 90) -> bytes:
    """The scene as a JPEG image."""
    output = io.BytesIO()
    draw(t, size).save(output, "jpeg", quality=quality)
    return output.getvalue()


def clip(
    path: Path,
    *,
    codec: Codec = "h264",
    size: Size = (1280, 720),
    seconds: float = 8,
    fps: int = 25,
    gop_seconds: float = 1.0,
) -> None:
    """Write the whole day as a video that loops, made by the `ffmpeg` program; blocks."""
    frames = round(seconds * fps)
    pictures = (draw(number / frames, size) for number in range(frames))
    film(path, pictures, codec=codec, size=size, fps=fps, gop_seconds=gop_seconds)


def film(
    path: Path,
    pictures: Iterable[Image.Image],
    *,
    codec: Codec = "h264",
    size: Size = (1280, 720),
    fps: int = 25,
    gop_seconds: float = 1.0,
) -> None:
    """Write RGB pictures, all of `size`, as a video, made by the `ffmpeg` program; blocks."""
    gop = max(1, round(gop_seconds * fps))
    command = ["ffmpeg", *_encoding(codec, size, fps, gop), str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        for picture in pictures:
            process.stdin.write(picture.tobytes())
    if process.returncode:
        raise subprocess.CalledProcessError(process.returncode, command)


def _encoding(codec: Codec, size: Size, fps: int, gop: int) -> list[str]:
    # No B-frames, closed and regular groups of pictures: as cameras encode.
    encoders = {
        "h264": ["-c:v", "libx264", "-bf", "0", "-sc_threshold", "0"],
        "h265": [
            *["-c:v", "libx265", "-tag:v", "hvc1"],
            *["-x265-params", "log-level=error:bframes=0:scenecut=0:open-gop=0"],
        ],
    }
    return [
        *["-v", "error", "-y", "-f", "rawvideo", "-pix_fmt", "rgb24"],
        *["-s", f"{size[0]}x{size[1]}", "-r", str(fps), "-i", "pipe:0"],
        *["-vf", "scale=out_color_matrix=bt709:out_range=tv", *encoders[codec]],
        *["-preset", "veryfast", "-crf", "24", "-g", str(gop), "-keyint_min", str(gop)],
        *["-pix_fmt", "yuv420p", "-colorspace", "bt709", "-color_primaries", "bt709"],
        *["-color_trc", "bt709", "-color_range", "tv"],
    ]


@dataclass(frozen=True, slots=True)
class _Parts:
    """What stands still, for one size."""

    stars: Image.Image
    moon: Image.Image
    clouds: tuple[Layer, ...]
    mountains: Layer
    town: Town
    glitter: Image.Image
    boat: Image.Image
    bank: Layer
    crowns: tuple[Image.Image, ...]
    noise: Image.Image
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont


@lru_cache(maxsize=3)
def _parts(size: Size) -> _Parts:
    random = np.random.default_rng(1865)
    grain = random.normal(128, NOISE, (size[1] + NOISE_MARGIN, size[0] + NOISE_MARGIN, 3))
    return _Parts(
        stars=stars(size, random),
        moon=moon(size),
        clouds=(cirrus(size, random), cumulus(size, random)),
        mountains=mountains(size, random),
        town=town(size, random),
        glitter=glitter(size, random),
        boat=boat(size),
        bank=bank(size, random),
        crowns=crowns(size, random),
        noise=Image.fromarray(grain.round().astype(np.uint8)),
        font=ImageFont.load_default(max(9, 24 * size[1] // HEIGHT)),
    )


def _sky(size: Size, light: Daylight) -> Image.Image:
    """The sky with the sun's glow, made small and enlarged: it has no detail."""
    width, height = 128, 64
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    y, x = (y + 0.5) / height, (x + 0.5) / width
    depth = y[..., None]
    top, middle, horizon = (np.array(colour, np.float32) for colour in light.sky)
    upper = np.clip(depth * 2, 0, 1)
    lower = np.clip(depth * 2 - 1, 0, 1)
    sky = (top * (1 - upper) + middle * upper) * (1 - lower) + horizon * lower
    sun_x, sun_y = light.sun
    distance = np.hypot((x - sun_x) * WIDTH, y * SHORE - sun_y * HEIGHT)
    glow = 0.55 * np.exp(-distance / 170) + 0.6 * np.exp(-((distance / 46) ** 2))
    glow *= np.clip((0.70 - sun_y) * 10, 0, 1)
    sky += (np.array(light.sun_colour, np.float32) - sky * 0.55) * glow[..., None]
    small = Image.fromarray(np.clip(sky, 0, 255).astype(np.uint8))
    frame = Image.new("RGB", size)
    frame.paste(small.resize((size[0], scaled(size, 0, SHORE + 2)[1]), Image.Resampling.BILINEAR))
    return frame


def _heavens(frame: Image.Image, parts: _Parts, light: Daylight, t: float) -> None:
    width, height = frame.size
    if light.night > 0:
        shine = parts.stars.point(lambda value: value * light.night)
        frame.paste((232, 238, 255), (0, 0), shine)
        disc = parts.moon
        at = round(light.moon[0] * width), round(light.moon[1] * height)
        mask = disc.getchannel("A").point(lambda value: value * light.night)
        frame.paste(disc, (at[0] - disc.width // 2, at[1] - disc.height // 2), mask)
    if light.sun[1] < 0.66:
        radius = 30 * height / HEIGHT
        side = round(radius * 2)
        sun = Image.new("L", (side * 4, side * 4))
        ImageDraw.Draw(sun).ellipse([0, 0, side * 4 - 1, side * 4 - 1], fill=255)
        at = round(light.sun[0] * width - radius), round(light.sun[1] * height - radius)
        colour = (255, 250, round(light.sun_colour[2] * 0.5 + 120))
        frame.paste(colour, at, sun.resize((side, side), Image.Resampling.BOX))
    for number, (band, turns) in enumerate(zip(parts.clouds, CLOUD_TURNS, strict=True)):
        offset = round(t * turns * band.mask.width) % band.mask.width
        _clouds(frame, band, offset, light, (10 + 30 * number) * height // HEIGHT)


def _clouds(frame: Image.Image, band: Layer, offset: int, light: Daylight, top: int) -> None:
    bright = mixed((255, 255, 255), light.sky[2], 0.35)
    bright = mixed(bright, light.sky[1], 0.78 * light.night)
    dark = mixed(light.sky[1], light.sky[0], 0.25)
    ramp = [[d + (b - d) * v / 255 for v in range(256)] for d, b in zip(dark, bright, strict=True)]
    opacity = 1 - 0.55 * light.night
    width = frame.width
    for start in (offset, offset - band.mask.width):
        # The picture's left edge is at `start` of the band.
        left, right = max(0, start), min(band.mask.width, start + width)
        if left >= right:
            continue
        box = (left, 0, right, band.mask.height)
        shade = band.colours.crop(box)
        colours = Image.merge("RGB", [shade.point(curve) for curve in ramp])
        mask = band.mask.crop(box).point(lambda value: value * opacity)
        frame.paste(colours, (left - start, top), mask)


def _lay(
    frame: Image.Image, layer: Layer, light: Colour, haze: Colour, distance: float = 0.0
) -> None:
    """Put a layer in the light of the hour, paler the farther it is."""
    frame.paste(lit(layer.colours, light, haze, distance), layer.at, layer.mask)


def _town_life(frame: Image.Image, parts: _Parts, light: Daylight, t: float) -> None:
    size = frame.size
    sails = blades(size, t * MILL_TURNS)
    at = scaled(size, *MILL)
    corner = at[0] - sails.width // 2, at[1] - sails.height // 2
    frame.paste(lit(sails.convert("RGB"), light.ground), corner, sails.getchannel("A"))
    pen = ImageDraw.Draw(frame)
    middle = scaled(size, *CHURCH_CLOCK)
    for hours, long in ((12, 5.0), (1, 7.2)):
        angle = t * 24 / hours * 2 * math.pi
        end = (CHURCH_CLOCK[0] + long * math.sin(angle), CHURCH_CLOCK[1] - long * math.cos(angle))
        pen.line([middle, scaled(size, *end)], fill=(40, 34, 34), width=max(1, size[1] // 480))
    if light.night > 0:
        parts.town.draw_windows(frame, t)
        box = (0, scaled(size, 0, 330)[1], size[0], scaled(size, 0, SHORE)[1])
        glow = parts.town.lamps.colours.crop(box).point(lambda value: value * 0.8 * light.night)
        frame.paste(ImageChops.add(frame.crop(box), glow), box)


def _garden(frame: Image.Image, parts: _Parts, light: Daylight, t: float) -> None:
    size = frame.size
    _lay(frame, parts.bank, light.ground, light.sky[2])
    wind = math.sin(t * 2 * math.pi * 30) + 0.5 * math.sin(t * 2 * math.pi * 47)
    flowers = sunflowers(size, t, wind)
    _pastelit(frame, flowers, scaled(size, *FLOWERS_AT), light)
    leaning = round((wind / 1.5 + 1) / 2 * (LEANINGS - 1))
    _pastelit(frame, parts.crowns[leaning], scaled(size, *CROWN_AT), light)


def _pastelit(
    frame: Image.Image, sprite: Image.Image, at: tuple[int, int], light: Daylight
) -> None:
    frame.paste(lit(sprite.convert("RGB"), light.ground), at, sprite.getchannel("A"))


def _clock(frame: Image.Image, parts: _Parts, t: float) -> None:
    minutes = int(t * 24 * 60)
    text = f"LAKESIDE  {minutes // 60:02}:{minutes % 60:02}"
    at = scaled(frame.size, 26, 20)
    stroke = max(1, frame.height // 360)
    pen = ImageDraw.Draw(frame)
    pen.text(
        at,
        text,
        fill=(250, 250, 250),
        font=parts.font,
        stroke_width=stroke,
        stroke_fill=(20, 24, 32),
    )


def _noisy(frame: Image.Image, noise: Image.Image, t: float) -> Image.Image:
    """Add the sensor's noise, another part of it at every time."""
    x, y = np.random.default_rng(round(t * 1e9)).integers(0, NOISE_MARGIN, 2)
    grain = noise.crop((int(x), int(y), int(x) + frame.width, int(y) + frame.height))
    return ImageChops.add(frame, grain, offset=-128)
