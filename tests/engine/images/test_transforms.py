"""Pictures are cut and turned as told: exactly where decoded, without loss where JPEG allows."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import product
from math import inf, nan

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps
import pytest
from turbojpeg import TJSAMP_411, TJSAMP_440

from custom_components.timelapser.engine.images.ingest import ingest
from custom_components.timelapser.engine.images.lossless import turbojpeg_crop
from custom_components.timelapser.engine.images.transforms import transform
from custom_components.timelapser.engine.models import (
    Aspect,
    AspectMode,
    Frame,
    Picture,
    TransformSettings,
)
from tests.harness import scene

from .jpegs import (
    CROP,
    CUT_AND_TURNED,
    LIBRARIES,
    MOMENT,
    TURNED,
    WITH_BARS,
    Load,
    drawn,
    encoded,
    encoded_by_turbojpeg,
    failing_library,
    map_picture,
    misbehaving_library,
    needs_turbojpeg,
    no_library,
    photo,
    run,
    scan_of,
    shown,
    stored,
    unexpected_library,
)

pytestmark = needs_turbojpeg


def expected(upright: Pillow.Image, settings: TransformSettings) -> Pillow.Image:
    """The same done by Pillow, one step after the other."""
    width, height = upright.size
    picture = upright.crop(
        (
            round(width * settings.crop_left / 100),
            round(height * settings.crop_top / 100),
            width - round(width * settings.crop_right / 100),
            height - round(height * settings.crop_bottom / 100),
        )
    ).rotate(-settings.rotation, expand=True)
    if settings.aspect is Aspect.NONE:
        return picture
    across, down = (int(part) for part in settings.aspect.value.split("-"))
    width, height = picture.size
    too_wide = width * down > height * across
    if too_wide is (settings.aspect_mode is AspectMode.CROP):
        size = round(height * across / down), height
    else:
        size = width, round(width * down / across)
    if settings.aspect_mode is AspectMode.LETTERBOX:
        return ImageOps.pad(picture, size)
    left, top = (width - size[0]) // 2, (height - size[1]) // 2
    return picture.crop((left, top, left + size[0], top + size[1]))


ROTATIONS = (0, 90, 180, 270)
SHAPES = (
    TransformSettings(),
    TransformSettings(aspect=Aspect.WIDE),
    TransformSettings(aspect=Aspect.PORTRAIT),
    TransformSettings(aspect=Aspect.SQUARE, aspect_mode=AspectMode.LETTERBOX),
    TransformSettings(aspect=Aspect.CINEMA, aspect_mode=AspectMode.LETTERBOX),
)
COMBINATIONS = [
    replace(crop, rotation=rotation, aspect=shape.aspect, aspect_mode=shape.aspect_mode)
    for rotation, crop, shape in product(ROTATIONS, (TransformSettings(), CROP), SHAPES)
]


def name(settings: object) -> str | None:
    if not isinstance(settings, TransformSettings):
        return None
    cut = "cut" if settings.crop_left else "whole"
    return f"{cut} {settings.rotation} {settings.aspect} {settings.aspect_mode}"


@pytest.mark.parametrize("settings", COMBINATIONS, ids=name)
def test_decoded_picture(settings: TransformSettings) -> None:
    original = map_picture()
    result = drawn(np.asarray(original), settings)
    oracle = expected(original, settings)
    assert result.shape == np.asarray(oracle).shape
    away = np.abs(result.astype(int) - np.asarray(oracle))
    # Where an odd number of pixels is cut away or filled up, the middle may be on either side.
    assert np.percentile(away, 98) <= 2
    assert settings.aspect is not Aspect.NONE or not away.any()
    assert result.flags.c_contiguous


@pytest.mark.parametrize("load", LIBRARIES, ids=["TurboJPEG", "Pillow"])
@pytest.mark.parametrize("settings", COMBINATIONS, ids=name)
def test_jpeg(settings: TransformSettings, load: Load) -> None:
    # Cut to a shape, it may be off the middle by a block: 15 pixels are 24 levels of this map.
    off_the_middle = settings.aspect is not Aspect.NONE and settings.aspect_mode is AspectMode.CROP
    exact = settings.aspect is Aspect.NONE and load is turbojpeg_crop
    for orientation in (None, *range(1, 9)):
        jpeg = encoded(map_picture(), orientation, subsampling=0)
        result = shown(run(jpeg, settings, load))
        oracle = expected(shown(jpeg), settings)
        assert result.size == oracle.size, orientation
        away = np.abs(np.asarray(result).astype(int) - np.asarray(oracle))
        assert np.percentile(away, 98) <= (26 if off_the_middle else 4), orientation
        assert not exact or not away.any(), orientation


GREY = photo().convert("L")
TOWN = scene.draw(0.4, (1279, 719))


@pytest.mark.parametrize(
    ("jpeg", "block"),
    [
        pytest.param(encoded(photo(), subsampling=0), (8, 8), id="4:4:4"),
        pytest.param(encoded(photo(), subsampling=1), (16, 8), id="4:2:2"),
        pytest.param(encoded(photo(), subsampling=2), (16, 16), id="4:2:0"),
        pytest.param(encoded(photo(), progressive=True), (16, 16), id="progressive"),
        pytest.param(encoded(photo(), restart_marker_blocks=9), (16, 16), id="restarts"),
        pytest.param(encoded(GREY), (8, 8), id="grey"),
        pytest.param(encoded(photo().convert("CMYK")), (8, 8), id="CMYK"),
        pytest.param(encoded(photo()) + bytes(900), (16, 16), id="padded"),
        pytest.param(encoded_by_turbojpeg(TJSAMP_440), (8, 16), id="4:4:0"),
        pytest.param(encoded_by_turbojpeg(TJSAMP_411), (32, 8), id="4:1:1"),
    ],
)
def test_cut_along_blocks_keeps_every_number(jpeg: bytes, block: tuple[int, int]) -> None:
    # 7 % of 1279 pixels are 90, 11 % of 719 are 79.
    settings = TransformSettings(crop_left=7, crop_top=11, crop_right=7, rotation=90)
    left, top = 90 // block[0] * block[0], 79 // block[1] * block[1]
    result = run(jpeg, settings)
    assert shown(result).size == (719 - top, 1279 - 90 - left)
    cut = np.s_[top:, left : 1279 - 90]
    assert np.array_equal(stored(result, "L"), stored(jpeg, "L")[cut])
    # Where colours have fewer pixels, those at the edge are mixed with their neighbours'.
    inside = np.s_[2:-2, 2:-2]
    assert np.array_equal(stored(result)[inside], stored(jpeg)[cut][inside])


def test_cut_to_a_shape_keeps_every_number() -> None:
    jpeg = encoded(photo())
    result = run(jpeg, TransformSettings(aspect=Aspect.SQUARE))
    # Of 560 pixels too many, 280 would be the middle; 272 are whole blocks.
    assert np.array_equal(stored(result, "L"), stored(jpeg, "L")[:, 272 : 272 + 719])


@pytest.mark.parametrize("load", [no_library, failing_library, misbehaving_library])
@pytest.mark.parametrize(
    "jpeg", [encoded(TOWN), encoded(GREY), encoded(TOWN, 6)], ids=["colour", "grey", "turned"]
)
def test_without_the_library_it_has_the_same_size_and_nearly_the_same_numbers(
    jpeg: bytes, load: Load
) -> None:
    settings = TransformSettings(crop_left=7, crop_top=11, rotation=270)
    result, best = run(jpeg, settings, load), run(jpeg, settings)
    assert shown(result).size == shown(best).size
    away = np.abs(np.asarray(shown(result)).astype(int) - np.asarray(shown(best)))
    print("MEAN", away.mean(), len(result) / len(best))
    assert away.mean() < 1
    assert len(result) < len(best) * 1.05


@pytest.mark.parametrize("rotation", [90, 180, 270])
@pytest.mark.parametrize("orientation", [None, 3, 5, 8])
def test_turning_touches_nothing_but_the_note(rotation: int, orientation: int | None) -> None:
    jpeg = encoded(photo(320, 240), orientation) + bytes(100)
    result = run(jpeg, TransformSettings(rotation=rotation), unexpected_library)
    assert scan_of(result) == scan_of(jpeg)
    assert result[:4] == jpeg[:4]
    assert orientation is None or len(result) == len(jpeg)
    turns = run(result, TransformSettings(rotation=360 - rotation), unexpected_library)
    assert np.array_equal(np.asarray(shown(turns)), np.asarray(shown(jpeg)))


def test_turned_and_cut_at_once_is_what_one_after_the_other_is() -> None:
    jpeg = encoded(map_picture(), 6, subsampling=0)
    # The sides are named as the camera means them, so they come round with the turn.
    cut_later = TransformSettings(crop_top=10, crop_right=20, crop_bottom=30, crop_left=10)
    later = run(run(jpeg, TransformSettings(rotation=90)), cut_later)
    assert np.array_equal(
        np.asarray(shown(run(jpeg, replace(CROP, rotation=90)))), np.asarray(shown(later))
    )


@pytest.mark.parametrize(
    "data",
    [
        np.asarray(photo(1280, 720)),
        np.asarray(photo(1279, 719)),
        np.asarray(photo(1277, 719)),
        encoded(photo(1280, 720)),
        encoded(photo(1279, 719)),
        encoded(photo(720, 1280), 6),
    ],
    ids=["picture", "wider", "narrower", "jpeg", "wider jpeg", "lying jpeg"],
)
@pytest.mark.parametrize(
    "settings",
    [
        TransformSettings(),
        TransformSettings(rotation=360),
        TransformSettings(aspect=Aspect.WIDE),
        TransformSettings(aspect=Aspect.WIDE, aspect_mode=AspectMode.LETTERBOX),
        TransformSettings(crop_left=nan, crop_top=-5, crop_right=-inf),
        TransformSettings(crop_left=0.001),
    ],
    ids=["nothing", "round", "shape", "bars", "no numbers", "less than a pixel"],
)
def test_nothing_to_do(data: bytes | Picture, settings: TransformSettings) -> None:
    frame = Frame(MOMENT, data)
    assert transform(frame, settings, 90, unexpected_library) is frame


@pytest.mark.parametrize(
    ("size", "settings"),
    [
        ((8, 8), TransformSettings(rotation=90)),
        ((64, 64), TransformSettings(crop_left=90)),
        ((64, 64), TransformSettings(crop_top=60, crop_bottom=60)),
        ((64, 64), TransformSettings(crop_left=inf)),
        ((200, 16), TransformSettings(aspect=Aspect.PORTRAIT)),
        ((20, 15_000), TransformSettings(aspect=Aspect.CINEMA, aspect_mode=AspectMode.LETTERBOX)),
    ],
)
def test_what_would_leave_no_picture_is_left(
    size: tuple[int, int], settings: TransformSettings
) -> None:
    picture = Pillow.new("RGB", size)
    for data in (np.asarray(picture), encoded(picture, subsampling=0)):
        frame = Frame(MOMENT, data)
        assert transform(frame, settings, 90) is frame


@pytest.mark.parametrize("data", [np.asarray(photo(320, 240)), encoded(photo(320, 240))])
def test_what_is_known_of_the_frame_is_kept(data: bytes | Picture) -> None:
    frame = Frame(MOMENT, data, decoder_errors=True)
    result = transform(frame, replace(CROP, rotation=90), 90)
    assert result.data is not data
    assert (result.captured_at, result.decoder_errors) == (MOMENT, True)


@pytest.mark.parametrize("size", [(1280, 720), (1920, 1080), (640, 480), (3840, 2160)])
def test_section_survives_another_resolution(size: tuple[int, int]) -> None:
    settings = TransformSettings(crop_left=25, crop_top=50, crop_right=25, crop_bottom=25)
    result = shown(run(encoded(map_picture(*size), subsampling=0), settings))
    where = np.asarray(result)[[4, -5], [4, -5], :2].astype(int)
    assert np.abs(where - [[64, 128], [191, 191]]).max() <= 7


def test_many_at_once() -> None:
    jpeg = encoded(photo())
    settings = TransformSettings(crop_left=7, crop_top=11, rotation=270)
    with ThreadPoolExecutor(4) as pool:
        results = set(pool.map(lambda _: run(jpeg, settings), range(16)))
    assert results == {run(jpeg, settings)}


@pytest.mark.parametrize("load", LIBRARIES, ids=["TurboJPEG", "Pillow"])
@pytest.mark.parametrize(
    ("settings", "size"),
    [
        (TURNED, (720, 1280)),
        (TransformSettings(rotation=180), (1280, 720)),
        (CUT_AND_TURNED, (720, 960)),
        (replace(WITH_BARS, rotation=270), (1280, 1280)),
        (replace(TURNED, aspect=Aspect.SQUARE), (720, 720)),
    ],
)
def test_what_is_kept_of_it_stands_upright(
    settings: TransformSettings, size: tuple[int, int], load: Load
) -> None:
    frame = transform(Frame(MOMENT, encoded(map_picture(1280, 720))), settings, 90, load)
    result = ingest(frame, 90)
    assert (result.width, result.height) == size
    assert result.origin.readable
    assert not result.origin.truncated
    assert result.small is not None
    small = shown(result.small)
    assert small.width == min(800, size[0])
    whole = shown(result.jpeg).resize(small.size)
    assert np.abs(np.asarray(whole).astype(int) - np.asarray(small)).mean() < 4
