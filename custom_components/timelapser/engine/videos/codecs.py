"""What each of FFmpeg's encoders is told: quality, closed groups of pictures, bounded memory.

The numbers of a quality look about alike with every software encoder. Presets are fast ones:
a timelapse moves a lot from frame to frame, where slower ones gain little at equal looks.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from ..models import Codec, Encoding, Quality

GROUP: Final = 50
"""Frames from one keyframe to the next: two seconds at 24 fps, and half a chunk of 100."""
NOMINAL_FPS: Final = 24
"""The frame rate that encoders are told for segments, which have none of their own."""
MOST_FPS: Final = 60
"""The frame rate up to which the H.264 level of a video holds."""
THREADS: Final = "{threads}"
"""Stands in arguments for the number of threads."""

SOFTWARE: Final[Mapping[Codec, tuple[str, ...]]] = {
    Codec.H264: ("libx264",),
    Codec.HEVC: ("libx265",),
    Codec.AV1: ("libsvtav1", "libaom-av1"),
    Codec.VP9: ("libvpx-vp9",),
}
"""Encoders that run anywhere, the better ones first."""

HARDWARE: Final = ("nvenc", "qsv", "vaapi", "v4l2m2m", "videotoolbox", "rkmpp")
"""Ways to the encoder of a machine. Those of one maker come before those for all: they do more."""

NEEDS_NODE: Final = ("qsv", "vaapi")
"""The ways that lead through a render node of /dev/dri."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder of FFmpeg, and what it is told.

    `before_input` opens a device, `filters` brings frames into its pixel format and memory, `tag`
    is the name of the codec in the file if not the usual one. Segments made apart join without
    encoding again where it is `stitchable`. `reason` says why the software is used where hardware
    was asked for.
    """

    name: str
    codec: Codec
    arguments: tuple[str, ...]
    before_input: tuple[str, ...] = ()
    filters: str = "format=yuv420p"
    tag: str | None = None
    container: str = "mp4"
    stitchable: bool = True
    reason: str | None = None


_CRF: Final[Mapping[str, Mapping[Quality, tuple[int, str]]]] = {
    "libx264": {
        Quality.LOW: (28, "veryfast"),
        Quality.MEDIUM: (23, "veryfast"),
        Quality.HIGH: (20, "faster"),
        Quality.ULTRA: (17, "medium"),
    },
    "libx265": {
        Quality.LOW: (25, "superfast"),
        Quality.MEDIUM: (21, "superfast"),
        Quality.HIGH: (19, "fast"),
        Quality.ULTRA: (16, "medium"),
    },
    "libsvtav1": {
        Quality.LOW: (40, "10"),
        Quality.MEDIUM: (30, "10"),
        Quality.HIGH: (24, "9"),
        Quality.ULTRA: (18, "8"),
    },
    "libaom-av1": {
        Quality.LOW: (38, "6"),
        Quality.MEDIUM: (29, "6"),
        Quality.HIGH: (22, "6"),
        Quality.ULTRA: (16, "5"),
    },
    "libvpx-vp9": {
        Quality.LOW: (40, "5"),
        Quality.MEDIUM: (32, "5"),
        Quality.HIGH: (25, "5"),
        Quality.ULTRA: (19, "4"),
    },
}
"""Constant quality and preset of the software encoders.

