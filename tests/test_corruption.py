"""Corruption detection as people meet it: second looks, degraded mode, the log, judging again."""

from collections.abc import Iterator
from datetime import timedelta
from itertools import cycle
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.timelapser.const import DOMAIN, EVENT_TIMELAPSER
from custom_components.timelapser.engine.models import CameraSource, Frame
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.harness import scene
from tests.helpers import act, answered_by, device_id, entity_id, set_up, settle
from tests.test_capture import pass_time

SIZE = (640, 360)


class Reel(CameraSource):
    """Shows one picture after the other, and the last for ever."""

    def __init__(self) -> None:
        self.jpegs: Iterator[bytes] = cycle([scene.jpeg(0.4, SIZE)])
        self.grabs = 0

    def show(self, *jpegs: bytes) -> None:
        self.jpegs = cycle(jpegs)

    async def grab(self, timeout: float) -> Frame:
        self.grabs += 1
        return Frame(dt_util.utcnow() + timedelta(milliseconds=self.grabs), next(self.jpegs))

    async def close(self) -> None:
        pass


@pytest.fixture(scope="module")
def good() -> list[bytes]:
    return [scene.jpeg(0.4 + number / 200, SIZE) for number in range(8)]


@pytest.fixture(scope="module")
def cut(good: list[bytes]) -> bytes:
    return good[0][: len(good[0]) // 2]


@pytest.fixture
async def reel() -> Reel:
    return Reel()


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry, reel: Reel) -> TimelapserHub:
    with answered_by(reel):
        return await set_up(home, entry)


@pytest.fixture
async def camera(home: HomeAssistant, hub: TimelapserHub) -> str:
    camera = device_id(home, CAMERA)
    await act(home, "start_timelapse", device_id=camera)
    await settle(home)
    return camera


async def log(home: HomeAssistant, camera: str) -> list[dict[str, Any]]:
    answer = await act(home, "get_corruption_log", device_id=camera)
    found: list[dict[str, Any]] = answer["corruption_log"]
    return found


def state(home: HomeAssistant, platform: str, key: str) -> str:
    found = home.states.get(entity_id(home, platform, CAMERA, key))
    return found.state if found else ""


async def test_damage_that_goes_away_is_not_kept(
    home: HomeAssistant, camera: str, reel: Reel, good: list[bytes], cut: bytes
) -> None:
    reel.show(cut, good[1])
    image = await act(home, "capture_now", device_id=camera)
    assert (image["quarantined"], image["flagged"]) == (False, False)
    kept, replaced = (await log(home, camera))[1::-1]
    assert (kept["action"], kept["image_id"]) == ("kept", image["image_id"])
    assert (replaced["action"], replaced["image_id"]) == ("replaced", None)
    assert replaced["reasons"][0] == "truncated"
    assert kept["model"]


async def test_damage_that_stays_is_put_aside(
    home: HomeAssistant, camera: str, reel: Reel, cut: bytes
) -> None:
    reel.show(cut)
    before = reel.grabs
    image = await act(home, "capture_now", device_id=camera)
    assert image["quarantined"]
    assert reel.grabs == before + 2
    await act(home, "set_settings", device_id=camera, settings={"retry_bad": False})
    await home.async_block_till_done()
    image = await act(home, "capture_now", device_id=camera)
    assert image["quarantined"]
    assert reel.grabs == before + 3


async def test_with_detection_off_only_what_cannot_be_read_is_put_aside(
    home: HomeAssistant, camera: str, reel: Reel, cut: bytes
) -> None:
    switch = entity_id(home, "switch", CAMERA, "corruption_detection")
    await home.services.async_call("switch", "turn_off", {"entity_id": switch}, blocking=True)
    await home.async_block_till_done()
    assert state(home, "switch", "corruption_detection") == "off"
    reel.show(cut)
    image = await act(home, "capture_now", device_id=camera)
    assert (image["quarantined"], image["score"]) == (False, 100)
    reel.show(b"\xff\xd8\xff no picture")
    image = await act(home, "capture_now", device_id=camera)
    assert image["quarantined"]
    await home.services.async_call("switch", "turn_on", {"entity_id": switch}, blocking=True)
    await home.async_block_till_done()
    assert state(home, "switch", "corruption_detection") == "on"


