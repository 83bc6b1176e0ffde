"""Drawing in the coordinates of a 1280x720 picture, whatever the real size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from PIL import Image, ImageDraw

WIDTH, HEIGHT = 1280, 720
# Where the far shore meets the water.
SHORE = 452

type Array = np.ndarray[Any, np.dtype[Any]]
type Point = tuple[float, float]
type Rgb = tuple[int, int, int]
type Colour = tuple[float, float, float]
type Size = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Layer:
    """Colours in full light, what they cover, and where they lie in the picture."""

    colours: Image.Image
    mask: Image.Image
    at: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, image: Image.Image) -> Self:
        """The part of an RGBA picture that is not empty."""
        box = image.getbbox() or (0, 0, 1, 1)
        part = image.crop(box)
        return cls(part.convert("RGB"), part.getchannel("A"), box[:2])


class Canvas:
    """A transparent picture that is drawn larger and smoothed down."""

    def __init__(self, size: Size, oversample: int = 2, view: Size = (WIDTH, HEIGHT)) -> None:
        self.size = size
        large = size[0] * oversample, size[1] * oversample
        self.image = Image.new("RGBA", large)
        self._scale = large[0] / view[0], large[1] / view[1]
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Sequence[Point], colour: Rgb) -> None:
        """A filled polygon."""
        self._draw.polygon([self._scaled(point) for point in points], fill=colour)

    def rectangle(self, x: float, y: float, width: float, height: float, colour: Rgb) -> None:
        """A filled rectangle by its top left corner."""
        corners = [*self._scaled((x, y)), *self._scaled((x + width, y + height))]
        self._draw.rectangle(corners, fill=colour)

    def ellipse(self, x: float, y: float, across: float, down: float, colour: Rgb) -> None:
        """A filled ellipse by its middle and its radii."""
        corners = [*self._scaled((x - across, y - down)), *self._scaled((x + across, y + down))]
        self._draw.ellipse(corners, fill=colour)

    def line(self, points: Sequence[Point], colour: Rgb, width: float) -> None:
        """A line along points."""
        thickness = max(1, round(width * self._scale[1]))
        self._draw.line([self._scaled(p) for p in points], colour, thickness, joint="curve")

    def smooth(self) -> Image.Image:
        """What was drawn, in the size asked for."""
        return self.image.resize(self.size, Image.Resampling.BOX)

    def layer(self) -> Layer:
        """What was drawn, without the empty rest."""
        return Layer.of(self.smooth())

    def _scaled(self, point: Point) -> Point:
        return point[0] * self._scale[0], point[1] * self._scale[1]


def scaled(size: Size, x: float, y: float) -> tuple[int, int]:
    """A point of the 1280x720 picture in pixels."""
    return round(x * size[0] / WIDTH), round(y * size[1] / HEIGHT)


def fractal(shape: tuple[int, int], random: np.random.Generator, slope: float) -> Array:
    """Noise that repeats at its edges, 0 to 1 around 0.5; the steeper, the smoother."""
    y, x = np.fft.fftfreq(shape[0])[:, None], np.fft.rfftfreq(shape[1])[None, :]
    frequency = np.hypot(y, x)
    frequency[0, 0] = 1
    waves = np.fft.rfft2(random.standard_normal(shape)) / frequency**slope
    waves[0, 0] = 0
    field = np.fft.irfft2(waves, s=shape)
    scaled_field: Array = np.clip(field / (6 * field.std()) + 0.5, 0, 1)
    return scaled_field


def spaced(start: float, stop: float, step: float) -> list[float]:
    """Numbers at even distances."""
    return [float(number) for number in np.arange(start, stop, step)]


def shaded(colour: Rgb, factor: float) -> Rgb:
    """A colour made darker or lighter."""
    red, green, blue = (min(255, max(0, round(channel * factor))) for channel in colour)
    return red, green, blue


def blend(one: Rgb, other: Rgb, part: float) -> Rgb:
    """A colour between two."""
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(one, other, strict=True))
    return red, green, blue


def from_array(pixels: Array) -> Image.Image:
    """A picture from any array of 0 to 255."""
    return Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))


def mixed(one: Colour, other: Colour, part: float) -> Colour:
    """Light between two."""
    red, green, blue = (a + (b - a) * part for a, b in zip(one, other, strict=True))
    return red, green, blue


def lit(
    picture: Image.Image, light: Colour, haze: Colour = (0, 0, 0), distance: float = 0.0
) -> Image.Image:
    """Colours in the light of the hour, paler in the haze of a distance of 0 to 1."""
    curves = [
        min(255, round(value * gain * (1 - distance) + veil * distance))
        for gain, veil in zip(light, haze, strict=True)
        for value in range(256)
    ]
    return picture.point(curves)
