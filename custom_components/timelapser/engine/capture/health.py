"""How well a camera does, and when one in trouble is tried again."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import uniform
from statistics import quantiles
from typing import Final

from ..errors import InvalidAuthError, SourceError
from ..models import CameraHealth

OFFLINE_AT: Final = 5
REMEMBERED: Final = 200
JITTER: Final = 0.2


@dataclass(frozen=True, slots=True)
class Backoff:
    """A wait that doubles with every failure, up to a longest one."""

    first: timedelta
    longest: timedelta

    def wait(self, failures: int) -> timedelta:
        """Answer how long to wait after so many failures, from 1."""
        # A higher power of two would only be cut off, after numbers too large for a duration.
        doublings: int = min(failures - 1, 16)
        return min(self.longest, self.first * (1 << doublings))


OFFLINE: Final = Backoff(timedelta(minutes=1), timedelta(minutes=15))
LOCKED_OUT: Final = Backoff(timedelta(minutes=5), timedelta(hours=6))
"""Cameras lock accounts after a few wrong passwords, often for half an hour from the last one."""


def camera_health(consecutive_failures: int) -> CameraHealth:
    """Answer online without failures, degraded from the first and offline from the fifth."""
    if consecutive_failures == 0:
        return CameraHealth.ONLINE
    return CameraHealth.OFFLINE if consecutive_failures >= OFFLINE_AT else CameraHealth.DEGRADED


class Probing:
    """Says whether a tick may try the camera: at growing intervals while it is in trouble."""

    def __init__(
        self, now: Callable[[], datetime], vary: Callable[[float, float], float] = uniform
    ) -> None:
        self._now = now
        self._vary = vary
        self._refusals = 0
        self._probes = 0
        self._next: datetime | None = None

    @property
    def next_try(self) -> datetime | None:
        """When the camera is tried again; None when every tick may."""
        return self._next

    def may_try(self, moment: datetime) -> bool:
        """Whether it makes sense to ask the camera for a picture."""
        return self._next is None or moment >= self._next

    def failed(self, error: SourceError, consecutive_failures: int) -> None:
        """Take note of a failure, the last of so many in a row."""
        if isinstance(error, InvalidAuthError):
            self._refusals += 1
            self._wait(LOCKED_OUT.wait(self._refusals))
        elif camera_health(consecutive_failures) is CameraHealth.OFFLINE:
            self._probes += 1
            self._wait(OFFLINE.wait(self._probes))

    def reset(self) -> None:
        """Let the next tick try: the camera gave a picture, or is another one now."""
        self._refusals = self._probes = 0
        self._next = None

    def _wait(self, wait: timedelta) -> None:
        # Varied, so that cameras which went away together do not come back together.
        self._next = self._now() + wait * self._vary(1 - JITTER, 1 + JITTER)


@dataclass(frozen=True, slots=True)
class Latency:
    """How long grabs took lately, in seconds: half of them less than `median`."""

    count: int
    median: float
    p95: float
    longest: float


class Latencies:
    """The last few durations of grabs."""

    def __init__(self) -> None:
        self._seconds: deque[float] = deque(maxlen=REMEMBERED)

    def add(self, seconds: float) -> None:
        """Take note of a grab that gave a frame."""
        self._seconds.append(seconds)

    @property
    def latency(self) -> Latency | None:
        """What they amount to; None before the first one."""
        if not self._seconds:
            return None
        # One value alone has no quantiles.
        seconds = [*self._seconds] * 2 if len(self._seconds) == 1 else [*self._seconds]
        cuts = quantiles(seconds, n=20, method="inclusive")
        return Latency(len(self._seconds), cuts[9], cuts[18], max(self._seconds))
