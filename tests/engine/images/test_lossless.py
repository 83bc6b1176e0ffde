"""What a JPEG says besides its picture is kept, and no damage raises or is hidden."""

from io import BytesIO
from itertools import product
from math import inf, nan
from struct import pack, unpack_from

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
import numpy as np
from PIL import ExifTags
from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.images.ingest import ingest
from custom_components.timelapser.engine.images.lossless import turbojpeg_crop
from custom_components.timelapser.engine.images.transforms import transform
from custom_components.timelapser.engine.models import (
    Aspect,
    AspectMode,
    Frame,
    TransformSettings,
)

from .jpegs import (
    CROP,
    CUT_AND_TURNED,
    GPS,
    LIBRARIES,
    MOMENT,
    ORIENTATION,
    THUMBNAIL,
    TURNED,
    WITH_BARS,
    drawn,
    encoded,
    exif_of,
    needs_turbojpeg,
    no_library,
    noted,
    photo,
    run,
    scan_of,
    shown,
    tiff,
    unexpected_library,
)

pytestmark = needs_turbojpeg


@pytest.mark.parametrize("order", ["<", ">"], ids=["little endian", "big endian"])
@pytest.mark.parametrize(
    ("before", "settings", "after"),
    [
        (None, TURNED, 6),
        (1, TURNED, 6),
        (6, TURNED, 3),
        (2, TURNED, 7),
        (9, TURNED, 6),
        (None, CUT_AND_TURNED, 6),
        (8, CUT_AND_TURNED, 1),
        (6, WITH_BARS, 1),
        (None, WITH_BARS, None),
    ],
)
def test_exif_is_kept(
    order: str, before: int | None, settings: TransformSettings, after: int | None
) -> None:
    jpeg = noted(encoded(photo(320, 240), comment=b"garden"), tiff(order, before))
    old, result = exif_of(jpeg), run(jpeg, settings)
    new = exif_of(result)
    assert new.get(ORIENTATION) == after
    assert {**old, ORIENTATION: after} == {ORIENTATION: None, **new}
    assert new.get_ifd(GPS) == old.get_ifd(GPS) != {}
    assert Pillow.open(BytesIO(result)).info["comment"] == b"garden"


def test_thumbnail_shows_nothing_that_was_cut_away() -> None:
    jpeg = noted(encoded(photo(320, 240)), tiff("<", 1))
    turned = run(jpeg, TURNED)
    assert THUMBNAIL in turned
    assert exif_of(turned).get_ifd(ExifTags.IFD.IFD1)
    for load in LIBRARIES:
        cut = run(jpeg, CUT_AND_TURNED, load)
        assert THUMBNAIL not in cut
        assert not exif_of(cut).get_ifd(ExifTags.IFD.IFD1)


def test_tags_stay_in_order() -> None:
    result = run(noted(encoded(photo(320, 240)), tiff(">", None)), TURNED)
    header = result.index(b"Exif\0\0") + 6
    (start,) = unpack_from(">I", result, header + 4)
    (count,) = unpack_from(">H", result, header + start)
    tags = [unpack_from(">H", result, header + start + 2 + 12 * at)[0] for at in range(count)]
    assert tags == [0x010F, ORIENTATION, GPS, 0x927C]


def test_colour_profile_is_kept() -> None:
    profile = bytes(range(256)) * 300
    for load, settings in product(LIBRARIES, (CUT_AND_TURNED, WITH_BARS)):
        result = run(encoded(photo(320, 240), icc_profile=profile), settings, load)
        assert Pillow.open(BytesIO(result)).info["icc_profile"] == profile


@pytest.mark.parametrize(
    "exif",
    [
        b"",
        b"nothing of the kind",
        b"II*\0\xff\xff\xff\xff",
        b"II*\0\0\0\0\0",
        b"MM\0*\0\0\0\x08\xff\xff",
        tiff("<", None)[:60],
        tiff("<", None, padding=65_370),
        tiff(">", 1).replace(pack(">I", len(THUMBNAIL)), pack(">I", 70_000)),
    ],
    ids=["empty", "text", "points outside", "points at itself", "endless", "cut", "full", "thumb"],
)
@pytest.mark.filterwarnings("ignore::UserWarning:PIL.TiffImagePlugin")
@pytest.mark.parametrize("settings", [TURNED, CUT_AND_TURNED], ids=["turned", "cut and turned"])
def test_exif_that_cannot_be_changed_still_turns(exif: bytes, settings: TransformSettings) -> None:
    jpeg = noted(encoded(photo(320, 240)), exif)
    result = run(jpeg, settings)
    assert exif_of(result)[ORIENTATION] == 6
    assert shown(result).size == (240, 320 if settings is TURNED else 240)


