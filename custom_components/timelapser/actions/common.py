"""What the actions share: how one is described, and how its hub and camera are found."""

from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from homeassistant.config_entries import ConfigEntryState
from homeassistant.const import ATTR_DEVICE_ID
from homeassistant.core import HomeAssistant, ServiceCall, ServiceResponse, SupportsResponse
from homeassistant.helpers import config_validation as cv
from homeassistant.helpers import device_registry as dr
import voluptuous as vol

from ..camera_runtime import CameraRuntime
from ..const import DOMAIN
from ..engine.errors import HubNotLoadedError, NotFoundError
from ..engine.settings import SCHEMA, Choice, Number, Setting, Switch
from ..errors import translate_errors
from ..hub import TimelapserHub

ATTR_LIMIT: Final = "limit"
ATTR_SETTINGS: Final = "settings"
ATTR_TIMELAPSE_ID: Final = "timelapse_id"

LIMIT: Final = {
    vol.Optional(ATTR_LIMIT, default=100): vol.All(vol.Coerce(int), vol.Range(min=1, max=1000))
}
SETTINGS: Final = vol.Schema({cv.string: vol.Any(None, bool, int, float, str, list, dict)})
TIMELAPSE: Final = {vol.Optional(ATTR_TIMELAPSE_ID): cv.positive_int}

type Fields = Mapping[Any, Any]
type Handler = Callable[[ServiceCall], Coroutine[Any, Any, ServiceResponse]]
type CameraWork = Callable[[TimelapserHub, CameraRuntime, ServiceCall], Awaitable[dict[str, Any]]]
type HubWork = Callable[[TimelapserHub, ServiceCall], Awaitable[dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Action:
    """An action: its name, what it does, the fields it takes, and whether it must answer."""

    name: str
    handler: Handler
    fields: Fields = field(default_factory=dict)
    response: SupportsResponse = SupportsResponse.OPTIONAL
    admin: bool = False


def camera_action(
    name: str,
    work: CameraWork,
    fields: Fields | None = None,
    *,
    query: bool = False,
    admin: bool = False,
) -> Action:
    """Describe an action on one camera, which is named by its device."""

    @translate_errors
    async def handler(call: ServiceCall) -> ServiceResponse:
        hub = loaded_hub(call.hass)
        return await work(hub, find_camera(hub, call), call)

    fields = {vol.Required(ATTR_DEVICE_ID): cv.string, **(fields or {})}
    return Action(name, handler, fields, _response(query), admin)


def hub_action(
    name: str,
    work: HubWork,
    fields: Fields | None = None,
    *,
    query: bool = False,
    admin: bool = False,
) -> Action:
    """Describe an action that needs no camera."""

    @translate_errors
    async def handler(call: ServiceCall) -> ServiceResponse:
        return await work(loaded_hub(call.hass), call)

    return Action(name, handler, fields or {}, _response(query), admin)


def loaded_hub(hass: HomeAssistant) -> TimelapserHub:
    """Answer the running hub; raise HubNotLoadedError while there is none."""
    for entry in hass.config_entries.async_entries(DOMAIN):
        if entry.state is ConfigEntryState.LOADED:
            hub: TimelapserHub = entry.runtime_data
            return hub
    raise HubNotLoadedError


def find_camera(hub: TimelapserHub, call: ServiceCall) -> CameraRuntime:
    """Answer the camera of the call's device; raise NotFoundError when it is none of ours."""
    return camera_of_device(hub, call.hass, call.data[ATTR_DEVICE_ID])


def camera_of_device(hub: TimelapserHub, hass: HomeAssistant, device_id: str) -> CameraRuntime:
    """Answer the camera of a device; raise NotFoundError when it is none of ours."""
    device = dr.async_get(hass).async_get(device_id)
    for domain, identifier in device.identifiers if device else ():
        if domain == DOMAIN and identifier in hub.cameras:
            return hub.cameras[identifier]
    raise NotFoundError(kind="camera", id=device_id)


def given(call: ServiceCall, fields: Fields) -> dict[str, Any]:
    """Answer those of some fields that the call has."""
    return {str(name): call.data[name] for name in fields if name in call.data}


def setting_fields(*names: str) -> dict[vol.Optional, Any]:
    """Answer optional fields for settings, with their bounds."""
    return {vol.Optional(name): _validator(SCHEMA[name]) for name in names}


def _validator(setting: Setting) -> Any:
    match setting.values:
        case Number(minimum, maximum):
            # Where only whole numbers are allowed, the engine refuses others by name.
            return vol.All(vol.Coerce(float), vol.Range(minimum, maximum))
        case Switch():
            return cv.boolean
        case Choice(words):
            return vol.In([word.value for word in words])
        case kind:
            return kind.check


def _response(query: bool) -> SupportsResponse:
    return SupportsResponse.ONLY if query else SupportsResponse.OPTIONAL
