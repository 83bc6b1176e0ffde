"""Tiles composed into a frame: each at its place, whatever the pictures are."""

from collections.abc import Iterator
from io import BytesIO

from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.videos.mosaic import compose
from tests.engine.videos.numbered import jpeg

RED, GREEN, BLUE, GREY = (200, 30, 30), (30, 180, 40), (40, 50, 220), (128, 128, 128)
DARK = (16, 16, 16)


def plain(colour: tuple[int, int, int], size: tuple[int, int] = (320, 180)) -> bytes:
    return jpeg(Pillow.new("RGB", size, colour))


def opened(data: bytes) -> Pillow.Image:
    return Pillow.open(BytesIO(data), formats=("JPEG",)).convert("RGB")


def near(actual: object, expected: tuple[int, int, int]) -> bool:
    assert isinstance(actual, tuple)
    return all(abs(one - other) <= 6 for one, other in zip(actual, expected, strict=True))


@pytest.mark.parametrize(
    ("colours", "size", "middles"),
    [
        ([RED, GREEN], (320, 90), [(80, 45), (240, 45)]),
        ([RED, GREEN, BLUE], (320, 180), [(80, 45), (240, 45), (80, 135)]),
        ([RED, None, BLUE, GREEN], (320, 180), [(80, 45), (240, 45), (80, 135), (240, 135)]),
        (
            [RED, GREEN, BLUE, None, GREY, RED, GREEN],
            (480, 270),
            [(80, 45), (240, 45), (400, 45), (80, 135), (240, 135), (400, 135), (80, 225)],
        ),
    ],
    ids=[2, 3, 4, 7],
)
def test_each_at_its_place(
    colours: list[tuple[int, int, int] | None],
    size: tuple[int, int],
    middles: list[tuple[int, int]],
) -> None:
    tiles = [plain(colour) if colour else None for colour in colours]
    picture = opened(compose(tiles, len(tiles), size))
    assert picture.size == size
    for colour, middle in zip(colours, middles, strict=True):
        assert near(picture.getpixel(middle), colour or DARK), middle


@pytest.mark.parametrize(
    ("source", "inside", "outside"),
    [
        ((320, 320), [(80, 5), (38, 45)], [(10, 45), (150, 45)]),  # bars beside it
        ((640, 180), [(2, 45), (157, 45)], [(80, 10), (80, 80)]),  # above and below
        ((16, 9), [(4, 4), (155, 85)], []),  # smaller than its tile
        ((4000, 2250), [(4, 4), (155, 85)], []),
    ],
)
def test_fitted_with_borders(
    source: tuple[int, int], inside: list[tuple[int, int]], outside: list[tuple[int, int]]
) -> None:
    picture = opened(compose([plain(RED, source), None], 2, (320, 90)))
    assert all(near(picture.getpixel(place), RED) for place in inside)
    assert all(near(picture.getpixel(place), DARK) for place in outside)


@pytest.mark.parametrize("mode", ["L", "CMYK", "RGB"])
def test_kinds_of_jpegs(mode: str) -> None:
    grey = Pillow.new("RGB", (320, 180), GREY).convert(mode)
    picture = opened(compose([jpeg(grey), None], 2, (320, 90)))
    assert near(picture.getpixel((80, 45)), GREY)


def test_turned_pictures_are_upright() -> None:
    image = Pillow.new("RGB", (320, 180), RED)
    image.paste(BLUE, (0, 0, 160, 180))
    exif = Pillow.Exif()
    exif[0x0112] = 6
    lying = image.transpose(Pillow.Transpose.ROTATE_90)
    picture = opened(compose([jpeg(lying, exif=exif), None], 2, (320, 90)))
    assert near(picture.getpixel((20, 45)), BLUE)
    assert near(picture.getpixel((140, 45)), RED)


@pytest.mark.parametrize(
    "bad",
    [b"", b"no picture", b"\xff\xd8\xff\xe0 and nothing", plain(RED, (800, 600))[:2000]],
    ids=["empty", "garbage", "only a head", "cut off"],
)
def test_what_cannot_be_decoded_is_dark(bad: bytes) -> None:
    picture = opened(compose([bad, plain(GREEN)], 2, (320, 90)))
    assert near(picture.getpixel((80, 45)), DARK)
    assert near(picture.getpixel((240, 45)), GREEN)


@pytest.mark.parametrize(
    ("colour", "gain", "expected"),
    [
        (GREY, 1.25, (160, 160, 160)),
        (GREY, 0.75, (96, 96, 96)),
        ((100, 60, 40), 1.4, (140, 84, 56)),
        ((250, 250, 250), 1.4, (255, 255, 255)),
        (GREY, 1.0, GREY),
    ],
)
def test_gains(colour: tuple[int, int, int], gain: float, expected: tuple[int, int, int]) -> None:
    composed = compose([plain(colour), plain(colour)], 2, (320, 90), (gain, 1.0))
    picture = opened(composed)
    assert near(picture.getpixel((80, 45)), expected)
    assert near(picture.getpixel((240, 45)), colour)


def test_tiles_are_asked_for_one_by_one() -> None:
    asked: list[int] = []

    def tiles() -> Iterator[bytes]:
        for number in range(4):
            asked.append(number)
            yield plain(RED)

    compose(tiles(), 4, (320, 180))
    assert asked == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="shorter"):
        compose(iter([plain(RED)]), 2, (320, 90))