@pytest.mark.parametrize("left", [0.3, 0.9])
def test_what_was_cut_short_is_only_turned(left: float) -> None:
    whole = noted(encoded(photo(320, 240)), tiff("<", None))
    jpeg = whole[: int(len(whole) * left)]
    assert run(jpeg, CROP, unexpected_library) is jpeg
    assert run(jpeg, WITH_BARS, unexpected_library) is jpeg
    result = run(jpeg, CUT_AND_TURNED, unexpected_library)
    assert scan_of(result) == scan_of(jpeg)
    assert exif_of(result)[ORIENTATION] == 6
    assert ingest(Frame(MOMENT, result), 90).origin.truncated


def test_end_of_a_thumbnail_is_not_the_end_of_the_picture() -> None:
    whole = noted(encoded(photo(64, 48)), tiff("<", None))
    jpeg = whole[: whole.index(b"\xff\xda") + 200]
    assert THUMBNAIL in jpeg[-4096:]
    assert run(jpeg, CROP, unexpected_library) is jpeg


def sized(width: int, height: int) -> bytes:
    """A small JPEG that claims to be of that size."""
    data = bytearray(encoded(photo(64, 48)))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = pack(">HH", height, width)
    return bytes(data)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff",
        b"\xff\xd8",
        b"\xff\xd8\xff\xd9",
        b"no picture at all",
        encoded(photo(64, 48))[:200],
        sized(0, 0),
        sized(12_000, 10_000),
        sized(65_500, 65_500),
    ],
    ids=["nothing", "one", "start", "start and end", "text", "header", "no size", "big", "bomb"],
)
@pytest.mark.parametrize("settings", [CROP, WITH_BARS], ids=["cut", "bars"])
def test_what_is_no_picture_is_left(data: bytes, settings: TransformSettings) -> None:
    frame = Frame(MOMENT, data)
    assert transform(frame, settings, 90, unexpected_library) is frame


percents = st.floats(-10, 110) | st.sampled_from([nan, inf])
any_settings = st.builds(
    TransformSettings,
    percents,
    percents,
    percents,
    percents,
    st.sampled_from([0, 90, 180, 270]),
    st.sampled_from(Aspect),
    st.sampled_from(AspectMode),
)
SMALL = noted(encoded(photo(64, 48)), tiff(">", 6))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A small JPEG with some bytes changed, and perhaps an end that is missing."""
    data = bytearray(SMALL)
    for _ in range(draw(st.integers(0, 5))):
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data[: draw(st.integers(0, len(data)) | st.just(len(data)))])


@pytest.mark.filterwarnings("ignore")
@hypothesis_settings(deadline=None, max_examples=300)
@given(data=damaged() | st.binary(), settings=any_settings, library=st.booleans())
def test_damage_never_raises(data: bytes, settings: TransformSettings, library: bool) -> None:
    frame = Frame(MOMENT, data, decoder_errors=True)
    result = transform(frame, settings, 90, turbojpeg_crop if library else no_library)
    assert (result.captured_at, result.decoder_errors) == (MOMENT, True)
    assert isinstance(result.data, bytes)
    if library and result is not frame:
        assert Pillow.open(BytesIO(result.data)).format in ("JPEG", "MPO")


@hypothesis_settings(deadline=None, max_examples=200)
@given(settings=any_settings, width=st.integers(1, 90), height=st.integers(1, 90))
def test_any_settings_suit_any_picture(
    settings: TransformSettings, width: int, height: int
) -> None:
    picture = np.zeros((height, width, 3), np.uint8)
    result = drawn(picture, settings)
    assert result is picture or min(result.shape[:2]) >= 16
    assert result.shape[2:] == (3,)
