"""An integration for benchmarks only: watches the event loop of the Home Assistant it runs in."""

import os

from homeassistant.core import (
    HomeAssistant,
    ServiceCall,
    ServiceResponse,
    SupportsResponse,
    callback,
)
from homeassistant.helpers.typing import ConfigType

from .watch import StallWatch


async def async_setup(hass: HomeAssistant, config: ConfigType) -> bool:
    """Watch for as long as Home Assistant runs; the action `read` answers, and begins anew."""
    watch = StallWatch()
    hass.async_create_background_task(watch.run(), "stall watch")

    @callback
    def read(call: ServiceCall) -> ServiceResponse:
        return {"pid": os.getpid(), **watch.read()}

    hass.services.async_register(
        "stall_watch", "read", read, supports_response=SupportsResponse.ONLY
    )
    return True
