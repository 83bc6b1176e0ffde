"""The gate: conditions of Home Assistant under which a camera captures, and those it refuses."""

from contextlib import suppress
from datetime import time
import json
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError
from homeassistant.helpers.translation import async_get_translations
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.const import DOMAIN
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, device_id, settle
from tests.test_capture import FakeSource, pass_time
from tests.test_windows import in_berlin, missed, start, statistics

DOOR = {"condition": "state", "entity_id": "binary_sensor.door", "state": "off"}
LIGHT = {"condition": "numeric_state", "entity_id": "sensor.light", "above": 100}
MOTION = {"condition": "template", "value_template": "{{ is_state('binary_sensor.door', 'off') }}"}

type Gate = list[dict[str, Any]] | dict[str, Any]
type States = dict[str, str]


@pytest.fixture
async def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry, source: FakeSource) -> TimelapserHub:
    return await in_berlin(home, entry, source)


# Conditions, then states of entities, and whether the gate is open with them.
GATES: dict[str, tuple[Gate, list[tuple[States, bool]]]] = {
    "state": (
        [DOOR],
        [
            ({}, False),  # an entity that is missing, and may be there for privacy
            ({"binary_sensor.door": "on"}, False),
            ({"binary_sensor.door": "off"}, True),
            ({"binary_sensor.door": "unavailable"}, False),
        ],
    ),
    "a single one": (DOOR, [({"binary_sensor.door": "off"}, True)]),
    "numeric state": (
        [LIGHT],
        [
            ({}, False),
            ({"sensor.light": "100"}, False),
            ({"sensor.light": "100.5"}, True),
            ({"sensor.light": "unknown"}, False),
            ({"sensor.light": "bright"}, False),
        ],
    ),
    "template": (
        [MOTION],
        [({}, False), ({"binary_sensor.door": "off"}, True), ({"binary_sensor.door": "on"}, False)],
    ),
    "a template that fails": (
        [{"condition": "template", "value_template": "{{ states('sensor.light') | int > 3 }}"}],
        [({}, False), ({"sensor.light": "4"}, True), ({"sensor.light": "dark"}, False)],
    ),
    "all of a list": (
        [DOOR, LIGHT],
        [
            ({"binary_sensor.door": "off", "sensor.light": "5"}, False),
            ({"binary_sensor.door": "off", "sensor.light": "500"}, True),
            ({"binary_sensor.door": "on", "sensor.light": "500"}, False),
        ],
    ),
    "and": (
        [{"condition": "and", "conditions": [DOOR, LIGHT]}],
        [
            ({"binary_sensor.door": "off"}, False),
            ({"binary_sensor.door": "off", "sensor.light": "500"}, True),
        ],
    ),
    "or": (
        [{"condition": "or", "conditions": [DOOR, LIGHT]}],
        [
            ({"binary_sensor.door": "on"}, False),
            ({"binary_sensor.door": "on", "sensor.light": "500"}, True),
            ({"binary_sensor.door": "off", "sensor.light": "5"}, True),
        ],
    ),
    "not": (
        [{"condition": "not", "conditions": [DOOR]}],
        [({}, False), ({"binary_sensor.door": "off"}, False), ({"binary_sensor.door": "on"}, True)],
    ),
    "calendar": (
        [{"condition": "state", "entity_id": "calendar.site", "state": "on"}],
        [({}, False), ({"calendar.site": "off"}, False), ({"calendar.site": "on"}, True)],
    ),
    "short for a template": (
        [{"condition": "or", "conditions": ["{{ is_state('input_boolean.work', 'on') }}"]}],
        [({"input_boolean.work": "off"}, False), ({"input_boolean.work": "on"}, True)],
    ),
    "one that is switched off": (
        [{**DOOR, "enabled": False}],
        [({"binary_sensor.door": "on"}, True)],
    ),
}


ENTITIES = {
    entity for _gate, moments in GATES.values() for states, _is_open in moments for entity in states
}


