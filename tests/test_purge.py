"""Purging as people meet it: the action, the quiet hour, and the repair of a full disk."""

import asyncio
from datetime import timedelta
from typing import Any

from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.core import Context, Event, HomeAssistant, callback
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockUser,
    async_capture_events,
)
import voluptuous as vol

from custom_components.timelapser.const import DOMAIN, EVENT_TIMELAPSER
from custom_components.timelapser.engine.images import purging
from custom_components.timelapser.engine.models import Frame, Image
from custom_components.timelapser.engine.monitoring.load import GB
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.harness import scene
from tests.helpers import act, device_id, set_up, settle
from tests.test_load import Machine, machine  # noqa: F401  # a fixture

JPEG = scene.jpeg(0.5, (320, 240))
CUT = JPEG[: len(JPEG) // 2]
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(purging, "PAUSE", 0)


@pytest.fixture
async def hub(
    home: HomeAssistant,
    machine: Machine,  # noqa: F811
    entry: MockConfigEntry,
) -> TimelapserHub:
    hub = await set_up(home, entry)
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA))
    await settle(home)
    return hub


async def add(hub: TimelapserHub, age: timedelta, jpeg: bytes = JPEG) -> Image:
    """Keep an image of the unfinished timelapse that is so old."""
    timelapse = await hub.rows.timelapses.unfinished(CAMERA)
    assert timelapse is not None
    frame = Frame(dt_util.utcnow() - age, jpeg)
    zone = dt_util.get_default_time_zone()
    new = await hub.images.keep(frame, timelapse, hub.shared_settings, zone)
    return await hub.rows.images.record(new)


async def ids(hub: TimelapserHub) -> set[int]:
    return {image.id for image in await hub.rows.images.find(quarantined=None, limit=1000)}


async def test_dry_run_says_exactly_what_goes(home: HomeAssistant, hub: TimelapserHub) -> None:
    young = await ids(hub)
    old, bad = await add(hub, 40 * DAY), await add(hub, 8 * DAY, CUT)
    assert bad.quarantined
    await act(home, "set_settings", settings={"image_retention": 30})
    said = await act(home, "purge")
    size = old.byte_count + bad.byte_count
    assert said == {
        "dry_run": True,
        "images": 2,
        "videos": 0,
        "bytes": size,
        "rules": {
            "age": {"count": 1, "bytes": old.byte_count},
            "quarantine": {"count": 1, "bytes": bad.byte_count},
        },
        "cameras": [{"camera_id": CAMERA, "name": "Garden", "count": 2, "bytes": size}],
        "image_ids": [old.id, bad.id],
        "video_ids": [],
    }
    assert await ids(hub) == {*young, old.id, bad.id}
    events = async_capture_events(home, EVENT_TIMELAPSER)
    went = await act(home, "purge", device_id=device_id(home, CAMERA), dry_run=False)
    assert went == {**said, "dry_run": False}
    assert await ids(hub) == young
    assert await hub.rows.counters.verify(repair=False) == []
    (event,) = [event.data for event in events if event.data["type"] == "purged"]
    assert (event["camera_id"], event["images"], event["bytes"]) == (CAMERA, 2, size)
    # The entities show it.
    shown = hub.cameras[CAMERA].timelapse
    assert shown is not None
    assert (shown.image_count, shown.quarantine_count) == (len(young), 0)
    again = await act(home, "purge", dry_run=False)
    assert (again["images"], again["bytes"], again["rules"]) == (0, 0, {})


