"""The FFmpeg process: what it tells, and every way it can end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from itertools import pairwise
import os
from pathlib import Path
import signal
import time
from typing import Any

import pytest

from custom_components.timelapser.engine.errors import (
    DiskFullError,
    FfmpegMemoryError,
    FfmpegMissingError,
    FfmpegStalledError,
    RenderError,
    TimelapserError,
)
from custom_components.timelapser.engine.models import Codec, Encoding, Hardware, Quality
from custom_components.timelapser.engine.videos.codecs import software_encoder
from custom_components.timelapser.engine.videos.command import segment_command
from custom_components.timelapser.engine.videos.ffmpeg import NICE, Progress, encode, run
from tests.engine.videos.conftest import Script
from tests.engine.videos.numbered import SIZE, given, jpegs, numbers


def command_for(ffmpeg: str, output: Path) -> list[str]:
    encoding = Encoding(Codec.H264, Quality.LOW, Hardware.OFF, *SIZE)
    encoder = software_encoder("libx264", encoding)
    return segment_command(ffmpeg, encoder, encoding, (), output, fps=24)


class Spawned:
    """Starts processes, and keeps them for a test to do something to."""

    def __init__(self) -> None:
        self.processes: list[asyncio.subprocess.Process] = []

    async def __call__(self, *command: str, **options: Any) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(*command, **options)
        self.processes.append(process)
        return process

    @property
    def pid(self) -> int:
        return self.processes[0].pid


def is_there(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, 0)
        return True
    return False


class Slow:
    """Pictures of which all but the first are held back until a test lets them go."""

    def __init__(self, count: int) -> None:
        self.pictures = jpegs(count)
        self.taken = asyncio.Event()
        self.go_on = asyncio.Event()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield self.pictures[0]
        self.taken.set()
        await self.go_on.wait()
        for picture in self.pictures[1:]:
            yield picture


async def test_progress_grows_and_is_answered(tmp_path: Path) -> None:
    told: list[Progress] = []
    count = 200
    answered = await encode(
        command_for("ffmpeg", tmp_path / "video.mp4"),
        given(jpegs(count)),
        on_progress=told.append,
    )
    frames = [progress.frames for progress in told]
    assert answered == told[-1]
    assert answered.frames == frames[-1] == count
    assert frames == sorted(frames)
    assert answered.repeated == 0
    assert answered.speed > 0
    for before, after in pairwise(told):
        assert (after.cpu_seconds or 0) >= (before.cpu_seconds or 0)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")
async def test_cpu_time_is_that_of_the_process(script: Script, tmp_path: Path) -> None:
    ffmpeg = script(
        "i=0; while [ $i -lt 200000 ]; do i=$((i + 1)); done\n"
        "echo frame=1; echo progress=continue\n"
        "cat > /dev/null; echo frame=2; echo progress=end"
    )
    seen = asyncio.Event()
    pictures = Slow(2)
    told: list[Progress] = []

    def on_progress(progress: Progress) -> None:
        told.append(progress)
        seen.set()

    running = asyncio.create_task(
        encode(command_for(ffmpeg, tmp_path / "x"), aiter(pictures), on_progress=on_progress)
    )
    await seen.wait()
    pictures.go_on.set()
    assert (await running).frames == 2
    assert 0.01 < (told[0].cpu_seconds or 0) < 30


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="the system has no /proc")
async def test_process_is_nice(tmp_path: Path) -> None:
    pictures, spawned = Slow(2), Spawned()
    running = asyncio.create_task(
        encode(command_for("ffmpeg", tmp_path / "video.mp4"), aiter(pictures), spawned)
    )
    await pictures.taken.wait()
    assert os.getpriority(os.PRIO_PROCESS, spawned.pid) == NICE
    pictures.go_on.set()
    await running


async def test_no_pictures_are_no_video(tmp_path: Path) -> None:
    with pytest.raises(RenderError):
        await encode(command_for("ffmpeg", tmp_path / "video.mp4"), given([]))


async def test_only_broken_pictures_are_no_video(tmp_path: Path) -> None:
    command = command_for("ffmpeg", tmp_path / "video.mp4")
    with pytest.raises(RenderError):
        await encode(command, given([b"", b"nothing", bytes(99)]))


def not_executable(folder: Path) -> str:
    path = folder / "ffmpeg"
    path.write_text("#!/bin/sh\n")
    return str(path)


def no_program(folder: Path) -> str:
    path = folder / "ffmpeg"
    path.write_bytes(b"\x7fELF and no more")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    "make",
    [lambda _: "/nowhere/ffmpeg", str, not_executable, no_program],
    ids=["absent", "a folder", "not executable", "no program"],
)
async def test_ffmpeg_that_cannot_be_started(make: Callable[[Path], str], tmp_path: Path) -> None:
    ffmpeg = make(tmp_path)
    with pytest.raises(FfmpegMissingError) as caught:
        await encode(command_for(ffmpeg, tmp_path / "x.mp4"), given(jpegs(2)))
    assert caught.value.placeholders == {"binary": ffmpeg}


FAILURES: dict[str, tuple[str, type[TimelapserError], str]] = {
    "code": ("cat > /dev/null; exit 3", RenderError, "FFmpeg ended with code 3"),
    "word": ("cat > /dev/null; echo no good >&2; exit 1", RenderError, "no good"),
    "at once": ("echo no good >&2; exit 1", RenderError, "no good"),
    "input closed": ("exec <&-; echo no good >&2; exit 1", RenderError, "no good"),
    "cause before the end": (
        "echo '[libx264 @ 0x55d0c0ffee00] bad preset' >&2; echo 'Conversion failed!' >&2; exit 1",
        RenderError,
        "bad preset",
    ),
    "path": (
        "echo '/media/my disk/garden/video.mp4: Permission denied' >&2; exit 1",
        RenderError,
        "Permission denied",
    ),
    "many lines": ("seq 1 100000 >&2; exit 1", RenderError, "99998; 99999; 100000"),
    "one long line": (
        "head -c 300000 /dev/zero | tr '\\0' x >&2; exit 1",
        RenderError,
        "xxxx",
    ),
    "no text": ("head -c 3000 /dev/urandom >&2; exit 1", RenderError, ""),
    "killed": ("kill -9 $$", FfmpegMemoryError, ""),
    "segmentation fault": ("kill -11 $$", RenderError, "FFmpeg ended with code -11"),
    "no memory": ("echo 'x: Cannot allocate memory' >&2; exit 1", FfmpegMemoryError, ""),
    "disk full": ("echo 'x: No space left on device' >&2; exit 1", DiskFullError, ""),
    "disk full at the end": ("echo 'x: No space left on device' >&2", DiskFullError, ""),
}


@pytest.mark.parametrize(("lines", "error", "reason"), FAILURES.values(), ids=FAILURES)
async def test_failure_is_told(
    lines: str, error: type[TimelapserError], reason: str, script: Script, tmp_path: Path
) -> None:
    ffmpeg = script(lines)
    with pytest.raises(error) as caught:
        await encode(command_for(ffmpeg, tmp_path / "x.mp4"), given(jpegs(30)))
    assert type(caught.value) is error
    told = caught.value.placeholders.get("reason", "")
    assert reason in told
    assert len(told) <= 300
    assert "/" not in told
    assert "0x" not in told


async def test_real_disk_that_is_full(tmp_path: Path) -> None:
    command = command_for("ffmpeg", Path("/dev/full"))
    command[command.index("mp4")] = "mpegts"
    with pytest.raises(DiskFullError):
        await encode(command, given(jpegs(60)))


async def test_real_command_that_makes_no_sense(tmp_path: Path) -> None:
    command = command_for("ffmpeg", tmp_path / "nowhere" / "video.mp4")
    with pytest.raises(RenderError) as caught:
        await encode(command, given(jpegs(5)))
    assert "video.mp4: No such file or directory" in caught.value.placeholders["reason"]
    assert str(tmp_path) not in str(caught.value)


GARBAGE = {
    "words": "echo hello; echo frame=x; echo frame=-5; echo frame=nan; echo progress=; echo =",
    "numbers": "echo frame=1e999; echo fps=inf; echo speed=N/A; echo progress=continue",
    "bytes": "head -c 100000 /dev/urandom",
    "a line without an end": "head -c 3000000 /dev/zero | tr '\\0' x",
}


@pytest.mark.parametrize("lines", GARBAGE.values(), ids=GARBAGE)
async def test_garbage_in_place_of_progress(lines: str, script: Script, tmp_path: Path) -> None:
    ffmpeg = script(f"{lines}\necho\necho frame=2; echo progress=end; cat > /dev/null")
    told: list[Progress] = []
    command = command_for(ffmpeg, tmp_path / "x.mp4")
    assert (await encode(command, given(jpegs(5)), on_progress=told.append)).frames == 2
    assert all(0 <= progress.frames < 10 for progress in told)
    assert all(0 <= number < 1e12 for it in told for number in (it.fps, it.speed))


HANGS = {
    "takes nothing": "exec sleep 60",
    "takes all and goes on": "cat > /dev/null; exec sleep 60",
    "goes on telling": (
        "cat > /dev/null; while :; do echo frame=3; echo progress=continue; sleep 0.05; done"
    ),
    "closes its output": "exec >&-; exec 2>&-; exec sleep 60",
}


@pytest.mark.parametrize("lines", HANGS.values(), ids=HANGS)
async def test_process_that_hangs_is_ended(lines: str, script: Script, tmp_path: Path) -> None:
    spawned = Spawned()
    command = command_for(script(lines), tmp_path / "x.mp4")
    with pytest.raises(FfmpegStalledError):
        async with asyncio.timeout(30):
            await encode(command, given(jpegs(60)), spawned, stalled_after=0.3)
    assert not is_there(spawned.pid)


async def test_stopped_ffmpeg_is_killed(tmp_path: Path) -> None:
    """A stopped process does not hear that it should end."""
    pictures, spawned = Slow(200), Spawned()
    running = asyncio.create_task(
        encode(
            command_for("ffmpeg", tmp_path / "video.mp4"),
            aiter(pictures),
            spawned,
            stalled_after=0.3,
        )
    )
    await pictures.taken.wait()
    os.kill(spawned.pid, signal.SIGSTOP)
    pictures.go_on.set()
    with pytest.raises(FfmpegStalledError):
        await running
    assert spawned.processes[0].returncode == -signal.SIGKILL


async def test_killed_ffmpeg_is_short_of_memory(tmp_path: Path) -> None:
    pictures, spawned = Slow(200), Spawned()
    running = asyncio.create_task(
        encode(command_for("ffmpeg", tmp_path / "video.mp4"), aiter(pictures), spawned)
    )
    await pictures.taken.wait()
    os.kill(spawned.pid, signal.SIGKILL)
    pictures.go_on.set()
    with pytest.raises(FfmpegMemoryError):
        await running


async def test_slow_pictures_are_no_stall(tmp_path: Path) -> None:
    video = tmp_path / "video.mp4"
    pictures = Slow(5)
    running = asyncio.create_task(
        encode(command_for("ffmpeg", video), aiter(pictures), stalled_after=0.2)
    )
    await pictures.taken.wait()
    done, _ = await asyncio.wait([running], timeout=1.5)
    assert not done
    pictures.go_on.set()
    assert (await running).frames == 5
    assert numbers(video) == [*range(5)]


async def test_failing_pictures_fail_the_video(tmp_path: Path) -> None:
    async def vanishing() -> AsyncIterator[bytes]:
        for picture in jpegs(3):
            yield picture
        raise RenderError(reason="an image vanished")

    spawned = Spawned()
    with pytest.raises(RenderError, match="an image vanished"):
        await encode(command_for("ffmpeg", tmp_path / "video.mp4"), vanishing(), spawned)
    assert not is_there(spawned.pid)


STUBBORN = "trap '' TERM; echo frame=1; echo progress=continue; while :; do sleep 0.1; done"


async def begin(ffmpeg: str, output: Path) -> tuple[asyncio.Task[Progress], Spawned]:
    """Start a process, and answer when it has said something."""
    spawned, said = Spawned(), asyncio.Event()
    pictures = Slow(100)
    pictures.go_on.set()
    running = asyncio.create_task(
        encode(
            command_for(ffmpeg, output),
            aiter(pictures),
            spawned,
            on_progress=lambda _: said.set(),
        )
    )
    async with asyncio.timeout(20):
        await said.wait()
    return running, spawned


async def test_cancelled_process_is_gone_in_time(script: Script, tmp_path: Path) -> None:
    for lines, within in (
        ("echo frame=1; echo progress=continue; exec sleep 60", 2.5),
        (STUBBORN, 5.0),
    ):
        running, spawned = await begin(script(lines), tmp_path / "video.mp4")
        began = time.monotonic()
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
        assert time.monotonic() - began < within
        assert not is_there(spawned.pid)


async def test_second_cancellation_kills_at_once(script: Script, tmp_path: Path) -> None:
    running, spawned = await begin(script(STUBBORN), tmp_path / "video.mp4")
    running.cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    running.cancel()
    began = time.monotonic()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert await spawned.processes[0].wait() == -signal.SIGKILL
    assert time.monotonic() - began < 2.5


async def test_run_answers_the_output(script: Script) -> None:
    assert await run([script('echo "one two"')]) == b"one two\n"


@pytest.mark.parametrize(
    ("lines", "error"),
    [
        ("exec sleep 60", FfmpegStalledError),
        ("exec yes", FfmpegStalledError),
        ("exit 1", RenderError),
        ("kill -9 $$", FfmpegMemoryError),
    ],
)
async def test_run_ends(lines: str, error: type[TimelapserError], script: Script) -> None:
    spawned = Spawned()
    with pytest.raises(error):
        await run([script(lines)], spawned, within=0.5)
    assert not is_there(spawned.pid)
