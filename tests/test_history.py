"""Looking back, and an outage of the database as people see it."""

from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.timelapser.const import DOMAIN, EVENT_TIMELAPSER
from custom_components.timelapser.engine.errors import DatabaseUnavailableError
from custom_components.timelapser.engine.models import LogLevel, NewLogRow
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, device_id, entity_id, set_up, settle


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry) -> TimelapserHub:
    hub = await set_up(home, entry)
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA))
    await settle(home)
    return hub


async def test_corruption_log(home: HomeAssistant, hub: TimelapserHub) -> None:
    camera = device_id(home, CAMERA)
    image = await act(home, "capture_now", device_id=camera)
    answer = await act(home, "get_corruption_log", device_id=camera, limit=1)
    (found,) = answer["corruption_log"]
    assert found["image_id"] == image["image_id"]
    assert (found["score"], found["action"]) == (image["score"], "kept")
    assert (found["reasons"], found["details"], bool(found["model"])) == ([], [], True)
    assert (await act(home, "get_corruption_log", below=85))["corruption_log"] == []


async def test_logs(home: HomeAssistant, hub: TimelapserHub) -> None:
    now = hub.cameras[CAMERA].camera.last_image_at
    assert now is not None
    await hub.rows.logs.add(
        NewLogRow(now, LogLevel.INFO, "test", "All is well", data={"images": 3}),
        NewLogRow(now, LogLevel.ERROR, "test", "Nothing is well", camera_id=CAMERA),
    )
    newest, other = (await act(home, "get_logs", limit=2))["logs"]
    assert (newest["level"], newest["camera_id"]) == ("error", CAMERA)
    assert (other["message"], other["data"]) == ("All is well", {"images": 3})
    (found,) = (await act(home, "get_logs", level="warning"))["logs"]
    assert found == newest
    camera = device_id(home, CAMERA)
    assert (await act(home, "get_logs", device_id=camera))["logs"] == [newest]


async def test_captures_go_on_while_the_database_is_away(
    home: HomeAssistant, hub: TimelapserHub, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera, issues = device_id(home, CAMERA), ir.async_get(home)
    before = await act(home, "list_images", device_id=camera)
    events = async_capture_events(home, EVENT_TIMELAPSER)

    async def away(*_args: object) -> None:
        raise DatabaseUnavailableError(reason="connection refused")

    with monkeypatch.context() as outage:
        for rows, name in ((hub.rows.images, "record"), (hub.rows.cameras, "get")):
            outage.setattr(rows, name, away)
        outage.setattr(hub.database.pool, "run", away)
        image = await act(home, "capture_now", device_id=camera)
        assert image["image_id"] is None
        await hub.database_watch.look()
        assert issues.async_get_issue(DOMAIN, "database_away") is not None
        latest = home.states.get(entity_id(home, "image", CAMERA, "latest"))
        assert latest is not None
        assert latest.state == image["captured_at"]
    assert await hub.database_watch.look()
    assert issues.async_get_issue(DOMAIN, "database_away") is None
    after = await act(home, "list_images", device_id=camera)
    assert len(after["images"]) == len(before["images"]) + 1
    assert after["images"][0]["captured_at"] == image["captured_at"]
    assert [event.data["type"] for event in events] == ["image_captured"]
