"""What is sent as a JPEG to do harm has a clear outcome, and costs no more than a picture does."""

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from struct import pack
import time
import tracemalloc
from zipfile import ZipFile

from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
import numpy as np
from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.images.ingest import Ingested, LoadTurbo, ingest
from custom_components.timelapser.engine.images.turbo import BrokenJpegError, Turbo, turbojpeg
from custom_components.timelapser.engine.models import Frame

from .jpegs import MOMENT, encoded, needs_turbojpeg, no_library, noted, photo, tiff
from .ways import either_way

WHOLE = encoded(photo(320, 240))
PROGRESSIVE = encoded(photo(320, 240), progressive=True)
GREY = encoded(photo(320, 240).convert("L"), progressive=True)
MEGABYTE = 1024 * 1024


def take(data: bytes, load: LoadTurbo) -> Ingested:
    return ingest(Frame(MOMENT, data), 90, load)


def sized(width: int, height: int, jpeg: bytes = WHOLE) -> bytes:
    """Have a JPEG's header promise another size."""
    at = max(jpeg.find(b"\xff\xc0"), jpeg.find(b"\xff\xc2"))
    return jpeg[: at + 5] + pack(">HH", height, width) + jpeg[at + 9 :]


def patched(start: bytes, offset: int, value: int) -> bytes:
    """Change a byte after the first occurrence of others."""
    at = WHOLE.index(start) + offset
    return WHOLE[:at] + bytes((value,)) + WHOLE[at + 1 :]


def unused(jpeg: bytes, length: int) -> bytes:
    """Put a segment of some length, which no decoder looks at, before all else."""
    return jpeg[:2] + pack(">BBH", 0xFF, 0xEE, length + 2) + bytes(length) + jpeg[2:]


def archive() -> bytes:
    """A ZIP file."""
    buffer = BytesIO()
    with ZipFile(buffer, "w") as file:
        file.writestr("../../evil.sh", "rm -r /")
    return buffer.getvalue()


BOMB = "ignore::PIL.Image.DecompressionBombWarning"


@pytest.mark.filterwarnings(BOMB)
@either_way
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\xff\xd8", id="a start"),
        pytest.param(b"\xff\xd8\xff\xd9", id="start and end"),
        pytest.param(b"\xff" * 100_000, id="markers"),
        pytest.param(b"\xff\xd8" + b"\xff\xe1\xff\xff" * 20_000, id="segments that overlap"),
        pytest.param(b"<html><script>alert(1)</script></html>", id="HTML"),
        pytest.param(archive() + WHOLE, id="a ZIP before a JPEG"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + WHOLE, id="a PNG's start"),
        pytest.param(sized(0, 240), id="no columns"),
        pytest.param(sized(320, 0), id="no rows"),
        pytest.param(sized(65535, 65535), id="4 gigapixels"),
        pytest.param(sized(10_001, 10_000), id="above the limit"),
        pytest.param(patched(b"\xff\xc0", 4, 12), id="12 bit"),
        pytest.param(patched(b"\xff\xc0", 9, 2), id="2 components"),
        pytest.param(patched(b"\xff\xc0", 9, 200), id="200 components"),
    ],
)
def test_no_picture(data: bytes, load: LoadTurbo) -> None:
    result = take(data, load)
    assert not result.origin.readable
    assert result.picture is None
    assert result.small is None
    assert result.thumb is None
    assert result.jpeg == data


@pytest.mark.filterwarnings(BOMB)
@either_way
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(patched(b"\xff\xc0", 1, 0xC9), id="arithmetic"),
        pytest.param(patched(b"\xff\xc0", 1, 0xC3), id="lossless"),
        pytest.param(patched(b"\xff\xc0", 11, 0x44), id="odd subsampling"),
        pytest.param(patched(b"\xff\xc0", 11, 0x00), id="no subsampling"),
        pytest.param(patched(b"\xff\xdb", 4, 0x0F), id="table that is not there"),
        pytest.param(patched(b"\xff\xc4", 5, 255), id="impossible table"),
        pytest.param(patched(b"\xff\xda", 4, 9), id="too many components in the scan"),
        pytest.param(sized(65535, 16), id="wider than decoders go"),
        pytest.param(sized(65500, 1500), id="wide and high"),
        pytest.param(sized(1500, 65500), id="high and wide"),
        pytest.param(sized(10_000, 10_000), id="100 megapixels"),
        pytest.param(sized(10_000, 10_000, PROGRESSIVE), id="100 megapixels, progressive"),
    ],
)
def test_a_bad_picture_at_most(data: bytes, load: LoadTurbo) -> None:
    """What can be shown of it is shown, within the size of a small thumbnail, and marked."""
    result = take(data, load)
    assert not result.origin.readable or result.origin.truncated or result.picture is not None
    if result.picture is not None:
        height, width = result.picture.shape[:2]
        assert width <= 800
        assert height <= 3200
        assert result.small is not None
        assert Pillow.open(BytesIO(result.small)).size == (width, height)


