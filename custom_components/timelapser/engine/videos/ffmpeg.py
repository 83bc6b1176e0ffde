"""The FFmpeg process: fed with JPEGs, watched, and ended in every case."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
import logging
import os
from pathlib import Path
import re
import signal
import struct
from typing import Final

from ..errors import (
    DiskFullError,
    FfmpegMemoryError,
    FfmpegMissingError,
    FfmpegStalledError,
    RenderError,
)
from .command import rate_of

_LOGGER = logging.getLogger(__name__)

type Spawn = Callable[..., Awaitable[asyncio.subprocess.Process]]
"""asyncio.create_subprocess_exec, or what stands for it in a test."""

NICE = 10
STALLED_AFTER = 120.0
"""Seconds without a new frame or a taken picture after which the process is given up."""
TERMINATED_WITHIN = 3.0
"""Seconds a process has to end when told to, before it is killed."""
LOOKED_AFTER_EVERY = 1.0
ERROR_BYTES = 4096
ERROR_LINES = 3
LONGEST_REASON = 300
MOST_OUTPUT = 1024 * 1024

# IVF is the simplest framing that says where a picture ends and which one it is. In a bare row of
# JPEGs FFmpeg looks for the next start mark, and one damaged byte can swallow the next picture.
_IVF_HEADER: Final = struct.Struct("<4sHH4sHHIIII")
_IVF_PICTURE: Final = struct.Struct("<IQ")

_NO_ROOM: Final = "No space left on device"
_NO_MEMORY: Final = "Cannot allocate memory"
_SAYS_NOTHING: Final = re.compile(
    "Conversion failed|Exiting normally|Last message repeated|Task finished with error"
    "|Terminating thread|Error (while opening encoder|initializing output|sending frames)"
    "|Could not open encoder before|Nothing was written|No JPEG data found|overread"
)
"""Lines that only follow from others, or tell of a picture that could not be read."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far FFmpeg is.

    `frames` are encoded, of which `repeated` stand for pictures that could not be read (the last
    ones of a video are not among them). `fps` is how many it encodes in a second, `speed` the
    seconds of video in a second; 0 while unknown. `cpu_seconds` is what it has used up to its last
    word, None where the system does not tell.
    """

    frames: int = 0
    repeated: int = 0
    fps: float = 0.0
    speed: float = 0.0
    cpu_seconds: float | None = None


async def encode(
    command: Sequence[str],
    jpegs: AsyncIterator[bytes],
    spawn: Spawn = asyncio.create_subprocess_exec,
    *,
    on_progress: Callable[[Progress], None] | None = None,
    stalled_after: float = STALLED_AFTER,
) -> Progress:
    """Run a command of `command.py` on the pictures, and answer where it ended.

    `on_progress` hears how far it is, about twice a second. Raises FfmpegMissingError when it
    cannot be started, FfmpegStalledError when it takes no more pictures and gives no more frames
    (the time in which `jpegs` has none does not count), FfmpegMemoryError, DiskFullError,
    RenderError when it fails for another reason, and what `jpegs` raises. The process has ended
    when this returns, raises or is cancelled. That it ended well proves nothing: count the
    frames.
    """
    process = await _start(command, spawn, asyncio.subprocess.PIPE)
    errors = bytearray()
    encoding = _Encoding(process, stalled_after)
    feeding = asyncio.create_task(encoding.feed(jpegs, rate_of(command)))
    draining = asyncio.create_task(_keep_end(process, errors))
    try:
        await encoding.follow(on_progress)
        code = await _ended(process, stalled_after)
        if feeding.done():
            await feeding
        await asyncio.wait([draining], timeout=TERMINATED_WITHIN)
    finally:
        feeding.cancel()
        draining.cancel()
        try:
            await _end(process)
        finally:
            await asyncio.gather(feeding, draining, return_exceptions=True)
    _check(command, code, errors)
    return encoding.progress


async def run(
    command: Sequence[str],
    spawn: Spawn = asyncio.create_subprocess_exec,
    *,
    within: float = STALLED_AFTER,
) -> bytes:
    """Run a command that reads no pictures, and answer its output, up to `MOST_OUTPUT` bytes.

    Raises the same errors as `encode`; it has `within` seconds altogether.
    """
    process = await _start(command, spawn, asyncio.subprocess.DEVNULL)
    errors = bytearray()
    draining = asyncio.create_task(_keep_end(process, errors))
    try:
        async with asyncio.timeout(within):
            output = await _read(process, MOST_OUTPUT)
            code = await process.wait()
            await draining
    except TimeoutError as error:
        raise FfmpegStalledError(seconds=round(within)) from error
    finally:
        draining.cancel()
        try:
            await _end(process)
        finally:
            await asyncio.gather(draining, return_exceptions=True)
    _check(command, code, errors)
    return output


class _Encoding:
    """A process that encodes: what it takes, and what it tells."""

    def __init__(self, process: asyncio.subprocess.Process, stalled_after: float) -> None:
        self.progress = Progress()
        self._process = process
        self._stalled_after = stalled_after
        self._clock = asyncio.get_running_loop().time
        self._alive = self._clock()
        self._waits_for_picture = False

    async def feed(self, jpegs: AsyncIterator[bytes], rate: Fraction) -> None:
        """Write the pictures, each with its number, as fast as they are taken."""
        stdin = self._process.stdin
        assert stdin is not None  # noqa: S101
        number = 0
        try:
            stdin.write(_header(rate))
            self._waits_for_picture = True
            async for jpeg in jpegs:
                self._live()
                stdin.write(_IVF_PICTURE.pack(len(jpeg), number) + jpeg)
                await stdin.drain()
                self._live(waits=True)
                number += 1
        except ConnectionError:
            _LOGGER.debug("FFmpeg closed its input after %d pictures", number)
        finally:
            self._live()
            stdin.close()
            with suppress(ConnectionError):
                await stdin.wait_closed()

    async def follow(self, on_progress: Callable[[Progress], None] | None) -> None:
        """Read the `key=value` lines of the progress until the output ends."""
        told: dict[str, str] = {}
        async for line in self._lines():
            key, _, value = line.strip().partition("=")
            told[key] = value.strip()
            if key != "progress":
                continue
            before, self.progress = self.progress, self._understand(told)
            if self.progress.frames > before.frames:
                self._live(waits=self._waits_for_picture)
            if on_progress is not None:
                on_progress(self.progress)
            told.clear()

    async def _lines(self) -> AsyncIterator[str]:
        """Answer the lines of the output; raise FfmpegStalledError when nothing moves any more."""
        assert self._process.stdout is not None  # noqa: S101
        rest = b""
        while True:
            chunk = None
            with suppress(TimeoutError):
                async with asyncio.timeout(min(LOOKED_AFTER_EVERY, self._stalled_after)):
                    chunk = await self._process.stdout.read(ERROR_BYTES)
            quiet = 0.0 if self._waits_for_picture else self._clock() - self._alive
            if quiet > self._stalled_after:
                raise FfmpegStalledError(seconds=round(quiet))
            if chunk == b"":
                return
            *lines, rest = (rest + (chunk or b"")).split(b"\n")
            # No line of FFmpeg is that long; what is not FFmpeg may never end one.
            rest = rest[-ERROR_BYTES:]
            for line in lines:
                yield line.decode(errors="replace")

    def _live(self, *, waits: bool = False) -> None:
        self._alive = self._clock()
        self._waits_for_picture = waits

    def _understand(self, told: dict[str, str]) -> Progress:
        cpu = _cpu_seconds(self._process.pid)
        return Progress(
            frames=max(self.progress.frames, int(_number(told.get("frame")))),
            repeated=int(_number(told.get("dup_frames"))),
            fps=_number(told.get("fps")),
            speed=_number(told.get("speed", "").rstrip("x")),
            cpu_seconds=self.progress.cpu_seconds if cpu is None else cpu,
        )


def _header(rate: Fraction) -> bytes:
    size = _IVF_HEADER.size
    ticks = rate.numerator, rate.denominator
    return _IVF_HEADER.pack(b"DKIF", 0, size, b"MJPG", 0, 0, *ticks, 0, 0)


async def _start(command: Sequence[str], spawn: Spawn, stdin: int) -> asyncio.subprocess.Process:
    try:
        process = await spawn(
            *command,
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            close_fds=False,
        )
    except OSError as error:
        raise FfmpegMissingError(binary=command[0]) from error
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
    return process


async def _read(process: asyncio.subprocess.Process, most: int) -> bytes:
    assert process.stdout is not None  # noqa: S101
    output = bytearray()
    while chunk := await process.stdout.read(ERROR_BYTES):
        output += chunk[: most - len(output)]
    return bytes(output)


async def _keep_end(process: asyncio.subprocess.Process, errors: bytearray) -> None:
    assert process.stderr is not None  # noqa: S101
    while chunk := await process.stderr.read(ERROR_BYTES):
        errors += chunk
        del errors[:-ERROR_BYTES]


async def _ended(process: asyncio.subprocess.Process, within: float) -> int:
    """Answer the exit code of a process that says no more."""
    try:
        async with asyncio.timeout(within):
            return await process.wait()
    except TimeoutError as error:
        raise FfmpegStalledError(seconds=round(within)) from error


async def _end(process: asyncio.subprocess.Process) -> None:
    """End a process that runs; also when this is cancelled itself."""
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(TERMINATED_WITHIN):
                await process.wait()
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                process.kill()
    await process.wait()


def _check(command: Sequence[str], code: int, errors: bytearray) -> None:
    """Raise the error that tells why a process failed."""
    text = errors.decode(errors="replace")
    if _NO_ROOM in text:  # which does not always show in the code
        raise DiskFullError
    if code == -signal.SIGKILL or (code and _NO_MEMORY in text):
        raise FfmpegMemoryError
    if code:
        raise RenderError(reason=_reason(command, text) or f"FFmpeg ended with code {code}")


def _reason(command: Sequence[str], text: str) -> str:
    """Answer FFmpeg's last lines, without paths and addresses: people see them."""
    for argument in command:
        if "/" in argument:
            text = text.replace(argument, Path(argument).name)
    lines = [re.sub(r"^\[[^]]* @ [^]]*\] *", "", line).strip() for line in text.splitlines()]
    lines = [line for line in lines if line and not _SAYS_NOTHING.search(line)]
    reason = "; ".join(dict.fromkeys(lines[-ERROR_LINES:]))
    reason = re.sub(r"\S*/\S+", lambda found: Path(found[0]).name, reason)
    return reason[-LONGEST_REASON:]


def _number(text: str | None) -> float:
    """Answer a number of the progress, 0 for "N/A" and what is none."""
    try:
        number = float(text or 0)
    except ValueError:
        return 0.0
    return number if 0 <= number < 1e12 else 0.0


def _cpu_seconds(pid: int) -> float | None:
    """Answer the time a process has computed, in all its threads, where the system tells."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")
    except OSError, ValueError:
        return None
