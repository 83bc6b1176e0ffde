"""The life of timelapses: start, pause, resume, complete."""

from collections.abc import Callable, Mapping
from datetime import datetime

from ..database.timelapse_operations import TimelapseOperations
from ..errors import NoTimelapseError
from ..events import (
    Publish,
    TimelapseCompleted,
    TimelapsePaused,
    TimelapseResumed,
    TimelapseStarted,
)
from ..models import Camera, Timelapse, TimelapseState
from ..settings import check


class TimelapseService:
    """Moves timelapses through their states; a camera has at most one that is unfinished."""

    def __init__(
        self, operations: TimelapseOperations, publish: Publish, now: Callable[[], datetime]
    ) -> None:
        self._operations = operations
        self._publish = publish
        self._now = now

    async def start(self, camera: Camera, name: str, settings: Mapping[str, object]) -> Timelapse:
        """Begin a timelapse with settings of its own; raise TimelapseExistsError, too."""
        valid = {key: check(key, value) for key, value in settings.items()}
        timelapse = await self._operations.create(camera.id, name, valid, self._now())
        self._publish(TimelapseStarted(camera.id, timelapse))
        return timelapse

    async def pause(self, camera: Camera) -> Timelapse:
        """Stop capturing, for now; raise TimelapseStateError when it is paused already."""
        timelapse = await self._operations.change_state(
            (await self.unfinished(camera)).id, {TimelapseState.RUNNING}, TimelapseState.PAUSED
        )
        self._publish(TimelapsePaused(camera.id, timelapse))
        return timelapse

    async def resume(self, camera: Camera) -> Timelapse:
        """Capture again; raise TimelapseStateError when it is running already."""
        timelapse = await self._operations.change_state(
            (await self.unfinished(camera)).id, {TimelapseState.PAUSED}, TimelapseState.RUNNING
        )
        self._publish(TimelapseResumed(camera.id, timelapse))
        return timelapse

    async def complete(self, camera: Camera) -> Timelapse:
        """End the timelapse for good."""
        timelapse = await self._operations.change_state(
            (await self.unfinished(camera)).id,
            {TimelapseState.RUNNING, TimelapseState.PAUSED},
            TimelapseState.COMPLETED,
            completed_at=self._now(),
        )
        self._publish(TimelapseCompleted(camera.id, timelapse))
        return timelapse

    async def unfinished(self, camera: Camera) -> Timelapse:
        """Answer the running or paused timelapse; raise NoTimelapseError when there is none."""
        timelapse = await self._operations.unfinished(camera.id)
        if timelapse is None:
            raise NoTimelapseError(camera=camera.name)
        return timelapse
