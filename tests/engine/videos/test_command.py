"""FFmpeg's arguments: what they hold, and what they never do."""

from datetime import UTC, datetime
from fractions import Fraction
import json
from pathlib import Path
import subprocess
from typing import Any

import pytest

from custom_components.timelapser.engine.models import (
    Codec,
    Encoding,
    Hardware,
    Quality,
    Resolution,
    VideoSettings,
)
from custom_components.timelapser.engine.videos.codecs import (
    HARDWARE,
    SOFTWARE,
    Encoder,
    h264_level,
    hardware_encoder,
    software_encoder,
)
from custom_components.timelapser.engine.videos.command import (
    metadata,
    metadata_arguments,
    rate_of,
    segment_command,
)
from custom_components.timelapser.engine.videos.ffmpeg import encode
from tests.engine.videos.numbered import given, jpegs, numbers, render_command

NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
OUTPUT = Path("/media/out.mp4")


def encoding_of(codec: Codec = Codec.H264, width: int = 1920, height: int = 1080) -> Encoding:
    return Encoding(codec, Quality.MEDIUM, Hardware.OFF, width, height)


def command_of(encoder: Encoder, encoding: Encoding, threads: int = 1) -> list[str]:
    return segment_command("ffmpeg", encoder, encoding, (), OUTPUT, fps=24, threads=threads)


def argument(command: list[str], name: str) -> str:
    """Answer what follows the last argument of that name."""
    at = len(command) - 1 - command[::-1].index(name)
    return command[at + 1]


def probed(video: Path) -> dict[str, Any]:
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(video)]
    found: dict[str, Any] = json.loads(
        subprocess.run(command, check=True, capture_output=True).stdout
    )
    return found


@pytest.mark.parametrize(
    ("size", "level"),
    [
        ((640, 480), "3.1"),
        ((480, 640), "3.1"),
        ((1280, 720), "3.2"),
        ((1920, 1080), "4.2"),
        ((1080, 1920), "4.2"),
        ((2560, 1440), "5.1"),
        ((3840, 2160), "5.2"),
        ((2, 2), "3.0"),
        ((4096, 64), "4.0"),  # short enough for 3.0, but too long
        ((7680, 4320), None),
        ((16384, 16), None),
    ],
)
def test_level_is_the_lowest_that_holds_the_size(size: tuple[int, int], level: str | None) -> None:
    assert h264_level(*size) == level
    command = command_of(
        software_encoder("libx264", encoding_of(Codec.H264, *size)),
        encoding_of(Codec.H264, *size),
    )
    assert ("-level" in command) is (level is not None)


@pytest.mark.parametrize("quality", Quality)
async def test_level_is_written(quality: Quality, tmp_path: Path) -> None:
    """Also where the slower presets would keep more frames than the level allows."""
    video = tmp_path / "video.mp4"
    encoding = Encoding(Codec.H264, quality, Hardware.OFF, 1280, 720)
    encoder = software_encoder("libx264", encoding)
    command = segment_command("ffmpeg", encoder, encoding, (), video, fps=24)
    await encode(command, given(jpegs(6)))
    shown = probed(video)["streams"][0]
    assert (shown["profile"], shown["level"]) == ("High", 32)


@pytest.mark.parametrize(
    ("resolution", "size", "fitted"),
    [
        (Resolution.NATIVE, (1920, 1080), (1920, 1080)),
        (Resolution.NATIVE, (641, 481), (640, 480)),
        (Resolution.NATIVE, (1, 1), (2, 2)),
        (Resolution.FHD, (3840, 2160), (1920, 1080)),
        (Resolution.FHD, (2160, 3840), (1080, 1920)),
        (Resolution.FHD, (1280, 720), (1280, 720)),
        (Resolution.FHD, (1920, 1080), (1920, 1080)),
        (Resolution.FHD, (2592, 1944), (1440, 1080)),
        (Resolution.HD, (1920, 1200), (1152, 720)),
        (Resolution.HD, (2304, 1296), (1280, 720)),
        (Resolution.SD, (1920, 1080), (852, 480)),
        (Resolution.SD, (10000, 500), (9600, 480)),
        (Resolution.SD, (10000, 2), (10000, 2)),
        (Resolution.UHD, (7680, 4320), (3840, 2160)),
        (Resolution.QHD, (3840, 2160), (2560, 1440)),
    ],
)
def test_resolution_caps_the_shorter_side(
    resolution: Resolution, size: tuple[int, int], fitted: tuple[int, int]
) -> None:
    assert resolution.fit(*size) == fitted


