"""Timelapser: long-running timelapses of any camera."""

from homeassistant.const import EVENT_HOMEASSISTANT_STOP
from homeassistant.core import HomeAssistant
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers.start import async_at_started
from homeassistant.helpers.typing import ConfigType

from .api import async_setup_views
from .const import DOMAIN, PLATFORMS
from .hub import TimelapserConfigEntry, TimelapserHub
from .services import async_setup_services

CONFIG_SCHEMA = cv.config_entry_only_config_schema(DOMAIN)


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Register what exists once: actions and HTTP views."""
    async_setup_services(hass)
    async_setup_views(hass)
    return True


async def async_setup_entry(hass: HomeAssistant, entry: TimelapserConfigEntry) -> bool:
    """Open the hub and its cameras; capture once Home Assistant has started."""
    hub = entry.runtime_data = await TimelapserHub.async_open(hass, entry)
    entry.async_on_unload(hub.async_close)
    # Home Assistant does not unload entries when it stops.
    entry.async_on_unload(hass.bus.async_listen_once(EVENT_HOMEASSISTANT_STOP, hub.async_close))
    await hass.config_entries.async_forward_entry_setups(entry, PLATFORMS)
    entry.async_on_unload(async_at_started(hass, hub.async_start))
    entry.async_on_unload(entry.add_update_listener(_async_entry_changed))
    return True


async def async_unload_entry(hass: HomeAssistant, entry: TimelapserConfigEntry) -> bool:
    """Unload the platforms; the hub is closed by its callback afterwards."""
    return await hass.config_entries.async_unload_platforms(entry, PLATFORMS)


async def _async_entry_changed(hass: HomeAssistant, entry: TimelapserConfigEntry) -> None:
    """Apply changes in place; reload only for other cameras, another storage or database.

    A reload would end a render that is running, so no change of a setting may cause one.
    """
    hub = entry.runtime_data
    if set(hub.cameras) == set(entry.subentries) and hub.opened_with == dict(entry.data):
        await hub.async_apply_changes()
    else:
        hass.config_entries.async_schedule_reload(entry.entry_id)
