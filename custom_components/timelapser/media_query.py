"""What people type into the media browser's search, understood."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from homeassistant.util import dt as dt_util

from .media_identifier import YEARS


class Kind(StrEnum):
    """What is looked for, where a word says so."""

    VIDEO = "video"
    QUARANTINE = "quarantine"


@dataclass(frozen=True, slots=True)
class MediaQuery:
    """Words that names have to hold, a local day, and a kind of media."""

    words: tuple[str, ...] = ()
    day: date | None = None
    kind: Kind | None = None

    @property
    def is_empty(self) -> bool:
        """Whether it asks for nothing."""
        return not (self.words or self.day or self.kind)

    @property
    def between(self) -> tuple[datetime, datetime] | None:
        """When the day begins and ends."""
        if self.day is None:
            return None
        zone = dt_util.get_default_time_zone()
        days = (self.day, self.day + timedelta(days=1))
        begin, end = (datetime.combine(day, time(), zone) for day in days)
        return begin, end

    def matches(self, names: str) -> bool:
        """Whether some names hold all words."""
        folded = names.casefold()
        return all(word in folded for word in self.words)


def understand(text: str, today: date, labels: Mapping[Kind, str]) -> MediaQuery:
    """Answer what a text asks for; `labels` are the words for kinds in the system's language."""
    words, day, kind = [], None, None
    for word in text.casefold().split():
        if found_day := _day(word, today):
            day = found_day
        elif found_kind := _kind(word, labels):
            kind = found_kind
        else:
            words.append(word)
    return MediaQuery(tuple(words), day, kind)


def _day(word: str, today: date) -> date | None:
    relative = {"today": today, "yesterday": today - timedelta(days=1)}
    if word in relative:
        return relative[word]
    try:
        day = date.fromisoformat(word)
    except ValueError:
        return None
    return day if word == day.isoformat() and day.year in YEARS else None


def _kind(word: str, labels: Mapping[Kind, str]) -> Kind | None:
    for kind, label in labels.items():
        if word in {kind, f"{kind}s", f"{kind}d", label.casefold()}:
            return kind
    return None
