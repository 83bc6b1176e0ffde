"""Small pictures of a finished video: a poster, and a short animation for chats and lists."""

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from math import floor, sqrt
from pathlib import Path
from typing import Final

from ..errors import RenderError
from ..images.files import part_path
from ..models import VideoFile
from .codecs import GROUP
from .ffmpeg import Spawn, run

POSTER_SIDE: Final = 1280
ANIMATION_SIDE: Final = 480
MOST_FRAMES: Final = 200
MOST_BYTES: Final = 8 * 1024 * 1024
"""What messengers still take as a picture."""
MARGIN: Final = 0.9
"""How much smaller than needed an animation is made that came out too large."""
FEWEST_PIXELS: Final = 64
"""The longer side below which an animation is not made smaller any more."""
MADE_WITHIN: Final = 900.0
"""Seconds for one animation; a long 4K video is read by its keyframes only."""


class PreviewKind(StrEnum):
    """The format of an animation."""

    GIF = "gif"
    WEBP = "webp"


async def poster(
    ffmpeg: str,
    video: Path,
    output: Path,
    *,
    at: float = 0.0,
    side: int = POSTER_SIDE,
    spawn: Spawn = asyncio.create_subprocess_exec,
) -> None:
    """Write the frame `at` so many seconds of the video as a JPEG of at most `side` pixels.

    Raises RenderError, also when the video is shorter than that.
    """
    # FFmpeg takes the first frame that is not before; a rounded time may lie behind it.
    seconds = floor(at * 1000) / 1000
    await _make(
        [
            *(
                *_quietly(ffmpeg),
                "-ss",
                f"{seconds:.3f}",
                "-i",
                str(video),
                "-frames:v",
                "1",
                "-an",
            ),
            *("-vf", f"{_scale(side)}:out_color_matrix=bt601:out_range=pc,format=yuvj420p"),
            *("-fflags", "+bitexact", "-flags:v", "+bitexact", "-map_metadata", "-1"),
            *("-c:v", "mjpeg", "-q:v", "3", "-f", "image2", "-update", "1"),
        ],
        output,
        spawn,
    )


async def animated(
    ffmpeg: str,
    video: Path,
    output: Path,
    file: VideoFile,
    kind: PreviewKind,
    *,
    side: int = ANIMATION_SIDE,
    fps: int = 10,
    seconds: float = 6.0,
    most_bytes: int = MOST_BYTES,
    spawn: Spawn = asyncio.create_subprocess_exec,
) -> None:
    """Write the whole video, hurried into `seconds`, as an animation that repeats for ever.

    `file` is what the probe says of the video. The longer side has at most `side` pixels; it is
    made smaller until the file has at most `most_bytes`, which at 64 pixels is given up. Raises
    RenderError.
    """
    frames = min(MOST_FRAMES, max(1, round(seconds * fps)), file.frames)
    while True:
        chain = f"{_hurry(file, frames, fps)},{_scale(side)}"
        reading = [*_quietly(ffmpeg), *_skipping(file, frames), "-i", str(video)]
        if kind is PreviewKind.GIF:
            await _make_gif(reading, chain, frames, output, spawn)
        else:
            await _make([*reading, *_webp(chain, frames)], output, spawn)
        size = await asyncio.to_thread(_size, output)
        if size <= most_bytes or side <= FEWEST_PIXELS:
            return
        shown = min(side, max(file.width, file.height))
        side = max(FEWEST_PIXELS, int(shown * MARGIN * sqrt(most_bytes / size)))


async def _make_gif(
    reading: Sequence[str], chain: str, frames: int, output: Path, spawn: Spawn
) -> None:
    """Look for the 256 colours first: in one go, FFmpeg holds all frames in memory for that."""
    palette = part_path(output.with_name(f"{output.name}.png"))
    finding = ("-vf", f"{chain},palettegen=stats_mode=diff", "-c:v", "png", "-f", "image2")
    drawing = f"[0:v]{chain}[v];[v][1:v]paletteuse=dither=bayer:bayer_scale=4"
    try:
        await _make([*reading, *finding, "-update", "1"], palette, spawn)
        await _make(
            [
                *(
                    *reading,
                    "-f",
                    "image2",
                    "-pattern_type",
                    "none",
                    "-i",
                    str(palette),
                    "-lavfi",
                    drawing,
                ),
                *("-frames:v", str(frames), "-loop", "0", "-f", "gif"),
            ],
            output,
            spawn,
        )
    finally:
        await asyncio.shield(asyncio.to_thread(_remove, palette))


async def _make(command: Sequence[str], output: Path, spawn: Spawn) -> None:
    """Run a command that writes a file, which is there whole or not at all."""
    part = part_path(output)
    try:
        await run([*command, str(part)], spawn, within=MADE_WITHIN)
        await asyncio.to_thread(_publish, part, output)
    finally:
        await asyncio.shield(asyncio.to_thread(_remove, part))


def _quietly(ffmpeg: str) -> tuple[str, ...]:
    return (
        *(ffmpeg, "-hide_banner", "-nostdin", "-nostats", "-loglevel", "error", "-y"),
        *("-xerror", "-protocol_whitelist", "file", "-threads", "1"),
    )


def _skipping(file: VideoFile, frames: int) -> tuple[str, ...]:
    """Read keyframes only where there are enough of them."""
    return ("-skip_frame", "nokey") if file.frames >= 2 * frames * GROUP else ()


def _hurry(file: VideoFile, frames: int, fps: int) -> str:
    """Spread the frames evenly over the video, and show them at the rate."""
    shown = frames / fps
    return f"setpts={shown / max(file.duration, 0.001):.9f}*(PTS-STARTPTS),fps={fps}"


def _scale(side: int) -> str:
    return (
        f"scale=w='min({side},iw)':h='min({side},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2"
        ":in_color_matrix=bt709:flags=area"
    )


def _webp(chain: str, frames: int) -> tuple[str, ...]:
    return (
        *("-vf", f"{chain},format=yuv420p", "-frames:v", str(frames), "-an"),
        *("-c:v", "libwebp_anim", "-quality", "70", "-loop", "0", "-f", "webp"),
    )


def _publish(part: Path, output: Path) -> None:
    # FFmpeg finds no fault with a moment that lies behind the end, and writes nothing.
    if not part.is_file() or not part.stat().st_size:
        raise RenderError(reason="the video has no such frame")
    part.replace(output)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    return path.stat().st_size
