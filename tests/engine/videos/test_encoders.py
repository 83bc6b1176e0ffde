"""Which encoder is taken, on machines with and without graphics, and with any FFmpeg."""

import asyncio
from collections.abc import Callable
from pathlib import Path
import shutil
from typing import Any

import pytest

from custom_components.timelapser.engine.errors import (
    DiskFullError,
    EncoderMissingError,
    FfmpegMissingError,
    FfmpegTooOldError,
)
from custom_components.timelapser.engine.models import Codec, Encoding, Hardware, Quality
from custom_components.timelapser.engine.videos import capabilities
from custom_components.timelapser.engine.videos.command import segment_command
from custom_components.timelapser.engine.videos.encoders import Encoders
from custom_components.timelapser.engine.videos.ffmpeg import encode
from tests.engine.videos.numbered import SIZE, given, jpegs, numbers

H264 = Encoding(Codec.H264, Quality.LOW, Hardware.AUTO, *SIZE)
SOFTWARE_ONLY = Encoding(Codec.H264, Quality.LOW, Hardware.OFF, *SIZE)

type Behave = Callable[[list[str]], list[str]]


def says(text: str, code: int = 1) -> Behave:
    """Stand for an encoder that does not work."""
    return lambda _: ["sh", "-c", f"echo '{text}' >&2; exit {code}"]


def works(command: list[str]) -> list[str]:
    """Stand for a hardware encoder: the software's, given the frames in the same way."""
    without = [part for part in command if part != "-vaapi_device" and "/dev/dri" not in part]
    at = without.index("-c:v", without.index("-vf"))
    end = without.index("-threads", at)
    without[at:end] = ["-c:v", "libx264", "-preset", "ultrafast"]
    return [part.replace(",hwupload", "") for part in without]


def hangs(_: list[str]) -> list[str]:
    return ["sleep", "60"]


def falls_short(command: list[str]) -> list[str]:
    return [*works(command)[:-1], "-frames:v", "3", command[-1]]


class Machine:
    """A machine with hardware encoders of a kind; the rest is real FFmpeg."""

    def __init__(self, **encoders: Behave) -> None:
        self.encoders = encoders
        self.tried: list[str] = []

    async def __call__(self, *command: str, **options: Any) -> asyncio.subprocess.Process:
        arguments = [*command]
        if "-encoders" in arguments:
            lines = "".join(f"echo ' V....D {name} x'; " for name in ("libx264", *self.encoders))
            arguments = ["sh", "-c", lines]
        elif "-vf" in arguments:
            name = arguments[arguments.index("-c:v", arguments.index("-vf")) + 1]
            self.tried.append(name)
            if behave := self.encoders.get(name):
                arguments = behave(arguments)
        return await asyncio.create_subprocess_exec(*arguments, **options)

    def chooser(self, *nodes: str) -> Encoders:
        return Encoders("ffmpeg", self, nodes=lambda: [*nodes])


@pytest.fixture
def script(tmp_path: Path) -> Callable[[str], str]:
    def write(lines: str) -> str:
        path = tmp_path / "ffmpeg"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return str(path)

    return write


async def test_hardware_that_is_only_listed_falls_back_with_the_reason() -> None:
    """This is real FFmpeg on a machine that may or may not have some."""
    encoder = await Encoders("ffmpeg").choose(H264)
    if encoder.name == "libx264":
        assert encoder.reason
        assert "/" not in encoder.reason
        assert "h264_" in encoder.reason or "built without" in encoder.reason
    else:
        assert encoder.reason is None


@pytest.mark.parametrize("codec", Codec)
async def test_software_has_no_reason(codec: Codec) -> None:
    encoder = await Encoders("ffmpeg").choose(Encoding(codec, Quality.LOW, Hardware.OFF, 128, 128))
    assert (encoder.codec, encoder.reason, encoder.stitchable) == (codec, None, True)