@either_way
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(WHOLE + archive(), id="a ZIP after it"),
        pytest.param(WHOLE + b"<html><script>alert(1)</script></html>", id="HTML after it"),
        pytest.param(encoded(photo(320, 240), comment=b"<script>" * 99), id="HTML in it"),
        pytest.param(unused(WHOLE, 65_000), id="a long segment"),
        pytest.param(encoded(photo(320, 240), icc_profile=bytes(500_000)), id="a long profile"),
        pytest.param(noted(WHOLE, tiff("<", None, padding=64_000)), id="long EXIF"),
        pytest.param(noted(noted(WHOLE, tiff("<", 1)), tiff(">", 1)), id="EXIF twice"),
    ],
)
def test_more_than_a_picture(data: bytes, load: LoadTurbo) -> None:
    """It is kept as it came; what people are shown of it is encoded anew, and only a picture."""
    result, clean = take(data, load), take(WHOLE, load)
    assert result.origin.readable
    assert not result.origin.truncated
    assert (result.small, result.thumb) == (clean.small, clean.thumb)
    assert result.jpeg == data


def directories() -> Iterator[tuple[str, bytes]]:
    """EXIF that leads into the void, in circles, or to more than there is."""
    head = b"II*\0" + pack("<I", 8)
    orientation = pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    yield "points to itself", head + pack("<H", 1) + orientation + pack("<I", 8)
    pointer = pack("<HHII", 0x8769, 4, 1, 8)
    yield "holds itself", head + pack("<H", 2) + orientation + pointer + pack("<I", 0)
    yield "far away", b"II*\0" + pack("<I", 0xFFFFFFF0)
    yield "65535 entries", head + pack("<H", 0xFFFF) + orientation * 5000
    yield "4 billion values", head + pack("<HHHIIQ", 1, 0x0112, 3, 0xFFFFFFFF, 8, 0)
    yield "a text", head + pack("<HHHI4sI", 1, 0x0112, 2, 4, b"six\0", 0)
    yield "divided by nought", head + pack("<HHHIIIII", 1, 0x0112, 5, 1, 26, 0, 1, 0)
    yield "negative", head + pack("<HHHIiI", 1, 0x0112, 9, 1, -6, 0)
    yield "of no type", head + pack("<HHHIII", 1, 0x0112, 99, 1, 6, 0)
    yield "two numbers", head + pack("<HHHIHHI", 1, 0x0112, 3, 2, 6, 8, 0)
    yield "cut", head + b"\x01"
    yield "nothing", b""


@pytest.mark.filterwarnings("ignore::UserWarning")
@either_way
@pytest.mark.parametrize("exif", [pytest.param(exif, id=name) for name, exif in directories()])
def test_hostile_exif(exif: bytes, load: LoadTurbo) -> None:
    result = take(noted(WHOLE, exif), load)
    assert result.origin.readable
    assert {result.width, result.height} == {320, 240}
    assert result.picture is not None
    assert result.picture.shape[1::-1] == (result.width, result.height)


