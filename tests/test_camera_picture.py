"""How a camera's picture is cut and turned: shown first, then kept so."""

from typing import Any

from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.harness.fixtures import StillFactory
from tests.harness.still_server import StillServer
from tests.helpers import act, device_id, set_up, settle


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry) -> TimelapserHub:
    return await set_up(home, entry)


async def begin(hass: HomeAssistant, entry: MockConfigEntry, step: str) -> Any:
    flow = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "camera"), context={"source": SOURCE_RECONFIGURE, "subentry_id": CAMERA}
    )
    return await hass.config_entries.subentries.async_configure(
        flow["flow_id"], {"next_step_id": step}
    )


def size(form: Any) -> tuple[str, str]:
    placeholders = form["description_placeholders"]
    return placeholders["width"], placeholders["height"]


async def test_looked_at_corrected_and_saved(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub
) -> None:
    form = await begin(home, entry, "picture")
    assert size(form) == ("320", "240")
    configure = home.config_entries.subentries.async_configure
    flow_id = form["flow_id"]
    form = await configure(flow_id, {"crop_left": 20, "crop_right": 80, "save": True})
    assert form["errors"] == {"base": "crop_too_much"}
    form = await configure(flow_id, {"crop_left": 25, "rotation": 90, "save": False})
    assert (form["errors"], size(form)) == ({}, ("240", "240"))
    assert form["description_placeholders"]["preview"].startswith("![](")
    # Only looked at so far.
    assert "rotation" not in entry.subentries[CAMERA].data
    form = await configure(flow_id, {"crop_left": 50, "rotation": 90, "save": True})
    assert (form["type"], form["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    await home.async_block_till_done()
    data = entry.subentries[CAMERA].data
    assert (data["crop_left"], data["rotation"], data["interval"]) == (50, 90, 3600)
    camera = device_id(home, CAMERA)
    await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    image = await act(home, "capture_now", device_id=camera)
    assert (image["width"], image["height"]) == (240, 160)


async def test_camera_that_gives_no_picture_meanwhile(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub, camera_server: StillServer
) -> None:
    camera_server.password = "another"
    form = await begin(home, entry, "picture")
    assert form["errors"] == {"base": "invalid_auth"}
    configure = home.config_entries.subentries.async_configure
    done = await configure(form["flow_id"], {"aspect": "1-1", "save": True})
    assert done["reason"] == "reconfigure_successful"
    assert entry.subentries[CAMERA].data["aspect"] == "1-1"


async def test_what_a_day_will_bring_is_told_before_a_camera_is_added(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub, still_server: StillFactory
) -> None:
    await act(
        home,
        "set_settings",
        settings={
            "interval": 60,
            "window": "clock",
            "window_start": "10:00",
            "window_end": "12:00",
        },
    )
    flow = await home.config_entries.subentries.async_init(
        (entry.entry_id, "camera"), context={"source": SOURCE_USER}
    )
    configure = home.config_entries.subentries.async_configure
    await configure(flow["flow_id"], {"next_step_id": "still"})
    async with still_server() as camera:
        form = await configure(flow["flow_id"], {"url": camera.url(), "verify_ssl": True})
    assert form["step_id"] == "confirm"
    placeholders = form["description_placeholders"]
    assert placeholders["images"] == "120"
    assert 1 <= int(placeholders["megabytes"]) <= 50


async def test_stored_password_is_for_its_own_camera_only(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub, still_server: StillFactory
) -> None:
    """Another host with the same user is not told the password of the first one."""
    configure = home.config_entries.subentries.async_configure
    form = await begin(home, entry, "source")
    async with still_server(user="viewer", password="other", auth="basic") as other:
        form = await configure(
            form["flow_id"], {"url": other.url(), "username": "viewer", "verify_ssl": True}
        )
    assert form["errors"] == {"base": "invalid_auth"}
