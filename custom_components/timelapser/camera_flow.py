"""Camera flow: a source is chosen, tried, shown, and only then kept."""

from collections.abc import Mapping
from typing import Any

from homeassistant.components.camera import DOMAIN as CAMERA_DOMAIN
from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import (
    CONF_ENTITY_ID,
    CONF_NAME,
    CONF_PASSWORD,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
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
    host_label,
    normalized,
    parse_url,
)
from .engine.errors import HubNotLoadedError, TimelapserError
from .engine.models import SourceKind, Transport
from .engine.settings import Level, changed
from .forms import (
    SETTING_PLACEHOLDERS,
    entered,
    inherited,
    setting_selector,
    settings_form,
    suggested,
)
from .hub import TestFrame, TimelapserHub
from .sources import create_source

INTERVAL = "interval"

_PASSWORD = TextSelector(TextSelectorConfig(type=TextSelectorType.PASSWORD))
_URL = TextSelector(TextSelectorConfig(type=TextSelectorType.URL))
_ACCESS = {
    vol.Required(CONF_URL): _URL,
    vol.Optional(CONF_USERNAME): str,
    vol.Optional(CONF_PASSWORD): _PASSWORD,
}
_SCHEMAS = {
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


class CameraFlow(ConfigSubentryFlow):
    """Adds a camera, or changes one."""

    def __init__(self) -> None:
        self._data: dict[str, Any] = {}
        self._unique_id = ""
        self._frame: TestFrame | None = None

    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> SubentryFlowResult:
        """Ask where the pictures come from."""
        return self.async_show_menu(step_id="user", menu_options=[*SourceKind])

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask what is to be changed."""
        self._data = dict(self._get_reconfigure_subentry().data)
        return self.async_show_menu(step_id="reconfigure", menu_options=["source", "settings"])

    async def async_step_source(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Ask again for the kind of source that the camera has."""
        return await self._async_step_source(SourceKind(self._data[CONF_SOURCE]), None)

    async def async_step_settings(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show what the camera itself sets; what is left empty is inherited."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        subentry = self._get_reconfigure_subentry()
        if user_input is not None:
            try:
                hub = await self._async_hub()
                camera = hub.cameras[subentry.subentry_id]
                changes = entered(Level.CAMERA, user_input, subentry.data)
                await camera.async_change_settings(changes)
            except TimelapserError as error:
                errors["base"] = error.code
                placeholders = error.placeholders
            else:
                return self.async_abort(reason="reconfigure_successful")
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(
                settings_form(Level.CAMERA),
                suggested(Level.CAMERA, subentry.data) if user_input is None else user_input,
            ),
            errors=errors,
            description_placeholders=SETTING_PLACEHOLDERS | self._inherited() | placeholders,
        )

    async def async_step_entity(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Choose a camera of Home Assistant."""
        return await self._async_step_source(SourceKind.ENTITY, user_input)

    async def async_step_stream(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Enter the URL of a stream."""
        return await self._async_step_source(SourceKind.STREAM, user_input)

    async def async_step_still(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Enter the URL of a still image."""
        return await self._async_step_source(SourceKind.STILL, user_input)

    async def _async_step_source(
        self, kind: SourceKind, user_input: dict[str, Any] | None
    ) -> SubentryFlowResult:
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                data, unique_id = self._read_source(kind, user_input)
                if self._is_taken(unique_id):
                    return self.async_abort(reason="already_configured")
                self._frame = await self._async_try(data)
            except TimelapserError as error:
                errors["base"] = error.code
                placeholders = error.placeholders
            else:
                self._data = {**self._data, **data}
                self._unique_id = unique_id
                return await self.async_step_confirm()
        return self.async_show_form(
            step_id=kind,
            data_schema=self.add_suggested_values_to_schema(
                _SCHEMAS[kind], user_input or self._suggested()
            ),
            errors=errors,
            # Every text of an error may use any of these.
            description_placeholders={
                "host": "",
                "seconds": "",
                "status": "",
                "entity": "",
                "scheme": "",
            }
            | placeholders,
        )

    async def async_step_confirm(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the test frame; ask for name and interval, which is inherited where left empty."""
        frame = self._frame
        if frame is None:
            return self.async_abort(reason="hub_not_loaded")
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                data = self._with_interval(user_input.get(INTERVAL))
            except TimelapserError as error:
                errors["base"] = error.code
                placeholders = error.placeholders
            else:
                return self._finish(user_input[CONF_NAME].strip() or self._default_name(), data)
        return self.async_show_form(
            step_id="confirm",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema(
                    {
                        vol.Required(CONF_NAME, default=self._default_name()): str,
                        vol.Optional(INTERVAL): setting_selector(INTERVAL),
                    }
                ),
                self._data if user_input is None else user_input,
            ),
            errors=errors,
            description_placeholders=SETTING_PLACEHOLDERS
            | self._inherited()
            | {
                "preview": f"![]({frame.preview})",
                "width": str(frame.width),
                "height": str(frame.height),
                "score": str(frame.judgement.score),
            }
            | placeholders,
            last_step=True,
        )

    def _inherited(self) -> dict[str, str]:
        """Say what a camera has from the hub."""
        return inherited(Level.CAMERA, {Level.HUB: self._get_entry().options})

    def _with_interval(self, interval: object) -> dict[str, Any]:
        """Answer the data with the interval that was entered; raise when it is none."""
        own = changed({Level.CAMERA: self._data}, Level.CAMERA, {INTERVAL: interval})
        return {name: value for name, value in self._data.items() if name != INTERVAL} | own

    def _finish(self, name: str, data: dict[str, Any]) -> SubentryFlowResult:
        if self.source == SOURCE_RECONFIGURE:
            return self.async_update_and_abort(
                self._get_entry(),
                self._get_reconfigure_subentry(),
                title=name,
                data=data,
                unique_id=self._unique_id,
            )
        return self.async_create_entry(title=name, data=data, unique_id=self._unique_id)

    async def _async_hub(self) -> TimelapserHub:
        entry = self._get_entry()
        # A camera added a moment ago has the entry set up again; that takes a second.
        async with entry.setup_lock:
            if entry.state is not ConfigEntryState.LOADED:
                raise HubNotLoadedError
            hub: TimelapserHub = entry.runtime_data
            return hub

    async def _async_try(self, data: Mapping[str, Any]) -> TestFrame:
        hub = await self._async_hub()
        source = create_source(self.hass, data, hub.grab_pool)
        try:
            return await hub.async_test(source)
        finally:
            await source.close()

    def _read_source(
        self, kind: SourceKind, user_input: Mapping[str, Any]
    ) -> tuple[dict[str, Any], str]:
        """Answer the data to store and what makes the camera unique."""
        data: dict[str, Any] = {CONF_SOURCE: kind.value, **user_input}
        if kind is SourceKind.ENTITY:
            entity = er.async_get(self.hass).async_get(user_input[CONF_ENTITY_ID])
            data[CONF_ENTITY_ID] = entity.id if entity else user_input[CONF_ENTITY_ID]
            return data, data[CONF_ENTITY_ID]
        parsed = parse_url(user_input[CONF_URL], _SCHEMES[kind])
        data[CONF_URL] = parsed.url
        # Fields win over what the URL carries: it is where people correct a password.
        data[CONF_USERNAME] = user_input.get(CONF_USERNAME) or parsed.user
        data[CONF_PASSWORD] = (
            user_input.get(CONF_PASSWORD)
            or parsed.password
            or self._kept_password(data[CONF_USERNAME])
        )
        return data, normalized(parsed.url)

    def _kept_password(self, user: str | None) -> str | None:
        """Answer the stored password when a camera is changed and its user stays."""
        if self.source != SOURCE_RECONFIGURE or not user:
            return None
        stored = self._get_reconfigure_subentry().data
        return stored.get(CONF_PASSWORD) if stored.get(CONF_USERNAME) == user else None

    def _is_taken(self, unique_id: str) -> bool:
        own = (
            self._get_reconfigure_subentry().subentry_id
            if self.source == SOURCE_RECONFIGURE
            else None
        )
        return any(
            subentry.unique_id == unique_id and subentry.subentry_id != own
            for subentry in self._get_entry().subentries.values()
        )

    def _suggested(self) -> dict[str, Any]:
        """What the form shows at first; an entity by its present id, and never the password."""
        suggested = {key: value for key, value in self._data.items() if key != CONF_PASSWORD}
        if stored := suggested.get(CONF_ENTITY_ID):
            suggested[CONF_ENTITY_ID] = er.async_resolve_entity_id(er.async_get(self.hass), stored)
        return suggested

    def _default_name(self) -> str:
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_subentry().title
        if stored := self._data.get(CONF_ENTITY_ID):
            entity_id = er.async_resolve_entity_id(er.async_get(self.hass), stored)
            state = self.hass.states.get(entity_id or "")
            return state.name if state else stored
        return host_label(self._data[CONF_URL])
