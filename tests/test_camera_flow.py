"""The camera's flow on real servers: every error, and its recovery."""

import asyncio
import re
import socket
from typing import Any
from unittest.mock import patch

from homeassistant.components.camera import Image as CameraImage
from homeassistant.config_entries import SOURCE_RECONFIGURE, SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from tests.conftest import CAMERA, PASSWORD
from tests.harness import scene
from tests.harness.fixtures import RtspFactory, StillFactory
from tests.harness.still_server import StillServer
from tests.helpers import set_up

CONFIRM = {"name": "Lake", "interval": 60}


pytestmark = pytest.mark.usefixtures("no_such_host")


@pytest.fixture(autouse=True)
def short_timeout(entry: MockConfigEntry) -> None:
    """Errors of time come soon: the hub's setting, as a user could choose it."""
    object.__setattr__(entry, "options", {"timeout": 2})


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def begin(hass: HomeAssistant, entry: MockConfigEntry, kind: str) -> str:
    flow = await hass.config_entries.subentries.async_init(
        (entry.entry_id, "camera"), context={"source": SOURCE_USER}
    )
    assert flow["type"] is FlowResultType.MENU
    form = await hass.config_entries.subentries.async_configure(
        flow["flow_id"], {"next_step_id": kind}
    )
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, kind)
    flow_id: str = flow["flow_id"]
    return flow_id


async def fill(hass: HomeAssistant, flow_id: str, **fields: Any) -> Any:
    return await hass.config_entries.subentries.async_configure(flow_id, fields)


async def finish(hass: HomeAssistant, entry: MockConfigEntry, flow_id: str) -> Any:
    done = await fill(hass, flow_id, **CONFIRM)
    assert done["type"] is FlowResultType.CREATE_ENTRY
    await hass.async_block_till_done()
    subentry = next(item for item in entry.subentries.values() if item.title == "Lake")
    assert subentry.subentry_id in entry.runtime_data.cameras
    return subentry


async def test_still_camera_is_shown_before_it_is_kept(
    home: HomeAssistant,
    entry: MockConfigEntry,
    still_server: StillFactory,
    hass_client_no_auth: ClientSessionGenerator,
) -> None:
    await set_up(home, entry)
    async with still_server(user="me", password="p@ss", auth="basic") as camera:
        flow_id = await begin(home, entry, "still")
        url = camera.url().replace("://", "://me:p%40ss@")
        form = await fill(home, flow_id, url=url, verify_ssl=True)
        assert form["step_id"] == "confirm", form["errors"]
        placeholders = form["description_placeholders"]
        assert (placeholders["width"], placeholders["height"]) == ("640", "360")
        preview = re.fullmatch(r"!\[\]\((.+)\)", placeholders["preview"])
        assert preview is not None
        client = await hass_client_no_auth()
        shown = await client.get(preview[1])
        assert (shown.status, shown.content_type) == (200, "image/jpeg")
        assert (await client.get(preview[1].partition("?")[0])).status == 401
        subentry = await finish(home, entry, flow_id)
    assert subentry.data["url"] == camera.url()
    assert (subentry.data["username"], subentry.data["password"]) == ("me", "p@ss")
    assert subentry.data["interval"] == 60


STILL_ERRORS = [
    ("{server}/missing", "not_found"),
    ("{server}/forbidden", "invalid_auth"),
    ("{server}/error", "server_error"),
    ("{server}/html", "no_jpeg"),
    ("{server}/stall", "timeout"),
    ("{server}/redirect-to-file?to=file:///etc/hostname", "cannot_connect"),
    ("http://127.0.0.1:{unused}/still.jpg", "connection_refused"),
    ("file:///etc/passwd", "url_not_allowed"),
    ("rtsp://camera/live", "url_not_allowed"),
]


@pytest.mark.parametrize(("url", "error"), STILL_ERRORS)
async def test_still_error_and_recovery(
    home: HomeAssistant,
    entry: MockConfigEntry,
    still_server: StillFactory,
    url: str,
    error: str,
) -> None:
    await set_up(home, entry)
    async with still_server() as camera:
        base = camera.url("")
        flow_id = await begin(home, entry, "still")
        wrong = url.format(server=base, unused=unused_port())
        form = await fill(home, flow_id, url=wrong, verify_ssl=True)
        assert (form["step_id"], form["errors"]) == ("still", {"base": error})
        form = await fill(home, flow_id, url=camera.url(), verify_ssl=True)
        assert form["step_id"] == "confirm"
        await finish(home, entry, flow_id)


async def test_wrong_password_and_recovery(
    home: HomeAssistant, entry: MockConfigEntry, rtsp_server: RtspFactory
) -> None:
    await set_up(home, entry)
    async with rtsp_server(user="me", password="right", auth="digest") as camera:
        fields = {
            "url": camera.url("/h264", credentials=False),
            "username": "me",
            "transport": "tcp",
            "verify_ssl": True,
        }
        flow_id = await begin(home, entry, "stream")
        form = await fill(home, flow_id, **fields, password="wrong")
        assert form["errors"] == {"base": "invalid_auth"}
        form = await fill(home, flow_id, **fields, password="right")
        assert form["step_id"] == "confirm", form["errors"]
        await finish(home, entry, flow_id)


STREAM_ERRORS = [
    ("{server}/nothing", "not_found"),
    ("{server}/h264?fault=503", "server_error"),
    ("{server}/h264?fault=novideo", "no_video"),
    ("{server}/h264?fault=stall", "timeout"),
    ("rtsp://127.0.0.1:{unused}/live", "connection_refused"),
    ("rtsp://camera.invalid/live", "cannot_resolve"),
    ("concat:/etc/passwd", "url_not_allowed"),
]


