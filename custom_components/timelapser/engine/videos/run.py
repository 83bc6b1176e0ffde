"""One render: how far it is, and how its pictures go into FFmpeg."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from time import monotonic

from ..models.render import RenderImage, RenderPlan, RenderProgress
from .codecs import Encoder
from .command import segment_command
from .ffmpeg import Progress, Spawn, encode
from .joining import Joiner
from .pictures import Pictures
from .segments import Chunk, Still


@dataclass(slots=True)
class Run:
    """One render: what it makes, and how far it is."""

    plan: RenderPlan
    encoder: Encoder
    scope: str
    joiner: Joiner
    on_progress: Callable[[RenderProgress], None]
    total: int
    chunks: list[Chunk]
    done: int = 0
    reused: int = 0
    encoded: int = 0
    cpu_seconds: float = 0.0
    left_out: Counter[str] = field(default_factory=Counter)
    began: float = field(default_factory=monotonic)

    def tell(self, encoding: int = 0) -> None:
        """Tell how far it is, with so many frames of the segment at hand."""
        new, done = self.encoded + encoding, self.done + encoding
        fps = new / (monotonic() - self.began) if new else None
        eta = (self.total - done) / fps if fps else None
        self.on_progress(RenderProgress(self.total, done, fps, eta))

    def finish(self, frames: int, progress: Progress | None = None) -> None:
        """Count frames that are ready; they were encoded where there is a progress."""
        self.done += frames
        if progress is None:
            self.reused += frames
        else:
            self.encoded += frames
            self.cpu_seconds += progress.cpu_seconds or 0.0
        self.tell()

    def leave_out(self, images: Mapping[RenderImage, str], frames: int) -> None:
        """Count images that cannot be shown, and their frames."""
        self.left_out.update(images.values())
        self.total -= frames

    def restart(self) -> None:
        """Begin anew, after the parts did not become a whole."""
        self.done = self.reused = self.encoded = 0
        self.total = self.plan.frames
        self.left_out.clear()


class Feeder:
    """Feeds pictures to FFmpeg."""

    def __init__(self, pictures: Pictures, ffmpeg: str, spawn: Spawn) -> None:
        self._pictures = pictures
        self._ffmpeg = ffmpeg
        self._spawn = spawn

    async def readable(self, run: Run, chunk: Chunk) -> Chunk:
        """Answer the chunk without images that cannot be read."""
        unusable = await self._pictures.unusable(chunk.stills)
        if not unusable:
            return chunk
        readable = chunk.without(unusable)
        run.leave_out(unusable, len(chunk.stills) - len(readable.stills))
        return readable

    async def feed(
        self,
        run: Run,
        part: Path,
        stills: Sequence[Still],
        arguments: Sequence[str],
        *,
        fps: Fraction,
        filters: Sequence[str],
    ) -> Progress:
        """Encode stills into a file, with some more arguments for it."""
        encoding = run.plan.encoding
        command = segment_command(
            self._ffmpeg,
            run.encoder,
            encoding,
            (),
            part,
            fps=fps,
            threads=run.plan.threads,
            frames=len(stills),
            overlay_filters=filters,
        )
        command[-1:-1] = arguments
        return await encode(
            command,
            self._pictures.jpegs(stills, (encoding.width, encoding.height)),
            spawn=self._spawn,
            on_progress=lambda progress: run.tell(progress.frames),
        )
