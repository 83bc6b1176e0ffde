"""The forms that ask where a camera's pictures come from, and what is made of their answers."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.camera import DOMAIN as CAMERA_DOMAIN
from homeassistant.const import (
    CONF_ENTITY_ID,
    CONF_PASSWORD,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.selector import (
    EntitySelector,
    EntitySelectorConfig,
    SelectSelector,
    SelectSelectorConfig,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .const import CONF_SOURCE, CONF_TRANSPORT
from .engine.capture.urls import (
    STILL_SCHEMES,
    STREAM_SCHEMES,
    address,
    host_label,
    normalized,
    parse_url,
)
from .engine.models import SourceKind, Transport

_PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
_ACCESS = {
    vol.Required(CONF_URL): _URL,
    vol.Optional(CONF_USERNAME): str,
    vol.Optional(CONF_PASSWORD): _PASSWORD,
}
SCHEMAS: Final = {
    SourceKind.ENTITY: vol.Schema(
        {vol.Required(CONF_ENTITY_ID): EntitySelector(EntitySelectorConfig(domain=CAMERA_DOMAIN))}
    ),
    SourceKind.STREAM: vol.Schema(
        {
            **_ACCESS,
            vol.Required(CONF_TRANSPORT, default=Transport.TCP.value): SelectSelector(
                SelectSelectorConfig(options=[*Transport], translation_key=CONF_TRANSPORT)
            ),
            vol.Required(CONF_VERIFY_SSL, default=True): bool,
        }
    ),
    SourceKind.STILL: vol.Schema({**_ACCESS, vol.Required(CONF_VERIFY_SSL, default=True): bool}),
}
_SCHEMES = {SourceKind.STREAM: STREAM_SCHEMES, SourceKind.STILL: STILL_SCHEMES}


def read_source(
    hass: HomeAssistant,
    kind: SourceKind,
    user_input: Mapping[str, Any],
    stored: Mapping[str, Any],
) -> tuple[dict[str, Any], str]:
    """Answer the data to store and what makes the camera unique; raise UrlNotAllowedError.

    `stored` are the data of the camera that is changed; a new one has none.
    """
    data: dict[str, Any] = {CONF_SOURCE: kind.value, **user_input}
    if kind is SourceKind.ENTITY:
        entity = er.async_get(hass).async_get(user_input[CONF_ENTITY_ID])
        data[CONF_ENTITY_ID] = entity.id if entity else user_input[CONF_ENTITY_ID]
        return data, data[CONF_ENTITY_ID]
    parsed = parse_url(user_input[CONF_URL], _SCHEMES[kind])
    data[CONF_URL] = parsed.url
    # Fields win over what the URL carries: it is where people correct a password.
    data[CONF_USERNAME] = user_input.get(CONF_USERNAME) or parsed.user
    data[CONF_PASSWORD] = (
        user_input.get(CONF_PASSWORD) or parsed.password or _kept_password(data, stored)
    )
    return data, normalized(parsed.url)


def suggested_source(hass: HomeAssistant, data: Mapping[str, Any]) -> dict[str, Any]:
    """What a form shows at first; an entity by its present id, and never the password."""
    shown = {key: value for key, value in data.items() if key != CONF_PASSWORD}
    if stored := shown.get(CONF_ENTITY_ID):
        shown[CONF_ENTITY_ID] = er.async_resolve_entity_id(er.async_get(hass), stored)
    return shown


def default_name(hass: HomeAssistant, data: Mapping[str, Any]) -> str:
    """Answer a name for a camera that has none: the entity's, or the host's."""
    if stored := data.get(CONF_ENTITY_ID):
        entity_id = er.async_resolve_entity_id(er.async_get(hass), stored)
        state = hass.states.get(entity_id or "")
        return state.name if state else str(stored)
    return host_label(data[CONF_URL])


def _kept_password(data: Mapping[str, Any], stored: Mapping[str, Any]) -> str | None:
    """Answer the stored password, for the same user of the same camera and nobody else."""
    same = (
        data[CONF_USERNAME]
        and stored.get(CONF_USERNAME) == data[CONF_USERNAME]
        and CONF_URL in stored
        and address(stored[CONF_URL]) == address(data[CONF_URL])
    )
    return stored.get(CONF_PASSWORD) if same else None
