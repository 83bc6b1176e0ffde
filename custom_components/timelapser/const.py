"""Names that several modules of the Home Assistant floor share."""

from typing import Final

from homeassistant.const import Platform

DOMAIN: Final = "timelapser"

SUBENTRY_CAMERA: Final = "camera"

CONF_CONNECTIONS: Final = "connections"
CONF_DATABASE: Final = "database"
CONF_POSTGRES: Final = "postgres"
CONF_SOURCE: Final = "source"
CONF_STORAGE: Final = "storage"
CONF_TLS: Final = "tls"
CONF_TRANSPORT: Final = "transport"
CONF_USE_STREAM: Final = "use_stream"

EVENT_TIMELAPSER: Final = "timelapser_event"

PLATFORMS: Final = (
    Platform.BINARY_SENSOR,
    Platform.BUTTON,
    Platform.IMAGE,
    Platform.SENSOR,
    Platform.SWITCH,
)
