"""One decode gives validity, metrics and thumbnails, and no damage raises."""

from datetime import UTC, datetime
from io import BytesIO

import numpy as np
from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.images.ingest import Ingested, ingest
from custom_components.timelapser.engine.models import Frame, Picture

MOMENT = datetime(2026, 5, 1, 12, tzinfo=UTC)
ORIENTATION = 0x0112


def photo(width: int = 1280, height: int = 720) -> Picture:
    """A picture with structure and noise in every row."""
    noise = np.random.default_rng(7).integers(0, 60, (height, width, 3))
    ramp = np.linspace(20, 180, width)[None, :, None]
    return (noise + ramp).astype(np.uint8)


def jpeg(picture: Pillow.Image | None = None, **options: object) -> bytes:
    """Encode a picture the way a camera would."""
    buffer = BytesIO()
    (picture or Pillow.fromarray(photo())).save(buffer, "JPEG", quality=85, **options)
    return buffer.getvalue()


def take(data: bytes | Picture) -> Ingested:
    """Ingest without anything special."""
    return ingest(Frame(MOMENT, data), 90)


def size(data: bytes | None) -> tuple[int, int]:
    """The size of a JPEG that must be there."""
    assert data is not None
    return Pillow.open(BytesIO(data)).size


@pytest.mark.parametrize(
    ("data", "truncated"),
    [
        pytest.param(jpeg(), False, id="baseline"),
        pytest.param(jpeg(progressive=True), False, id="progressive"),
        pytest.param(jpeg(Pillow.fromarray(photo()).convert("L")), False, id="grayscale"),
        pytest.param(jpeg(Pillow.fromarray(photo()).convert("CMYK")), False, id="cmyk"),
        pytest.param(jpeg() + bytes(512), False, id="padded"),
        pytest.param(jpeg()[:-2], True, id="no end"),
        pytest.param(jpeg()[: len(jpeg()) // 2], True, id="half"),
    ],
)
def test_camera_jpeg(data: bytes, truncated: bool) -> None:
    result = take(data)
    assert result.jpeg == data
    assert (result.width, result.height) == (1280, 720)
    assert size(result.small) == (800, 450)
    assert size(result.thumb) == (200, 112)
    assert result.origin.readable
    assert result.origin.truncated is truncated


@pytest.mark.parametrize("data", [b"", b"no picture", jpeg()[:20], b"\xff\xd8\xff\xd9"])
def test_undecodable(data: bytes) -> None:
    result = take(data)
    assert not result.origin.readable
    assert result.small is result.thumb is None
    assert result.jpeg == data


def test_decoded_picture_is_encoded_once() -> None:
    result = take(photo())
    assert size(result.jpeg) == (1280, 720)
    assert size(result.small) == (800, 450)
    assert result.origin.byte_count == len(result.jpeg)


@pytest.mark.parametrize(
    ("shape", "small", "thumb"),
    [
        ((16, 16), (16, 16), (16, 16)),
        ((640, 480), (640, 480), (200, 150)),
        ((1080, 1920), (800, 1422), (200, 356)),
    ],
)
def test_width_counts_and_never_grows(
    shape: tuple[int, int], small: tuple[int, int], thumb: tuple[int, int]
) -> None:
    result = take(jpeg(Pillow.fromarray(photo(*shape))))
    assert size(result.small) == small
    assert size(result.thumb) == thumb


def test_thumbnails_stand_upright() -> None:
    exif = Pillow.Exif()
    exif[ORIENTATION] = 6
    result = take(jpeg(exif=exif))
    assert (result.width, result.height) == (720, 1280)
    assert size(result.thumb) == (200, 356)


def test_damaged_exif_does_not_raise() -> None:
    exif = Pillow.Exif()
    exif[ORIENTATION] = 6
    whole = jpeg(exif=exif)
    at = whole.index(b"Exif") + 6
    for garbage in (b"XXXXXXXX", b"II*\x00\xff\xff\xff\xff", b"MM\x00*\x00\x00\x00\x08"):
        assert take(whole[:at] + garbage + whole[at + 8 :]).origin.readable


def test_absurd_size_is_refused() -> None:
    data = bytearray(jpeg())
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    assert not take(bytes(data)).origin.readable