A quality has about the same SSIM with all of them: 0.956, 0.975, 0.983 and 0.989 on 110 pictures
from many cameras at 960 x 540; the numbers between measured ones are interpolated. SVT-AV1's
presets above 10 are left out: with 12, version 4.2 wrote streams that no decoder took.
"""

_QUANTISER: Final[Mapping[Quality, int]] = {
    Quality.LOW: 30,
    Quality.MEDIUM: 25,
    Quality.HIGH: 22,
    Quality.ULTRA: 19,
}
"""Constant quality of the hardware encoders that have one."""

_BITS_PER_PIXEL: Final[Mapping[Quality, float]] = {
    Quality.LOW: 0.08,
    Quality.MEDIUM: 0.14,
    Quality.HIGH: 0.22,
    Quality.ULTRA: 0.35,
}
"""For the hardware encoders that only know a bit rate."""


@dataclass(frozen=True, slots=True)
class _Level:
    """A level of H.264 with its most macroblocks (16 x 16 pixels) per frame and per second."""

    name: str
    frame: int
    second: int


# ITU-T H.264, table A-1. Players look at the level first: a phone refuses one it does not know,
# and encoders left to themselves name a higher one than the pictures need.
_LEVELS: Final = (
    _Level("3.0", 1_620, 40_500),
    _Level("3.1", 3_600, 108_000),
    _Level("3.2", 5_120, 216_000),
    _Level("4.0", 8_192, 245_760),
    _Level("4.2", 8_704, 522_240),
    _Level("5.0", 22_080, 589_824),
    _Level("5.1", 36_864, 983_040),
    _Level("5.2", 36_864, 2_073_600),
)


def h264_level(width: int, height: int) -> str | None:
    """Answer the lowest level that holds the size at 60 fps, None above all that phones play."""
    columns, rows = -(-width // 16), -(-height // 16)
    blocks = columns * rows
    for level in _LEVELS:
        # The standard bounds each side too: the square root of eight frames' worth of blocks.
        if (
            blocks <= level.frame
            and blocks * MOST_FPS <= level.second
            and max(columns, rows) ** 2 <= 8 * level.frame
        ):
            return level.name
    return None


def software_encoder(name: str, encoding: Encoding, reason: str | None = None) -> Encoder:
    """Answer an encoder of `SOFTWARE`, and why it is taken in place of hardware."""
    crf, preset = _CRF[name][encoding.quality]
    return Encoder(
        name,
        encoding.codec,
        _SOFTWARE_ARGUMENTS[name](crf, preset, encoding),
        tag=_tag(encoding.codec),
        container=_container(encoding.codec),
        reason=reason,
    )


def hardware_encoder(api: str, encoding: Encoding, node: str | None = None) -> Encoder:
    """Answer the encoder behind one of `HARDWARE`, on a render node where it has some."""
    return Encoder(
        f"{encoding.codec}_{api}",
        encoding.codec,
        _HARDWARE_ARGUMENTS[api](encoding),
        before_input=_device(api, node),
        filters=_upload(api),
        tag=_tag(encoding.codec),
        container=_container(encoding.codec),
        # Whether its parameter sets stay the same from run to run, only its maker knows.
        stitchable=False,
    )


def _tag(codec: Codec) -> str | None:
    # Under its usual name, hev1, Apple's players do not take HEVC.
    return "hvc1" if codec is Codec.HEVC else None


def _container(codec: Codec) -> str:
    return "webm" if codec is Codec.VP9 else "mp4"


def _upload(api: str) -> str:
    match api:
        case "vaapi":
            return "format=nv12,hwupload"
        case "nvenc" | "v4l2m2m":
            return "format=yuv420p"
        case _:
            return "format=nv12"


def _device(api: str, node: str | None) -> tuple[str, ...]:
    match api:
        case "vaapi" if node:
            return ("-vaapi_device", node)
        case "qsv" if node:
            return ("-init_hw_device", f"qsv=hw:hw,child_device={node}")
        case _:
            return ()


def _lookahead(encoding: Encoding) -> int:
    """Frames held to plan ahead; they are most of the memory of a large video."""
    return 10 if encoding.width * encoding.height > 1920 * 1200 else 20


def _x264(crf: int, preset: str, encoding: Encoding) -> tuple[str, ...]:
    level = h264_level(encoding.width, encoding.height)
    # `stitchable` keeps the parameter sets from depending on the pictures, so that segments join.
    own = f"stitchable=1:scenecut=0:open-gop=0:rc-lookahead={_lookahead(encoding)}"
    return (
        *("-preset", preset, "-crf", str(crf), "-profile:v", "high"),
        *(("-level", level) if level else ()),
        *("-x264-params", own),
    )


def _x265(crf: int, preset: str, encoding: Encoding) -> tuple[str, ...]:
    own = (
        f"keyint={GROUP}:min-keyint={GROUP}:scenecut=0:open-gop=0:repeat-headers=0:info=0"
        f":rc-lookahead={_lookahead(encoding)}:pools={THREADS}:frame-threads=1:log-level=error"
    )
    return ("-preset", preset, "-crf", str(crf), "-profile:v", "main", "-x265-params", own)


def _svt_av1(crf: int, preset: str, encoding: Encoding) -> tuple[str, ...]:
    own = f"lp={THREADS}:scd=0:lookahead={_lookahead(encoding)}"
    return ("-preset", preset, "-crf", str(crf), "-svtav1-params", own)


def _aom(crf: int, preset: str, encoding: Encoding) -> tuple[str, ...]:
    return (
        *("-crf", str(crf), "-b:v", "0", "-usage", "good", "-cpu-used", preset),
        *("-lag-in-frames", str(_lookahead(encoding)), "-keyint_min", str(GROUP)),
    )


def _vp9(crf: int, preset: str, encoding: Encoding) -> tuple[str, ...]:
    return (
        *("-crf", str(crf), "-b:v", "0", "-deadline", "good", "-cpu-used", preset),
        *("-lag-in-frames", str(_lookahead(encoding)), "-keyint_min", str(GROUP)),
    )


def _bit_rate(encoding: Encoding) -> tuple[str, ...]:
    pixels = encoding.width * encoding.height * NOMINAL_FPS
    return ("-b:v", str(round(pixels * _BITS_PER_PIXEL[encoding.quality])), "-bf", "0")


def _nvenc(encoding: Encoding) -> tuple[str, ...]:
    quality = str(_QUANTISER[encoding.quality])
    return ("-preset", "p4", "-rc", "vbr", "-cq", quality, "-b:v", "0", "-forced-idr", "1")


def _qsv(encoding: Encoding) -> tuple[str, ...]:
    return ("-preset", "veryfast", "-global_quality", str(_QUANTISER[encoding.quality]))


def _vaapi(encoding: Encoding) -> tuple[str, ...]:
    # VP9 and AV1 count their quantisers to 255, H.264 and HEVC to 51.
    scale = 5 if encoding.codec in (Codec.VP9, Codec.AV1) else 1
    quality = str(scale * _QUANTISER[encoding.quality])
    return ("-rc_mode", "CQP", "-global_quality", quality, "-bf", "0")


def _rkmpp(encoding: Encoding) -> tuple[str, ...]:
    return ("-rc_mode", "CQP", "-qp_init", str(_QUANTISER[encoding.quality]))


_SOFTWARE_ARGUMENTS: Final[Mapping[str, Callable[[int, str, Encoding], tuple[str, ...]]]] = {
    "libx264": _x264,
    "libx265": _x265,
    "libsvtav1": _svt_av1,
    "libaom-av1": _aom,
    "libvpx-vp9": _vp9,
}

_HARDWARE_ARGUMENTS: Final[Mapping[str, Callable[[Encoding], tuple[str, ...]]]] = {
    "nvenc": _nvenc,
    "qsv": _qsv,
    "vaapi": _vaapi,
    "v4l2m2m": _bit_rate,
    "videotoolbox": _bit_rate,
    "rkmpp": _rkmpp,
}
