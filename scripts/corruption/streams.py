"""Damage by real codecs: a clip is encoded, loses packets or bits, and is decoded all the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, Literal

import av
import numpy as np
from numpy.random import Generator

from custom_components.timelapser.engine.models import Picture

FRAMES: Final = 10
PAYLOAD: Final = 1400
"""Bytes of a packet on the network."""
NAL_START: Final = b"\x00\x00\x01"


@dataclass(frozen=True, slots=True)
class Codec:
    """An encoder, the decoder for what it makes, and the encoder's options."""

    encoder: str
    decoder: str
    options: tuple[tuple[str, str], ...] = ()


CODECS: Final = {
    "h264": Codec("libx264", "h264", (("preset", "ultrafast"), ("bf", "0"))),
    "h264 slices": Codec("libx264", "h264", (("preset", "veryfast"), ("x264-params", "slices=6"))),
    "h265": Codec(
        "libx265",
        "hevc",
        (
            ("preset", "ultrafast"),
            ("x265-params", "log-level=none:bframes=0:pools=1:frame-threads=1"),
        ),
    ),
    "mpeg4": Codec("mpeg4", "mpeg4"),
}
FAITHFUL: Final = ("h264", "h264 slices", "h265")
"""Those that always decode as they were encoded: FFmpeg's MPEG-4 breaks some blocks at times."""
LOSSES: Final = ("packets", "bits", "cut", "no key")


def clip(picture: Picture, random: Generator, frames: int = FRAMES) -> list[Picture]:
    """A second of a fixed camera: the picture with a sensor's noise, and something that moves."""
    height, width = picture.shape[:2]
    side = max(24, width // 7)
    top, left = int(random.integers(height - side)), int(random.integers(width - side))
    mover = picture[top : top + side, left : left + side].astype(np.float32)
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    mask = np.clip((1 - np.hypot(x, y)) * side / 4, 0, 1)[:, :, None].astype(np.float32)
    steps = random.integers(-side // 4, side // 4 + 1, 2)
    still = picture.astype(np.float32)
    noise = random.normal(0, 2, (height, width, 1)).astype(np.float32)
    pictures = []
    for number in range(frames):
        frame = still + np.roll(noise, random.integers(0, height, 2), axis=(0, 1))
        row = int(np.clip(height // 2 + steps[0] * number, 0, height - side))
        column = int(np.clip(width // 3 + steps[1] * number, 0, width - side))
        place = frame[row : row + side, column : column + side]
        place += (mover - place) * mask
        pictures.append(np.clip(frame, 0, 255).astype(np.uint8))
    return pictures


def _context(name: str, mode: Literal["r", "w"]) -> av.VideoCodecContext:
    context = av.CodecContext.create(name, mode)
    assert isinstance(context, av.VideoCodecContext)
    return context


def encode(pictures: Sequence[Picture], codec: Codec, crf: int) -> list[bytes]:
    """One access unit per picture; the first only is a key frame."""
    context = _context(codec.encoder, "w")
    context.height, context.width = pictures[0].shape[:2]
    context.pix_fmt = "yuv420p"
    context.time_base = Fraction(1, 12)
    context.framerate = Fraction(12)
    context.thread_count = 1
    context.gop_size = len(pictures) + 1
    context.options = dict(codec.options) | {"crf": str(crf)}
    if codec.encoder == "mpeg4":
        context.options = {}
        context.bit_rate = 100_000 * (52 - crf)
    units = []
    for picture in pictures:
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        units += [bytes(packet) for packet in context.encode(frame)]
    return units + [bytes(packet) for packet in context.encode(None)]


def spoil(units: Sequence[bytes], loss: str, random: Generator) -> list[bytes]:
    """Lose some of a stream after its start; of the last frames, so that it shows."""
    spoilt = list(units)
    match loss:
        case "no key":
            head = spoilt[0][: max(64, spoilt[0].find(NAL_START, 4) + 40)]
            return [head, *spoilt[1:]]
        case "cut":
            number = int(random.integers(0, len(spoilt)))
            spoilt[number] = spoilt[number][: int(len(spoilt[number]) * random.uniform(0.2, 0.9))]
        case "bits":
            number = int(random.choice((0, len(spoilt) // 2)))
            data = bytearray(spoilt[number])
            for _ in range(random.integers(1, 12)):
                data[random.integers(min(200, len(data) - 1), len(data))] ^= 1 << int(
                    random.integers(8)
                )
            spoilt[number] = bytes(data)
        case _:
            share = random.uniform(0.05, 0.4)
            for number, unit in enumerate(spoilt):
                parts = [unit[at : at + PAYLOAD] for at in range(0, len(unit), PAYLOAD)]
                kept = [part for part in parts[1:] if random.random() > share]
                first = parts[:1] if number == 0 or random.random() > share else []
                spoilt[number] = b"".join(first + kept)
    return [unit for unit in spoilt if unit]


def decode(units: Sequence[bytes], codec: Codec) -> Picture | None:
    """The last picture that comes out, however broken; none where nothing does."""
    context = _context(codec.decoder, "r")
    context.thread_count = 1
    context.flags |= av.codec.context.Flags.output_corrupt
    last = None
    for unit in [*units, None]:
        try:
            frames = context.decode(av.Packet(unit) if unit is not None else None)
        except av.FFmpegError:
            continue
        last = frames[-1] if frames else last
    return None if last is None else np.asarray(last.to_ndarray(format="rgb24"), np.uint8)


def through(
    picture: Picture, codec: str, loss: str | None, random: Generator
) -> tuple[Picture, float] | None:
    """Encode, spoil and decode: the picture, and the share of it that differs by the loss."""
    height, width = picture.shape[:2]
    even = picture[: height // 2 * 2, : width // 2 * 2]
    kind = CODECS[codec]
    units = encode(clip(even, random), kind, int(random.integers(20, 34)))
    clean = decode(units, kind)
    if clean is None or loss is None:
        return None if clean is None else (clean, 0.0)
    broken = decode(spoil(units, loss, random), kind)
    if broken is None or broken.shape != clean.shape:
        return None
    difference = np.abs(broken.astype(np.int16) - clean).max(axis=2)
    rows, columns = (size // 8 * 8 for size in difference.shape)
    blocks = difference[:rows, :columns].reshape(rows // 8, 8, columns // 8, 8).mean(axis=(1, 3))
    return broken, float((blocks > 12).mean())
