"""What people are told of a camera in trouble: offline, frozen, of another resolution."""

from io import BytesIO

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    async_capture_events,
)

from custom_components.timelapser.const import DOMAIN, EVENT_TIMELAPSER
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.harness import scene
from tests.helpers import act, answered_by, device_id, set_up, settle
from tests.test_capture import FakeSource, pass_time
from tests.test_windows import start

IMAGE = "custom_components.timelapser.sources.async_get_image"
MINUTE = 60


@pytest.fixture
async def source() -> FakeSource:
    return FakeSource()


def prepared(entry: MockConfigEntry) -> None:
    """Have the camera captured every minute, with one attempt each."""
    object.__setattr__(entry, "options", {"retries": 0, "interval": MINUTE})
    subentry = entry.subentries[CAMERA]
    data = {name: value for name, value in subentry.data.items() if name != "interval"}
    object.__setattr__(subentry, "data", data)


@pytest.fixture
async def hub(
    home: HomeAssistant,
    entry: MockConfigEntry,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> TimelapserHub:
    prepared(entry)
    freezer.move_to("2026-11-24T09:59:59+00:00")
    with answered_by(source):
        return await set_up(home, entry)


def issue(hass: HomeAssistant, kind: str) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, f"{kind}_{CAMERA}")


async def minutes(hass: HomeAssistant, freezer: FrozenDateTimeFactory, count: int) -> None:
    for _ in range(count):
        await pass_time(hass, freezer, MINUTE)


# Offline


async def test_offline_issue_goes_by_itself(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    await act(home, "set_settings", settings={"offline_repair": 10})
    await start(home)
    source.error = True
    await minutes(home, freezer, 12)
    assert issue(home, "camera_offline") is not None
    source.error = False
    await minutes(home, freezer, 18)
    assert issue(home, "camera_offline") is None


async def test_offline_issue_may_be_switched_off(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    await act(home, "set_settings", settings={"offline_repair": 0})
    await start(home)
    source.error = True
    await minutes(home, freezer, 90)
    assert issue(home, "camera_offline") is None


async def test_offline_is_counted_from_when_it_was_asked_again(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    """No image came in a pause, and that was no fault of the camera."""
    camera = device_id(home, CAMERA)
    await start(home)
    await minutes(home, freezer, 1)
    await act(home, "pause_timelapse", device_id=camera)
    await pass_time(home, freezer, 86_400)
    await act(home, "resume_timelapse", device_id=camera)
    await settle(home)
    source.error = True
    await minutes(home, freezer, 10)
    assert issue(home, "camera_offline") is None
    await minutes(home, freezer, 60)
    assert issue(home, "camera_offline") is not None


async def test_removed_camera_leaves_no_issue(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> None:
    await act(home, "set_settings", settings={"offline_repair": 5})
    await start(home)
    source.error = True
    await minutes(home, freezer, 8)
    assert issue(home, "camera_offline") is not None
    home.config_entries.async_remove_subentry(entry, CAMERA)
    await home.async_block_till_done()
    assert issue(home, "camera_offline") is None


# Frozen


async def test_frozen_picture(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    events = async_capture_events(home, EVENT_TIMELAPSER)
    await start(home)
    await minutes(home, freezer, 30)
    assert issue(home, "camera_frozen") is None
    await minutes(home, freezer, 10)
    found = issue(home, "camera_frozen")
    assert found is not None
    assert not found.is_fixable
    told = [event.data for event in events if event.data["type"] == "camera_frozen"]
    assert len(told) == 1
    assert told[0]["since"].startswith("2026-11-24T10:00:")
    # Images are taken all the same.
    images = [event for event in events if event.data["type"] == "image_captured"]
    assert len(images) == 40
    source.jpeg = scene.jpeg(0.6, (320, 240))
    await minutes(home, freezer, 1)
    assert issue(home, "camera_frozen") is None


@pytest.mark.parametrize("way", ["off", "changing", "dark"])
async def test_what_is_not_frozen(
    home: HomeAssistant,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
    way: str,
) -> None:
    await act(home, "set_settings", settings={"frozen_after": 0 if way == "off" else 5})
    pictures = [source.jpeg] * 2
    if way == "changing":
        # The same scene, with a few minutes and the sensor's noise between.
        pictures = [scene.jpeg(0.5 + 0.001 * number, (320, 240)) for number in range(2)]
    if way == "dark":
        pictures = [_plain()] * 2
    await start(home, quarantine_below=0, flag_below=0)
    for number in range(12):
        source.jpeg = pictures[number % 2]
        await minutes(home, freezer, 1)
    assert source.grabs == 12
    assert issue(home, "camera_frozen") is None


def _plain() -> bytes:

    output = BytesIO()
    Image.new("RGB", (320, 240), (4, 4, 6)).save(output, "jpeg")
    return output.getvalue()


async def test_frozen_issue_goes_after_a_reload(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> None:
    await act(home, "set_settings", settings={"frozen_after": 5})
    await start(home)
    await minutes(home, freezer, 8)
    assert issue(home, "camera_frozen") is not None
    with answered_by(source):
        assert await home.config_entries.async_reload(entry.entry_id)
    await settle(home)
    source.jpeg = scene.jpeg(0.6, (320, 240))
    await minutes(home, freezer, 1)
    assert issue(home, "camera_frozen") is None


# Resolution


async def test_change_of_the_resolution(
    home: HomeAssistant, hub: TimelapserHub, source: FakeSource, freezer: FrozenDateTimeFactory
) -> None:
    events = async_capture_events(home, EVENT_TIMELAPSER)
    await start(home)
    sizes = (320, 240), (320, 240), (160, 120), (160, 120), (320, 240)
    for number, size in enumerate(sizes):
        source.jpeg = scene.jpeg(0.5 + number / 200, size)
        await minutes(home, freezer, 1)
    # One that is quarantined says nothing of the camera.
    source.jpeg = b"garbage"
    await minutes(home, freezer, 1)
    told = [event.data for event in events if event.data["type"] == "resolution_changed"]
    assert [(data["before"], data["after"]) for data in told] == [
        ([320, 240], [160, 120]),
        ([160, 120], [320, 240]),
    ]
    assert {data["camera_id"] for data in told} == {CAMERA}
