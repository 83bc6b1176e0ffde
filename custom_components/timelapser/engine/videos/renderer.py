"""Renders a plan into a file: from cached segments where they fit, else in a single pass."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
import errno
from hashlib import sha256
import logging
from pathlib import Path
from typing import Final

from ..errors import DiskFullError, FrameCountError, NoImagesError, RenderError, StorageError
from ..images.files import Storage, part_path
from ..models import VideoFile
from ..models.render import Estimate, Rendered, RenderPlan, RenderProgress
from .building import SegmentBuilder
from .cache import SegmentCache
from .codecs import SOFTWARE
from .command import metadata, metadata_arguments, segment_command
from .encoders import Encoder, Encoders
from .ffmpeg import Spawn
from .joining import Joiner, ParametersDifferError, SegmentError, make_joiner
from .pictures import Pictures
from .probe import find_ffprobe, probe
from .rates import JOINED, Rates, guessed_bytes
from .run import Feeder, Run
from .segments import SEGMENT_FPS, Still, chunks

_LOGGER = logging.getLogger(__name__)

ATTEMPTS: Final = 2
DEFLICKER: Final = "deflicker=size=15:mode=pm"
"""FFmpeg's own, which looks at neighbours: good for a single pass, not for segments."""


class Renderer:
    """Makes videos; knows files, the cache of segments and FFmpeg, but no queue."""

    def __init__(
        self,
        *,
        storage: Storage,
        cache: SegmentCache,
        encoders: Encoders,
        executor: Executor,
        ffmpeg: str,
        spawn: Spawn = asyncio.create_subprocess_exec,
        joiners: Callable[[Executor, str, Spawn], Joiner] = make_joiner,
    ) -> None:
        self._cache = cache
        self._encoders = encoders
        self._executor = executor
        self._ffmpeg = ffmpeg
        self._spawn = spawn
        self._joiners = joiners
        self._feeder = Feeder(Pictures(storage, executor), ffmpeg, spawn)
        self._builder = SegmentBuilder(cache, self._feeder)
        self._rates = Rates()

    async def render(
        self, plan: RenderPlan, output: Path, on_progress: Callable[[RenderProgress], None]
    ) -> Rendered:
        """Write the video; nothing is left of it when this raises or is cancelled.

        Raises NoImagesError when no image can be read, FrameCountError when the file is not what
        was planned, StorageError, DiskFullError, and what `ffmpeg.encode` and `Encoders.choose`
        raise.
        """
        run = await self._begin(plan, on_progress)
        try:
            return await self._render(run, output)
        except DiskFullError:
            raise
        except RenderError as error:
            if run.encoder.name in SOFTWARE[plan.encoding.codec]:
                raise
            _LOGGER.warning("Encoder %s failed in a video: %s", run.encoder.name, error)
            self._encoders.distrust(run.encoder, plan.encoding, str(error))
        return await self._render(await self._begin(plan, on_progress), output)

    async def estimate(self, plan: RenderPlan) -> Estimate:
        """Answer what a render will need, by what was rendered before."""
        run = await self._begin(plan, lambda _: None)
        cached, cached_bytes = await self._builder.cached(run) if _fits_segments(run) else (0, 0.0)
        each = cached_bytes / cached if cached else None
        if each is None and run.chunks:
            each = await self._cache.frame_bytes(
                run.chunks[-1].folder(run.scope).rpartition("/")[0]
            )
        new = run.total - cached
        seconds = self._rates.seconds(run.encoder.name, plan.encoding)
        return Estimate(
            frames=run.total,
            byte_count=round(cached_bytes + new * (each or guessed_bytes(plan.encoding))),
            cpu_seconds=new * seconds + cached * JOINED,
            frames_from_cache=cached,
        )

    async def encode_ahead(self, plan: RenderPlan) -> int:
        """Encode the chunks that no image will be added to; answer how many frames.

        What is finished stays when it is cancelled, and the next call goes on from there.
        """
        run = await self._begin(plan, lambda _: None)
        if _fits_segments(run):
            with _told_as(self._cache.folder):
                closed = [chunk for chunk in run.chunks if not chunk.is_open]
                await self._builder.pieces(run, closed)
            await self._cache.trim()
        return run.encoded

    async def _begin(self, plan: RenderPlan, on_progress: Callable[[RenderProgress], None]) -> Run:
        encoder = await self._encoders.choose(plan.encoding)
        scope = _scope(plan, encoder, await self._encoders.version())
        joiner = self._joiners(self._executor, self._ffmpeg, self._spawn)
        parts = chunks(plan.shots, plan.looks)
        return Run(plan, encoder, scope, joiner, on_progress, plan.frames, parts)

    async def _render(self, run: Run, output: Path) -> Rendered:
        part = part_path(output)
        with _told_as(output.parent):
            try:
                await self._run(lambda: output.parent.mkdir(parents=True, exist_ok=True))
                await self._write(run, part)
                file = await self._check(run, part)
                await self._publish(part, output)
            finally:
                await self._run(lambda: part.unlink(missing_ok=True))
        encoding, name = run.plan.encoding, run.encoder.name
        self._rates.learn(name, encoding, run.encoded, run.cpu_seconds)
        await self._cache.trim()
        return Rendered(
            file=file,
            encoder=name,
            reason=run.encoder.reason,
            cpu_seconds=run.cpu_seconds + run.joiner.cpu_seconds,
            frames_from_cache=run.reused,
            left_out=dict(run.left_out),
        )

    async def _write(self, run: Run, part: Path) -> None:
        if _fits_segments(run):
            try:
                await self._join(run, part)
            except ParametersDifferError:
                _LOGGER.info("Segments of %s do not fit each other", run.encoder.name)
                run.restart()
            else:
                return
        await self._single_pass(run, part)

    async def _join(self, run: Run, part: Path) -> None:
        plan = run.plan
        for attempt in range(ATTEMPTS):
            pieces = await self._builder.pieces(run, run.chunks)
            if not pieces:
                raise NoImagesError(timelapse=plan.title)
            try:
                await run.joiner.join(
                    pieces,
                    part,
                    container=run.encoder.container,
                    fps=plan.fps,
                    metadata=_metadata(plan),
                )
            except SegmentError as error:
                # Another render may have trimmed the cache meanwhile.
                _LOGGER.debug("Segments went away in attempt %d", attempt + 1)
                if attempt + 1 == ATTEMPTS:
                    raise RenderError(reason="cached segments went away") from error
                run.restart()
            else:
                return

    async def _check(self, run: Run, part: Path) -> VideoFile:
        file = await probe(find_ffprobe(self._ffmpeg), part, self._spawn)
        if file.frames != run.total:
            raise FrameCountError(expected=run.total, actual=file.frames)
        return file

    async def _publish(self, part: Path, output: Path) -> None:
        publishing = asyncio.create_task(self._run(lambda: part.replace(output)))
        try:
            await asyncio.shield(publishing)
        except asyncio.CancelledError:
            await asyncio.wait([publishing])
            await self._run(lambda: output.unlink(missing_ok=True))
            raise

    async def _single_pass(self, run: Run, part: Path) -> None:
        plan = run.plan
        stills: list[Still] = []
        for chunk in run.chunks:
            stills += (await self._feeder.readable(run, chunk)).stills
        if not stills:
            raise NoImagesError(timelapse=plan.title)
        filters = [DEFLICKER] if plan.looks.deflicker else []
        if plan.looks.blend > 1:
            filters.append(f"tmix=frames={plan.looks.blend}")
        front = ("-movflags", "+faststart") if run.encoder.container == "mp4" else ()
        arguments = (*front, *metadata_arguments(_metadata(plan)))
        run.finish(
            len(stills),
            await self._feeder.feed(run, part, stills, arguments, fps=plan.fps, filters=filters),
        )

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


@contextmanager
def _told_as(folder: Path) -> Iterator[None]:
    """Tell what the disk does not let us do as an error of the storage folder."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise DiskFullError from error
        raise StorageError(folder=str(folder)) from error


def _fits_segments(run: Run) -> bool:
    """Whether each frame depends on its own picture alone, and the encoder's segments join."""
    return run.encoder.stitchable and run.plan.looks.blend <= 1


def _scope(plan: RenderPlan, encoder: Encoder, version: str) -> str:
    """Answer a name for all that shapes a segment besides its pictures."""
    command = segment_command(
        "ffmpeg", encoder, plan.encoding, (), Path("-"), fps=SEGMENT_FPS, threads=1
    )
    return sha256(repr((version, command)).encode()).hexdigest()[:16]


def _metadata(plan: RenderPlan) -> Mapping[str, str]:
    if plan.created_at is None:
        return {}
    return metadata(plan.title, plan.created_at, plan.camera)
