"""The life of timelapses: start, pause, resume, complete, and stop by themselves."""

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo

from ..database.timelapse_operations import TimelapseOperations
from ..errors import (
    NoTimelapseError,
    StartAfterStopError,
    StopInPastError,
    TimelapseStateError,
)
from ..events import (
    Publish,
    TimelapseCompleted,
    TimelapsePaused,
    TimelapseResumed,
    TimelapseStarted,
)
from ..models import Camera, Timelapse, TimelapseChanges, TimelapseRules, TimelapseState
from .lifecycle import MOVES, Move
from .progress import Stop, StopReason, due_stop, planned_stop


class TimelapseService:
    """Moves timelapses through their states; a camera has at most one that is unfinished."""

    def __init__(
        self,
        operations: TimelapseOperations,
        publish: Publish,
        now: Callable[[], datetime],
        zone: Callable[[], tzinfo],
    ) -> None:
        self._operations = operations
        self._publish = publish
        self._now = now
        self._zone = zone

    async def start(
        self,
        camera: Camera,
        name: str,
        settings: Mapping[str, object],
        rules: TimelapseRules | None = None,
    ) -> Timelapse:
        """Begin a timelapse with settings and rules of its own.

        Raises TimelapseExistsError while one is unfinished, StopInPastError, StartAfterStopError.
        """
        self._check(rules or {}, None)
        timelapse = await self._operations.create(camera.id, name, settings, self._now(), rules)
        self._publish(TimelapseStarted(camera.id, timelapse))
        return timelapse

    async def pause(self, camera: Camera) -> Timelapse:
        """Stop capturing, for now; raise TimelapseStateError when it is paused already."""
        timelapse = await self._move(await self.unfinished(camera), Move.PAUSE, self._now())
        self._publish(TimelapsePaused(camera.id, timelapse))
        return timelapse

    async def resume(self, camera: Camera) -> Timelapse:
        """Capture again; raise TimelapseStateError when it is running already."""
        timelapse = await self._move(await self.unfinished(camera), Move.RESUME, self._now())
        self._publish(TimelapseResumed(camera.id, timelapse))
        return timelapse

    async def complete(self, camera: Camera) -> Timelapse:
        """End the timelapse for good."""
        stop = Stop(self._now(), StopReason.USER)
        return await self._complete(await self.unfinished(camera), stop)

    async def update(self, timelapse: Timelapse, changes: TimelapseChanges) -> Timelapse:
        """Change name, star, notes or rules; a rule that is met already ends the timelapse.

        Raises StopInPastError, StartAfterStopError, and TimelapseStateError for rules of a
        completed timelapse.
        """
        self._check(changes, timelapse)
        rules = changes.keys() & TimelapseRules.__annotations__.keys()
        if rules and timelapse.state is TimelapseState.COMPLETED:
            raise TimelapseStateError(timelapse=timelapse.name, state=timelapse.state)
        return await self.stop_when_due(await self._operations.update(timelapse.id, changes))

    def planned_stop(self, timelapse: Timelapse) -> Stop | None:
        """Answer when the clock ends an unfinished timelapse, if it does."""
        if timelapse.state is TimelapseState.COMPLETED:
            return None
        return planned_stop(timelapse, self._zone())

    async def stop_when_due(self, timelapse: Timelapse) -> Timelapse:
        """Complete a timelapse when one of its rules says so; answer it as it is then."""
        if timelapse.state is TimelapseState.COMPLETED:
            return timelapse
        stop = due_stop(timelapse, self._now(), self._zone())
        if stop is None:
            return timelapse
        try:
            return await self._complete(timelapse, stop)
        except TimelapseStateError:  # somebody was faster
            return await self._operations.get(timelapse.id)

    async def unfinished(self, camera: Camera) -> Timelapse:
        """Answer the running or paused timelapse; raise NoTimelapseError when there is none."""
        timelapse = await self._operations.unfinished(camera.id)
        if timelapse is None:
            raise NoTimelapseError(camera=camera.name)
        return timelapse

    async def _complete(self, timelapse: Timelapse, stop: Stop) -> Timelapse:
        timelapse = await self._move(timelapse, Move.COMPLETE, stop.at)
        self._publish(TimelapseCompleted(timelapse.camera_id, timelapse, stop.reason))
        return timelapse

    async def _move(self, timelapse: Timelapse, move: Move, at: datetime) -> Timelapse:
        sources, target = MOVES[move].sources, MOVES[move].target
        return await self._operations.change_state(timelapse.id, sources, target, at)

    def _check(self, rules: TimelapseRules, timelapse: Timelapse | None) -> None:
        moment = rules.get("stop_at")
        if moment is not None and moment <= self._now():
            raise StopInPastError(moment=moment.isoformat())
        start, stop = (
            rules.get("start_at", timelapse.start_at if timelapse else None),
            rules.get("stop_at", timelapse.stop_at if timelapse else None),
        )
        if start is not None and stop is not None and start >= stop:
            raise StartAfterStopError(start=start.isoformat(), stop=stop.isoformat())
