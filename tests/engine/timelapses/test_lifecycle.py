"""The state machine: whatever people do, and in whatever order, the rows stay sensible."""

from datetime import UTC, datetime, timedelta
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.errors import (
    NoTimelapseError,
    StopInPastError,
    TimelapserError,
    TimelapseStateError,
)
from custom_components.timelapser.engine.events import TimelapseChanged, TimelapseCompleted
from custom_components.timelapser.engine.models import TimelapseChanges, TimelapseState
from custom_components.timelapser.engine.timelapses.service import TimelapseService
from tests.engine.conftest import BEGIN, Engine

CAMERAS = count()
VERBS = ("start", "pause", "resume", "complete")
# What a camera's newest timelapse is, None for none unfinished, after each verb that is allowed.
ALLOWED = {
    (None, "start"): "running",
    ("running", "pause"): "paused",
    ("paused", "resume"): "running",
    ("running", "complete"): None,
    ("paused", "complete"): None,
}


class Clock:
    """A moment that only moves when it is told to."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(engine: Engine, clock: Clock) -> TimelapseService:
    return TimelapseService(engine.timelapses, engine.events.append, clock, lambda: UTC)


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(verbs=st.lists(st.sampled_from(VERBS), max_size=12))
async def test_every_sequence_of_moves(
    engine: Engine, clock: Clock, service: TimelapseService, verbs: list[str]
) -> None:
    engine.events.clear()
    camera = await engine.camera(f"cam{next(CAMERAS)}")
    state: str | None = None
    accepted, resumed_at = [], None
    for verb in verbs:
        clock.now += timedelta(seconds=1)
        try:
            if verb == "start":
                await service.start(camera, "Spring", {})
            else:
                await getattr(service, verb)(camera)
        except TimelapserError:
            assert (state, verb) not in ALLOWED
        else:
            state = ALLOWED[state, verb]
            accepted.append(verb)
            if verb in ("start", "resume"):
                resumed_at = clock.now
        timelapses = await engine.timelapses.find(camera.id)
        unfinished = [found for found in timelapses if found.state != "completed"]
        assert [found.state for found in unfinished] == ([state] if state else [])
        assert not timelapses or timelapses[0].resumed_at == resumed_at
        for found in timelapses:
            assert (found.completed_at is not None) == (found.state == "completed")
            assert found.resumed_at is not None
            assert found.started_at <= found.resumed_at <= (found.completed_at or clock.now)
    assert [event.type for event in engine.events] == [
        "timelapse_" + {"complete": "completed"}.get(verb, f"{verb.removesuffix('e')}ed")
        for verb in accepted
    ]


async def test_a_move_that_is_not_allowed_says_why(
    engine: Engine, service: TimelapseService
) -> None:
    camera = await engine.camera()
    with pytest.raises(NoTimelapseError):
        await service.pause(camera)
    await service.start(camera, "Spring", {})
    with pytest.raises(TimelapseStateError) as caught:
        await service.resume(camera)
    assert caught.value.placeholders == {"timelapse": "Spring", "state": "running"}


async def test_what_people_change(engine: Engine, clock: Clock, service: TimelapseService) -> None:
    camera = await engine.camera()
    end = BEGIN + timedelta(days=1)
    begun = await service.start(camera, "Spring", {}, {"stop_at": end, "stop_after_images": 9})
    assert (begun.stop_at, begun.stop_after_days, begun.stop_after_images) == (end, None, 9)
    changes: TimelapseChanges = {"name": "Summer", "starred": True, "notes": "Ü", "stop_at": None}
    changed = await service.update(begun, changes)
    assert (changed.name, changed.starred, changed.notes) == ("Summer", True, "Ü")
    assert (changed.stop_at, changed.stop_after_images) == (None, 9)
    assert await service.update(changed, {}) == changed
    with pytest.raises(StopInPastError):
        await service.update(changed, {"stop_at": clock.now})
    completed = await service.complete(camera)
    assert (await service.update(completed, {"starred": False})).starred is False
    with pytest.raises(TimelapseStateError):
        await service.update(completed, {"stop_after_days": 1})


async def test_rule_that_is_met_ends_the_timelapse(
    engine: Engine, clock: Clock, service: TimelapseService
) -> None:
    """As when Home Assistant was off at the moment: it ended then, and not today."""
    camera = await engine.camera()
    end = BEGIN + timedelta(hours=1)
    begun = await service.start(camera, "Spring", {}, {"stop_at": end})
    assert await service.stop_when_due(begun) == begun
    await service.pause(camera)
    clock.now += timedelta(days=3)
    stopped = await service.stop_when_due(begun)
    assert (stopped.state, stopped.completed_at) == (TimelapseState.COMPLETED, end)
    # Whoever has an older row is told the truth, and nothing happens twice.
    assert await service.stop_when_due(begun) == stopped
    *_, event = (event for event in engine.events if isinstance(event, TimelapseChanged))
    assert isinstance(event, TimelapseCompleted)
    assert event.reason == "stop_at"
    assert engine.types().count("timelapse_completed") == 1


async def test_rule_made_too_late_ends_it_behind_its_last_image(
    engine: Engine, clock: Clock, service: TimelapseService
) -> None:
    camera = await engine.camera()
    begun = await service.start(camera, "Spring", {})
    clock.now += timedelta(days=9)
    stopped = await service.update(begun, {"stop_after_days": 2})
    assert stopped.completed_at == datetime(2026, 11, 26, tzinfo=UTC)
