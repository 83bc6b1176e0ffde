"""The FFmpeg command that turns JPEGs on its input into a video.

Pictures go in numbered, in the framing of `ffmpeg.encode`, and each is exactly one frame of the
video at its place, whatever it holds. Found with FFmpeg 5.1 and 9.0:

- Another size, shape, colour space (grey, CMYK, 4:4:4) or a progressive picture: fitted, with bars
  where the shape differs. FFmpeg sets its filters up anew then, so filters that remember earlier
  frames lose what they know, and hardware encoders may refuse what follows.
- Cut off in its header, empty or no JPEG at all: the neighbour is shown for it.
- Cut off later: the rest shows what memory held, mostly an earlier picture, and nobody is told.
  Whoever renders should only pass what ends like a JPEG.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from fractions import Fraction
from pathlib import Path
from typing import Final

from ..models import Encoding
from .codecs import GROUP, THREADS, Encoder

MOST_PIXELS: Final = 256 * 1024 * 1024
"""What a picture may claim to have; a damaged header can claim 4 billion."""


def segment_command(
    ffmpeg: str,
    encoder: Encoder,
    encoding: Encoding,
    picture_filters: Sequence[str],
    output: Path,
    *,
    fps: Fraction | int,
    threads: int = 1,
    frames: int | None = None,
    overlay_filters: Sequence[str] = (),
) -> list[str]:
    """Answer the command that encodes the pictures `encode` feeds it into a file.

    `picture_filters` work on a picture as it came (full range, its own size: crop, turn, gain),
    `overlay_filters` on the fitted frame (text, marks), both with the frame's true time. Where
    `frames` is given the video has exactly so many: the last picture that can be read stands for
    those after it. The file's header holds nothing random. Memory is bounded at any size; more
    threads cost more of it, and change what some encoders write.
    """
    rate = Fraction(fps)
    on_frame = (_fit(encoding.width, encoding.height), *overlay_filters)
    return [
        *(ffmpeg, "-hide_banner", "-nostats", "-loglevel", "error", "-progress", "pipe:1", "-y"),
        *encoder.before_input,
        *_input(),
        *("-vf", _filters(encoder, picture_filters, on_frame, frames)),
        *("-filter_threads", "1", "-c:v", encoder.name),
        *(argument.replace(THREADS, str(threads)) for argument in encoder.arguments),
        *("-threads", str(threads), "-g", str(GROUP), "-flags:v", "+cgop+bitexact"),
        *("-color_range", "tv", "-colorspace", "bt709"),
        *("-color_primaries", "bt709", "-color_trc", "bt709"),
        *(("-tag:v", encoder.tag) if encoder.tag else ()),
        # At a constant rate FFmpeg fills the place of a picture that it cannot read.
        *("-r", str(rate), "-fps_mode", "cfr"),
        *(("-frames:v", str(frames)) if frames is not None else ()),
        *("-fflags", "+bitexact", "-map_metadata", "-1", "-an"),
        *(_time_scale(rate) if encoder.container == "mp4" else ()),
        *("-f", encoder.container, str(output)),
    ]


def rate_of(command: Sequence[str]) -> Fraction:
    """Answer the frame rate that a command of this module was made for."""
    return Fraction(command[command.index("-r") + 1])


def metadata(title: str, created_at: datetime, camera: str) -> dict[str, str]:
    """Answer what a finished video says of itself, under names that MP4 and WebM both know."""
    return {
        "title": _clean(title),
        "artist": _clean(camera),
        "creation_time": created_at.isoformat(timespec="seconds"),
    }


def metadata_arguments(entries: Mapping[str, str]) -> list[str]:
    """Answer the arguments that make FFmpeg write the metadata."""
    return [part for key, text in entries.items() for part in ("-metadata", f"{key}={text}")]


def _input() -> tuple[str, ...]:
    return (
        *("-protocol_whitelist", "pipe", "-f", "ivf", "-c:v", "mjpeg"),
        *("-fpsprobesize", "0", "-analyzeduration", "0", "-threads", "1"),
        # However many pictures cannot be read, those that can are a video.
        *("-max_pixels", str(MOST_PIXELS), "-max_error_rate", "1"),
        *("-noautorotate", "-i", "pipe:0"),
    )


def _filters(
    encoder: Encoder, picture: Sequence[str], frame: Sequence[str], last: int | None
) -> str:
    """Answer the chain: what works on the picture, on the fitted frame, and its colours."""
    parts = [
        *picture,
        *frame,
        *([f"tpad=stop={last}:stop_mode=clone"] if last is not None else ()),
        "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709",
        encoder.filters,
    ]
    return ",".join(parts)


def _fit(width: int, height: int) -> str:
    """Fit, then turn JPEG's full range BT.601 into video's limited range BT.709."""
    return (
        f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2"
        ":in_range=pc:in_color_matrix=bt601:out_range=tv:out_color_matrix=bt709"
        ":flags=bicubic+accurate_rnd,format=yuv420p,"
        f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,setsar=1"
    )


def _time_scale(rate: Fraction) -> tuple[str, str]:
    """Ticks per second of an MP4, in which every frame has a whole number of them."""
    return "-video_track_timescale", str(rate.numerator * 1000)


def _clean(text: str) -> str:
    """Leave out what no argument may hold, and what would break a line."""
    return " ".join(text.replace("\0", " ").split())