async def test_gate_by_states(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-24T10:00:59+00:00")
    closed = 0
    for case, (conditions, moments) in GATES.items():
        await start(home, interval=60, gate=conditions)
        for states, is_open in moments:
            for entity in ENTITIES - set(states):
                home.states.async_remove(entity)
            for entity, state in states.items():
                home.states.async_set(entity, state)
            grabs = source.grabs
            await pass_time(home, freezer, 60)
            assert source.grabs - grabs == is_open, (case, states)
            closed += not is_open
        await act(home, "complete_timelapse", device_id=device_id(home, CAMERA))
    answer = await statistics(home)
    assert missed(answer) == {"gate": (closed, True)}
    assert answer["today"]["coverage"] == 100


# Moments in UTC, an hour behind Berlin: 08:00 is 09:00 there.
BY_TIME: dict[str, tuple[Gate, list[tuple[str, bool]]]] = {
    "time": (
        [{"condition": "time", "after": "09:30:00", "before": "15:00:00"}],
        [("2026-11-24T08:00", False), ("2026-11-24T09:00", True), ("2026-11-24T14:00", False)],
    ),
    "weekday": (
        [{"condition": "time", "weekday": ["mon", "wed"]}],
        [("2026-11-24T22:00", False), ("2026-11-24T23:00", True), ("2026-11-25T23:00", False)],
    ),
    "sun": (
        [{"condition": "sun", "after": "sunrise", "before": "sunset"}],
        [("2026-11-24T05:00", False), ("2026-11-24T11:00", True), ("2026-11-24T16:00", False)],
    ),
}


async def test_gate_by_time(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    for case, (conditions, moments) in BY_TIME.items():
        for moment, is_open in moments:
            freezer.move_to(f"{moment}:00+00:00")
            freezer.tick(-1)
            await start(home, interval=3600, gate=conditions)
            grabs = source.grabs
            await pass_time(home, freezer, 1)
            assert source.grabs - grabs == is_open, (case, moment)
            await act(home, "complete_timelapse", device_id=device_id(home, CAMERA))


async def test_gate_that_is_changed_counts_at_once(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    camera = device_id(home, CAMERA)
    home.states.async_set("binary_sensor.door", "on")
    freezer.move_to("2026-11-24T10:00:59+00:00")
    await start(home, interval=60)
    for gate, grabs in (([DOOR], 0), ([{**DOOR, "state": "on"}], 1), ([DOOR], 1), (None, 2)):
        await act(home, "set_settings", device_id=camera, settings={"gate": gate})
        await settle(home)
        await pass_time(home, freezer, 60)
        assert source.grabs == grabs, gate


async def test_images_on_demand_do_not_ask_the_gate(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    freezer.move_to("2026-11-24T10:00:59+00:00")
    await start(home, gate=[DOOR])
    # The first tick is far, but the gate is closed: no image comes at the start.
    assert source.grabs == 0
    await act(home, "capture_now", device_id=device_id(home, CAMERA))
    assert source.grabs == 1


# What is refused: what is given, and the error; without one, it depends on who looks first.
BAD: dict[str, tuple[Any, str]] = {
    "no such condition": ([{"condition": "nonsense"}], "invalid_condition"),
    "a state of nothing": ([{"condition": "state", "state": "on"}], "invalid_condition"),
    "a broken template": (
        [{"condition": "template", "value_template": "{{ broken"}],
        "invalid_condition",
    ),
    "no condition at all": ([{"entity_id": "sensor.light"}], "invalid_condition"),
    "a bad one within": (
        [{"condition": "or", "conditions": [DOOR, {"condition": "nonsense"}]}],
        "invalid_condition",
    ),
    "a device that is not there": (
        [{"condition": "device", "device_id": "none", "domain": "light", "type": "is_on"}],
        "invalid_condition",
    ),
    "a list of numbers": ([5], ""),
    "a text": ("{{ true }}", ""),
    "too many": ([DOOR] * 21, "invalid_setting"),
}


def stored(entry: MockConfigEntry) -> list[Any]:
    return [dict(entry.options), dict(entry.subentries[CAMERA].data)]


@pytest.mark.parametrize("cases", [BAD, {"a number": (5, "")}, {"yes": (True, "")}])
async def test_bad_conditions_are_refused_by_actions(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    cases: dict[str, tuple[Any, str]],
) -> None:
    camera = device_id(home, CAMERA)
    before = stored(entry)
    texts = await async_get_translations(home, "en", "exceptions", [DOMAIN])

    async def refused(action: str, **fields: Any) -> None:
        for case, (gate, error) in cases.items():
            with pytest.raises(ServiceValidationError) as caught:
                await act(home, action, **fields, settings={"fps": 30, "gate": gate})
            key = caught.value.translation_key
            assert key in ({error} if error else {"invalid_condition", "invalid_setting"}), case
            text = texts[f"component.{DOMAIN}.exceptions.{key}.message"]
            assert text.format(**(caught.value.translation_placeholders or {}))

    await refused("start_timelapse", device_id=camera)
    assert (await act(home, "list_timelapses", device_id=camera))["timelapses"] == []
    timelapse = await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    await refused("set_settings")
    await refused("set_settings", device_id=camera)
    await refused("set_settings", device_id=camera, timelapse_id=timelapse["timelapse_id"])
    assert stored(entry) == before
    (found,) = (await act(home, "list_timelapses", device_id=camera))["timelapses"]
    assert found["settings"] == {}


# What a form's field lets through, as Home Assistant only knows later that it makes no sense.
BAD_IN_FORMS = ["no such condition", "a device that is not there", "too many"]


async def open_form(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> tuple[Any, str]:
    if kind == "options":
        form = await hass.config_entries.options.async_init(entry.entry_id)
        return hass.config_entries.options.async_configure, form["flow_id"]
    manager = hass.config_entries.subentries
    flow = await manager.async_init(
        (entry.entry_id, "camera"), context={"source": SOURCE_RECONFIGURE, "subentry_id": CAMERA}
    )
    await manager.async_configure(flow["flow_id"], {"next_step_id": "settings"})
    return manager.async_configure, flow["flow_id"]


@pytest.mark.parametrize("kind", ["options", "camera"])
@pytest.mark.parametrize("case", BAD_IN_FORMS)
async def test_bad_conditions_are_refused_by_forms(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub, kind: str, case: str
) -> None:
    gate, error = BAD[case]
    before = stored(entry)
    configure, flow_id = await open_form(home, entry, kind)
    form = await configure(flow_id, {"schedule": {"gate": gate}})
    assert form["type"] is FlowResultType.FORM
    assert form["errors"] == {"base": error}
    assert stored(entry) == before
    category, flow = (
        ("options", "options")
        if kind == "options"
        else (
            "config_subentries",
            "config_subentries.camera",
        )
    )
    texts = await async_get_translations(home, "en", category, [DOMAIN])
    text = texts[f"component.{DOMAIN}.{flow}.error.{error}"]
    assert text.format(**form["description_placeholders"])
    # Set right, it is taken.
    await configure(flow_id, {"schedule": {"gate": [DOOR]}})
    await home.async_block_till_done()
    assert hub.cameras[CAMERA].settings.schedule.gate == (DOOR,)


@pytest.mark.parametrize("kind", ["options", "camera", "hub", "timelapse"])
async def test_stored_conditions_survive_json(  # noqa: PLR0917
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
    kind: str,
) -> None:
    """Validation makes objects of templates and durations; they are stored as texts."""
    camera = device_id(home, CAMERA)
    freezer.move_to("2026-11-24T10:00:59+00:00")
    home.states.async_set("binary_sensor.door", "off")
    gate = [MOTION, {**DOOR, "for": {"minutes": 1}}, {"condition": "time", "after": "01:00:00"}]
    timelapse = await start(home, interval=60)
    if kind in {"options", "camera"}:
        configure, flow_id = await open_form(home, entry, kind)
        await configure(flow_id, {"schedule": {"gate": json.loads(json.dumps(gate))}})
    else:
        target: dict[str, Any] = {}
        if kind == "timelapse":
            target = {"device_id": camera, "timelapse_id": timelapse["timelapse_id"]}
        await act(home, "set_settings", **target, settings={"gate": gate})
    await settle(home)
    answer = await act(
        home, "get_settings", device_id=camera, timelapse_id=timelapse["timelapse_id"]
    )
    found = answer["settings"]["gate"]["value"]
    assert json.loads(json.dumps(found)) == gate
    json.dumps(stored(entry))
    await pass_time(home, freezer, 60)
    await pass_time(home, freezer, 60)
    # For a minute: the first tick was too early.
    assert source.grabs == 1


async def test_what_is_no_json_is_not_stored(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub
) -> None:
    """An object that is stored would keep all entries of Home Assistant from being saved."""
    gate = [{"condition": "time", "after": time(6)}]
    with suppress(ServiceValidationError):
        await act(home, "set_settings", settings={"gate": gate})
    json.dumps(stored(entry))
