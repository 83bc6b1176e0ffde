"""The segments of a video: found in the cache, or encoded."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

from ..errors import FrameCountError, RenderError
from .cache import SegmentCache
from .deflicker import gain_filter
from .joining import DIGESTS, Piece, SegmentError
from .run import Feeder, Run
from .segments import SEGMENT_FPS, Chunk, alike, pack

MOST_PIECES: Final = 4
"""Segments that a chunk may consist of before some are encoded as one; each costs a keyframe."""
MOST_CANDIDATES: Final = 12
"""Segments of a chunk that are looked into."""


class SegmentBuilder:
    """Answers the pieces of a video, and encodes only what is not there."""

    def __init__(self, cache: SegmentCache, feeder: Feeder) -> None:
        self._cache = cache
        self._feeder = feeder

    async def cached(self, run: Run) -> tuple[int, float]:
        """Answer the frames that need not be encoded, and their bytes."""
        rows = await self._cache.find([chunk.key(run.scope) for chunk in run.chunks])
        frames = sum(row.frames for row in rows.values())
        size = float(sum(row.byte_count for row in rows.values()))
        for chunk in run.chunks:
            if chunk.key(run.scope) not in rows:
                reused = sum(piece.frames for piece in await self._reusable(run, chunk))
                frames, size = frames + reused, size + reused * (size / frames if frames else 0)
        return frames, size

    async def pieces(self, run: Run, wanted: Sequence[Chunk]) -> list[Piece]:
        """Answer what the chunks consist of; what is not there is encoded."""
        rows = await self._cache.find([chunk.key(run.scope) for chunk in wanted])
        pieces: list[Piece] = []
        for chunk in wanted:
            row = rows.get(chunk.key(run.scope))
            piece = await self._cache.open(row, run.joiner) if row else None
            if piece is None:
                pieces += await self._build(run, chunk)
            else:
                pieces.append(piece)
                run.finish(piece.frames)
        await self._cache.touch([piece.path for piece in pieces])
        return pieces

    async def _build(self, run: Run, chunk: Chunk) -> list[Piece]:
        """Answer the pieces of a chunk that is not there as a whole."""
        chunk = await self._feeder.readable(run, chunk)
        pieces = await self._reusable(run, chunk)
        for piece in pieces:
            run.finish(piece.frames)
        rest = chunk.rest(sum(piece.frames for piece in pieces))
        return [*pieces, await self._encode(run, rest)] if rest.stills else pieces

    async def _reusable(self, run: Run, chunk: Chunk) -> list[Piece]:
        """Answer pieces of known segments that a chunk can begin with."""
        rows = await self._cache.beside(chunk.folder(run.scope))
        opened = [await self._cache.open(row, run.joiner) for row in rows[:MOST_CANDIDATES]]
        candidates = [piece for piece in opened if piece is not None]
        pieces: list[Piece] = []
        start = 0
        while piece := _longest(candidates, chunk.digests[start:]):
            pieces.append(piece)
            start += piece.frames
        return _merged(pieces, len(chunk.stills))

    async def _encode(self, run: Run, chunk: Chunk) -> Piece:
        frames = len(chunk.stills)
        part = await self._cache.part(chunk.folder(run.scope))
        names = ("-metadata", f"{DIGESTS}={pack(chunk.digests)}")
        gain = gain_filter([still.gain for still in chunk.stills], SEGMENT_FPS)
        try:
            progress = await self._feeder.feed(
                run,
                part,
                chunk.stills,
                names,
                fps=Fraction(SEGMENT_FPS),
                filters=(gain,) if gain else (),
            )
            contents = await run.joiner.inspect(part)
            if len(contents.order) != frames:
                raise FrameCountError(expected=frames, actual=len(contents.order))
            path = await self._cache.keep(part, chunk.key(run.scope), chunk.timelapse_id, frames)
        except SegmentError as error:
            raise RenderError(reason="a segment cannot be read back") from error
        finally:
            await self._cache.discard(part)
        run.finish(frames, progress)
        return Piece(path, contents, frames)


def _longest(candidates: Sequence[Piece], digests: Sequence[str]) -> Piece | None:
    """Answer the piece that covers most of what comes next."""
    pieces = [
        Piece(each.path, each.contents, each.contents.cut(alike(each.contents.digests, digests)))
        for each in candidates
    ]
    best = max(pieces, key=lambda piece: piece.frames, default=None)
    return best if best is not None and best.frames else None


def _merged(pieces: list[Piece], frames: int) -> list[Piece]:
    """Leave out the last pieces of too many, for what they show to be encoded as one."""
    rest = frames - sum(piece.frames for piece in pieces)
    if len(pieces) + bool(rest) <= MOST_PIECES:
        return pieces
    kept = list(pieces)
    while kept and (len(kept) >= MOST_PIECES or kept[-1].frames <= 2 * rest):
        rest += kept.pop().frames
    return kept
