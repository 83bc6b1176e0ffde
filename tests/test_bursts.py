"""Bursts: by action and by entity, with images from before, and what goes wrong in between."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.engine.errors import InvalidAuthError, SourceTimeoutError
from custom_components.timelapser.engine.models import Frame
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, answered_by, device_id, set_up, settle
from tests.test_capture import FakeSource

QUICK = {"burst_images": 3, "burst_interval": 0.5}


class BurstSource(FakeSource):
    """Holds frames from before, a second apart, and answers as the test decides."""

    def __init__(self) -> None:
        super().__init__()
        self.answers: Callable[[int], Exception | None] = lambda _grab: None

    async def grab(self, timeout: float) -> Frame:
        number = self.grabs
        if (error := self.answers(number)) is not None:
            self.grabs += 1
            raise error
        return await super().grab(timeout)

    async def before(self, count: int) -> list[Frame]:
        now = dt_util.utcnow()
        return [Frame(now - timedelta(seconds=age), self.jpeg) for age in range(count, 0, -1)]


@pytest.fixture
async def source() -> BurstSource:
    return BurstSource()


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry, source: BurstSource) -> TimelapserHub:
    object.__setattr__(entry, "options", {"retries": 0, **QUICK})
    with answered_by(source):
        return await set_up(home, entry)


async def start(hass: HomeAssistant, source: BurstSource, **settings: Any) -> int:
    """Start a timelapse whose next tick is far, and answer the images that it has then."""
    camera = device_id(hass, CAMERA)
    settings = {"interval": 86_400, **settings}
    await act(hass, "start_timelapse", device_id=camera, settings=settings)
    await settle(hass)
    return source.grabs


async def burst(hass: HomeAssistant, **fields: Any) -> list[dict[str, Any]]:
    answer = await act(hass, "capture_burst", device_id=device_id(hass, CAMERA), **fields)
    images: list[dict[str, Any]] = answer["images"]
    return images


def refused(error: pytest.ExceptionInfo[HomeAssistantError]) -> str | None:
    return error.value.translation_key


@pytest.mark.parametrize(
    ("fields", "images"),
    [
        ({}, 3),
        ({"burst_images": 2}, 2),
        ({"burst_images": 1, "burst_interval": 60}, 1),
        ({"burst_images": 1, "burst_before": 4}, 5),
    ],
)
async def test_burst_by_action(
    home: HomeAssistant,
    hub: TimelapserHub,
    source: BurstSource,
    fields: dict[str, Any],
    images: int,
) -> None:
    taken_before = await start(home, source)
    begun = home.loop.time()
    taken = await burst(home, **fields)
    assert len(taken) == images
    moments = [image["captured_at"] for image in taken]
    assert moments == sorted(moments)
    own = fields.get("burst_images", 3)
    assert source.grabs - taken_before == own
    # The last one waits for no other.
    expected = (own - 1) * fields.get("burst_interval", 0.5)
    assert expected <= home.loop.time() - begun < expected + 1.5
    # For once: the settings stay as they were.
    answer = await act(home, "get_settings", device_id=device_id(home, CAMERA))
    assert answer["settings"]["burst_images"]["value"] == 3


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"burst_interval": 0.7}, None), ({"burst_images": 2.5}, "invalid_setting")],
)
async def test_fields_of_a_burst(
    home: HomeAssistant,
    hub: TimelapserHub,
    source: BurstSource,
    fields: dict[str, Any],
    error: str | None,
) -> None:
    await start(home, source)
    if error is None:
        assert len(await burst(home, burst_images=1, **fields)) == 1
        return
    with pytest.raises(ServiceValidationError) as caught:
        await burst(home, **fields)
    assert refused(caught) == error


async def test_burst_in_a_pause_and_without_a_timelapse(
    home: HomeAssistant, hub: TimelapserHub, source: BurstSource
) -> None:
    with pytest.raises(ServiceValidationError) as caught:
        await burst(home)
    assert refused(caught) == "no_timelapse"
    await start(home, source)
    await act(home, "pause_timelapse", device_id=device_id(home, CAMERA))
    assert len(await burst(home, burst_images=1)) == 1
    await act(home, "complete_timelapse", device_id=device_id(home, CAMERA))
    with pytest.raises(ServiceValidationError) as caught:
        await burst(home)
    assert refused(caught) == "no_timelapse"


async def test_one_burst_at_a_time(
    home: HomeAssistant, hub: TimelapserHub, source: BurstSource
) -> None:
    await start(home, source)
    source.gate.clear()
    first = asyncio.create_task(burst(home, burst_images=1))
    while source.grabs < 2:
        await asyncio.sleep(0)
    for action in ("capture_burst", "capture_now"):
        with pytest.raises(ServiceValidationError) as caught:
            await act(home, action, device_id=device_id(home, CAMERA))
        assert refused(caught) == "capture_busy"
    source.gate.set()
    assert len(await first) == 1
    assert len(await burst(home, burst_images=1)) == 1


@pytest.mark.parametrize(
    "error",
    [SourceTimeoutError(host="camera", seconds=10), RuntimeError("odd")],
    ids=["timeout", "bug"],
)
async def test_an_image_that_fails_leaves_the_others(
    home: HomeAssistant, hub: TimelapserHub, source: BurstSource, error: Exception
) -> None:
    first = await start(home, source)
    source.answers = lambda grab: error if grab == first + 1 else None
    assert len(await burst(home)) == 2
    assert source.grabs - first == 3


async def test_wrong_password_ends_a_burst(
    home: HomeAssistant, hub: TimelapserHub, source: BurstSource
) -> None:
    """Cameras lock accounts for a few of them in a row."""
    first = await start(home, source)
    source.answers = lambda _grab: InvalidAuthError(host="camera")
    with pytest.raises(HomeAssistantError) as caught:
        await burst(home)
    assert refused(caught) == "invalid_auth"
    assert source.grabs - first == 1


async def test_burst_of_which_nothing_came(
    home: HomeAssistant, hub: TimelapserHub, source: BurstSource
) -> None:
    await start(home, source)
    source.error = True
    with pytest.raises(HomeAssistantError) as caught:
        await burst(home)
    assert refused(caught) == "timeout"
    source.error = False
    assert len(await burst(home, burst_images=1)) == 1


# States of an entity one after the other, and how many bursts they ask for; None: not there.
ASKED: dict[str, tuple[str, list[str | None], int]] = {
    "motion": ("binary_sensor.motion", ["off", "on", "off", "on"], 2),
    "motion that goes on": ("binary_sensor.motion", ["off", "on", "on"], 1),
    "motion that is not new": ("binary_sensor.motion", [None, "on"], 0),
    "motion after an absence": ("binary_sensor.motion", ["off", "unavailable", "on"], 0),
    "motion that is not known": ("binary_sensor.motion", ["off", "unknown", "unavailable"], 0),
    "a switch": ("switch.siren", ["off", "on"], 1),
    "a number": ("sensor.visitors", ["1", "2"], 0),
    "an event": ("event.bell", ["2026-01-01T10:00:00", "2026-01-01T10:00:05"], 1),
    "a first event": ("event.bell", ["unknown", "2026-01-01T10:00:05"], 1),
    "a button": ("button.photo", ["unknown", "2026-01-01T10:00:05", "2026-01-01T10:01:05"], 2),
    "an input button": ("input_button.photo", ["2026-01-01T10:00:05", "unavailable"], 0),
    "an event that comes back": ("event.bell", ["unavailable", "2026-01-01T10:00:05"], 0),
}


async def test_burst_by_entity(
    home: HomeAssistant, hub: TimelapserHub, source: BurstSource
) -> None:
    for case, (entity, states, bursts) in ASKED.items():
        home.states.async_remove(entity)
        if states[0] is not None:
            home.states.async_set(entity, states[0])
        first = await start(home, source, burst_entity=entity, burst_images=1)
        for state in filter(None, states[1:]):
            home.states.async_set(entity, state)
            await settle(home)
        assert source.grabs - first == bursts, case
        await act(home, "complete_timelapse", device_id=device_id(home, CAMERA))


async def test_entity_is_watched_while_the_timelapse_runs(
    home: HomeAssistant, hub: TimelapserHub, source: BurstSource
) -> None:
    camera = device_id(home, CAMERA)
    home.states.async_set("binary_sensor.motion", "off")
    await act(home, "set_settings", settings={"burst_entity": "binary_sensor.motion"})

    async def move() -> int:
        grabs = source.grabs
        for state in ("on", "off"):
            home.states.async_set("binary_sensor.motion", state)
            await settle(home)
        return source.grabs - grabs

    assert await move() == 0
    await start(home, source, burst_images=1)
    assert await move() == 1
    await act(home, "pause_timelapse", device_id=camera)
    assert await move() == 0
    await act(home, "resume_timelapse", device_id=camera)
    await settle(home)
    assert await move() == 1
    await act(home, "set_settings", settings={"burst_entity": "binary_sensor.other"})
    await settle(home)
    assert await move() == 0


async def test_entity_that_asks_asks_for_images_from_before(
    home: HomeAssistant, hub: TimelapserHub, source: BurstSource
) -> None:
    home.states.async_set("event.bell", "unknown")
    await start(home, source, burst_entity="event.bell", burst_images=2, burst_before=3)
    home.states.async_set("event.bell", "2026-01-01T10:00:05")
    await settle(home)
    (timelapse,) = (await act(home, "list_timelapses", device_id=device_id(home, CAMERA)))[
        "timelapses"
    ]
    assert (timelapse["images"], timelapse["failed"]) == (6, 0)


async def test_entity_does_not_ask_a_camera_with_a_wrong_password_again_and_again(
    home: HomeAssistant, hub: TimelapserHub, source: BurstSource
) -> None:
    """A bell that is rung often would have the camera lock the account."""
    home.states.async_set("event.bell", "unknown")
    first = await start(home, source, burst_entity="event.bell", burst_images=2)
    source.answers = lambda _grab: InvalidAuthError(host="camera")
    for second in range(3):
        home.states.async_set("event.bell", f"2026-01-01T10:00:0{second}")
        await settle(home)
    assert source.grabs - first == 1


@pytest.mark.parametrize("by_entity", [False, True])
async def test_unload_ends_a_burst(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    source: BurstSource,
    by_entity: bool,
) -> None:
    home.states.async_set("event.bell", "unknown")
    await start(home, source, burst_entity="event.bell", burst_interval=60)
    asked: asyncio.Task[Any] | None = None
    if by_entity:
        home.states.async_set("event.bell", "2026-01-01T10:00:05")
    else:
        asked = asyncio.create_task(burst(home, burst_interval=60))
    async with asyncio.timeout(5):
        while source.grabs < 2:
            await asyncio.sleep(0.01)
    assert await home.config_entries.async_unload(entry.entry_id)
    assert [task for task in asyncio.all_tasks() if "burst" in task.get_name()] == []
    if asked is not None:
        # Whoever called is told; it is not they who were cancelled.
        with pytest.raises(HomeAssistantError):
            await asked
