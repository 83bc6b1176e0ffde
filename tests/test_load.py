"""A disk that is nearly full, and too little memory: captures wait, and go on by themselves."""

from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.timelapser.const import DOMAIN, EVENT_TIMELAPSER
from custom_components.timelapser.engine.monitoring.load import EVERY, GB, MB
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, answered_by, device_id, set_up
from tests.test_capture import FakeSource, pass_time
from tests.test_windows import in_berlin, missed, start, statistics

LOOK = EVERY.total_seconds()


class Machine:
    """What is free on the disk and in memory, as a test decides; None is not known."""

    def __init__(self) -> None:
        self.disk: float | None = 50 * GB
        self.memory: float | None = 4000 * MB

    def read_disk(self, _root: object) -> int | None:
        return None if self.disk is None else int(self.disk)

    def read_memory(self) -> int | None:
        return None if self.memory is None else int(self.memory)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    found = Machine()
    load = "custom_components.timelapser.engine.monitoring.load"
    monkeypatch.setattr(f"{load}.free_disk", found.read_disk)
    monkeypatch.setattr(f"{load}.free_memory", found.read_memory)
    return found


@pytest.fixture
async def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def hub(
    home: HomeAssistant, machine: Machine, entry: MockConfigEntry, source: FakeSource
) -> TimelapserHub:
    return await in_berlin(home, entry, source)


def issue(hass: HomeAssistant, name: str) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, name)


async def look(hass: HomeAssistant, hub: TimelapserHub) -> str | None:
    """Have the machine looked at, as every half minute; answer why nothing may be captured."""
    await hub.load.look()
    await hass.async_block_till_done()
    return hub.load.reason


# What is short, and by how much; then the issue, reason and events of it.
SHORT: dict[str, tuple[str, float, float, float, str, str]] = {
    "disk": ("disk", 0.9 * GB, 1.5 * GB, 2.1 * GB, "disk", "storage"),
    "memory": ("memory", 63 * MB, 100 * MB, 129 * MB, "memory", "memory"),
}


@pytest.mark.parametrize("case", SHORT)
async def test_captures_wait_and_go_on(  # noqa: PLR0917
    home: HomeAssistant,
    hub: TimelapserHub,
    machine: Machine,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
    case: str,
) -> None:
    what, low, between, enough, reason, name = SHORT[case]
    events = async_capture_events(home, EVENT_TIMELAPSER)
    freezer.move_to("2026-11-24T10:00:59+00:00")
    await start(home, interval=60)
    await pass_time(home, freezer, 1)
    assert source.grabs == 1
    # Below the lower limit nothing is captured, until there is more than the higher one.
    for free, grabs in ((between, 2), (low, 2), (between, 2), (low, 2), (enough, 3), (between, 4)):
        setattr(machine, what, free)
        await look(home, hub)
        await pass_time(home, freezer, 60)
        assert source.grabs == grabs, free
        assert (issue(home, f"{name}_low") is not None) == (hub.load.reason is not None)
    told = [event.data for event in events if event.data["type"].startswith(name)]
    assert [(data["type"], data["free_bytes"]) for data in told] == [
        (f"{name}_low", low),
        (f"{name}_ok", enough),
    ]
    assert caplog.text.count("Nothing is captured") == 1
    answer = await statistics(home)
    # Nobody wanted it so.
    assert missed(answer) == {reason: (3, False)}
    assert (answer["totals"]["planned"], answer["totals"]["covered"]) == (7, 4)


