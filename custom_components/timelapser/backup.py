"""Backups: Home Assistant's copy of the database is whole, and nothing waits for it."""

import asyncio
import logging
from typing import Final

from homeassistant.core import HomeAssistant

from .const import DOMAIN
from .engine.database.database import Database

_LOGGER = logging.getLogger(__name__)

PREPARE_SECONDS: Final = 20
"""An exception or a long wait here would cost the whole backup."""


async def async_pre_backup(hass: HomeAssistant) -> None:
    """Bring the file up to date, and leave it so while it is copied."""
    for database in _databases(hass):
        try:
            async with asyncio.timeout(PREPARE_SECONDS):
                await database.hold_file()
        except Exception as error:
            _LOGGER.warning("The database was not prepared for the backup: %r", error)


async def async_post_backup(hass: HomeAssistant) -> None:
    """Let the file change again."""
    for database in _databases(hass):
        database.release_file()


def _databases(hass: HomeAssistant) -> list[Database]:
    return [
        entry.runtime_data.database for entry in hass.config_entries.async_loaded_entries(DOMAIN)
    ]
