"""Settings in Home Assistant: forms, actions, and what changes at once."""

import asyncio
from datetime import time
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_RECONFIGURE
from homeassistant.core import Context, Event, HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.timelapser.const import DOMAIN, EVENT_TIMELAPSER
from custom_components.timelapser.engine.models import JobState
from custom_components.timelapser.engine.settings import SCHEMA, Level, settable
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.harness.fixtures import StillFactory
from tests.helpers import act, device_id, set_up, settle


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry) -> TimelapserHub:
    return await set_up(home, entry)


async def values(hass: HomeAssistant, **target: Any) -> dict[str, tuple[object, str]]:
    answer = await act(hass, "get_settings", **target)
    return {name: (found["value"], found["level"]) for name, found in answer["settings"].items()}


def shown(form: Any) -> set[str]:
    """The settings that a form asks for."""
    return {
        str(name)
        for section in form["data_schema"].schema.values()
        for name in section.schema.schema
    }


async def change_camera(hass: HomeAssistant, entry: MockConfigEntry) -> str:
    flow = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "camera"), context={"source": SOURCE_RECONFIGURE, "subentry_id": CAMERA}
    )
    flow_id: str = flow["flow_id"]
    return flow_id


async def test_hub_form(home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub) -> None:
    flow = await home.config_entries.options.async_init(entry.entry_id)
    assert shown(flow) == {*settable(Level.HUB)}
    placeholders = flow["description_placeholders"]
    assert (placeholders["interval"], placeholders["corruption_detection"]) == ("300 s", "on")
    configure = home.config_entries.options.async_configure
    wrong = {"corruption": {"flag_below": 30, "quarantine_below": 40}}
    form = await configure(flow["flow_id"], wrong)
    assert form["errors"] == {"base": "threshold_order"}
    assert {"where": "hub", "quarantine": "40", "flag": "30"}.items() <= form[
        "description_placeholders"
    ].items()
    done = await configure(
        flow["flow_id"],
        {
            "corruption": {"flag_below": 80, "corruption_detection": "off"},
            "video": {"quality": "low"},
        },
    )
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()
    assert entry.options == {"flag_below": 80, "corruption_detection": False, "quality": "low"}
    assert entry.runtime_data is hub
    settings = hub.cameras[CAMERA].settings
    assert (settings.corruption.flag_below, settings.corruption.enabled) == (80, False)
    # Left empty, a setting has its default again.
    flow = await home.config_entries.options.async_init(entry.entry_id)
    await configure(flow["flow_id"], {"corruption": {"flag_below": 80}})
    assert entry.options == {"flag_below": 80}


async def test_frontend_gets_the_form(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    hass_client: ClientSessionGenerator,
) -> None:
    await act(home, "set_settings", settings={"corruption_detection": False})
    assert await async_setup_component(home, "config", {})
    client = await hass_client()
    path = "/api/config/config_entries/options/flow"
    form = await (await client.post(path, json={"handler": entry.entry_id})).json()
    sections = {field["name"]: field for field in form["data_schema"]}
    assert [*sections] == [*dict.fromkeys(SCHEMA[name].group for name in settable(Level.HUB))]
    assert {field["type"] for field in sections.values()} == {"expandable"}
    switch = sections["corruption"]["schema"][0]
    assert (switch["name"], switch["description"]) == (
        "corruption_detection",
        {"suggested_value": "off"},
    )
    answer = await client.post(f"{path}/{form['flow_id']}", json={"capture": {"interval": 90.0}})
    assert (await answer.json())["type"] == "create_entry"
    assert entry.options == {"interval": 90}


async def test_camera_form(home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub) -> None:
    await act(home, "set_settings", settings={"quality": "high"})
    flow_id = await change_camera(home, entry)
    configure = home.config_entries.subentries.async_configure
    form = await configure(flow_id, {"next_step_id": "settings"})
    # How the picture is cut and turned has a form of its own, which shows it.
    assert shown(form) == {*settable(Level.CAMERA)} - {*settable(Level.CAMERA, "picture")}
    assert form["description_placeholders"]["quality"] == "high"
    form = await configure(flow_id, {"corruption": {"quarantine_below": 99}})
    assert form["errors"] == {"base": "threshold_order"}
    done = await configure(flow_id, {"video": {"fps": 30}})
    assert done["reason"] == "reconfigure_successful"
    await home.async_block_till_done()
    data = entry.subentries[CAMERA].data
    assert (data["fps"], "interval" in data) == (30, False)
    assert data["url"]
    assert hub.cameras[CAMERA].settings.capture.interval == 300
    assert entry.runtime_data is hub


