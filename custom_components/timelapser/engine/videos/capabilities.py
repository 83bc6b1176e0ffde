"""What an FFmpeg program is, by its own word: version and encoders."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
import re
from typing import Final

from ..errors import FfmpegMissingError, FfmpegTooOldError, RenderError
from .ffmpeg import Spawn, run

NEEDED: Final = (5, 1)
"""The first version that knows `-fps_mode`, and holds an encoder of AV1 that is fast enough."""
ANSWERS_WITHIN: Final = 20.0
"""Seconds; a small machine reads the program from a slow card the first time."""

_VERSION: Final = re.compile(rb"ffmpeg version (\S+)")
_NUMBERS: Final = re.compile(r"n?(\d+)\.(\d+)")
_ENCODER: Final = re.compile(rb"^ V[A-Z.]{5} (\S+)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Capabilities:
    """The version of an FFmpeg program, and the names of the video encoders built into it."""

    version: str
    encoders: frozenset[str]


async def read_capabilities(
    ffmpeg: str, spawn: Spawn = asyncio.create_subprocess_exec
) -> Capabilities:
    """Ask an FFmpeg program what it is.

    Raises FfmpegMissingError when it cannot be run or is no FFmpeg, and FfmpegTooOldError. A build
    from between two versions has no number, and passes.
    """
    try:
        said = await run([ffmpeg, "-version"], spawn, within=ANSWERS_WITHIN)
        listed = await run([ffmpeg, "-hide_banner", "-encoders"], spawn, within=ANSWERS_WITHIN)
    except FfmpegMissingError:
        raise
    except RenderError as error:
        raise FfmpegMissingError(binary=ffmpeg) from error
    found = _VERSION.match(said)
    if found is None:
        raise FfmpegMissingError(binary=ffmpeg)
    version = found[1].decode(errors="replace")
    _check(version)
    encoders = frozenset(name.decode(errors="replace") for name in _ENCODER.findall(listed))
    return Capabilities(version, encoders)


def render_nodes() -> list[str]:
    """Answer the paths of the machine's graphics devices, the first one first."""
    return sorted(str(path) for path in Path("/dev/dri").glob("renderD*"))


def _check(version: str) -> None:
    numbers = _NUMBERS.match(version)
    if numbers and (int(numbers[1]), int(numbers[2])) < NEEDED:
        raise FfmpegTooOldError(version=version, needed=".".join(map(str, NEEDED)))
