"""Videos of every codec, played back: frames, order, time, colours, and damaged pictures."""

import asyncio
from fractions import Fraction
import hashlib
import json
from pathlib import Path
import random
import subprocess
from typing import Any

import av
import numpy as np
from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.errors import EncoderMissingError
from custom_components.timelapser.engine.models import Codec, Encoding, Hardware, Quality
from custom_components.timelapser.engine.videos.codecs import (
    GROUP,
    SOFTWARE,
    Encoder,
    software_encoder,
)
from custom_components.timelapser.engine.videos.command import segment_command
from custom_components.timelapser.engine.videos.encoders import Encoders
from custom_components.timelapser.engine.videos.ffmpeg import Progress, encode
from tests.engine.videos.numbered import (
    SIZE,
    given,
    jpeg,
    jpegs,
    moments,
    numbered,
    numbers,
)

EVERY = [(codec, name) for codec, names in SOFTWARE.items() for name in names]


def encoding_of(codec: Codec, quality: Quality = Quality.LOW, **options: Any) -> Encoding:
    width, height = options.pop("size", SIZE)
    return Encoding(codec, quality, Hardware.OFF, width, height)


@pytest.fixture(scope="module")
def built_in() -> str:
    return subprocess.run(
        ["ffmpeg", "-hide_banner", "-encoders"], check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture
def encoder(request: pytest.FixtureRequest, built_in: str) -> Encoder:
    """Each software encoder that this FFmpeg has."""
    codec, name = request.param
    if f" {name} " not in built_in:
        pytest.skip(f"FFmpeg is built without {name}")
    return software_encoder(name, encoding_of(codec))


every_encoder = pytest.mark.parametrize("encoder", EVERY, ids=lambda it: it[1], indirect=True)


async def make(
    output: Path, pictures: list[bytes], encoder: Encoder | None = None, **options: Any
) -> Progress:
    """Encode pictures, by the H.264 encoder if no other is named."""
    encoding = encoding_of(encoder.codec if encoder else Codec.H264, **options.pop("encoding", {}))
    encoder = encoder or software_encoder("libx264", encoding)
    arguments: dict[str, Any] = {"picture_filters": (), "fps": 24, "output": output} | options
    command = segment_command("ffmpeg", encoder, encoding, **arguments)
    return await encode(command, given(pictures))


def stream(video: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-of", "json", str(video)]
    output = subprocess.run(command, check=True, capture_output=True).stdout
    found: dict[str, Any] = json.loads(output)["streams"][0]
    return found


def colours(video: Path, size: tuple[int, int] = SIZE) -> np.ndarray:
    """Answer the mean colour of every frame, as FFmpeg shows it."""
    raw = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", video, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"],
        check=True,
        capture_output=True,
    ).stdout
    frames = np.frombuffer(raw, np.uint8).reshape(-1, size[0] * size[1], 3)
    means: np.ndarray = frames.mean(axis=1)
    return means


@every_encoder
async def test_every_codec_plays_back(encoder: Encoder, tmp_path: Path) -> None:
    video = tmp_path / f"video.{encoder.container}"
    count = 2 * GROUP + 10
    progress = await make(video, jpegs(count), encoder, frames=count)
    assert progress.frames == count
    assert numbers(video) == [*range(count)]
    found = stream(video)
    assert found["codec_name"] == encoder.codec
    assert found["pix_fmt"] == "yuv420p"
    assert found["codec_tag_string"] == {"h264": "avc1", "hevc": "hvc1", "av1": "av01"}.get(
        encoder.codec, "[0][0][0][0]"
    )
    assert found["color_range"] == "tv"
    assert {found[f"color_{part}"] for part in ("space", "transfer", "primaries")} == {"bt709"}
    with av.open(video) as container:
        keys = [packet.is_keyframe for packet in container.demux(video=0) if packet.size]
    assert [place for place, key in enumerate(keys) if key] == [0, GROUP, 2 * GROUP]


@every_encoder
async def test_colours_survive(encoder: Encoder, tmp_path: Path) -> None:
    wanted = [(200, 30, 30), (30, 180, 40), (40, 40, 210), (255, 255, 255), (0, 0, 0)]
    video = tmp_path / f"video.{encoder.container}"
    pictures = [jpeg(Pillow.new("RGB", SIZE, colour), subsampling=0) for colour in wanted]
    await make(video, pictures, encoder)
    # The low quality of these may cost some, another matrix or range costs at least twelve.
    assert np.abs(colours(video) - np.array(wanted)).max() < 8