@pytest.mark.parametrize(("url", "error"), STREAM_ERRORS)
async def test_stream_error_and_recovery(
    home: HomeAssistant, entry: MockConfigEntry, rtsp_server: RtspFactory, url: str, error: str
) -> None:
    await set_up(home, entry)
    async with rtsp_server() as camera:
        flow_id = await begin(home, entry, "stream")
        wrong = url.format(server=f"rtsp://127.0.0.1:{camera.port}", unused=unused_port())
        form = await fill(home, flow_id, url=wrong, transport="tcp", verify_ssl=True)
        assert (form["step_id"], form["errors"]) == ("stream", {"base": error})
        form = await fill(home, flow_id, url=camera.url("/h265"), transport="udp", verify_ssl=True)
        assert form["step_id"] == "confirm", form["errors"]
        subentry = await finish(home, entry, flow_id)
    assert subentry.data["transport"] == "udp"


async def test_self_signed_certificate_and_recovery(
    home: HomeAssistant, entry: MockConfigEntry, still_server: StillFactory
) -> None:
    await set_up(home, entry)
    async with still_server(tls=True) as camera:
        flow_id = await begin(home, entry, "still")
        # The server, in this same loop, complains of the client that hung up.
        handler = home.loop.get_exception_handler()
        home.loop.set_exception_handler(lambda _loop, _context: None)
        form = await fill(home, flow_id, url=camera.url(), verify_ssl=True)
        await asyncio.sleep(0.1)
        home.loop.set_exception_handler(handler)
        assert form["errors"] == {"base": "untrusted_certificate"}
        form = await fill(home, flow_id, url=camera.url(), verify_ssl=False)
        assert form["step_id"] == "confirm"
        await finish(home, entry, flow_id)


async def test_camera_entity_error_and_recovery(
    home: HomeAssistant, entry: MockConfigEntry
) -> None:
    await set_up(home, entry)
    registered = er.async_get(home).async_get_or_create("camera", "test", "terrace")
    home.states.async_set(registered.entity_id, "idle", {"friendly_name": "Terrace"})
    flow_id = await begin(home, entry, "entity")
    source = "custom_components.timelapser.sources.async_get_image"
    with patch(source, side_effect=HomeAssistantError("Unable to get image")):
        form = await fill(home, flow_id, entity_id=registered.entity_id)
    assert form["errors"] == {"base": "entity_unavailable"}
    assert form["description_placeholders"]["entity"] == registered.entity_id
    with patch(source, return_value=CameraImage("image/png", b"\x89PNG")):
        form = await fill(home, flow_id, entity_id=registered.entity_id)
    assert form["errors"] == {"base": "no_jpeg"}
    jpeg = scene.jpeg(0.5, (320, 240))
    with patch(source, return_value=CameraImage("image/jpeg", jpeg)):
        form = await fill(home, flow_id, entity_id=registered.entity_id)
    assert form["step_id"] == "confirm"
    subentry = await finish(home, entry, flow_id)
    # By registry id, so that renaming the entity does no harm.
    assert subentry.data["entity_id"] == registered.id


async def test_no_camera_twice(
    home: HomeAssistant, entry: MockConfigEntry, camera_server: StillServer
) -> None:
    await set_up(home, entry)
    home.config_entries.async_update_subentry(
        entry,
        entry.subentries[CAMERA],
        unique_id=f"http://127.0.0.1:{camera_server.port}/still.jpg",
    )
    flow_id = await begin(home, entry, "still")
    again = await fill(
        home, flow_id, url=camera_server.url().replace("http", "HTTP"), verify_ssl=True
    )
    assert (again["type"], again["reason"]) == (FlowResultType.ABORT, "already_configured")


async def test_reconfigure_with_error_and_recovery(
    home: HomeAssistant,
    entry: MockConfigEntry,
    camera_server: StillServer,
) -> None:
    hub = await set_up(home, entry)
    before = hub.cameras[CAMERA]
    flow = await home.config_entries.subentries.async_init(
        (entry.entry_id, "camera"),
        context={"source": SOURCE_RECONFIGURE, "subentry_id": CAMERA},
    )
    assert flow["step_id"] == "reconfigure"
    flow = await fill(home, flow["flow_id"], next_step_id="source")
    assert flow["step_id"] == "still"
    assert PASSWORD not in str([vars(key) for key in flow["data_schema"].schema])
    fields = {"url": camera_server.url(), "username": "viewer", "verify_ssl": True}
    form = await fill(home, flow["flow_id"], **fields, password="wrong")
    assert form["errors"] == {"base": "invalid_auth"}
    # Left empty, the stored one goes on; not for another user.
    form = await fill(home, flow["flow_id"], **fields | {"username": "other"})
    assert form["errors"] == {"base": "invalid_auth"}
    form = await fill(home, flow["flow_id"], **fields)
    assert form["step_id"] == "confirm"
    done = await fill(home, flow["flow_id"], name="Orchard", interval=5)
    assert done["reason"] == "reconfigure_successful"
    await home.async_block_till_done()
    subentry = entry.subentries[CAMERA]
    assert (subentry.title, subentry.data["interval"]) == ("Orchard", 5)
    assert subentry.data["password"] == PASSWORD
    # Applied in place: a reload would end a render.
    assert entry.runtime_data.cameras[CAMERA] is before
    assert before.settings.capture.interval == 5