async def test_starred_timelapses_stay(home: HomeAssistant, hub: TimelapserHub) -> None:
    old = await add(hub, 40 * DAY)
    await act(home, "set_settings", settings={"image_retention": 30})
    camera = device_id(home, CAMERA)
    await act(
        home, "update_timelapse", device_id=camera, timelapse_id=old.timelapse_id, starred=True
    )
    assert (await act(home, "purge", dry_run=False))["images"] == 0
    assert old.id in await ids(hub)


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"device_id": "nobody"}, ServiceValidationError),
        ({"dry_run": "perhaps"}, vol.Invalid),
        ({"camera": CAMERA}, vol.Invalid),
    ],
)
async def test_bad_requests(
    home: HomeAssistant, hub: TimelapserHub, data: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        await act(home, "purge", **data)


@pytest.mark.parametrize("action", ["purge", "delete_image"])
async def test_only_administrators_delete(
    home: HomeAssistant, hub: TimelapserHub, hass_read_only_user: MockUser, action: str
) -> None:
    data = {} if action == "purge" else {"device_id": device_id(home, CAMERA), "image_id": 1}
    with pytest.raises(Unauthorized):
        await home.services.async_call(
            DOMAIN, action, data, blocking=True, context=Context(user_id=hass_read_only_user.id)
        )


async def test_a_timelapse_that_is_purged_while_it_runs_goes_on(
    home: HomeAssistant, hub: TimelapserHub
) -> None:
    await act(home, "set_settings", settings={"storage_quota": 0.1})
    image = await add(hub, DAY)
    statement = "UPDATE images SET byte_count = 200000000 WHERE id = "
    await hub.database.write(
        lambda connection: connection.exec_driver_sql(f"{statement}{image.id}")
    )
    await hub.rows.counters.verify(repair=True)
    await hub.purging.tick()
    assert image.id not in await ids(hub)
    answer = await act(home, "capture_now", device_id=device_id(home, CAMERA))
    assert answer["image_id"] in await ids(hub)
    assert await hub.rows.counters.verify(repair=False) == []


# The repair of a full disk


class Flow:
    """The flow of the issue."""

    def __init__(self, hass: HomeAssistant) -> None:
        manager = repairs_flow_manager(hass)
        assert manager is not None
        self._manager = manager
        self.form: Any = None

    async def begin(self) -> Any:
        self.form = await self._manager.async_init(DOMAIN, data={"issue_id": "storage_low"})
        return self.form

    async def confirm(self) -> Any:
        return await self._manager.async_configure(self.form["flow_id"], {})


@pytest.fixture
async def full(
    home: HomeAssistant,
    machine: Machine,  # noqa: F811
    hub: TimelapserHub,
) -> Machine:
    """A disk on which captures wait, with an image that may go."""
    assert await async_setup_component(home, REPAIRS, {})
    await add(hub, 40 * DAY)
    await act(home, "set_settings", settings={"image_retention": 30})
    machine.disk = 0.5 * GB
    await hub.load.look()
    return machine


def issue(hass: HomeAssistant) -> ir.IssueEntry | None:
    return ir.async_get(hass).async_get_issue(DOMAIN, "storage_low")


async def said(hass: HomeAssistant, key: str, form: Any) -> str:
    texts = await async_get_translations(hass, "en", "issues", [DOMAIN])
    text = texts[f"component.{DOMAIN}.issues.storage_low.fix_flow.{key}"]
    return text.format(**form["description_placeholders"])


async def test_repair_purges_what_it_says(
    home: HomeAssistant, hub: TimelapserHub, full: Machine
) -> None:
    found = issue(home)
    assert found is not None
    assert found.is_fixable
    flow = Flow(home)
    form = await flow.begin()
    assert (form["type"], form["step_id"]) == ("form", "confirm")
    text = await said(home, "step.confirm.description", form)
    assert "Only 0.5 GB" in text
    assert "1 images and 0 videos" in text
    # What becomes too old meanwhile was not said to go.
    later = await add(hub, 41 * DAY)
    full.disk = 3 * GB
    assert (await flow.confirm())["type"] == "create_entry"
    assert later.id in await ids(hub)
    assert len(await ids(hub)) == 2
    assert issue(home) is None
    assert hub.load.reason is None


async def test_repair_that_is_not_enough_keeps_the_issue(
    home: HomeAssistant, hub: TimelapserHub, full: Machine
) -> None:
    flow = Flow(home)
    await flow.begin()
    form = await flow.confirm()
    assert (form["type"], form["reason"]) == ("abort", "still_low")
    text = await said(home, "abort.still_low", form)
    assert text.startswith("1 images and 0 videos were deleted")
    assert issue(home) is not None
    form = await flow.begin()
    assert "0 images and 0 videos" in await said(home, "step.confirm.description", form)


async def test_repair_while_the_integration_does_not_run(
    home: HomeAssistant, hub: TimelapserHub, full: Machine, entry: MockConfigEntry
) -> None:
    flow = Flow(home)
    await flow.begin()
    await home.config_entries.async_unload(entry.entry_id)
    form = await flow.confirm()
    assert form["errors"] == {"base": "hub_not_loaded"}
    assert "not running" in await said(home, "error.hub_not_loaded", form)


async def test_what_is_due_goes_by_itself(
    home: HomeAssistant,
    entry: MockConfigEntry,
    hub: TimelapserHub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The worker looks at the clock now and again; no purge has ever been made here."""
    young = await ids(hub)
    await add(hub, 40 * DAY)
    await act(home, "set_settings", settings={"image_retention": 30})
    assert await home.config_entries.async_unload(entry.entry_id)
    monkeypatch.setattr(purging, "LOOK_EVERY", 0.01)
    purged = asyncio.Event()

    @callback
    def see(event: Event) -> None:
        if event.data["type"] == "purged":
            purged.set()

    home.bus.async_listen(EVENT_TIMELAPSER, see)
    hub = await set_up(home, entry)
    async with asyncio.timeout(20):
        await purged.wait()
    assert await ids(hub) == young
