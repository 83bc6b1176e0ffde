"""With TurboJPEG and without it, an image comes out the same, but for rounding."""

from dataclasses import replace
from io import BytesIO
from statistics import mean
from typing import Any

import numpy as np
from PIL import Image as Pillow
import pytest
from turbojpeg import TJPF_RGB, TJSAMP_411, TJSAMP_440, TurboJPEG

from custom_components.timelapser.engine.corruption.history import History
from custom_components.timelapser.engine.corruption.judge import accepted, examine, judge
from custom_components.timelapser.engine.corruption.model import shipped
from custom_components.timelapser.engine.images.ingest import Ingested, LoadTurbo, ingest, opened
from custom_components.timelapser.engine.images.likeness import distance
from custom_components.timelapser.engine.images.turbo import turbojpeg
from custom_components.timelapser.engine.models import Frame, Picture
from scripts.corruption.damage import EDITS
from tests.engine.corruption.pictures import MINUTE, NOON, NUMPY
from tests.harness import scene

from .jpegs import MOMENT, encoded, needs_turbojpeg, no_library

pytestmark = needs_turbojpeg

SIZE = (1920, 1080)
TOWN = scene.draw(0.4, SIZE)


def by_turbojpeg(subsampling: int) -> bytes:
    """What Pillow cannot encode."""
    if turbojpeg() is None:
        return b""
    library: Any = TurboJPEG  # it has no types
    jpeg: bytes = library().encode(
        np.asarray(TOWN), pixel_format=TJPF_RGB, jpeg_subsample=subsampling
    )
    return jpeg


JPEGS = {
    "4:2:0": encoded(TOWN),
    "4:2:2": encoded(TOWN, subsampling=1),
    "4:4:4": encoded(TOWN, subsampling=0),
    "progressive": encoded(TOWN, progressive=True),
    "restarts": encoded(TOWN, restart_marker_blocks=9),
    "grey": encoded(TOWN.convert("L")),
    "turned": encoded(TOWN, 6),
    "uneven": encoded(TOWN.crop((0, 0, 1711, 1003))),
    "small": encoded(TOWN.resize((427, 241))),
    "night": scene.jpeg(0, SIZE),
    "4:4:0": by_turbojpeg(TJSAMP_440),
    "4:1:1": by_turbojpeg(TJSAMP_411),
}


def both(data: bytes | Picture) -> tuple[Ingested, Ingested]:
    """Ingest with the library, and without."""
    frame = Frame(MOMENT, data)
    return ingest(frame, 90, turbojpeg), ingest(frame, 90, no_library)


def luma(jpeg: bytes | None) -> Picture:
    """The brightness of a JPEG that must be there."""
    assert jpeg is not None
    return np.asarray(Pillow.open(BytesIO(jpeg)).convert("L"))


def colours(jpeg: bytes | None) -> Picture:
    """Its colours, as seen from further away: one path keeps them finer than the other."""
    assert jpeg is not None
    return np.asarray(Pillow.open(BytesIO(jpeg)).convert("RGB").reduce(4))


def psnr(one: Picture, other: Picture) -> float:
    """How near two pictures are to each other, in decibels."""
    assert one.shape == other.shape
    error = float(np.square(one.astype(float) - other).mean())
    return 10 * float(np.log10(255**2 / max(error, 1e-9)))


def assert_alike(with_library: Ingested, without: Ingested) -> None:
    assert with_library.origin.readable
    assert (with_library.width, with_library.height) == (without.width, without.height)
    for size in ("small", "thumb"):
        one, other = getattr(with_library, size), getattr(without, size)
        assert psnr(luma(one), luma(other)) > 37, size
        assert psnr(colours(one), colours(other)) > 35, size
        assert 0.85 < len(one) / len(other) < 1.15, size
    assert with_library.luma == pytest.approx(without.luma, abs=0.3)
    assert with_library.phash is not None
    assert without.phash is not None
    assert distance(with_library.phash, without.phash) <= 4
    assert with_library.picture is not None
    assert without.picture is not None
    assert with_library.picture.shape == without.picture.shape


@pytest.mark.parametrize("name", JPEGS)
def test_camera_jpegs(name: str) -> None:
    one, other = both(JPEGS[name])
    assert_alike(one, other)
    assert one.origin == other.origin
    assert one.content_hash == other.content_hash


@pytest.mark.parametrize(
    "picture",
    [np.asarray(TOWN), np.asarray(TOWN.convert("L")), np.asarray(TOWN)[:1079, :1919]],
    ids=["colour", "grey", "uneven"],
)
def test_stream_pictures(picture: Picture) -> None:
    one, other = both(picture)
    assert_alike(one, other)
    assert psnr(luma(one.jpeg), luma(other.jpeg)) > 45
    assert 0.95 < len(one.jpeg) / len(other.jpeg) < 1.05


@pytest.mark.parametrize(
    "jpeg",
    [
        pytest.param(JPEGS["4:2:0"][:-2], id="no end"),
        pytest.param(JPEGS["4:2:0"][:90_000], id="cut"),
        pytest.param(JPEGS["4:2:0"][:90_000] + JPEGS["4:2:0"][95_000:], id="bytes lost"),
        pytest.param(JPEGS["4:2:0"][:-2] + b"left over\xff\xd9", id="bytes too many"),
        pytest.param(JPEGS["progressive"][:90_000] + b"\xff\xd9", id="ended early"),
        pytest.param(encoded(TOWN.convert("CMYK")), id="CMYK"),
    ],
)
def test_what_is_not_quite_right_is_left_to_pillow(jpeg: bytes) -> None:
    assert_same(*both(jpeg))


def assert_same(one: Ingested, other: Ingested) -> None:
    # That data do not make sense is told by the library alone.
    assert replace(one.origin, jpeg_errors=False) == other.origin
    assert (one.small, one.thumb, one.phash) == (other.small, other.thumb, other.phash)


def scores(load: LoadTurbo, t: float, pictures: list[bytes]) -> list[int]:
    """Judge pictures of a camera that has sent some good ones."""
    history = History()
    for number in (3, 2, 1):
        before = examine(*opened(scene.jpeg(t - number * MINUTE, SIZE), load), NUMPY)
        history = accepted(before, history, NUMPY)
    examined = (examine(*opened(jpeg, load), NUMPY) for jpeg in pictures)
    return [judge(one, history, shipped(), NUMPY).score for one in examined]


@pytest.mark.parametrize("t", [0.2, NOON])
def test_scores(t: float) -> None:
    whole = np.asarray(scene.draw(t, SIZE))
    damaged = [edit(whole, np.random.default_rng(1)) for edit in EDITS.values()]
    jpegs = [encoded(Pillow.fromarray(picture)) for picture in (whole, *damaged)]
    away = [
        abs(one - other)
        for one, other in zip(
            scores(turbojpeg, t, jpegs), scores(no_library, t, jpegs), strict=True
        )
    ]
    assert away[0] <= 2
    assert mean(away) <= 2
    assert sorted(away)[-2] <= 5