@pytest.mark.parametrize(
    ("encoders", "nodes", "chosen", "tried"),
    [
        ({}, (), "libx264", ["libx264"]),
        ({"h264_nvenc": works}, (), "h264_nvenc", ["h264_nvenc"]),
        (
            {"h264_v4l2m2m": works, "h264_nvenc": says("no driver")},
            (),
            "h264_v4l2m2m",
            ["h264_nvenc", "h264_v4l2m2m"],
        ),
        ({"h264_vaapi": works}, (), "libx264", ["libx264"]),
        ({"h264_vaapi": works}, ("/dev/dri/renderD128",), "h264_vaapi", ["h264_vaapi"]),
        (
            {"h264_vaapi": says("failed"), "h264_qsv": says("failed"), "h264_rkmpp": works},
            ("/dev/dri/renderD128", "/dev/dri/renderD129"),
            "h264_rkmpp",
            ["h264_qsv", "h264_qsv", "h264_vaapi", "h264_vaapi", "h264_rkmpp"],
        ),
        ({"hevc_nvenc": works}, (), "libx264", ["libx264"]),
        ({"h264_nvenc": falls_short}, (), "libx264", ["h264_nvenc", "libx264"]),
    ],
)
async def test_first_encoder_that_works_is_chosen(
    encoders: dict[str, Behave], nodes: tuple[str, ...], chosen: str, tried: list[str]
) -> None:
    machine = Machine(**encoders)
    assert (await machine.chooser(*nodes).choose(H264)).name == chosen
    assert machine.tried == tried


async def test_every_reason_is_told() -> None:
    machine = Machine(h264_nvenc=says("Cannot load driver"), h264_vaapi=says("x" * 500))
    encoder = await machine.chooser("/dev/dri/renderD128").choose(H264)
    assert encoder.reason is not None
    assert encoder.reason.startswith("h264_nvenc: Cannot load driver; h264_vaapi: xxx")
    assert len(encoder.reason) < 300
    without_node = await Machine(h264_vaapi=works).chooser().choose(H264)
    assert without_node.reason == "h264_vaapi: the machine has no render node"


async def test_hardware_that_hangs_is_left_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "custom_components.timelapser.engine.videos.encoders.PROBE_STALLED_AFTER", 0.3
    )
    encoder = await Machine(h264_nvenc=hangs).chooser().choose(H264)
    assert (encoder.name, encoder.reason) == ("libx264", "h264_nvenc: ffmpeg_stalled")


async def test_hardware_encodes_a_video(tmp_path: Path) -> None:
    machine = Machine(h264_vaapi=works)
    encoder = await machine.chooser("/dev/dri/renderD128").choose(H264)
    assert encoder.before_input == ("-vaapi_device", "/dev/dri/renderD128")
    assert not encoder.stitchable
    video = tmp_path / "video.mp4"
    command = segment_command("ffmpeg", encoder, H264, (), video, fps=24)
    await encode(command, given(jpegs(20)), machine)
    assert numbers(video) == [*range(20)]


async def test_what_was_found_is_kept_by_size() -> None:
    machine = Machine(h264_nvenc=says("no"))
    chooser = machine.chooser()
    await asyncio.gather(*(chooser.choose(H264) for _ in range(5)))
    assert machine.tried == ["h264_nvenc", "libx264"]
    better = Encoding(Codec.H264, Quality.ULTRA, Hardware.AUTO, *SIZE)
    assert "17" in (await chooser.choose(better)).arguments
    assert machine.tried == ["h264_nvenc", "libx264"]
    await chooser.choose(Encoding(Codec.H264, Quality.LOW, Hardware.AUTO, 320, 192))
    assert machine.tried == ["h264_nvenc", "libx264"] * 2


async def test_encoder_that_failed_after_all_is_chosen_no_more() -> None:
    chooser = Machine(h264_nvenc=works).chooser()
    first = await chooser.choose(H264)
    assert first.name == "h264_nvenc"
    chooser.distrust(first, H264, "out of sessions")
    second = await chooser.choose(H264)
    assert (second.name, second.reason) == ("libx264", "h264_nvenc: out of sessions")


async def test_software_is_tried_again_after_a_failure() -> None:
    machine = Machine(libx264=says("Resource temporarily unavailable"))
    chooser = machine.chooser()
    with pytest.raises(EncoderMissingError) as caught:
        await chooser.choose(SOFTWARE_ONLY)
    assert caught.value.placeholders == {
        "codec": "h264",
        "reason": "libx264: Resource temporarily unavailable",
    }
    del machine.encoders["libx264"]
    assert (await chooser.choose(SOFTWARE_ONLY)).name == "libx264"


