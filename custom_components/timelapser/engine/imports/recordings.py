"""Keyframes of recorded videos, as pictures with their moments."""

from collections.abc import Generator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from ..models import Frame
from .moments import EARLIEST
from .report import UnreadableFileError

if TYPE_CHECKING:
    from av.container import InputContainer

SUFFIXES: Final = frozenset({".mp4", ".m4v", ".mov", ".mkv", ".webm", ".avi", ".ts"})

# A playlist that calls itself a video could name any other file.
_OPTIONS: Final = {
    "protocol_whitelist": "file",
    "format_whitelist": "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts",
}
_TOLERANCE: Final = timedelta(milliseconds=100)


def keyframes(path: Path, begins_at: datetime | None, every: timedelta) -> Generator[Frame]:
    """Yield the keyframes of a video that lie at least `every` apart; blocks.

    Without `begins_at`, the file's own creation time counts, or its time on disk less its
    duration: recorders close a file when its last picture has come. Raises UnreadableFileError
    when it is no video, or when a part of it cannot be read; what came before is good.
    """
    import av  # noqa: PLC0415

    try:
        with av.open(str(path), options=_OPTIONS) as container:
            start = begins_at or _begins_at(container, path)
            yield from _pictures(container, start, every)
    except (av.error.FFmpegError, OSError, ValueError, IndexError) as error:
        raise UnreadableFileError from error


def _pictures(container: InputContainer, start: datetime, every: timedelta) -> Generator[Frame]:
    stream = container.streams.video[0]
    stream.codec_context.skip_frame = "NONKEY"
    first: float | None = None
    due = start
    for picture in container.decode(stream):
        if picture.pts is None:
            continue
        first = picture.time if first is None else first
        moment = start + timedelta(seconds=picture.time - first)
        if moment + _TOLERANCE < due:
            continue
        due = moment + every
        pixels: Any = picture.to_ndarray(format="rgb24")
        yield Frame(moment, pixels, decoder_errors=bool(picture.is_corrupt))


def _begins_at(container: InputContainer, path: Path) -> datetime:
    told = _moment(container.metadata.get("creation_time", ""))
    # Encoders that do not know leave the beginning of their count of seconds.
    if told is not None and told >= EARLIEST:
        return told
    length = timedelta(microseconds=container.duration or 0)
    return datetime.fromtimestamp(path.stat().st_mtime, UTC) - length


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment.astimezone(UTC) if moment.tzinfo else None
