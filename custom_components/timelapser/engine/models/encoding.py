"""How the pictures of a video are encoded."""

from dataclasses import dataclass
from enum import StrEnum

from .video import Quality


class Codec(StrEnum):
    """The format of a video's pictures; it settles the container as well."""

    H264 = "h264"
    HEVC = "hevc"
    AV1 = "av1"
    VP9 = "vp9"


class Hardware(StrEnum):
    """Whether an encoder of the machine's graphics may be used."""

    OFF = "off"
    AUTO = "auto"


class Resolution(StrEnum):
    """A cap on the shorter side of a video; nothing is ever scaled up."""

    NATIVE = "native"
    UHD = "2160p"
    QHD = "1440p"
    FHD = "1080p"
    HD = "720p"
    SD = "480p"

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """Answer width and height under the cap, of the same shape and even."""
        short = min(width, height)
        cap = short if self is Resolution.NATIVE else min(short, int(self.removesuffix("p")))
        return _even(width * cap / short), _even(height * cap / short)


@dataclass(frozen=True, slots=True)
class Encoding:
    """What shapes the pixels of a video besides its pictures; the frame rate does not.

    `width` and `height` are those of the video in pixels: even, as 4:2:0 colour needs.
    """

    codec: Codec
    quality: Quality
    hardware: Hardware
    width: int
    height: int


def _even(side: float) -> int:
    # The small addition keeps what is even from falling to the next lower by a rounding error.
    return max(2, int(side + 1e-6) // 2 * 2)
