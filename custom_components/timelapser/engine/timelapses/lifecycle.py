"""The state machine of a timelapse: which move is allowed when."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ..models import TimelapseState


class Move(StrEnum):
    """What can be done with a timelapse that was started; a start makes a new one, running."""

    PAUSE = "pause"
    RESUME = "resume"
    COMPLETE = "complete"


@dataclass(frozen=True, slots=True)
class Transition:
    """From which states a move is allowed, and where it leads."""

    sources: frozenset[TimelapseState]
    target: TimelapseState


MOVES: Final[Mapping[Move, Transition]] = {
    Move.PAUSE: Transition(frozenset({TimelapseState.RUNNING}), TimelapseState.PAUSED),
    Move.RESUME: Transition(frozenset({TimelapseState.PAUSED}), TimelapseState.RUNNING),
    Move.COMPLETE: Transition(
        frozenset({TimelapseState.RUNNING, TimelapseState.PAUSED}), TimelapseState.COMPLETED
    ),
}
