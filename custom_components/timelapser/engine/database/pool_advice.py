"""What the pool's figures advise."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from .pool_manager import Lane, LaneStatus, PoolStatus

OFTEN_EXHAUSTED: Final = 10
"""Refused calls in an hour from which more connections are advised."""
SLOW_SHARE: Final = 0.02
LONG_WAIT: Final = 0.25
"""Mean seconds of a wait from which a lane is crowded."""
ENOUGH_CALLS: Final = 100
SLOW_PROBE: Final = 1000.0
"""Milliseconds; the seed warns from one second on."""


class Advice(StrEnum):
    """A kind of advice."""

    RAISE_CONNECTIONS = "raise_connections"
    READERS_WAIT = "readers_wait"
    WRITER_WAITS = "writer_waits"
    SLOW_DATABASE = "slow_database"
    FAILING_DATABASE = "failing_database"
    AWAY = "away"


TEXTS: Final = {
    Advice.RAISE_CONNECTIONS: "refused {:g} calls in the last hour: raise the connections",
    Advice.READERS_WAIT: "reading waits {:g} s on average: raise the connections",
    Advice.WRITER_WAITS: "writing waits {:g} s on average: use a faster disk or server",
    Advice.SLOW_DATABASE: "slow (figure {:g}): use a faster disk or server",
    Advice.FAILING_DATABASE: "refused {:g} statements: look into the log",
    Advice.AWAY: "away; the last look took {:g} ms: check server, network and disk",
}


@dataclass(frozen=True, slots=True)
class Recommendation:
    """Advice with the figure that it rests on."""

    advice: Advice
    figure: float

    @property
    def text(self) -> str:
        """The advice in a sentence."""
        return TEXTS[self.advice].format(self.figure)


def recommend(status: PoolStatus) -> list[Recommendation]:
    """Answer what should be done, the most urgent first; nothing for a healthy pool."""
    return list(_recommendations(status))


def _recommendations(status: PoolStatus) -> Iterator[Recommendation]:
    if status.last_probe and status.last_probe.error:
        yield Recommendation(Advice.AWAY, status.last_probe.milliseconds)
    lanes = status.lanes.values()
    refused = sum(lane.refused_last_hour for lane in lanes)
    if refused >= OFTEN_EXHAUSTED:
        yield Recommendation(Advice.RAISE_CONNECTIONS, refused)
    for lane, advice in ((Lane.READ, Advice.READERS_WAIT), (Lane.WRITE, Advice.WRITER_WAITS)):
        found = status.lanes[lane]
        if _is_crowded(found):
            yield Recommendation(advice, round(found.wait_mean, 3))
    slow = sum(lane.slow_last_hour for lane in lanes)
    calls = sum(lane.calls for lane in lanes)
    if calls >= ENOUGH_CALLS and slow > calls * SLOW_SHARE:
        yield Recommendation(Advice.SLOW_DATABASE, slow)
    elif status.last_probe and status.last_probe.milliseconds > SLOW_PROBE:
        yield Recommendation(Advice.SLOW_DATABASE, round(status.last_probe.milliseconds))
    errors = sum(lane.errors for lane in lanes)
    if calls >= ENOUGH_CALLS and errors > calls * SLOW_SHARE:
        yield Recommendation(Advice.FAILING_DATABASE, errors)


def _is_crowded(lane: LaneStatus) -> bool:
    return lane.calls >= ENOUGH_CALLS and lane.wait_mean > LONG_WAIT
