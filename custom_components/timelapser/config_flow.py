"""Hub flow: where everything is kept. It leads straight into adding the first camera."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    SubentryFlowContext,
)
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_PORT, CONF_USERNAME
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.selector import (
    SelectSelector,
    SelectSelectorConfig,
    SelectSelectorMode,
    TextSelector,
    TextSelectorConfig,
    TextSelectorType,
)
import voluptuous as vol

from .camera_flow import CameraFlow
from .const import (
    CONF_CONNECTIONS,
    CONF_DATABASE,
    CONF_POSTGRES,
    CONF_STORAGE,
    CONF_TLS,
    DOMAIN,
    SUBENTRY_CAMERA,
)
from .database_setup import async_check_postgres, postgres_config
from .engine.database.config import TlsMode
from .engine.errors import StorageError, StorageNotAllowedError, TimelapserError
from .engine.images.files import Storage
from .options_flow import TimelapserOptionsFlow

SQLITE = "sqlite"

STORAGE_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_STORAGE): str,
        vol.Required(CONF_DATABASE, default=SQLITE): SelectSelector(
            SelectSelectorConfig(
                options=[SQLITE, CONF_POSTGRES],
                translation_key=CONF_DATABASE,
                mode=SelectSelectorMode.LIST,
            )
        ),
    }
)
POSTGRES_SCHEMA = vol.Schema(
    {
        vol.Required(CONF_HOST): str,
        vol.Required(CONF_PORT, default=5432): vol.All(vol.Coerce(int), vol.Range(1, 65535)),
        vol.Required(CONF_DATABASE, default=DOMAIN): str,
        vol.Required(CONF_USERNAME, default=DOMAIN): str,
        vol.Optional(CONF_PASSWORD): TextSelector(
            TextSelectorConfig(type=TextSelectorType.PASSWORD)
        ),
        vol.Required(CONF_TLS, default=TlsMode.PREFER.value): SelectSelector(
            SelectSelectorConfig(options=[*TlsMode], translation_key=CONF_TLS)
        ),
        vol.Required(CONF_CONNECTIONS, default=5): vol.All(vol.Coerce(int), vol.Range(2, 20)),
    }
)


class TimelapserConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets the hub up, or changes where it keeps things."""

    VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Cameras are subentries."""
        return {SUBENTRY_CAMERA: CameraFlow}

    @staticmethod
    @callback
    @override
    def async_get_options_flow(config_entry: ConfigEntry) -> TimelapserOptionsFlow:
        """Settings that all cameras share are the entry's options."""
        return TimelapserOptionsFlow()

    def __init__(self) -> None:
        self._data: dict[str, Any] = {}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the storage folder, try it, and ask which database to use."""
        return await self._async_step_storage("user", user_input)

    async def async_step_reconfigure(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask again for the storage folder and the database."""
        if not self._data:
            self._data = dict(self._get_reconfigure_entry().data)
        return await self._async_step_storage("reconfigure", user_input)

    async def _async_step_storage(
        self, step_id: str, user_input: dict[str, Any] | None
    ) -> ConfigFlowResult:
        error: TimelapserError | None = None
        if user_input is not None:
            try:
                folder = await _async_check_storage(self.hass, user_input[CONF_STORAGE])
            except TimelapserError as refused:
                error = refused
            else:
                self._data[CONF_STORAGE] = folder
                if user_input[CONF_DATABASE] == CONF_POSTGRES:
                    return await self.async_step_postgres()
                return self._finish({CONF_STORAGE: folder})
        suggested = user_input or {
            CONF_STORAGE: self._data.get(CONF_STORAGE) or _default_storage(self.hass),
            CONF_DATABASE: CONF_POSTGRES if CONF_POSTGRES in self._data else SQLITE,
        }
        return self.async_show_form(
            step_id=step_id,
            data_schema=self.add_suggested_values_to_schema(STORAGE_SCHEMA, suggested),
            errors={CONF_STORAGE: error.code} if error else {},
            description_placeholders={
                "folder": suggested[CONF_STORAGE],
                "allowed": ", ".join(sorted(map(str, _allowed_folders(self.hass)))),
            },
        )

    async def async_step_postgres(
        self, user_input: dict[str, Any] | None = None
    ) -> ConfigFlowResult:
        """Ask for a PostgreSQL database, and try it."""
        error: TimelapserError | None = None
        stored = self._data.get(CONF_POSTGRES, {})
        if user_input is not None:
            if CONF_PASSWORD not in user_input and _same_login(stored, user_input):
                user_input = {**user_input, CONF_PASSWORD: stored.get(CONF_PASSWORD, "")}
            try:
                await async_check_postgres(self.hass, postgres_config(user_input))
            except TimelapserError as refused:
                error = refused
            else:
                return self._finish({**self._data, CONF_POSTGRES: user_input})
        shown = user_input or stored
        return self.async_show_form(
            step_id=CONF_POSTGRES,
            data_schema=self.add_suggested_values_to_schema(
                POSTGRES_SCHEMA, {k: v for k, v in shown.items() if k != CONF_PASSWORD}
            ),
            errors={"base": error.code} if error else {},
            description_placeholders={
                **dict.fromkeys(("host", "port", "database", "user", "reason"), ""),
                **dict.fromkeys(("revision", "known"), ""),
                **(error.placeholders if error else {}),
            },
        )

    def _finish(self, data: dict[str, Any]) -> ConfigFlowResult:
        if self.source == SOURCE_RECONFIGURE:
            # The entry's listener reloads it: what it was opened with has changed.
            return self.async_update_and_abort(self._get_reconfigure_entry(), data=data)
        return self.async_create_entry(title="Timelapser", data=data)

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on with the first camera."""
        flow = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_CAMERA),
            context=SubentryFlowContext(source=SOURCE_USER),
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, flow["flow_id"])
        return result


def _same_login(stored: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    return bool(stored) and all(stored[key] == given[key] for key in (CONF_HOST, CONF_USERNAME))


def _allowed_folders(hass: HomeAssistant) -> set[Path]:
    media = {Path(folder) for folder in hass.config.media_dirs.values()}
    return media | {Path(folder) for folder in hass.config.allowlist_external_dirs}


def _default_storage(hass: HomeAssistant) -> str:
    media = next(iter(hass.config.media_dirs.values()), hass.config.path("media"))
    return str(Path(media) / DOMAIN)


async def _async_check_storage(hass: HomeAssistant, text: str) -> str:
    """Answer the folder, made and tried; raise StorageNotAllowedError or StorageError."""
    allowed = _allowed_folders(hass)

    def check() -> str:
        path = Path(text.strip())
        if not path.is_absolute() or "\0" in text:
            raise StorageNotAllowedError(folder=text)
        try:
            folder = path.resolve()
            inside = any(folder.is_relative_to(parent.resolve()) for parent in allowed)
        except OSError as error:
            raise StorageError(folder=text) from error
        if not inside:
            raise StorageNotAllowedError(folder=text)
        Storage(folder).check_writable()
        return str(folder)

    return await hass.async_add_executor_job(check)
