"""The hub's flow: every error, and the way out of it."""

from pathlib import Path

from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.const import DOMAIN


async def test_hub_leads_into_the_first_camera(home: HomeAssistant, storage: Path) -> None:
    flow = await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert flow["type"] is FlowResultType.FORM
    suggested = {str(key): key.description for key in flow["data_schema"].schema}
    assert suggested["storage"] == {"suggested_value": str(storage)}
    created = await home.config_entries.flow.async_configure(
        flow["flow_id"], {"storage": str(storage)}
    )
    assert created["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()
    assert await home.async_add_executor_job(storage.is_dir)
    (camera_flow,) = home.config_entries.subentries.async_progress()
    assert created["next_flow"][1] == camera_flow["flow_id"]
    assert camera_flow["step_id"] == "user"


@pytest.mark.parametrize(
    ("folder", "error"),
    [
        ("/nowhere/timelapser", "storage_not_allowed"),
        ("relative/folder", "storage_not_allowed"),
        ("{media}/../../etc", "storage_not_allowed"),
        ("{media}/link", "storage_not_allowed"),
        ("{media}/file/timelapser", "storage_not_writable"),
    ],
)
async def test_folder_that_cannot_be_used(
    home: HomeAssistant, storage: Path, folder: str, error: str
) -> None:
    storage.parent.mkdir()
    (storage.parent / "file").write_text("no folder")
    (storage.parent / "link").symlink_to("/etc")
    flow = await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    refused = await home.config_entries.flow.async_configure(
        flow["flow_id"], {"storage": folder.format(media=storage.parent)}
    )
    assert refused["type"] is FlowResultType.FORM
    assert refused["errors"] == {"storage": error}
    assert str(storage.parent) in refused["description_placeholders"]["allowed"]
    created = await home.config_entries.flow.async_configure(
        flow["flow_id"], {"storage": str(storage)}
    )
    assert created["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()


async def test_only_one_hub(home: HomeAssistant, entry: MockConfigEntry) -> None:
    entry.add_to_hass(home)
    flow = await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "single_instance_allowed"
