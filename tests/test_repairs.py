"""Repairs: the flows that set an issue of a camera right."""

from types import MappingProxyType
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.camera import Image as CameraImage
from homeassistant.components.repairs import DOMAIN as REPAIRS
from homeassistant.components.repairs import repairs_flow_manager
from homeassistant.config_entries import ConfigSubentry
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowManager
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.translation import async_get_translations
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.const import DOMAIN
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.harness import scene
from tests.helpers import answered_by, set_up, settle
from tests.test_capture import FakeSource
from tests.test_trouble import issue, minutes, prepared
from tests.test_windows import start

IMAGE = "custom_components.timelapser.sources.async_get_image"


@pytest.fixture
async def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
async def hub(
    home: HomeAssistant,
    entry: MockConfigEntry,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> TimelapserHub:
    assert await async_setup_component(home, REPAIRS, {})
    prepared(entry)
    freezer.move_to("2026-11-24T09:59:59+00:00")
    with answered_by(source):
        return await set_up(home, entry)


class Fix:
    """The flow of an issue."""

    def __init__(self, manager: FlowManager[Any, Any, Any], form: Any) -> None:
        self._manager = manager
        self.form = form

    @classmethod
    async def begin(cls, hass: HomeAssistant, kind: str) -> Fix:
        manager = repairs_flow_manager(hass)
        assert manager is not None
        form = await manager.async_init(DOMAIN, data={"issue_id": f"{kind}_{CAMERA}"})
        return cls(manager, form)

    async def confirm(self, **fields: Any) -> Any:
        self.form = await self._manager.async_configure(self.form["flow_id"], fields)
        return self.form


async def error_text(hass: HomeAssistant, kind: str, form: Any) -> str:
    """What a form says of its error; raise KeyError when there is no text for it."""
    texts = await async_get_translations(hass, "en", "issues", [DOMAIN])
    text = texts[f"component.{DOMAIN}.issues.{kind}.fix_flow.error.{form['errors']['base']}"]
    said: str = text.format(**form["description_placeholders"])
    return said


async def test_offline_issue_and_its_flow(
    home: HomeAssistant,
    hub: TimelapserHub,
    source: FakeSource,
    freezer: FrozenDateTimeFactory,
) -> None:
    await start(home)
    await minutes(home, freezer, 1)
    source.error = True
    # Counted from the first failure.
    await minutes(home, freezer, 60)
    assert issue(home, "camera_offline") is None
    await minutes(home, freezer, 1)
    found = issue(home, "camera_offline")
    assert found is not None
    assert found.is_fixable
    placeholders = found.translation_placeholders
    assert placeholders is not None
    assert (placeholders["camera"], placeholders["error"]) == ("Garden", "timeout")

    flow = await Fix.begin(home, "camera_offline")
    assert (flow.form["type"], flow.form["step_id"]) == ("form", "confirm")
    assert flow.form["description_placeholders"]["camera"] == "Garden"
    form = await flow.confirm()
    assert form["errors"] == {"base": "timeout"}
    assert "camera" in await error_text(home, "camera_offline", form)
    source.error = False
    assert (await flow.confirm())["type"] == "create_entry"
    assert issue(home, "camera_offline") is None
    # The clock tries again at once, though the next probe would have been far.
    grabs = source.grabs
    await minutes(home, freezer, 2)
    assert source.grabs >= grabs + 2


@pytest.fixture
async def terrace(home: HomeAssistant, entry: MockConfigEntry) -> er.RegistryEntry:
    """A camera entity that the camera is made of."""
    prepared(entry)
    registered = er.async_get(home).async_get_or_create("camera", "test", "terrace")
    home.states.async_set(registered.entity_id, "idle")
    data = {"source": "entity", "entity_id": registered.id}
    object.__setattr__(entry.subentries[CAMERA], "data", data)
    object.__setattr__(entry.subentries[CAMERA], "unique_id", registered.id)
    assert await async_setup_component(home, REPAIRS, {})
    return registered


async def test_entity_that_is_gone_and_its_flow(
    home: HomeAssistant,
    terrace: er.RegistryEntry,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    registry = er.async_get(home)
    pond = registry.async_get_or_create("camera", "test", "pond")
    home.states.async_set(pond.entity_id, "idle")
    freezer.move_to("2026-11-24T09:59:59+00:00")
    image = CameraImage("image/jpeg", scene.jpeg(0.5, (320, 240)))
    with patch(IMAGE, return_value=image) as asked:
        hub = await set_up(home, entry)
        await start(home)
        await minutes(home, freezer, 1)
        # Renamed, it is followed.
        registry.async_update_entity(terrace.entity_id, new_entity_id="camera.balcony")
        await minutes(home, freezer, 1)
        assert asked.call_args.args[1] == "camera.balcony"
        registry.async_remove("camera.balcony")
        home.states.async_remove("camera.balcony")
        await minutes(home, freezer, 1)
        found = issue(home, "camera_entity_gone")
        assert found is not None
        assert found.translation_placeholders == {"camera": "Garden"}

        flow = await Fix.begin(home, "camera_entity_gone")
        with patch(IMAGE, side_effect=HomeAssistantError("no picture")):
            form = await flow.confirm(entity_id=pond.entity_id)
        assert form["errors"] == {"base": "entity_unavailable"}
        assert pond.entity_id in await error_text(home, "camera_entity_gone", form)
        assert (await flow.confirm(entity_id=pond.entity_id))["type"] == "create_entry"
        await settle(home)
        subentry = entry.subentries[CAMERA]
        assert (subentry.data["entity_id"], subentry.unique_id) == (pond.id, pond.id)
        assert entry.runtime_data is hub
        assert issue(home, "camera_entity_gone") is None
        await minutes(home, freezer, 1)
        assert asked.call_args.args[1] == pond.entity_id


async def test_entity_of_another_camera_is_no_replacement(
    home: HomeAssistant,
    terrace: er.RegistryEntry,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    registry = er.async_get(home)
    pond = registry.async_get_or_create("camera", "test", "pond")
    home.states.async_set(pond.entity_id, "idle")
    freezer.move_to("2026-11-24T09:59:59+00:00")
    with patch(IMAGE, return_value=CameraImage("image/jpeg", scene.jpeg(0.5, (320, 240)))):
        await set_up(home, entry)
        other = ConfigSubentry(
            data=MappingProxyType({"source": "entity", "entity_id": pond.id}),
            subentry_type="camera",
            title="Pond",
            unique_id=pond.id,
        )
        home.config_entries.async_add_subentry(entry, other)
        await home.async_block_till_done()
        await start(home)
        registry.async_remove(terrace.entity_id)
        home.states.async_remove(terrace.entity_id)
        await minutes(home, freezer, 1)
        flow = await Fix.begin(home, "camera_entity_gone")
        form = await flow.confirm(entity_id=pond.entity_id)
        # Told in words, in the form or as its end.
        text = form.get("reason") or await error_text(home, "camera_entity_gone", form)
        texts = await async_get_translations(home, "en", "issues", [DOMAIN])
        abort = f"component.{DOMAIN}.issues.camera_entity_gone.fix_flow.abort.{text}"
        assert form["type"] == "form" or abort in texts
    assert entry.subentries[CAMERA].data["entity_id"] == terrace.id
    assert issue(home, "camera_entity_gone") is not None


async def test_replacement_without_a_stream_gives_its_images(
    home: HomeAssistant,
    terrace: er.RegistryEntry,
    entry: MockConfigEntry,
    freezer: FrozenDateTimeFactory,
) -> None:
    """The one that is gone was read by its stream; what replaces it has to be tried both ways."""
    data = {**entry.subentries[CAMERA].data, "use_stream": True}
    object.__setattr__(entry.subentries[CAMERA], "data", data)
    pond = er.async_get(home).async_get_or_create("camera", "test", "pond")
    home.states.async_set(pond.entity_id, "idle")
    freezer.move_to("2026-11-24T09:59:59+00:00")
    await set_up(home, entry)
    await start(home)
    er.async_get(home).async_remove(terrace.entity_id)
    home.states.async_remove(terrace.entity_id)
    await minutes(home, freezer, 1)
    assert issue(home, "camera_entity_gone") is not None
    flow = await Fix.begin(home, "camera_entity_gone")
    with patch(IMAGE, return_value=CameraImage("image/jpeg", scene.jpeg(0.5, (320, 240)))):
        form = await flow.confirm(entity_id=pond.entity_id)
        assert form["type"] == "create_entry", form["errors"]
        await settle(home)
        assert not entry.subentries[CAMERA].data.get("use_stream")
