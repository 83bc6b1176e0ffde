"""The FFmpeg command that turns JPEGs on its input into a video."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..models import Quality, VideoSettings

KEYFRAME_SECONDS: Final = 2


@dataclass(frozen=True, slots=True)
class Preset:
    """What a quality means to the encoder."""

    crf: int
    speed: str


# A timelapse moves a lot from frame to frame; faster presets cost size, not looks, at equal CRF.
PRESETS: Final = {
    Quality.LOW: Preset(28, "veryfast"),
    Quality.MEDIUM: Preset(23, "veryfast"),
    Quality.HIGH: Preset(20, "faster"),
    Quality.ULTRA: Preset(17, "medium"),
}


def render_command(
    ffmpeg: str, width: int, height: int, settings: VideoSettings, output: Path
) -> list[str]:
    """Answer the command; it reads JPEGs from standard input and tells its progress on output.

    Every picture becomes one frame of 1/fps seconds. Pictures of another size are fitted into
    width x height, each rounded down to even numbers, which H.264 with 4:2:0 colour needs.
    """
    preset = PRESETS[settings.quality]
    even_width, even_height = max(2, width // 2 * 2), max(2, height // 2 * 2)
    return [
        ffmpeg,
        *("-hide_banner", "-nostats", "-loglevel", "error", "-progress", "pipe:1", "-y"),
        *("-protocol_whitelist", "pipe", "-f", "image2pipe", "-c:v", "mjpeg"),
        *("-framerate", str(settings.fps), "-i", "pipe:0"),
        *("-vf", _filters(even_width, even_height)),
        *("-c:v", "libx264", "-preset", preset.speed, "-crf", str(preset.crf)),
        # One thread and a short look ahead bound the memory of a 4K render, and leave the other
        # cores to Home Assistant.
        *("-threads", "1", "-x264-params", "rc-lookahead=20"),
        *("-profile:v", "high", "-pix_fmt", "yuv420p"),
        *("-g", str(settings.fps * KEYFRAME_SECONDS)),
        *("-color_range", "tv", "-colorspace", "bt709"),
        *("-color_primaries", "bt709", "-color_trc", "bt709"),
        *("-fps_mode", "passthrough", "-video_track_timescale", str(settings.fps * 1000)),
        *("-movflags", "+faststart", "-an", "-f", "mp4", str(output)),
    ]


def _filters(width: int, height: int) -> str:
    """Fit, then turn JPEG's full range BT.601 into video's limited range BT.709."""
    return (
        f"scale={width}:{height}:force_original_aspect_ratio=decrease:force_divisible_by=2"
        ":in_range=pc:in_color_matrix=bt601:out_range=tv:out_color_matrix=bt709"
        ":flags=bicubic+accurate_rnd,"
        f"pad={width}:{height}:(ow-iw)/2:(oh-ih)/2,"
        "setsar=1,format=yuv420p"
    )