@pytest.mark.parametrize("action", ["capture_now", "capture_burst"])
async def test_images_on_demand_are_refused_with_numbers(
    home: HomeAssistant,
    hub: TimelapserHub,
    machine: Machine,
    source: FakeSource,
    action: str,
) -> None:
    await start(home, interval=86_400)
    grabs = source.grabs
    await act(home, "set_settings", settings={"stop_below": 3.5, "resume_above": 7})
    machine.disk = 3.21 * GB
    await look(home, hub)
    with pytest.raises(HomeAssistantError) as caught:
        await act(home, action, device_id=device_id(home, CAMERA))
    assert caught.value.translation_key == "storage_low"
    assert caught.value.translation_placeholders == {"free": "3.2", "resume": "7"}
    found = issue(home, "storage_low")
    assert found is not None
    assert found.translation_placeholders == {"free": "3.2", "resume": "7"}
    machine.disk, machine.memory = 8 * GB, 50 * MB
    await look(home, hub)
    with pytest.raises(HomeAssistantError) as caught:
        await act(home, action, device_id=device_id(home, CAMERA))
    assert caught.value.translation_key == "memory_low"
    assert caught.value.translation_placeholders == {"free": "50"}
    assert source.grabs == grabs


async def test_limits_that_are_changed_count_with_the_next_look(
    home: HomeAssistant, hub: TimelapserHub, machine: Machine
) -> None:
    machine.disk = 1.5 * GB
    assert await look(home, hub) is None
    await act(home, "set_settings", settings={"stop_below": 1.6, "resume_above": 3})
    assert await look(home, hub) == "disk"
    await act(home, "set_settings", settings={"stop_below": 0, "resume_above": 0})
    assert await look(home, hub) is None
    # Switched off by 0: also a disk that is full stops nothing.
    machine.disk = 0
    assert await look(home, hub) is None


async def test_what_is_not_known_changes_nothing(
    home: HomeAssistant, hub: TimelapserHub, machine: Machine
) -> None:
    machine.disk = machine.memory = None
    assert await look(home, hub) is None
    machine.disk = 0.5 * GB
    await look(home, hub)
    machine.disk = None
    # The disk that was nearly full is away: nothing says that there is room.
    assert await look(home, hub) == "disk"


async def test_machine_is_looked_at_by_itself(
    home: HomeAssistant, hub: TimelapserHub, machine: Machine, freezer: FrozenDateTimeFactory
) -> None:
    machine.disk = 0.5 * GB
    for _ in range(3):
        await pass_time(home, freezer, LOOK)
    assert hub.load.reason == "disk"
    machine.disk = 5 * GB
    for _ in range(3):
        await pass_time(home, freezer, LOOK)
    assert hub.load.reason is None


@pytest.mark.parametrize("what", ["disk", "memory"])
async def test_issue_goes_though_there_was_room_again_while_the_hub_was_away(  # noqa: PLR0917
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    machine: Machine,
    source: FakeSource,
    what: str,
) -> None:
    setattr(machine, what, 1 * MB)
    await look(home, hub)
    name = {"disk": "storage_low", "memory": "memory_low"}[what]
    assert issue(home, name) is not None
    assert await home.config_entries.async_unload(entry.entry_id)
    setattr(machine, what, 50 * GB)
    with answered_by(source):
        hub = await set_up(home, entry)
    assert await look(home, hub) is None
    assert issue(home, name) is None


async def test_order_of_the_limits_is_checked(home: HomeAssistant, hub: TimelapserHub) -> None:
    wrong: dict[str, Any] = {"stop_below": 3, "resume_above": 2}
    with pytest.raises(HomeAssistantError) as caught:
        await act(home, "set_settings", settings=wrong)
    assert caught.value.translation_key == "storage_order"
    answer = await act(home, "get_settings")
    assert answer["settings"]["stop_below"]["level"] == "default"
    # Limits of the machine are the hub's.
    with pytest.raises(HomeAssistantError) as caught:
        await act(
            home, "set_settings", device_id=device_id(home, CAMERA), settings={"stop_below": 1}
        )
    assert caught.value.translation_key == "setting_level"


async def test_first_tick_after_a_start_on_a_full_disk(
    home: HomeAssistant,
    entry: MockConfigEntry,
    machine: Machine,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> None:
    machine.disk = 0.1 * GB
    await in_berlin(home, entry, source)
    freezer.move_to("2026-11-24T10:00:30+00:00")
    # The first image of a timelapse would come at once.
    await start(home, interval=86_400)
    assert source.grabs == 0
