"""One decode gives validity, metrics and thumbnails, and no damage raises."""

from datetime import UTC, datetime
from hashlib import blake2b
from io import BytesIO

import numpy as np
from PIL import Image as Pillow
from PIL import ImageOps
import pytest

from custom_components.timelapser.engine.images.ingest import Ingested, LoadTurbo, ingest
from custom_components.timelapser.engine.images.turbo import turbojpeg
from custom_components.timelapser.engine.models import Frame, Picture

from .ways import either_way

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


def take(data: bytes | Picture, load: LoadTurbo = turbojpeg) -> Ingested:
    """Ingest without anything special."""
    return ingest(Frame(MOMENT, data), 90, load)


def size(data: bytes | None) -> tuple[int, int]:
    """The size of a JPEG that must be there."""
    assert data is not None
    return Pillow.open(BytesIO(data)).size


@either_way
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
def test_camera_jpeg(data: bytes, truncated: bool, load: LoadTurbo) -> None:
    result = take(data, load)
    assert result.jpeg == data
    assert (result.width, result.height) == (1280, 720)
    assert size(result.small) == (800, 450)
    assert size(result.thumb) == (200, 112)
    assert result.origin.readable
    assert result.origin.truncated is truncated
    assert result.content_hash == blake2b(data, digest_size=16).hexdigest()


@either_way
@pytest.mark.parametrize("data", [b"", b"no picture", jpeg()[:20], b"\xff\xd8\xff\xd9"])
def test_undecodable(data: bytes, load: LoadTurbo) -> None:
    result = take(data, load)
    assert not result.origin.readable
    assert (result.small, result.thumb, result.luma, result.phash) == (None,) * 4
    assert result.jpeg == data
    assert len(result.content_hash) == 32


@either_way
@pytest.mark.parametrize("grey", [False, True], ids=["colour", "grey"])
@pytest.mark.parametrize("sides", [(1280, 720), (1279, 721), (33, 17)], ids=str)
def test_decoded_picture_is_encoded_once(
    sides: tuple[int, int], grey: bool, load: LoadTurbo
) -> None:
    picture = photo(*sides)[:, :, 0] if grey else photo(*sides)
    result = take(picture, load)
    decoded = np.asarray(Pillow.open(BytesIO(result.jpeg)))
    assert decoded.shape == picture.shape
    # The noise of its colours is halved with the colours' own resolution.
    assert np.abs(decoded.astype(int) - picture).mean() < (5 if grey else 15)
    assert result.picture is not None
    assert result.picture.ndim == picture.ndim
    assert result.origin.byte_count == len(result.jpeg)
    assert result.content_hash == blake2b(result.jpeg, digest_size=16).hexdigest()
    assert result.luma == pytest.approx(
        np.asarray(Pillow.fromarray(picture).convert("L")).mean(), abs=1
    )


@either_way
def test_part_of_a_larger_picture_is_encoded(load: LoadTurbo) -> None:
    part = photo()[100:400:2, 60:500:2]
    assert np.abs(stored(take(part, load).jpeg).astype(int) - part).mean() < 15


def stored(data: bytes) -> Picture:
    """Decode a JPEG."""
    return np.asarray(Pillow.open(BytesIO(data)).convert("RGB"))


@either_way
@pytest.mark.parametrize(
    ("shape", "small", "thumb"),
    [
        ((1, 1), (1, 1), (1, 1)),
        ((16, 16), (16, 16), (16, 16)),
        ((640, 480), (640, 480), (200, 150)),
        ((801, 601), (800, 600), (200, 150)),
        ((1601, 1203), (800, 601), (200, 150)),
        ((1080, 1920), (800, 1422), (200, 356)),
        ((3000, 2), (800, 1), (200, 1)),
        ((2, 3000), (2, 3000), (1, 800)),
        ((450, 4500), (320, 3200), (80, 800)),
    ],
)
def test_width_counts_and_never_grows(
    shape: tuple[int, int], small: tuple[int, int], thumb: tuple[int, int], load: LoadTurbo
) -> None:
    for data in (jpeg(Pillow.fromarray(photo(*shape))), photo(*shape)):
        result = take(data, load)
        assert (result.width, result.height) == shape
        assert size(result.small) == small
        assert size(result.thumb) == thumb
        assert result.picture is not None
        assert result.picture.shape == (*small[::-1], 3)


def noted(orientation: int, sides: tuple[int, int]) -> bytes:
    """A picture that is red and bright at the top left, as it is stored."""
    width, height = sides
    picture = np.full((height, width, 3), 60, np.uint8)
    picture[: height // 2, : width // 2, 0] = 230
    exif = Pillow.Exif()
    exif[ORIENTATION] = orientation
    return jpeg(Pillow.fromarray(picture), exif=exif)


@either_way
@pytest.mark.parametrize("orientation", range(10))
@pytest.mark.parametrize("sides", [(2001, 1501), (321, 243)], ids=str)
def test_thumbnails_stand_upright(
    orientation: int, sides: tuple[int, int], load: LoadTurbo
) -> None:
    data = noted(orientation, sides)
    shown = ImageOps.exif_transpose(Pillow.open(BytesIO(data)))
    result = take(data, load)
    assert (result.width, result.height) == shown.size
    assert result.small is not None
    small = stored(result.small)
    expected = np.asarray(shown.resize(small.shape[1::-1], Pillow.Resampling.BOX))
    assert abs(small.shape[1] / small.shape[0] - shown.width / shown.height) < 0.01
    assert np.abs(small.astype(int) - expected).mean() < 3
    assert np.array_equal(np.asarray(result.picture).shape, small.shape)
