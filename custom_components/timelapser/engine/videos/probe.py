"""What is in a video file, read back from it by ffprobe."""

import asyncio
from fractions import Fraction
import json
from pathlib import Path
import shutil
from typing import Final

from ..errors import FfmpegMissingError, FfmpegStalledError, RenderError
from ..models import VideoFile
from .ffmpeg import Spawn, run

READ_WITHIN: Final = 600.0
"""Seconds; the packets of a long video lie all over a file on a slow disk."""


def find_ffprobe(ffmpeg: str) -> str:
    """Answer the ffprobe that belongs to an ffmpeg: beside it, else the one on PATH."""
    found = shutil.which(ffmpeg)
    beside = Path(found).with_name("ffprobe") if found else None
    return str(beside) if beside and beside.is_file() else "ffprobe"


async def probe(
    ffprobe: str, path: Path, spawn: Spawn = asyncio.create_subprocess_exec
) -> VideoFile:
    """Read a video file, counting its packets.

    Raises RenderError when it cannot be read, FfmpegMissingError when there is no ffprobe, and
    FfmpegStalledError.
    """
    command = [
        *(ffprobe, "-v", "error", "-select_streams", "v:0", "-count_packets", "-of", "json"),
        *("-show_entries", "stream=codec_name,width,height,pix_fmt,avg_frame_rate"),
        *("-show_entries", "stream=nb_read_packets:format=duration,size", str(path)),
    ]
    try:
        output = await run(command, spawn, within=READ_WITHIN)
    except FfmpegMissingError, FfmpegStalledError:
        raise
    except RenderError as error:
        raise RenderError(reason="the video cannot be read back") from error
    try:
        found = json.loads(output)
        stream, container = found["streams"][0], found["format"]
        return VideoFile(
            frames=int(stream["nb_read_packets"]),
            duration=float(container["duration"]),
            fps=float(Fraction(stream["avg_frame_rate"])),
            width=int(stream["width"]),
            height=int(stream["height"]),
            codec=stream["codec_name"],
            pixel_format=stream["pix_fmt"],
            byte_count=int(container["size"]),
        )
    except (ValueError, KeyError, IndexError, ZeroDivisionError) as error:
        raise RenderError(reason="the video cannot be read back") from error
