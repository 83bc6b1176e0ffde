"""What a frame costs, in CPU time and bytes: guessed first, then learned."""

from collections.abc import Mapping
from typing import Final

from ..models import Quality
from ..models.encoding import Encoding

MEGAPIXEL: Final = 1_000_000
LEARNED: Final = 0.5
"""The weight of the latest render against all before it."""
FEWEST: Final = 25
"""Frames from which on a render teaches anything; short ones are mostly the start of a process."""
JOINED: Final = 0.0002
"""CPU seconds of a frame that is only copied."""

# Measured with this project's arguments on 1080p pictures on a server's core, in CPU seconds for a
# megapixel, JPEG decoding included; a small machine learns its own with the first render.
_SECONDS: Final[Mapping[str, float]] = {
    "libx264": 0.03,
    "libx265": 0.04,
    "libsvtav1": 0.025,
    "libaom-av1": 0.3,
    "libvpx-vp9": 0.06,
}
_HARDWARE_SECONDS: Final = 0.008
_SLOWER: Final[Mapping[Quality, float]] = {
    Quality.LOW: 0.9,
    Quality.MEDIUM: 1.0,
    Quality.HIGH: 1.4,
    Quality.ULTRA: 2.5,
}
_BITS_PER_PIXEL: Final[Mapping[Quality, float]] = {
    Quality.LOW: 0.04,
    Quality.MEDIUM: 0.08,
    Quality.HIGH: 0.15,
    Quality.ULTRA: 0.3,
}


class Rates:
    """CPU time of a frame by encoder and quality, as this process has seen it."""

    def __init__(self) -> None:
        self._learned: dict[tuple[str, Quality], float] = {}

    def seconds(self, encoder: str, encoding: Encoding) -> float:
        """Answer the CPU seconds of a frame."""
        guess = _SECONDS.get(encoder, _HARDWARE_SECONDS) * _SLOWER[encoding.quality]
        return _megapixels(encoding) * self._learned.get((encoder, encoding.quality), guess)

    def learn(self, encoder: str, encoding: Encoding, frames: int, cpu_seconds: float) -> None:
        """Take in what frames have cost."""
        if frames < FEWEST or cpu_seconds <= 0:
            return
        key = encoder, encoding.quality
        seen = cpu_seconds / frames / _megapixels(encoding)
        before = self._learned.get(key, seen)
        self._learned[key] = before + LEARNED * (seen - before)


def guessed_bytes(encoding: Encoding) -> float:
    """Answer the bytes of a frame, where nothing is known of the pictures."""
    return encoding.width * encoding.height * _BITS_PER_PIXEL[encoding.quality] / 8


def _megapixels(encoding: Encoding) -> float:
    return encoding.width * encoding.height / MEGAPIXEL