@every_encoder
async def test_parameter_sets_do_not_depend_on_the_pictures(
    encoder: Encoder, tmp_path: Path
) -> None:
    found = []
    for name, pictures in {
        "dark": [jpeg(Pillow.new("L", SIZE, 10))] * 3,
        "busy": jpegs(60),
        "mixed": [jpeg(numbered(9, (64, 200))), *jpegs(5)],
    }.items():
        video = tmp_path / f"{name}.{encoder.container}"
        await make(video, pictures, encoder)
        with av.open(video) as container:
            found.append(container.streams.video[0].codec_context.extradata)
    assert found[0] == found[1] == found[2]


@every_encoder
async def test_same_pictures_make_the_same_file(encoder: Encoder, tmp_path: Path) -> None:
    digests = set()
    for name in ("one", "two"):
        await make(tmp_path / name, jpegs(20), encoder)
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).digest())
    assert len(digests) == 1


@pytest.mark.parametrize(
    "fps", [1, 10, 24, 30, 60, Fraction(30000, 1001), Fraction(7, 3), Fraction(1, 5)]
)
async def test_frames_come_at_a_constant_rate(fps: Fraction | int, tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    await make(video, jpegs(13), fps=fps)
    assert numbers(video) == [*range(13)]
    assert moments(video) == [number / Fraction(fps) for number in range(13)]
    assert float(stream(video)["duration"]) == pytest.approx(float(13 / Fraction(fps)), abs=0.002)


def turned(picture: Pillow.Image) -> bytes:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    return jpeg(picture, exif=exif)


def embedding(picture: Pillow.Image) -> bytes:
    exif = Pillow.Exif()
    exif[0x927C] = jpeg(numbered(99, (32, 24)))
    return jpeg(picture, exif=exif)


ODD = {
    "grey": jpeg(numbered(4).convert("L")),
    "cmyk": jpeg(numbered(4).convert("CMYK")),
    "4:4:4": jpeg(numbered(4), subsampling=0),
    "progressive": jpeg(numbered(4), progressive=True),
    "larger": jpeg(numbered(4, (640, 384))),
    "smaller": jpeg(numbered(4, (80, 48))),
    "odd sides": jpeg(numbered(4, (161, 97))),
    "padded": jpeg(numbered(4)) + b"\0" * 100,
    "doubled": jpeg(numbered(4)) + jpeg(numbered(77)),
    "restart markers": jpeg(numbered(4), restart_marker_blocks=1),
    "tagged as turned": turned(numbered(4)),
    "thumbnail inside": embedding(numbered(4)),
}


@pytest.mark.parametrize("place", [0, 4, 8], ids=["first", "middle", "last"])
@pytest.mark.parametrize("picture", ODD.values(), ids=ODD)
async def test_odd_picture_is_one_frame_at_its_place(
    picture: bytes, place: int, tmp_path: Path
) -> None:
    video = tmp_path / "video.mp4"
    pictures = jpegs(9)
    pictures[place] = picture
    await make(video, pictures)
    expected = [*range(9)]
    expected[place] = 4
    assert numbers(video) == expected


async def test_picture_of_another_shape_gets_bars(tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    white = [jpeg(Pillow.new("L", size, 255)) for size in (SIZE, (40, 96), (160, 24))]
    await make(video, white)
    with av.open(video) as container:
        frames = [frame.to_ndarray(format="gray") for frame in container.decode(video=0)]
    assert frames[0].min() > 200
    for frame, bar, middle in (
        (frames[1], frame_part(frames[1], columns=(0, 50)), (70, 90)),
        (frames[2], frame_part(frames[2], columns=(0, 160), rows=(0, 30)), (70, 90)),
    ):
        assert bar.max() < 40
        assert frame[48, slice(*middle)].min() > 200


def frame_part(
    frame: np.ndarray, columns: tuple[int, int], rows: tuple[int, int] = (0, 96)
) -> np.ndarray:
    return frame[slice(*rows), slice(*columns)]


BROKEN = {
    "empty": b"",
    "no jpeg": b"no jpeg at all" * 50,
    "header only": jpeg(numbered(4))[:300],
    "start mark only": b"\xff\xd8",
    "zeros": bytes(4000),
}


@pytest.mark.parametrize(
    ("places", "shown"),
    [
        ([0], [1, 1, 2, 3, 4, 5]),
        ([0, 1], [2, 2, 2, 3, 4, 5]),
        ([3], [0, 1, 2, 4, 4, 5]),
        ([5], [0, 1, 2, 3, 4, 4]),
        ([4, 5], [0, 1, 2, 3, 3, 3]),
        ([0, 5], [1, 1, 2, 3, 4, 4]),
        ([0, 1, 3, 4, 5], [2, 2, 2, 2, 2, 2]),
    ],
    ids=str,
)
@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
async def test_neighbour_stands_for_a_picture_that_cannot_be_read(
    broken: bytes, places: list[int], shown: list[int], tmp_path: Path
) -> None:
    video = tmp_path / "video.mp4"
    pictures = jpegs(6)
    for place in places:
        pictures[place] = broken
    progress = await make(video, pictures, frames=6)
    assert progress.frames == 6
    assert numbers(video) == shown
    at_end = 6 - next(place for place in range(6, 0, -1) if place - 1 not in places)
    assert progress.repeated == len(places) - at_end


async def test_damaged_bytes_never_shift_the_video(tmp_path: Path) -> None:
    source = random.Random(7)
    pictures = jpegs(40)
    damaged = range(3, 40, 4)
    for place in damaged:
        broken = bytearray(pictures[place])
        end = 700 if place % 8 == 3 else len(broken)
        for _ in range(8):
            broken[source.randrange(2, end)] = source.choice((0xFF, 0xD8, 0xE0, 0x00, 0xD9))
        if place % 3 == 0:
            del broken[source.randrange(2, len(broken)) :]
        pictures[place] = bytes(broken)
    video = tmp_path / "video.mp4"
    await make(video, pictures, frames=40)
    shown = numbers(video)
    assert len(shown) == 40
    assert [(at, it) for at, it in enumerate(shown) if at not in damaged and at != it] == []


async def test_header_that_claims_a_giant_is_left_aside(tmp_path: Path) -> None:
    giant = bytearray(jpeg(numbered(2)))
    size = giant.index(b"\xff\xc0") + 5
    giant[size : size + 4] = b"\xff\xdc\xff\xdc"
    video = tmp_path / "video.mp4"
    pictures = jpegs(5)
    pictures[2] = bytes(giant)
    async with asyncio.timeout(20):
        await make(video, pictures, frames=5)
    assert numbers(video) == [0, 1, 3, 3, 4]


async def test_own_filters_work_where_they_belong(tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    left_half = [jpeg(numbered(number, (320, 96))) for number in range(3)]
    for picture_filter, overlay, shown in (
        # The left half holds the four lowest bits, each twice as wide.
        (("crop=iw/2:ih:0:0",), (), [0, 0b11, 0b1100]),
        (("hflip",), (), [0, 0b1000_0000, 0b0100_0000]),
        ((), (r"drawbox=t=fill:c=white:enable='eq(t\,1/24)'",), [0, 255, 0b10]),
    ):
        await make(video, left_half, picture_filters=picture_filter, overlay_filters=overlay)
        assert numbers(video) == shown


SMALLEST = {Codec.H264: 2, Codec.HEVC: 16, Codec.AV1: 2, Codec.VP9: 2}
"""The shorter side below which no encoder here takes a picture."""


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("size", [(64, 64), (32, 16), (16, 32), (2, 2), (1000, 20)], ids=str)
async def test_small_and_long_sizes(codec: Codec, size: tuple[int, int], tmp_path: Path) -> None:
    encoding = encoding_of(codec, size=size)
    if min(size) < SMALLEST[codec]:
        with pytest.raises(EncoderMissingError):
            await Encoders("ffmpeg").choose(encoding)
        return
    encoder = await Encoders("ffmpeg").choose(encoding)
    video = tmp_path / f"video.{encoder.container}"
    await make(video, jpegs(4, size), encoder, encoding={"size": size})
    found = stream(video)
    assert (found["width"], found["height"]) == size
    with av.open(video) as container:
        assert len([*container.decode(video=0)]) == 4


@every_encoder
async def test_better_quality_is_larger_and_nearer_to_the_picture(
    encoder: Encoder, tmp_path: Path
) -> None:
    size = (320, 192)
    noise = np.random.default_rng(1)
    shade = np.linspace(20, 220, size[0])[None, :, None] + noise.normal(0, 12, (192, 320, 3))
    picture = Pillow.fromarray(shade.clip(0, 255).astype(np.uint8))
    lost, sizes = [], []
    for quality in Quality:
        encoding = encoding_of(encoder.codec, quality, size=size)
        chosen = software_encoder(encoder.name, encoding)
        video = tmp_path / f"{quality}.{encoder.container}"
        command = segment_command("ffmpeg", chosen, encoding, (), video, fps=24)
        await encode(command, given([jpeg(picture, subsampling=0)] * 3))
        with av.open(video) as container:
            frame = next(container.decode(video=0)).to_ndarray(format="gray").astype(float)
        wanted = np.asarray(picture.convert("L"), float)
        lost.append(float(np.square(frame - wanted).mean()))
        sizes.append(video.stat().st_size)
    assert (min(sizes), max(lost)) == (sizes[0], lost[0])
    assert lost[-1] < lost[0]
