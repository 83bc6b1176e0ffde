"""What Home Assistant's system information tells of us."""

from typing import Any

from homeassistant.components import system_health
from homeassistant.core import HomeAssistant, callback

from .actions.common import loaded_hub
from .engine.corruption.model import shipped
from .engine.errors import HubNotLoadedError


@callback
def async_register(hass: HomeAssistant, register: system_health.SystemHealthRegistration) -> None:
    """Register what is told."""
    register.async_register_info(_async_info)


async def _async_info(hass: HomeAssistant) -> dict[str, Any]:
    try:
        hub = loaded_hub(hass)
    except HubNotLoadedError:
        return {"loaded": False}
    model = await hass.async_add_executor_job(shipped)
    analyzer = await hass.async_add_executor_job(lambda: hub.corruption.analyzer.name)
    return {
        "loaded": True,
        "cameras": len(hub.cameras),
        "database": hub.database.pool.engine.dialect.name,
        "analyzer": analyzer,
        "model": model.version,
        "queue_length": hub.coordinator.data.queue_length,
    }
