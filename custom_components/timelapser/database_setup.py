"""From the entry's data to a database: the driver is installed only for those who chose it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant
from homeassistant.requirements import RequirementsNotFound, async_process_requirements

from .const import CONF_CONNECTIONS, CONF_DATABASE, CONF_POSTGRES, CONF_TLS, DOMAIN
from .engine.database.check import check_postgres
from .engine.database.config import DatabaseConfig, PostgresConfig, SqliteConfig, TlsMode
from .engine.database.database import Database
from .engine.database.pool_manager import WRITERS
from .engine.errors import PostgresDriverError

DATABASE_FILE: Final = "timelapser.db"
DRIVER: Final = ["psycopg[binary]==3.3.9"]


def database_config(hass: HomeAssistant, data: Mapping[str, Any]) -> DatabaseConfig:
    """Answer the database that an entry's data name: SQLite, unless they name a server."""
    postgres = data.get(CONF_POSTGRES)
    if postgres is None:
        return SqliteConfig(Path(hass.config.path(DATABASE_FILE)))
    return postgres_config(postgres)


def postgres_config(data: Mapping[str, Any]) -> PostgresConfig:
    """Answer the server that data of the flow name."""
    return PostgresConfig(
        data[CONF_HOST],
        int(data[CONF_PORT]),
        data[CONF_DATABASE],
        data[CONF_USERNAME],
        data.get(CONF_PASSWORD, ""),
        TlsMode(data[CONF_TLS]),
        int(data[CONF_CONNECTIONS]) - WRITERS,
    )


async def async_open_database(hass: HomeAssistant, data: Mapping[str, Any]) -> Database:
    """Open the database of an entry; raise DatabaseError when that cannot be done."""
    config = database_config(hass, data)
    if isinstance(config, PostgresConfig):
        await _async_install_driver(hass)
    # Off the loop: the driver is imported here.
    database = await hass.async_add_executor_job(Database, config)
    await database.open()
    return database


async def async_check_postgres(hass: HomeAssistant, config: PostgresConfig) -> None:
    """Try a server; raise PostgresError, PostgresDriverError or DatabaseTooNewError."""
    await _async_install_driver(hass)
    await hass.async_add_executor_job(check_postgres, config)


async def _async_install_driver(hass: HomeAssistant) -> None:
    try:
        await async_process_requirements(hass, DOMAIN, DRIVER, is_built_in=False)
    except RequirementsNotFound as error:
        raise PostgresDriverError from error