async def test_full_disk_is_no_fault_of_the_encoder() -> None:
    machine = Machine(h264_nvenc=says("probe.mp4: No space left on device"))
    with pytest.raises(DiskFullError):
        await machine.chooser().choose(H264)
    machine.encoders["h264_nvenc"] = works
    assert (await machine.chooser().choose(H264)).name == "h264_nvenc"


async def test_codec_that_is_not_built_in() -> None:
    chooser = Machine().chooser()
    with pytest.raises(EncoderMissingError) as caught:
        await chooser.choose(Encoding(Codec.AV1, Quality.LOW, Hardware.OFF, *SIZE))
    assert caught.value.placeholders == {"codec": "av1", "reason": "no encoder is built in"}


async def test_cancelled_choice_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine(h264_nvenc=hangs)
    chooser = machine.chooser()
    choosing = asyncio.create_task(chooser.choose(H264))
    async with asyncio.timeout(20):
        while not machine.tried:
            await asyncio.sleep(0.01)
    choosing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await choosing
    machine.encoders["h264_nvenc"] = works
    assert (await chooser.choose(H264)).name == "h264_nvenc"


def files(folder: Path) -> list[Path]:
    return [*folder.iterdir()]


async def test_probes_leave_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    await Machine(h264_nvenc=says("no")).chooser().choose(H264)
    assert not files(tmp_path)


VERSIONS = {
    "ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026": "5.1.9-0+deb12u1",
    "ffmpeg version 8.0.1 Copyright": "8.0.1",
    "ffmpeg version n7.1.2-4-gabc Copyright": "n7.1.2-4-gabc",
    "ffmpeg version 10.0 Copyright": "10.0",
    "ffmpeg version N-112345-gdeadbeef Copyright": "N-112345-gdeadbeef",
    "ffmpeg version git-2026-01-01-abc Copyright": "git-2026-01-01-abc",
}


@pytest.mark.parametrize(("said", "version"), VERSIONS.items())
async def test_version(said: str, version: str, script: Callable[[str], str]) -> None:
    assert await Encoders(script(f"echo '{said}'")).version() == version


async def test_version_of_the_real_one() -> None:
    assert shutil.which("ffmpeg")
    assert await Encoders("ffmpeg").version()


@pytest.mark.parametrize("version", ["4.4.2-0ubuntu0.22.04.1", "5.0.3", "n4.2", "2.8.17", "0.5"])
async def test_version_that_is_too_old(version: str, script: Callable[[str], str]) -> None:
    chooser = Encoders(script(f"echo 'ffmpeg version {version} Copyright'"))
    for answer in (chooser.version(), chooser.choose(H264)):
        with pytest.raises(FfmpegTooOldError) as caught:
            await answer
        assert caught.value.placeholders == {"version": version, "needed": "5.1"}


NO_FFMPEG = {
    "another program": "echo 'avconv version 12'",
    "silent": "exit 0",
    "failing": "echo 'library not found' >&2; exit 127",
    "garbage": "head -c 100000 /dev/urandom",
    "endless": "exec yes",
    "hanging": "exec sleep 60",
    "crashing": "kill -11 $$",
}


@pytest.mark.parametrize("lines", NO_FFMPEG.values(), ids=NO_FFMPEG)
async def test_program_that_is_no_ffmpeg(
    lines: str, script: Callable[[str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(capabilities, "ANSWERS_WITHIN", 0.5)
    ffmpeg = script(lines)
    with pytest.raises(FfmpegMissingError) as caught:
        await Encoders(ffmpeg).version()
    assert caught.value.placeholders == {"binary": ffmpeg}


async def test_ffmpeg_that_is_installed_later(tmp_path: Path) -> None:
    path = tmp_path / "ffmpeg"
    chooser = Encoders(str(path))
    with pytest.raises(FfmpegMissingError):
        await chooser.version()
    path.write_text("#!/bin/sh\necho 'ffmpeg version 8.0 Copyright'\n")
    path.chmod(0o755)
    assert await chooser.version() == "8.0"
