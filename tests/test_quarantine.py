"""Quarantine as people meet it: listed with reasons and thumbnails, restored, or deleted."""

from datetime import timedelta
from http import HTTPStatus
from typing import Any

from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError, ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator
import voluptuous as vol

from custom_components.timelapser.const import EVENT_TIMELAPSER
from custom_components.timelapser.engine.database.retention_operations import (
    RetentionOperations,
)
from custom_components.timelapser.engine.errors import DatabaseUnavailableError
from custom_components.timelapser.engine.models import Frame, Image, VideoSettings
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.engine.conftest import queue
from tests.helpers import act, device_id, set_up, settle
from tests.test_purge import CUT, DAY, add, ids

MINUTE = timedelta(minutes=1)


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry) -> TimelapserHub:
    hub = await set_up(home, entry)
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA))
    await settle(home)
    return hub


@pytest.fixture
async def bad(hub: TimelapserHub) -> Image:
    """An image in quarantine, between others."""
    await add(hub, 3 * MINUTE)
    image = await add(hub, 2 * MINUTE, CUT)
    await add(hub, MINUTE)
    assert image.quarantined
    return image


async def on_camera(home: HomeAssistant, action: str, **data: Any) -> Any:
    return await act(home, action, device_id=device_id(home, CAMERA), **data)


async def check(hub: TimelapserHub) -> None:
    assert await hub.rows.counters.verify(repair=False) == []


def files(hub: TimelapserHub, image: Image) -> list[bool]:
    """Whether its file is among those kept, and whether it is among those in quarantine."""
    return [
        hub.storage.image_path(image.folder, image.captured_at, quarantined).exists()
        for quarantined in (False, True)
    ]


async def test_listed_with_reasons_and_thumbnails(
    home: HomeAssistant, hub: TimelapserHub, bad: Image, hass_client: ClientSessionGenerator
) -> None:
    (found,) = (await on_camera(home, "list_images", quarantined=True))["images"]
    assert (found["image_id"], found["quarantined"]) == (bad.id, True)
    assert found["reasons"] == list(bad.reasons) != []
    client = await hass_client()
    for name in ("url", "thumbnail"):
        response = await client.get(found[name])
        assert (response.status, response.content_type) == (HTTPStatus.OK, "image/jpeg")


async def test_restored_image_is_in_its_place(
    home: HomeAssistant, hub: TimelapserHub, bad: Image
) -> None:
    kept = [image["image_id"] for image in (await on_camera(home, "list_images"))["images"]]
    events = async_capture_events(home, EVENT_TIMELAPSER)
    answer = await on_camera(home, "restore_image", image_id=bad.id)
    assert (answer["image_id"], answer["quarantined"], answer["flagged"]) == (bad.id, False, False)
    assert files(hub, bad) == [True, False]
    await check(hub)
    after = [image["image_id"] for image in (await on_camera(home, "list_images"))["images"]]
    # In the order of capture, the newest first.
    moments = [(await hub.rows.images.get(image_id)).captured_at for image_id in after]
    assert moments == sorted(moments, reverse=True)
    assert set(after) == {*kept, bad.id}
    (event,) = [event.data for event in events if event.data["type"] == "image_restored"]
    assert event["image_id"] == bad.id
    shown = hub.cameras[CAMERA].timelapse
    assert shown is not None
    assert (shown.image_count, shown.quarantine_count) == (len(after), 0)
    with pytest.raises(ServiceValidationError) as caught:
        await on_camera(home, "restore_image", image_id=bad.id)
    assert caught.value.translation_key == "not_quarantined"


async def test_restored_image_without_a_file(
    home: HomeAssistant, hub: TimelapserHub, bad: Image
) -> None:
    hub.storage.image_path(bad.folder, bad.captured_at, True).unlink()
    with pytest.raises(HomeAssistantError) as caught:
        await on_camera(home, "restore_image", image_id=bad.id)
    assert caught.value.translation_key == "storage_not_writable"
    assert (await hub.rows.images.get(bad.id)).quarantined
    await check(hub)


async def test_restoring_while_the_database_is_away(
    home: HomeAssistant, hub: TimelapserHub, bad: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_args: object) -> None:
        raise DatabaseUnavailableError(reason="gone")

    with monkeypatch.context() as away:
        away.setattr(RetentionOperations, "restore", fail)
        with pytest.raises(HomeAssistantError):
            await on_camera(home, "restore_image", image_id=bad.id)
    assert files(hub, bad) == [False, True]
    await on_camera(home, "restore_image", image_id=bad.id)
    assert files(hub, bad) == [True, False]


