"""Pictures that carry their number as big black and white squares, to be read from a video."""

from collections.abc import AsyncIterator, Sequence
from fractions import Fraction
from io import BytesIO
from pathlib import Path
from typing import Any

import av
from PIL import Image as Pillow

from custom_components.timelapser.engine.models import Codec, Encoding, Hardware, VideoSettings
from custom_components.timelapser.engine.videos.codecs import software_encoder
from custom_components.timelapser.engine.videos.command import segment_command

BITS = 8
SIZE = (160, 96)


def numbered(number: int, size: tuple[int, int] = SIZE) -> Pillow.Image:
    """Answer a grey picture whose columns are the bits of the number, the lowest one left."""
    image = Pillow.new("RGB", size, (60, 60, 60))
    width, height = size
    for bit in range(BITS):
        left, right = (width * part // BITS for part in (bit, bit + 1))
        value = 235 if number >> bit & 1 else 16
        image.paste((value,) * 3, (left, height // 4, right, height * 3 // 4))
    return image


def jpeg(image: Pillow.Image, **options: Any) -> bytes:
    """Encode a picture."""
    buffer = BytesIO()
    image.save(buffer, "JPEG", **{"quality": 90} | options)
    return buffer.getvalue()


def jpegs(count: int, size: tuple[int, int] = SIZE) -> list[bytes]:
    """Answer the pictures of the numbers from 0 on."""
    return [jpeg(numbered(number, size)) for number in range(count)]


async def given(pictures: Sequence[bytes]) -> AsyncIterator[bytes]:
    """Hand pictures out one by one, as a renderer does."""
    for picture in pictures:
        yield picture


def numbers(video: Path) -> list[int]:
    """Answer the numbers that a video shows, in the order of its frames."""
    with av.open(video) as container:
        return [_number(frame) for frame in container.decode(video=0)]


def moments(video: Path) -> list[Fraction]:
    """Answer the seconds at which the frames of a video are shown."""
    with av.open(video) as container:
        frames = [*container.decode(video=0)]
    return [
        Fraction((frame.pts or 0) * frame.time_base.numerator, frame.time_base.denominator)
        for frame in frames
    ]


def _number(frame: av.VideoFrame) -> int:
    luma = frame.to_ndarray(format="gray")
    height, width = luma.shape
    middles = [luma[height // 2, width * (2 * bit + 1) // (2 * BITS)] for bit in range(BITS)]
    return sum(int(value > 125) << bit for bit, value in enumerate(middles))


def render_command(
    ffmpeg: str, width: int, height: int, settings: VideoSettings, output: Path
) -> list[str]:
    """Answer the command for a whole H.264 video that plays while it is being downloaded."""
    even_width, even_height = max(2, width // 2 * 2), max(2, height // 2 * 2)
    encoding = Encoding(Codec.H264, settings.quality, Hardware.OFF, even_width, even_height)
    encoder = software_encoder("libx264", encoding)
    command = segment_command(ffmpeg, encoder, encoding, (), output, fps=settings.fps)
    return [*command[:-1], "-movflags", "+faststart", command[-1]]