async def test_another_source_counts_at_once_and_keeps_what_is_inherited(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    still_server: StillFactory,
) -> None:
    camera = device_id(home, CAMERA)
    await act(home, "set_settings", settings={"interval": 60})
    await act(home, "set_settings", device_id=camera, settings={"interval": None})
    await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    configure = home.config_entries.subentries.async_configure
    async with still_server(size=(128, 96)) as other:
        flow_id = await change_camera(home, entry)
        await configure(flow_id, {"next_step_id": "source"})
        form = await configure(flow_id, {"url": other.url(), "verify_ssl": True})
        assert form["description_placeholders"]["interval"] == "60 s"
        form = await configure(flow_id, {"name": "Pond", "interval": 1.5})
        assert form["errors"] == {"base": "invalid_setting"}
        done = await configure(flow_id, {"name": "Pond"})
        assert done["reason"] == "reconfigure_successful"
        await settle(home)
        image = await act(home, "capture_now", device_id=camera)
    assert (image["width"], image["height"]) == (128, 96)
    assert (await values(home, device_id=camera))["interval"] == (60, "hub")


async def test_events_name_what_changed_when_it_counts(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub
) -> None:
    told = []

    async def listen(event: Event) -> None:
        fps = (await values(home, device_id=device_id(home, CAMERA)))["fps"]
        told.append((event.data["level"], event.data["settings"], fps))

    home.bus.async_listen(EVENT_TIMELAPSER, listen)
    flow = await home.config_entries.options.async_init(entry.entry_id)
    await home.config_entries.options.async_configure(flow["flow_id"], {"video": {"fps": 30}})
    await home.async_block_till_done()
    await act(home, "set_settings", device_id=device_id(home, CAMERA), settings={"fps": 12})
    await act(home, "set_settings", device_id=device_id(home, CAMERA), settings={"fps": 12})
    await home.async_block_till_done()
    assert told == [("hub", ["fps"], (30, "hub")), ("camera", ["fps"], (12, "camera"))]


async def test_hub_does_not_turn_the_thresholds_of_a_camera_round(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub
) -> None:
    camera = device_id(home, CAMERA)
    await act(home, "set_settings", device_id=camera, settings={"quarantine_below": 60})
    lower = {"flag_below": 50, "quarantine_below": 20}
    with pytest.raises(ServiceValidationError) as caught:
        await act(home, "set_settings", settings=lower)
    placeholders = caught.value.translation_placeholders
    assert placeholders == {"where": "Garden", "quarantine": "60", "flag": "50"}
    flow = await home.config_entries.options.async_init(entry.entry_id)
    configure = home.config_entries.options.async_configure
    form = await configure(flow["flow_id"], {"corruption": lower})
    assert form["errors"] == {"base": "threshold_order"}
    await act(home, "set_settings", device_id=camera, settings={"quarantine_below": None})
    done = await configure(flow["flow_id"], {"corruption": lower})
    assert done["type"] is FlowResultType.CREATE_ENTRY
    assert entry.options == lower


async def test_hub_form_works_while_the_hub_is_away(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub
) -> None:
    assert await home.config_entries.async_unload(entry.entry_id)
    flow = await home.config_entries.options.async_init(entry.entry_id)
    await home.config_entries.options.async_configure(flow["flow_id"], {"video": {"fps": 9}})
    assert entry.options == {"fps": 9}
    hub = await set_up(home, entry)
    assert hub.cameras[CAMERA].settings.video.fps == 9


async def test_camera_form_while_the_hub_is_away_and_recovery(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub
) -> None:
    flow_id = await change_camera(home, entry)
    configure = home.config_entries.subentries.async_configure
    await configure(flow_id, {"next_step_id": "settings"})
    assert await home.config_entries.async_unload(entry.entry_id)
    form = await configure(flow_id, {"video": {"fps": 9}})
    assert form["errors"] == {"base": "hub_not_loaded"}
    await set_up(home, entry)
    done = await configure(flow_id, {"video": {"fps": 9}})
    assert done["reason"] == "reconfigure_successful"


@pytest.mark.parametrize("missing", ["device", "timelapse"])
async def test_settings_of_what_is_not_there(
    home: HomeAssistant, hub: TimelapserHub, missing: str
) -> None:
    target: dict[str, Any] = {"device_id": device_id(home, CAMERA), "timelapse_id": 99}
    if missing == "device":
        target = {"device_id": "none"}
    for action, fields in (("get_settings", {}), ("set_settings", {"settings": {"fps": 1}})):
        with pytest.raises(ServiceValidationError) as caught:
            await act(home, action, **target, **fields)
        assert caught.value.translation_key == "no_such"