@pytest.mark.filterwarnings("ignore::UserWarning")
@needs_turbojpeg
@hypothesis_settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([WHOLE, PROGRESSIVE, GREY, noted(WHOLE, tiff("<", 6))]),
    st.lists(st.tuples(st.integers(2, 800), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_any_header(jpeg: bytes, changes: list[tuple[int, int]]) -> None:
    """Whatever the header says, nothing raises, and both ways have the same outcome."""
    data = bytearray(jpeg)
    for at, value in changes:
        data[at] = value
    one, other = (take(bytes(data), load) for load in (turbojpeg, no_library))
    assert replace(one.origin, jpeg_errors=False) == other.origin
    assert (one.picture is None) == (other.picture is None)
    if one.picture is not None and other.picture is not None:
        assert one.picture.shape == other.picture.shape


LARGE = encoded(photo(640, 480))
RESTARTS = encoded(photo(640, 480), restart_marker_blocks=9)
SCAN = LARGE.rindex(b"\xff\xda") + 14


def flipped(jpeg: bytes, at: int, bit: int) -> bytes:
    """Have one bit of a JPEG arrive as the other."""
    return jpeg[:at] + bytes((jpeg[at] ^ 1 << bit,)) + jpeg[at + 1 :]


BROKEN = {
    "a hole": LARGE[: SCAN + 9000] + LARGE[SCAN + 30_000 :],
    "the end of the data missing": LARGE[: len(LARGE) // 2] + LARGE[-2:],
    "no data": LARGE[:SCAN] + LARGE[-2:],
    "a part that is another's": LARGE[: SCAN + 9000] + WHOLE[-9000:-2] + LARGE[SCAN + 18_000 :],
    "a part that is noise": LARGE[: SCAN + 9000] + bytes(range(255)) * 9 + LARGE[SCAN + 11_000 :],
    "a lost restart": RESTARTS.replace(b"\xff\xd3", b"", 1),
}


@needs_turbojpeg
@pytest.mark.parametrize("data", BROKEN.values(), ids=BROKEN)
def test_broken_data_are_told(data: bytes) -> None:
    """And shown as far as they go, as where there is no library to tell them."""
    told, untold = take(data, turbojpeg), take(data, no_library)
    assert told.origin.jpeg_errors
    assert replace(told.origin, jpeg_errors=False) == untold.origin
    assert untold.origin.readable
    assert told.small == untold.small
    assert told.jpeg == data
    library = turbojpeg()
    assert library is not None
    with pytest.raises(BrokenJpegError, match=r"\w"):
        library.decoded(data, 1)


@needs_turbojpeg
@pytest.mark.parametrize("seed", range(8))
def test_flipped_bits_are_told(seed: int) -> None:
    """Most of them: by chance, codes after a single one can still make sense."""
    data = LARGE
    for at in np.random.default_rng(seed).integers(SCAN, len(LARGE) - 2, 20).tolist():
        data = flipped(data, at, at % 8)
    assert take(data, turbojpeg).origin.jpeg_errors


@either_way
@pytest.mark.parametrize(
    "data",
    [
        pytest.param(LARGE, id="baseline"),
        pytest.param(RESTARTS, id="restarts"),
        pytest.param(PROGRESSIVE, id="progressive"),
        pytest.param(GREY, id="grey"),
        pytest.param(encoded(photo(640, 480).convert("CMYK")), id="CMYK"),
        pytest.param(encoded(photo(641, 479), subsampling=0), id="4:4:4"),
        pytest.param(encoded(photo(640, 480), 6), id="turned"),
        pytest.param(LARGE + bytes(4000), id="padded"),
        pytest.param(unused(LARGE, 65_000), id="a long segment"),
        pytest.param(LARGE[: len(LARGE) // 2], id="cut, which is told otherwise"),
    ],
)
def test_clean_data_are_not(data: bytes, load: LoadTurbo) -> None:
    assert not take(data, load).origin.jpeg_errors


def scans(jpeg: bytes, count: int) -> bytes:
    """Have a progressive JPEG repeat its last scan, which only makes the decoder work."""
    start, end = jpeg.rindex(b"\xff\xda"), jpeg.rindex(b"\xff\xd9")
    return jpeg[:end] + jpeg[start:end] * count + jpeg[end:]


@pytest.mark.filterwarnings(BOMB)
@either_way
def test_scans_without_end_are_not_decoded(load: LoadTurbo) -> None:
    """Else this file of some 2 MB would keep a processor busy for minutes."""
    empty = encoded(Pillow.new("L", (64, 64)), progressive=True)
    data = scans(sized(10_000, 10_000, empty), 50_000)
    assert len(data) < 3 * MEGABYTE
    started = time.process_time()
    assert not take(data, load).origin.readable
    assert time.process_time() - started < 1


@either_way
def test_half_a_gigabyte_is_not_decoded(load: LoadTurbo) -> None:
    content = WHOLE.ljust(500 * MEGABYTE, b"\0")
    tracemalloc.start()
    result = take(content, load)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not result.origin.readable
    assert result.jpeg is content
    assert peak < MEGABYTE


@needs_turbojpeg
def test_the_library_says_what_it_cannot_do() -> None:
    turbo = turbojpeg()
    assert isinstance(turbo, Turbo)
    for jpeg in (encoded(photo(64, 64).convert("CMYK")), b"", b"no JPEG", WHOLE[:400]):
        with pytest.raises(OSError, match=r"\w"):
            turbo.decoded(jpeg, 1)
    with pytest.raises(OSError, match=r"\w"):
        turbo.encoded([np.zeros((2, 70_000), np.uint8)], 90)
    with pytest.raises(OSError, match=r"\w"):
        turbo.cut(WHOLE, (3, 3, 60, 60))