@pytest.mark.parametrize("fps", [1, 24, 60, Fraction(30000, 1001), Fraction(1, 7)])
def test_rate_is_read_back(fps: Fraction | int) -> None:
    encoding = encoding_of()
    encoder = software_encoder("libx264", encoding)
    command = segment_command("ffmpeg", encoder, encoding, (), OUTPUT, fps=fps)
    assert rate_of(command) == fps


@pytest.mark.parametrize("codec", Codec)
@pytest.mark.parametrize("quality", Quality)
@pytest.mark.parametrize("size", [(64, 48), (1920, 1080), (3840, 2160)])
def test_every_command_is_whole(codec: Codec, quality: Quality, size: tuple[int, int]) -> None:
    encoding = Encoding(codec, quality, Hardware.AUTO, *size)
    encoders = [software_encoder(name, encoding) for name in SOFTWARE[codec]]
    encoders += [hardware_encoder(api, encoding, "/dev/dri/renderD128") for api in HARDWARE]
    assert len({encoder.name for encoder in encoders}) == len(encoders)
    for encoder in encoders:
        command = command_of(encoder, encoding, threads=3)
        assert all(isinstance(part, str) and part and "{" not in part for part in command)
        assert command[-1] == str(OUTPUT)
        assert argument(command, "-c:v") == encoder.name
        assert argument(command, "-threads") == "3"
        assert command.index("-i") > command.index("-max_pixels")
        assert encoder.container == ("webm" if codec is Codec.VP9 else "mp4")
        assert encoder.tag == ("hvc1" if codec is Codec.HEVC else None)


def test_large_videos_plan_less_ahead() -> None:
    small, large = encoding_of(), encoding_of(Codec.H264, 3840, 2160)
    assert "rc-lookahead=20" in " ".join(software_encoder("libx264", small).arguments)
    assert "rc-lookahead=10" in " ".join(software_encoder("libx264", large).arguments)


AWKWARD = {
    "plain": ("Garden", "Garden"),
    "accents": ("Frühling im Garten 🌱", "Frühling im Garten 🌱"),
    "an option": ("-vf foo; rm -rf /", "-vf foo; rm -rf /"),
    "equals": ("a=b=c", "a=b=c"),
    "lines": ("one\ntwo\0three\t", "one two three"),
    "quotes": ('it\'s "so" \\', 'it\'s "so" \\'),
}


@pytest.mark.parametrize(("title", "written"), AWKWARD.values(), ids=AWKWARD)
async def test_metadata_is_in_the_file(title: str, written: str, tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    entries = metadata(title, NOON, f"{title}!")
    command = [
        *render_command("ffmpeg", 160, 96, VideoSettings(24), video)[:-1],
        *metadata_arguments(entries),
        str(video),
    ]
    await encode(command, given(jpegs(3)))
    tags = probed(video)["format"]["tags"]
    assert tags["title"] == written
    assert tags["artist"] == f"{title}!".replace(title, written + " " * (title[-1] == "\t"))
    assert tags["creation_time"].startswith("2026-11-24T12:00:00")


async def test_whole_video_plays_while_it_is_loaded(tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    await encode(render_command("ffmpeg", 161, 97, VideoSettings(30), video), given(jpegs(30)))
    data = video.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert numbers(video) == [*range(30)]
