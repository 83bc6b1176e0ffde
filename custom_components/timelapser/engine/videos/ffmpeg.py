"""The FFmpeg process: fed with JPEGs, watched, and ended in every case."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
import logging
import os
from pathlib import Path
import re

from ..errors import FfmpegMissingError, RenderError

_LOGGER = logging.getLogger(__name__)

type Spawn = Callable[..., Awaitable[asyncio.subprocess.Process]]
"""asyncio.create_subprocess_exec, or what stands for it in a test."""

NICE = 10
STALLED_AFTER = 120.0
"""Seconds without a new frame after which the process is given up."""
TERMINATED_WITHIN = 5.0
ERROR_BYTES = 2048


async def encode(
    command: list[str],
    jpegs: AsyncIterator[bytes],
    on_frames: Callable[[int], None],
    spawn: Spawn = asyncio.create_subprocess_exec,
) -> None:
    """Run the command on the pictures; `on_frames` hears how many are encoded.

    Raises FfmpegMissingError when it cannot be started, RenderError when it fails or stalls. The
    process has ended when this returns, raises or is cancelled.
    """
    try:
        process = await spawn(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            close_fds=False,
        )
    except OSError as error:
        raise FfmpegMissingError(binary=command[0]) from error
    with suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, NICE)
    errors = bytearray()
    feeding = asyncio.create_task(_feed(process, jpegs))
    draining = asyncio.create_task(_keep_end(process, errors))
    try:
        await _follow(process, on_frames)
        await feeding
        await draining
        code = await process.wait()
    finally:
        feeding.cancel()
        draining.cancel()
        await _end(process)
        await asyncio.gather(feeding, draining, return_exceptions=True)
    if code:
        raise RenderError(reason=_reason(errors, code))


async def _feed(process: asyncio.subprocess.Process, jpegs: AsyncIterator[bytes]) -> None:
    stdin = process.stdin
    assert stdin is not None  # noqa: S101
    try:
        async for jpeg in jpegs:
            stdin.write(jpeg)
            await stdin.drain()
    except ConnectionError, BrokenPipeError:
        _LOGGER.debug("FFmpeg closed its input early")
    finally:
        stdin.close()
        with suppress(ConnectionError, BrokenPipeError):
            await stdin.wait_closed()


async def _follow(process: asyncio.subprocess.Process, on_frames: Callable[[int], None]) -> None:
    """Read `frame=N` lines of the progress until the output ends."""
    assert process.stdout is not None  # noqa: S101
    frames = 0
    clock = asyncio.get_running_loop().time
    advanced = clock()
    while True:
        try:
            async with asyncio.timeout(STALLED_AFTER):
                line = await process.stdout.readline()
        except TimeoutError as error:
            raise RenderError(reason="FFmpeg stalled") from error
        if not line:
            return
        key, _, value = line.decode(errors="replace").strip().partition("=")
        if key == "frame" and value.isdecimal() and int(value) > frames:
            frames, advanced = int(value), clock()
            on_frames(frames)
        elif clock() - advanced > STALLED_AFTER:
            raise RenderError(reason="FFmpeg stalled")


async def _keep_end(process: asyncio.subprocess.Process, errors: bytearray) -> None:
    assert process.stderr is not None  # noqa: S101
    while chunk := await process.stderr.read(4096):
        errors += chunk
        del errors[:-ERROR_BYTES]


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    with suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(TERMINATED_WITHIN):
            await process.wait()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _reason(errors: bytes | bytearray, code: int) -> str:
    """Answer FFmpeg's last line, without paths: people see it in the job."""
    lines = bytes(errors).decode(errors="replace").strip().splitlines()
    text = re.sub(r"\S*/\S+", lambda found: Path(found[0]).name, lines[-1]) if lines else ""
    return text[:200] or f"FFmpeg ended with code {code}"