async def test_degraded_and_well_again(  # noqa: PLR0917
    home: HomeAssistant,
    camera: str,
    reel: Reel,
    good: list[bytes],
    cut: bytes,
    freezer: FrozenDateTimeFactory,
) -> None:
    events = async_capture_events(home, EVENT_TIMELAPSER)
    settings = {"interval": 60, "degraded_stretch": 2, "degraded_share": 0}
    await act(home, "set_settings", device_id=camera, settings=settings)
    await home.async_block_till_done()
    reel.show(cut)
    for _ in range(5):
        await pass_time(home, freezer, 60)
    assert state(home, "binary_sensor", "degraded") == "on"
    issues = ir.async_get(home)
    assert issues.async_get_issue(DOMAIN, f"camera_degraded_{CAMERA}") is not None
    # A camera in trouble is spared: neither a second look, nor the usual interval.
    grabs = reel.grabs
    for _ in range(4):
        await pass_time(home, freezer, 60)
    assert reel.grabs == grabs + 2
    reel.show(*good)
    for _ in range(10):
        await pass_time(home, freezer, 60)
    assert state(home, "binary_sensor", "degraded") == "off"
    assert issues.async_get_issue(DOMAIN, f"camera_degraded_{CAMERA}") is None
    types = [event.data["type"] for event in events]
    assert types.count("camera_degraded") == types.count("camera_recovered") == 1


async def test_degraded_mode_is_left_by_hand_and_known_after_a_restart(
    home: HomeAssistant,
    entry: MockConfigEntry,
    camera: str,
    reel: Reel,
    cut: bytes,
) -> None:
    pause = {"degraded_after": 2, "degraded_pause": True}
    await act(home, "set_settings", device_id=camera, settings=pause)
    await home.async_block_till_done()
    reel.show(cut)
    for _ in range(2):
        await act(home, "capture_now", device_id=camera)
    await settle(home)
    assert state(home, "binary_sensor", "degraded") == "on"
    assert state(home, "sensor", "timelapse_state") == "paused"
    with answered_by(reel):
        assert await home.config_entries.async_reload(entry.entry_id)
        await home.async_block_till_done()
    assert state(home, "binary_sensor", "degraded") == "on"
    answer = await act(home, "reset_degraded", device_id=camera)
    assert answer == {"was_degraded": True}
    assert state(home, "binary_sensor", "degraded") == "off"
    assert await act(home, "reset_degraded", device_id=camera) == {"was_degraded": False}


async def test_images_are_judged_again(  # noqa: PLR0917
    home: HomeAssistant, hub: TimelapserHub, camera: str, reel: Reel, good: list[bytes], cut: bytes
) -> None:
    """Images that were kept while detection was off are put aside later, and come back."""
    await act(home, "set_settings", device_id=camera, settings={"corruption_detection": False})
    await home.async_block_till_done()
    reel.show(*good[:3], cut)
    for _ in range(4):
        await act(home, "capture_now", device_id=camera)
    timelapse = (await act(home, "list_timelapses", device_id=camera))["timelapses"][0]
    target = {"device_id": camera, "timelapse_id": timelapse["timelapse_id"]}
    await act(home, "set_settings", device_id=camera, settings={"corruption_detection": True})
    await home.async_block_till_done()
    looked = await act(home, "rejudge_images", **target)
    assert (looked["applied"], looked["judged"], looked["unreadable"]) == (False, 5, 0)
    (worst,) = [image for image in looked["images"] if image["quarantined"]]
    assert worst["reasons"][0] == "truncated"
    listed = await act(home, "list_images", device_id=camera)
    assert len(listed["images"]) == 5
    await act(home, "rejudge_images", apply=True, **target)
    quarantined = await act(home, "list_images", device_id=camera, quarantined=True)
    assert [image["image_id"] for image in quarantined["images"]] == [worst["image_id"]]
    timelapse = (await act(home, "list_timelapses", device_id=camera))["timelapses"][0]
    assert (timelapse["images"], timelapse["quarantined"]) == (4, 1)
    assert not (await act(home, "rejudge_images", **target))["images"]
    tested = await act(home, "test_image", device_id=camera, image_id=worst["image_id"])
    assert (tested["score"] < 40, tested["reasons"][0]) == (True, "truncated")
    found = await hub.reconciliation.run()
    assert not found


async def test_a_picture_that_is_sent(  # noqa: PLR0917
    home: HomeAssistant,
    hub: TimelapserHub,
    hass_client: ClientSessionGenerator,
    hass_client_no_auth: ClientSessionGenerator,
    good: list[bytes],
    cut: bytes,
) -> None:
    assert await async_setup_component(home, "http", {})
    client, stranger = await hass_client(), await hass_client_no_auth()
    answer = await client.post("/api/timelapser/judge", data=good[0])
    fine = await answer.json()
    assert (answer.status, fine["width"], fine["score"] >= 70) == (200, 640, True)
    bad = await (await client.post("/api/timelapser/judge", data=cut)).json()
    assert bad["score"] < 40
    assert (await client.post("/api/timelapser/judge", data=b"<html>")).status == 415
    assert (await stranger.post("/api/timelapser/judge", data=good[0])).status == 401
