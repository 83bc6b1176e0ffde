"""Segments become one video without being encoded again.

PyAV writes whole-numbered times, so that the frame rate is constant to the tick. Where it is not
installed, FFmpeg's concat demuxer does the same, but can neither look into a segment nor cut it.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
import errno
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from time import thread_time
from typing import Any, Final, Protocol

from ..errors import DiskFullError, RenderError
from ..images.files import part_path
from .command import metadata_arguments
from .ffmpeg import Spawn, run
from .probe import find_ffprobe, probe
from .segments import SEGMENT_FPS, unpack

DIGESTS: Final = "comment"
"""The entry of a segment's metadata that names its pictures; WebM writes it in capitals."""
HEVC_TAG: Final = "hvc1"
MOST_REORDERED: Final = 4
"""Frames by which decoding may run ahead of showing, where nobody looked."""


class SegmentError(Exception):
    """A segment is gone, damaged, or not what its row says."""


class ParametersDifferError(Exception):
    """Segments were encoded with other parameter sets, so no decoder reads them as one video."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What is in a segment: its frames' numbers in the order of decoding, and their pictures."""

    order: tuple[int, ...]
    parameters: bytes = b""
    digests: tuple[str, ...] = ()

    def cut(self, most: int) -> int:
        """Answer the highest number of frames up to `most` that can be had without the others."""
        highest, clean = -1, 0
        for place, number in enumerate(self.order[:most]):
            highest = max(highest, number)
            if highest == place:
                clean = place + 1
        return clean

    @property
    def delay(self) -> int:
        """By how many frames decoding runs ahead of showing."""
        return max(place - number for place, number in enumerate(self.order))


@dataclass(frozen=True, slots=True)
class Piece:
    """The first frames of a segment."""

    path: Path
    contents: Contents
    frames: int


class Joiner(Protocol):
    """Looks into segments and joins them."""

    cpu_seconds: float

    async def inspect(self, path: Path) -> Contents:
        """Answer what is in a segment; raise SegmentError when it cannot be read."""

    async def join(
        self,
        pieces: Sequence[Piece],
        output: Path,
        *,
        container: str,
        fps: Fraction,
        metadata: Mapping[str, str],
    ) -> None:
        """Write one video.

        Raises ParametersDifferError, SegmentError when a segment went away, and RenderError.
        """


def make_joiner(executor: Executor, ffmpeg: str, spawn: Spawn) -> Joiner:
    """Answer the better joiner that can be had here."""
    if find_spec("av") is not None:
        return PyAvJoiner(executor)
    return ConcatJoiner(executor, ffmpeg, spawn)


class PyAvJoiner:
    """Joins in this process, on the threads of an executor."""

    def __init__(self, executor: Executor) -> None:
        self._executor = executor
        self.cpu_seconds = 0.0

    async def inspect(self, path: Path) -> Contents:
        """Answer what is in a segment."""
        return await self._run(lambda: _inspect(path))

    async def join(
        self,
        pieces: Sequence[Piece],
        output: Path,
        *,
        container: str,
        fps: Fraction,
        metadata: Mapping[str, str],
    ) -> None:
        """Write one video."""
        _check_parameters(pieces)
        stop = _Stop()
        joining = _Joining(output, container, fps, metadata, stop)
        writing = asyncio.create_task(self._run(lambda: joining.write(pieces)))
        try:
            await asyncio.shield(writing)
        finally:
            # Whoever cancels removes the file: nobody may write it after that.
            stop.asked = True
            await asyncio.wait([writing])

    async def _run[T](self, work: Callable[[], T]) -> T:
        def timed() -> tuple[T, float]:
            began = thread_time()
            return work(), thread_time() - began

        answer, seconds = await asyncio.get_running_loop().run_in_executor(self._executor, timed)
        self.cpu_seconds += seconds
        return answer


@dataclass(slots=True)
class _Stop:
    """Tells a thread that nobody waits for it any more."""

    asked: bool = False


