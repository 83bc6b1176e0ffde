"""The encoder for a video: the machine's own where it works, else one in software."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from io import BytesIO
import logging
from pathlib import Path
import shutil
import tempfile
from typing import Final

from PIL import Image as Pillow

from ..errors import DiskFullError, EncoderMissingError, RenderError, TimelapserError
from ..models import Encoding, Hardware
from .capabilities import Capabilities, read_capabilities, render_nodes
from .codecs import (
    HARDWARE,
    NEEDS_NODE,
    NOMINAL_FPS,
    SOFTWARE,
    Encoder,
    hardware_encoder,
    software_encoder,
)
from .command import segment_command
from .ffmpeg import Spawn, encode

__all__ = ["Encoder", "Encoders"]

_LOGGER = logging.getLogger(__name__)

PROBE_FRAMES: Final = 8
"""Enough for an encoder with frames in flight to give some of them back."""
PROBE_STALLED_AFTER: Final = 20.0
LONGEST_REASON: Final = 100
"""Characters of what one encoder has to say, of which several are told at once."""


class Encoders:
    """Finds the encoder for a video by having it encode some frames of that size.

    FFmpeg lists what it was built with, not what the machine has; a driver may be missing, the
    device be busy or closed to us, or the size be too large for it. What was found counts until
    the next start of Home Assistant, or `distrust`.
    """

    def __init__(
        self,
        ffmpeg: str,
        spawn: Spawn = asyncio.create_subprocess_exec,
        *,
        nodes: Callable[[], list[str]] = render_nodes,
    ) -> None:
        self._ffmpeg = ffmpeg
        self._spawn = spawn
        self._nodes = nodes
        self._known: Capabilities | None = None
        self._failures: dict[tuple[str, tuple[str, ...], int, int], str | None] = {}
        self._lock = asyncio.Lock()

    async def version(self) -> str:
        """Answer FFmpeg's version; raise FfmpegMissingError or FfmpegTooOldError."""
        async with self._lock:
            return (await self._capabilities()).version

    async def choose(self, encoding: Encoding) -> Encoder:
        """Answer an encoder that works; raise EncoderMissingError when there is none.

        Raises FfmpegMissingError, FfmpegTooOldError, and DiskFullError as well.
        """
        async with self._lock:
            built_in = (await self._capabilities()).encoders
            if encoding.hardware is Hardware.OFF:
                return await self._software(encoding, built_in)
            found = await self._hardware(encoding, built_in)
            if isinstance(found, Encoder):
                return found
            return replace(await self._software(encoding, built_in), reason=found)

    def distrust(self, encoder: Encoder, encoding: Encoding, reason: str) -> None:
        """Choose an encoder no more that failed after all, in the middle of a video."""
        self._failures[_key(encoder, encoding)] = reason[:LONGEST_REASON]

    async def _capabilities(self) -> Capabilities:
        if self._known is None:
            self._known = await read_capabilities(self._ffmpeg, self._spawn)
        return self._known

    async def _hardware(self, encoding: Encoding, built_in: frozenset[str]) -> Encoder | str:
        """Answer the machine's encoder, or why it has none."""
        nodes = await asyncio.to_thread(self._nodes)
        reasons = []
        for api in HARDWARE:
            if (name := f"{encoding.codec}_{api}") not in built_in:
                continue
            if api in NEEDS_NODE and not nodes:
                reasons.append(f"{name}: the machine has no render node")
                continue
            for node in nodes if api in NEEDS_NODE else [None]:
                encoder = hardware_encoder(api, encoding, node)
                failure = await self._failure(encoder, encoding)
                if failure is None:
                    return encoder
                reasons.append(f"{name}: {failure}")
        return "; ".join(reasons) or "FFmpeg was built without hardware encoders for it"

    async def _software(self, encoding: Encoding, built_in: frozenset[str]) -> Encoder:
        reason = "no encoder is built in"
        for name in SOFTWARE[encoding.codec]:
            if name in built_in:
                encoder = software_encoder(name, encoding)
                failure = await self._failure(encoder, encoding)
                if failure is None:
                    return encoder
                reason = f"{name}: {failure}"
        raise EncoderMissingError(codec=encoding.codec, reason=reason)

    async def _failure(self, encoder: Encoder, encoding: Encoding) -> str | None:
        """Answer why an encoder does not work, None when it does."""
        key = _key(encoder, encoding)
        if key not in self._failures:
            failure = await self._try(encoder, encoding)
            _LOGGER.debug("Encoder %s: %s", encoder.name, failure or "works")
            # Software only fails for what may pass, such as a shortage of memory.
            if failure is not None and encoder.name in SOFTWARE[encoder.codec]:
                return failure
            self._failures[key] = failure
        return self._failures[key]

    async def _try(self, encoder: Encoder, encoding: Encoding) -> str | None:
        folder = Path(await asyncio.to_thread(tempfile.mkdtemp, prefix="timelapser-"))
        output = folder / f"probe.{encoder.container}"
        command = segment_command(self._ffmpeg, encoder, encoding, (), output, fps=NOMINAL_FPS)
        try:
            progress = await encode(
                command, _pictures(), spawn=self._spawn, stalled_after=PROBE_STALLED_AFTER
            )
        except DiskFullError:
            raise
        except RenderError as error:
            return _said(error)
        finally:
            await asyncio.shield(asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True))
        if progress.frames != PROBE_FRAMES:
            return f"{progress.frames} frames of {PROBE_FRAMES} came back"
        return None


def _key(encoder: Encoder, encoding: Encoding) -> tuple[str, tuple[str, ...], int, int]:
    return encoder.name, encoder.before_input, encoding.width, encoding.height


def _said(error: TimelapserError) -> str:
    return error.placeholders.get("reason", error.code)[:LONGEST_REASON]


async def _pictures() -> AsyncIterator[bytes]:
    for number in range(PROBE_FRAMES):
        buffer = BytesIO()
        Pillow.new("L", (64, 64), 30 * number).save(buffer, "JPEG")
        yield buffer.getvalue()
