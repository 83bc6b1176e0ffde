"""What is in a video file, read back from it by ffprobe."""

import asyncio
from fractions import Fraction
import json
from pathlib import Path
import shutil

from ..errors import FfmpegMissingError, RenderError
from ..models import VideoFile
from .ffmpeg import Spawn


def find_ffprobe(ffmpeg: str) -> str:
    """Answer the ffprobe that belongs to an ffmpeg: beside it, else the one on PATH."""
    found = shutil.which(ffmpeg)
    beside = Path(found).with_name("ffprobe") if found else None
    return str(beside) if beside and beside.is_file() else "ffprobe"


async def probe(
    ffprobe: str, path: Path, spawn: Spawn = asyncio.create_subprocess_exec
) -> VideoFile:
    """Read a video file, counting its packets; raise RenderError when it cannot be read."""
    try:
        process = await spawn(
            ffprobe,
            *("-v", "error", "-select_streams", "v:0", "-count_packets", "-of", "json"),
            *("-show_entries", "stream=codec_name,width,height,pix_fmt,avg_frame_rate"),
            *("-show_entries", "stream=nb_read_packets:format=duration,size", str(path)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            close_fds=False,
        )
    except OSError as error:
        raise FfmpegMissingError(binary=ffprobe) from error
    output, _ = await process.communicate()
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
