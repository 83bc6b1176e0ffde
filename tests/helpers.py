"""What tests of the Home Assistant floor do again and again."""

import asyncio
from contextlib import AbstractContextManager
from typing import Any
from unittest.mock import patch

from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry as dr
from homeassistant.helpers import entity_registry as er
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.const import DOMAIN
from custom_components.timelapser.engine.models import CameraSource
from custom_components.timelapser.hub import TimelapserHub


def answered_by(source: CameraSource) -> AbstractContextManager[object]:
    """Have cameras that are made meanwhile take their frames from a source of the test."""
    return patch("custom_components.timelapser.sources.SourceMaker.create", return_value=source)


async def set_up(hass: HomeAssistant, entry: MockConfigEntry) -> TimelapserHub:
    """Set the entry up and answer its hub."""
    if hass.config_entries.async_get_entry(entry.entry_id) is None:
        entry.add_to_hass(hass)
    assert await hass.config_entries.async_setup(entry.entry_id)
    await hass.async_block_till_done()
    hub: TimelapserHub = entry.runtime_data
    return hub


def device_id(hass: HomeAssistant, camera_id: str) -> str:
    """Answer the device of a camera."""
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    return dr.async_get_device_id_by_identifier(
        hass, (DOMAIN, camera_id), config_entry_id=entry.entry_id
    )


def entity_id(hass: HomeAssistant, platform: str, camera_id: str, key: str) -> str:
    """Answer an entity of a camera."""
    found = er.async_get(hass).async_get_entity_id(platform, DOMAIN, f"{camera_id}_{key}")
    assert found is not None
    return found


async def act(hass: HomeAssistant, action: str, **data: Any) -> Any:
    """Call an action of ours and answer its response."""
    return await hass.services.async_call(DOMAIN, action, data, blocking=True, return_response=True)


async def settle(hass: HomeAssistant) -> None:
    """Let captures end, which go through threads; workers go on for ever."""
    await hass.async_block_till_done()
    (entry,) = hass.config_entries.async_entries(DOMAIN)
    async with asyncio.timeout(20):
        while tasks := [
            task for task in entry._background_tasks if "worker" not in task.get_name()
        ]:
            await asyncio.wait(tasks)
    await hass.async_block_till_done()