class _Joining:
    """Writes a video; its clock ticks so that every frame begins and ends at a tick."""

    def __init__(
        self,
        output: Path,
        container: str,
        fps: Fraction,
        metadata: Mapping[str, str],
        stop: _Stop,
    ) -> None:
        self._output = output
        self._container = container
        self._fps = fps
        self._tick = Fraction(1, fps.numerator)
        self._metadata = metadata
        self._stop = stop

    def write(self, pieces: Sequence[Piece]) -> None:
        import av  # noqa: PLC0415 - not everywhere

        front = {"movflags": "+faststart"} if self._container == "mp4" else {"cues_to_front": "1"}
        try:
            with av.open(self._output, "w", format=self._container, options=front) as target:
                target.metadata.update(self._metadata)
                self._copy_all(target, pieces)
        except (av.FFmpegError, OSError) as error:
            raise _failure(error.errno, error.strerror) from error

    def _copy_all(self, target: Any, pieces: Sequence[Piece]) -> None:
        delay = max(piece.contents.delay for piece in pieces)
        stream: Any = None
        done = 0
        for piece in pieces:
            with _opened(piece.path) as source:
                if stream is None:
                    stream = self._add_stream(target, source.streams.video[0])
                packets = (packet for packet in source.demux(video=0) if packet.size)
                for place, number in enumerate(piece.contents.order[: piece.frames]):
                    packet = next(packets, None)
                    if packet is None or self._stop.asked:
                        raise SegmentError
                    self._time(packet, done + number, done + place - delay)
                    packet.stream = stream
                    target.mux_one(packet)
            done += piece.frames

    def _add_stream(self, target: Any, template: Any) -> Any:
        stream = target.add_stream_from_template(template, opaque=True)
        if template.codec_context.name == "hevc":
            stream.codec_context.codec_tag = HEVC_TAG
        stream.time_base = self._tick
        stream.codec_context.framerate = self._fps
        return stream

    def _time(self, packet: Any, shown: int, decoded: int) -> None:
        """Set when a packet is shown and decoded, in frames."""
        each = self._fps.denominator
        packet.time_base = self._tick
        packet.pts, packet.dts, packet.duration = shown * each, decoded * each, each


class ConcatJoiner:
    """Joins by FFmpeg."""

    def __init__(self, executor: Executor, ffmpeg: str, spawn: Spawn) -> None:
        self._executor = executor
        self._ffmpeg = ffmpeg
        self._spawn = spawn
        self.cpu_seconds = 0.0

    async def inspect(self, path: Path) -> Contents:
        """Answer how many frames are in a segment."""
        try:
            file = await probe(find_ffprobe(self._ffmpeg), path, self._spawn)
        except RenderError as error:
            raise SegmentError from error
        return Contents(tuple(range(file.frames)))

    async def join(
        self,
        pieces: Sequence[Piece],
        output: Path,
        *,
        container: str,
        fps: Fraction,
        metadata: Mapping[str, str],
    ) -> None:
        """Write one video."""
        names = part_path(output.with_name(f"{output.name}.txt"))
        text = "".join(f"file '{_quoted(piece.path)}'\n" for piece in pieces)
        try:
            await self._run(lambda: names.write_text(text, encoding="utf-8"))
            await run(self._command(names, output, container, fps, metadata), self._spawn)
        except OSError as error:
            raise _failure(error.errno, error.strerror) from error
        finally:
            await self._run(lambda: names.unlink(missing_ok=True))

    def _command(
        self,
        names: Path,
        output: Path,
        container: str,
        fps: Fraction,
        metadata: Mapping[str, str],
    ) -> list[str]:
        # Versions of FFmpeg differ in what clock this filter sees and sets: so the one that goes
        # in only counts as a ratio, and the one that goes out is the container's own.
        clock = fps.numerator * 1000 if container == "mp4" else 1000
        each = f"{clock}*{fps.denominator}/{fps.numerator}"
        times = (
            f"setts=pts=round(round(PTS/DURATION)*{each})"
            f":dts=round((N-{MOST_REORDERED})*{each})"
            f":duration=round({each}):time_base=1/{clock}"
        )
        front = ("-movflags", "+faststart", "-video_track_timescale", str(clock))
        return [
            *(self._ffmpeg, "-hide_banner", "-nostats", "-loglevel", "error", "-y"),
            *("-f", "concat", "-safe", "0", "-i", str(names), "-c", "copy", "-bsf:v", times),
            *("-map_metadata", "-1", *metadata_arguments(metadata)),
            *(front if container == "mp4" else ()),
            *("-f", container, str(output)),
        ]

    async def _run(self, work: Callable[[], object]) -> None:
        await asyncio.get_running_loop().run_in_executor(self._executor, work)


def _inspect(path: Path) -> Contents:
    import av  # noqa: PLC0415

    try:
        with av.open(path) as source:
            stream = source.streams.video[0]
            order = tuple(
                round((packet.pts or 0) * packet.time_base * SEGMENT_FPS)
                for packet in source.demux(stream)
                if packet.size
            )
            parameters = bytes(stream.codec_context.extradata or b"")
            tags = {key.lower(): text for key, text in source.metadata.items()}
    except (av.FFmpegError, OSError, IndexError, TypeError) as error:
        raise SegmentError from error
    if not order or sorted(order) != list(range(len(order))):
        raise SegmentError
    return Contents(order, parameters, unpack(tags.get(DIGESTS, "")))


def _opened(path: Path) -> Any:
    import av  # noqa: PLC0415

    try:
        return av.open(path)
    except FileNotFoundError as error:
        raise SegmentError from error


def _failure(number: int | None, text: str | None) -> RenderError:
    """Answer the error for people, of one of PyAV or of the system."""
    if number == errno.ENOSPC:
        return DiskFullError()
    return RenderError(reason=f"the segments could not be joined: {text}")


def _check_parameters(pieces: Sequence[Piece]) -> None:
    if len({piece.contents.parameters for piece in pieces}) > 1:
        raise ParametersDifferError


def _quoted(path: Path) -> str:
    return str(path).replace("'", r"'\''")
