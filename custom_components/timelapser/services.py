"""Registers the actions; what they do is in `actions/`."""

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.service import async_register_admin_service
import voluptuous as vol

from .actions import (
    cameras,
    history,
    images,
    imports,
    quarantine,
    settings,
    statistics,
    storage,
    thumbnails,
    timelapses,
    videos,
)
from .const import DOMAIN

ACTIONS = (
    *cameras.ACTIONS,
    *timelapses.ACTIONS,
    *images.ACTIONS,
    *imports.ACTIONS,
    *quarantine.ACTIONS,
    *storage.ACTIONS,
    *thumbnails.ACTIONS,
    *videos.ACTIONS,
    *settings.ACTIONS,
    *history.ACTIONS,
    *statistics.ACTIONS,
)


@callback
def async_setup_services(hass: HomeAssistant) -> None:
    """Register all actions."""
    for action in ACTIONS:
        schema = vol.Schema(dict(action.fields))
        if action.admin:
            async_register_admin_service(
                hass,
                DOMAIN,
                action.name,
                action.handler,
                schema=schema,
                supports_response=action.response,
            )
        else:
            hass.services.async_register(
                DOMAIN,
                action.name,
                action.handler,
                schema=schema,
                supports_response=action.response,
            )
