"""Degraded mode: a camera whose recent images are mostly bad."""

from collections import deque
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from ..settings import CorruptionSettings

LEAST_IMAGES: Final = 10
"""A share of fewer images says little."""
RECOVERED_AFTER: Final = 5
"""Good images in a row after which a camera may be called well again."""
REMEMBERED: Final = 2_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A judged image: when, and whether it was bad."""

    at: datetime
    bad: bool


class DegradedWatch:
    """Enters degraded mode by bad images in a row or their share, leaves it after good ones."""

    def __init__(self) -> None:
        self._seen: deque[Seen] = deque(maxlen=REMEMBERED)
        self._bad_in_a_row = 0
        self._good_in_a_row = 0
        self.since: datetime | None = None

    @property
    def active(self) -> bool:
        """Whether the camera is in degraded mode."""
        return self.since is not None

    def see(self, bad: bool, moment: datetime, settings: CorruptionSettings) -> bool:
        """Take note of a judged image; answer whether the mode has changed."""
        self._seen.append(Seen(moment, bad))
        self._bad_in_a_row = self._bad_in_a_row + 1 if bad else 0
        self._good_in_a_row = 0 if bad else self._good_in_a_row + 1
        mostly_bad = self._is_mostly_bad(moment, settings)
        in_a_row = 0 < settings.degraded_after <= self._bad_in_a_row
        before = self.active
        if not before and (in_a_row or mostly_bad):
            self.since = moment
        elif before and self._good_in_a_row >= RECOVERED_AFTER and not mostly_bad:
            self.since = None
        return self.active is not before

    def reset(self) -> bool:
        """Forget all; answer whether the camera was in degraded mode."""
        before = self.active
        self._seen.clear()
        self._bad_in_a_row = self._good_in_a_row = 0
        self.since = None
        return before

    def _is_mostly_bad(self, moment: datetime, settings: CorruptionSettings) -> bool:
        since = moment - timedelta(minutes=settings.degraded_window)
        # A camera that captures seldom has its last few images in place of the window.
        while len(self._seen) > LEAST_IMAGES and self._seen[0].at < since:
            self._seen.popleft()
        if not settings.degraded_share or len(self._seen) < LEAST_IMAGES:
            return False
        bad = sum(seen.bad for seen in self._seen)
        return bad * 100 >= settings.degraded_share * len(self._seen)
