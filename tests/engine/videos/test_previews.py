"""Posters and animations of real videos."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.errors import FfmpegMissingError, RenderError
from custom_components.timelapser.engine.models import (
    Codec,
    Encoding,
    Hardware,
    Quality,
    VideoFile,
    VideoSettings,
)
from custom_components.timelapser.engine.videos.codecs import SOFTWARE, software_encoder
from custom_components.timelapser.engine.videos.command import segment_command
from custom_components.timelapser.engine.videos.ffmpeg import encode
from custom_components.timelapser.engine.videos.previews import PreviewKind, animated, poster
from custom_components.timelapser.engine.videos.probe import probe
from tests.engine.videos.numbered import BITS, given, jpeg, jpegs, render_command

SIZE = (320, 192)
FPS = 24


@pytest.fixture
async def video(tmp_path: Path) -> Path:
    """A video of 48 numbered pictures, two seconds."""
    path = tmp_path / "my video %d.mp4"
    settings = VideoSettings(FPS, Quality.HIGH)
    await encode(render_command("ffmpeg", *SIZE, settings, path), given(jpegs(48, SIZE)))
    return path


def opened(path: Path) -> Pillow.Image:
    image = Pillow.open(path)
    image.load()
    return image


def number_of(image: Pillow.Image) -> int:
    luma = np.asarray(image.convert("L"))
    height, width = luma.shape
    middles = [luma[height // 2, width * (2 * bit + 1) // (2 * BITS)] for bit in range(BITS)]
    return sum(int(value > 125) << bit for bit, value in enumerate(middles))


def files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("number", [0, 1, 24, 47])
async def test_poster_is_the_frame_of_that_moment(video: Path, number: int) -> None:
    output = video.with_name("poster %d.jpg")
    await poster("ffmpeg", video, output, at=number / FPS)
    image = opened(output)
    assert (image.format, image.size, number_of(image)) == ("JPEG", SIZE, number)
    assert files(video.parent) == {video.name, output.name}


@pytest.mark.parametrize(("side", "size"), [(100, (100, 60)), (4000, SIZE), (64, (64, 38))])
async def test_poster_is_never_larger(video: Path, side: int, size: tuple[int, int]) -> None:
    output = video.with_name("poster.jpg")
    await poster("ffmpeg", video, output, side=side)
    assert opened(output).size == size


async def test_poster_has_the_colours_of_the_picture(tmp_path: Path) -> None:
    wanted = (200, 60, 40)
    video, output = tmp_path / "video.mp4", tmp_path / "poster.jpg"
    pictures = [jpeg(Pillow.new("RGB", SIZE, wanted), subsampling=0)] * 3
    settings = VideoSettings(FPS, Quality.ULTRA)
    await encode(render_command("ffmpeg", *SIZE, settings, video), given(pictures))
    await poster("ffmpeg", video, output)
    mean = np.asarray(opened(output).convert("RGB"), float).mean(axis=(0, 1))
    assert np.abs(mean - np.array(wanted)).max() < 6


@pytest.mark.parametrize("codec", Codec)
async def test_every_codec_has_previews(codec: Codec, tmp_path: Path) -> None:
    encoding = Encoding(codec, Quality.MEDIUM, Hardware.OFF, *SIZE)
    encoder = software_encoder(SOFTWARE[codec][0], encoding)
    video = tmp_path / f"video.{encoder.container}"
    command = segment_command("ffmpeg", encoder, encoding, (), video, fps=FPS)
    await encode(command, given(jpegs(30, SIZE)))
    await poster("ffmpeg", video, tmp_path / "poster.jpg", at=10 / FPS)
    assert number_of(opened(tmp_path / "poster.jpg")) == 10
    file = await probe("ffprobe", video)
    await animated("ffmpeg", video, tmp_path / "video.gif", file, PreviewKind.GIF)
    assert number_of(opened(tmp_path / "video.gif")) == 0


@pytest.mark.parametrize("kind", PreviewKind)
async def test_animation_hurries_through_the_whole_video(video: Path, kind: PreviewKind) -> None:
    output = video.with_name(f"preview %d.{kind}")
    file = await probe("ffprobe", video)
    await animated("ffmpeg", video, output, file, kind, seconds=1.2, fps=10, side=160)
    image = opened(output)
    assert (image.format, image.size) == (kind.upper(), (160, 96))
    assert image.info["loop"] == 0
    shown = []
    for frame in range(getattr(image, "n_frames", 1)):
        image.seek(frame)
        shown.append(number_of(image))
        if kind is PreviewKind.GIF:
            assert image.info["duration"] == 100
    assert len(shown) == pytest.approx(12, abs=1)
    assert shown == sorted(shown)
    assert shown[0] <= 4
    assert shown[-1] >= 40
    assert files(video.parent) == {video.name, output.name}


@pytest.mark.parametrize("kind", PreviewKind)
async def test_animation_of_a_single_frame(tmp_path: Path, kind: PreviewKind) -> None:
    video, output = tmp_path / "video.mp4", tmp_path / "preview"
    await encode(render_command("ffmpeg", *SIZE, VideoSettings(60), video), given(jpegs(1, SIZE)))
    await animated("ffmpeg", video, output, await probe("ffprobe", video), kind)
    assert opened(output).size == SIZE


async def test_animation_shrinks_until_it_is_small_enough(tmp_path: Path) -> None:
    noise = np.random.default_rng(3)
    pictures = [
        jpeg(Pillow.fromarray(noise.integers(0, 255, (192, 320, 3), dtype=np.uint8)))
        for _ in range(3)
    ]
    video, output = tmp_path / "video.mp4", tmp_path / "video.gif"
    settings = VideoSettings(12, Quality.HIGH)
    await encode(render_command("ffmpeg", *SIZE, settings, video), given(pictures))
    file = await probe("ffprobe", video)
    await animated("ffmpeg", video, output, file, PreviewKind.GIF, most_bytes=60_000)
    assert output.stat().st_size <= 60_000
    assert 64 <= opened(output).size[0] < 320
    await animated("ffmpeg", video, output, file, PreviewKind.GIF, most_bytes=1)
    assert opened(output).size[0] == 64


async def test_long_video_is_read_by_its_keyframes(tmp_path: Path) -> None:
    """200 frames have keyframes at 0, 50, 100 and 150."""
    video, output = tmp_path / "video.mp4", tmp_path / "video.gif"
    await encode(
        render_command("ffmpeg", *SIZE, VideoSettings(FPS, Quality.HIGH), video),
        given(jpegs(200, SIZE)),
    )
    file = await probe("ffprobe", video)
    await animated("ffmpeg", video, output, file, PreviewKind.GIF, seconds=0.2, fps=10)
    image = opened(output)
    shown = set()
    for frame in range(getattr(image, "n_frames", 1)):
        image.seek(frame)
        shown.add(number_of(image))
    assert len(shown) == 2
    assert shown <= {0, 50, 100, 150}


def nothing(video: Path) -> None:
    video.unlink()


def half(video: Path) -> None:
    video.write_bytes(video.read_bytes()[: video.stat().st_size // 2])


def words(video: Path) -> None:
    video.write_bytes(b"no video at all")


@pytest.mark.parametrize("damage", [nothing, half, words])
async def test_damaged_video_leaves_nothing(video: Path, damage: Callable[[Path], None]) -> None:
    file = await probe("ffprobe", video)
    damage(video)
    left = files(video.parent)
    with pytest.raises(RenderError):
        await poster("ffmpeg", video, video.with_name("poster.jpg"), at=1)
    for kind in PreviewKind:
        with pytest.raises(RenderError):
            await animated("ffmpeg", video, video.with_name("preview"), file, kind)
    assert files(video.parent) == left


@pytest.mark.parametrize("damage", [nothing, words])
async def test_damaged_video_cannot_be_probed(video: Path, damage: Callable[[Path], None]) -> None:
    damage(video)
    with pytest.raises(RenderError, match="cannot be read back"):
        await probe("ffprobe", video)


async def test_cut_video_has_fewer_frames(video: Path) -> None:
    """What stands at the front of the file still promises all of them."""
    half(video)
    assert (await probe("ffprobe", video)).frames < 48


async def test_moment_behind_the_end_has_no_poster(video: Path) -> None:
    output = video.with_name("poster.jpg")
    output.write_bytes(b"the one before")
    with pytest.raises(RenderError, match="no such frame"):
        await poster("ffmpeg", video, output, at=99)
    assert output.read_bytes() == b"the one before"
    assert files(video.parent) == {video.name, output.name}


async def test_ffmpeg_that_is_not_there(video: Path) -> None:
    with pytest.raises(FfmpegMissingError):
        await poster("/nowhere/ffmpeg", video, video.with_name("poster.jpg"))
    with pytest.raises(FfmpegMissingError):
        await probe("/nowhere/ffprobe", video)


async def test_cancelled_preview_leaves_nothing(video: Path) -> None:
    file = VideoFile(48, 2.0, 24.0, *SIZE, "h264", "yuv420p", 1)
    for kind in PreviewKind:
        making = asyncio.create_task(
            animated("ffmpeg", video, video.with_name("preview"), file, kind)
        )
        await asyncio.sleep(0.05)
        making.cancel()
        with pytest.raises(asyncio.CancelledError):
            await making
    assert files(video.parent) == {video.name}