async def test_actions_on_every_level(home: HomeAssistant, hub: TimelapserHub) -> None:
    camera = device_id(home, CAMERA)
    events = async_capture_events(home, EVENT_TIMELAPSER)
    timelapse = await act(home, "start_timelapse", device_id=camera, settings={"fps": 60})
    of_it = {"device_id": camera, "timelapse_id": timelapse["timelapse_id"]}
    await act(home, "set_settings", settings={"fps": 12, "quality": "low", "log_retention": 7})
    await act(home, "set_settings", device_id=camera, settings={"quality": "high"})
    found = await values(home, **of_it)
    assert found["fps"] == (60, "timelapse")
    assert found["quality"] == ("high", "camera")
    assert found["log_retention"] == (7, "hub")
    assert found["timeout"] == (10, "default")
    answer = await act(home, "set_settings", **of_it, settings={"fps": None})
    assert answer["settings"]["fps"]["value"] == 12
    assert (await values(home))["fps"] == (12, "hub")
    told = [event.data for event in events if event.data["type"] == "settings_changed"]
    assert [(data["level"], data["settings"]) for data in told] == [
        ("hub", ["fps", "quality", "log_retention"]),
        ("camera", ["quality"]),
        ("timelapse", ["fps"]),
    ]


@pytest.mark.parametrize(
    ("settings", "error"),
    [
        ({"interval": 0}, "invalid_setting"),
        ({"interval": 1.5}, "invalid_setting"),
        ({"nonsense": 1}, "invalid_setting"),
        ({"log_retention": 3}, "setting_level"),
        ({"flag_below": 10}, "threshold_order"),
    ],
)
async def test_bad_settings_change_nothing(
    home: HomeAssistant, hub: TimelapserHub, settings: dict[str, object], error: str
) -> None:
    camera = device_id(home, CAMERA)
    before = await values(home, device_id=camera)
    for action in ("set_settings", "start_timelapse"):
        with pytest.raises(ServiceValidationError) as caught:
            await act(home, action, device_id=camera, settings={"fps": 30, **settings})
        assert caught.value.translation_key == error
    assert await values(home, device_id=camera) == before
    assert (await act(home, "list_timelapses", device_id=camera))["timelapses"] == []


async def test_only_admins_change_settings(
    home: HomeAssistant, hub: TimelapserHub, hass_read_only_user: MockUser
) -> None:
    with pytest.raises(Unauthorized):
        await home.services.async_call(
            DOMAIN,
            "set_settings",
            {"settings": {"fps": 30}},
            blocking=True,
            context=Context(user_id=hass_read_only_user.id),
        )


async def test_new_interval_counts_at_once(home: HomeAssistant, hub: TimelapserHub) -> None:
    camera = device_id(home, CAMERA)
    runtime = hub.cameras[CAMERA]
    source = runtime.source
    timelapse = await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    planned = runtime.coordinator.data.next_capture
    assert planned is not None
    assert planned.timestamp() % 3600 == 0
    await act(home, "set_settings", device_id=camera, settings={"interval": 10})
    await home.async_block_till_done()
    sooner = runtime.coordinator.data.next_capture
    assert sooner is not None
    assert sooner < planned
    await act(
        home,
        "set_settings",
        device_id=camera,
        timelapse_id=timelapse["timelapse_id"],
        settings={"interval": 86_400},
    )
    later = runtime.coordinator.data.next_capture
    assert later is not None
    assert dt_util.as_local(later).time() == time()
    # A grab that runs is not cut off.
    assert runtime.source is source


async def test_change_leaves_a_running_render_alone(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub
) -> None:
    camera = device_id(home, CAMERA)
    await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    gate = asyncio.Event()
    make = hub.videos._make

    async def slow(*args: Any) -> Any:
        await gate.wait()
        return await make(*args)

    with patch.object(hub.videos, "_make", slow):
        job = await act(home, "render_video", device_id=camera)
        while (await hub.rows.videos.get_job(job["job_id"])).state is JobState.QUEUED:
            await asyncio.sleep(0.01)
        await act(home, "set_settings", settings={"fps": 30})
        await act(home, "set_settings", device_id=camera, settings={"interval": 60})
        flow = await home.config_entries.options.async_init(entry.entry_id)
        await home.config_entries.options.async_configure(flow["flow_id"], {"video": {"fps": 25}})
        await home.async_block_till_done()
        assert entry.runtime_data is hub
        assert (await hub.rows.videos.get_job(job["job_id"])).state is JobState.RUNNING
        gate.set()
        async with asyncio.timeout(20):
            while not (found := await hub.rows.videos.get_job(job["job_id"])).state.is_over:
                await asyncio.sleep(0.02)
    assert found.state is JobState.FINISHED


async def test_bad_value_that_is_stored_is_left_out_and_named(
    home: HomeAssistant, entry: MockConfigEntry, caplog: pytest.LogCaptureFixture
) -> None:
    object.__setattr__(entry, "options", {"interval": 0, "fps": 30})
    hub = await set_up(home, entry)
    settings = hub.cameras[CAMERA].settings
    assert (settings.capture.interval, settings.video.fps) == (3600, 30)
    assert caplog.text.count("A stored setting of a hub is left out") == 1
    assert "setting interval, value 0" in caplog.text
