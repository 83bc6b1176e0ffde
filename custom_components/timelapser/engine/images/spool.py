"""What the database could not take: kept as files, in order, until it can."""

from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import date, datetime
import json
import logging
from pathlib import Path
from typing import Any, Final

from ..errors import StorageError
from ..models import Context, Judgement, NewImage, Replaced, Tick, TickOutcome
from .files import Storage, write_atomically

_LOGGER = logging.getLogger(__name__)

FOLDER: Final = ".spool"


@dataclass(frozen=True, slots=True)
class Entry:
    """An image, a tick, or an image with the tick that asked for it."""

    image: NewImage | None
    tick: Tick | None


class Spool:
    """Entries as files named by their number; everything here blocks, for an executor."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._numbers: deque[int] = deque()
        self._next = 1

    def __len__(self) -> int:
        return len(self._numbers)

    def open(self) -> None:
        """Find what an earlier run left."""
        folder = self._storage.resolve(FOLDER)
        found = [path for path in folder.glob("*.*") if path.stem.isdecimal()]
        self._numbers = deque(sorted(int(path.stem) for path in found if path.suffix == ".json"))
        # No number comes again: neither over an entry that waits nor over a refused one.
        self._next = max((int(path.stem) for path in found), default=0) + 1

    def append(self, entry: Entry) -> None:
        """Keep an entry, after all others; raise StorageError when that fails."""
        number = self._next
        write_atomically(self._path(number), json.dumps(_plain(entry)).encode(), sync=True)
        self._next += 1
        self._numbers.append(number)

    def first(self) -> Entry | None:
        """Answer the oldest entry; those that make no sense are passed over.

        Raises StorageError, and passes nothing over, while the storage itself cannot be read.
        """
        while self._numbers:
            path = self._path(self._numbers[0])
            try:
                content = path.read_bytes()
            except OSError as error:
                raise StorageError(folder=str(path.parent)) from error
            try:
                return _entry(json.loads(content))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                _LOGGER.warning("The entry %s cannot be read: %r", path.name, error)
            self.set_first_aside()
        return None

    def remove_first(self) -> None:
        """Let go of the oldest entry."""
        path = self._path(self._numbers[0])
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(folder=str(path.parent)) from error
        self._numbers.popleft()

    def set_first_aside(self) -> None:
        """Pass over the oldest entry, which stays on disk for people to look at."""
        path = self._path(self._numbers[0])
        with suppress(OSError):
            path.rename(path.with_suffix(".refused"))
        self._numbers.popleft()

    def _path(self, number: int) -> Path:
        return self._storage.resolve(FOLDER) / f"{number:012d}.json"


def _plain(entry: Entry) -> dict[str, Any]:
    plain: dict[str, Any] = {}
    if (new := entry.image) is not None:
        plain["image"] = {
            "camera_id": new.camera_id,
            "timelapse_id": new.timelapse_id,
            "captured_at": new.captured_at.isoformat(),
            "local_day": new.local_day.isoformat(),
            "width": new.width,
            "height": new.height,
            "byte_count": new.byte_count,
            "judgement": asdict(new.judgement),
            "replaced": [
                {"judged_at": one.judged_at.isoformat(), "judgement": asdict(one.judgement)}
                for one in new.replaced
            ],
            "quarantined": new.quarantined,
            "flagged": new.flagged,
            "context": new.context.plain,
            "luma": new.luma,
            "phash": new.phash,
            "content_hash": new.content_hash,
            "imported": new.imported,
        }
    if (tick := entry.tick) is not None:
        plain["tick"] = {
            "camera_id": tick.camera_id,
            "timelapse_id": tick.timelapse_id,
            "planned_at": tick.planned_at.isoformat(),
            "local_day": tick.local_day.isoformat(),
            "outcome": tick.outcome.value,
            "reason": tick.reason,
            "last_at": tick.last_at.isoformat() if tick.last_at else None,
            "count": tick.count,
        }
    return plain


def _entry(plain: dict[str, Any]) -> Entry:
    image, tick = plain.get("image"), plain.get("tick")
    return Entry(_image(**image) if image else None, _tick(**tick) if tick else None)


def _image(
    *,
    captured_at: str,
    local_day: str,
    judgement: dict[str, Any],
    replaced: list[dict[str, Any]],
    context: dict[str, Any],
    **values: Any,
) -> NewImage:
    return NewImage(
        captured_at=datetime.fromisoformat(captured_at),
        local_day=date.fromisoformat(local_day),
        judgement=_judgement(**judgement),
        replaced=tuple(
            Replaced(datetime.fromisoformat(one["judged_at"]), _judgement(**one["judgement"]))
            for one in replaced
        ),
        context=Context.from_plain(context),
        **values,
    )


def _judgement(*, reasons: list[str], details: list[str], **values: Any) -> Judgement:
    return Judgement(reasons=tuple(reasons), details=tuple(details), **values)


def _tick(
    *, planned_at: str, local_day: str, outcome: str, last_at: str | None, **values: Any
) -> Tick:
    return Tick(
        planned_at=datetime.fromisoformat(planned_at),
        local_day=date.fromisoformat(local_day),
        outcome=TickOutcome(outcome),
        last_at=datetime.fromisoformat(last_at) if last_at else None,
        **values,
    )