async def test_quarantined_image_is_deleted(
    home: HomeAssistant, hub: TimelapserHub, bad: Image
) -> None:
    events = async_capture_events(home, EVENT_TIMELAPSER)
    kept = await ids(hub) - {bad.id}
    answer = await on_camera(home, "delete_image", image_id=bad.id)
    assert answer == {"deleted": [bad.id], "left": [], "bytes": bad.byte_count}
    assert files(hub, bad) == [False, False]
    assert await ids(hub) == kept
    await check(hub)
    assert [e.data["images"] for e in events if e.data["type"] == "purged"] == [1]
    with pytest.raises(ServiceValidationError) as caught:
        await on_camera(home, "delete_image", image_id=bad.id)
    assert caught.value.translation_key == "no_such"


async def test_any_images_are_deleted_by_a_list(
    home: HomeAssistant, hub: TimelapserHub, bad: Image
) -> None:
    everything = await ids(hub)
    good = min(everything - {bad.id})
    with pytest.raises(ServiceValidationError) as caught:
        await on_camera(home, "delete_image", image_id=good)
    assert caught.value.translation_key == "not_quarantined"
    answer = await on_camera(home, "delete_image", image_ids=[good, bad.id, good])
    assert answer["deleted"] == sorted([good, bad.id])
    assert await ids(hub) == everything - {good, bad.id}
    await check(hub)


async def test_images_that_a_render_needs_are_left(
    home: HomeAssistant, hub: TimelapserHub, bad: Image
) -> None:
    timelapse = await hub.rows.timelapses.get(bad.timelapse_id)
    job = await queue(hub.rows.videos, timelapse, VideoSettings(), bad.captured_at)
    answer = await on_camera(home, "delete_image", image_ids=[bad.id])
    await hub.videos.cancel(job.id)
    assert answer == {"deleted": [], "left": [bad.id], "bytes": 0}
    assert files(hub, bad) == [False, True]


@pytest.mark.parametrize(
    ("action", "data", "error"),
    [
        ("restore_image", {}, vol.Invalid),
        ("restore_image", {"image_id": "x"}, vol.Invalid),
        ("restore_image", {"image_id": 4711}, ServiceValidationError),
        ("delete_image", {}, ServiceValidationError),
        ("delete_image", {"image_ids": []}, vol.Invalid),
        ("delete_image", {"image_ids": [1, -1]}, vol.Invalid),
        ("delete_image", {"image_id": 1, "image_ids": [1]}, vol.Invalid),
        ("delete_image", {"image_ids": [1, 4711]}, ServiceValidationError),
        ("delete_image", {"image_ids": list(range(1, 1002))}, vol.Invalid),
    ],
)
async def test_bad_requests(
    home: HomeAssistant,
    hub: TimelapserHub,
    action: str,
    data: dict[str, Any],
    error: type[Exception],
) -> None:
    before = await ids(hub)
    with pytest.raises(error):
        await on_camera(home, action, **data)
    assert await ids(hub) == before


async def test_images_of_another_camera(home: HomeAssistant, hub: TimelapserHub) -> None:
    other = await hub.rows.cameras.ensure("OTHER", "Street", "street-other")
    now = dt_util.utcnow()
    timelapse = await hub.rows.timelapses.create(other.id, "Spring", {}, now)
    zone = dt_util.get_default_time_zone()
    new = await hub.images.keep(Frame(now, CUT), timelapse, hub.shared_settings, zone)
    image = await hub.rows.images.record(new)
    requests: list[tuple[str, dict[str, Any]]] = [
        ("restore_image", {"image_id": image.id}),
        ("delete_image", {"image_id": image.id}),
        ("delete_image", {"image_ids": [image.id]}),
    ]
    for action, data in requests:
        with pytest.raises(ServiceValidationError) as caught:
            await on_camera(home, action, **data)
        assert caught.value.translation_key == "no_such"
    assert (await hub.rows.images.get(image.id)).quarantined


async def test_what_was_restored_lately_is_learnt(
    home: HomeAssistant, hub: TimelapserHub, bad: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next ones are compared with it as well; an old one says little of how things look."""
    learnt: list[bool] = []
    settle_verdict = hub.corruption.settle

    def see(camera_id: str, assessment: Any) -> Any:
        verdict = settle_verdict(camera_id, assessment)
        learnt.append(verdict.suspect)
        return verdict

    old = await add(hub, 2 * DAY, CUT)
    monkeypatch.setattr(hub.corruption, "settle", see)
    await on_camera(home, "restore_image", image_id=old.id)
    assert learnt == []
    await on_camera(home, "restore_image", image_id=bad.id)
    assert learnt == [False]
