"""Hub flow: where everything is kept. It leads straight into adding the first camera."""

from pathlib import Path
from typing import Any, override

from homeassistant.config_entries import (
    SOURCE_USER,
    ConfigEntry,
    ConfigFlow,
    ConfigFlowResult,
    ConfigSubentryFlow,
    FlowType,
    SubentryFlowContext,
)
from homeassistant.core import HomeAssistant, callback
import voluptuous as vol

from .camera_flow import CameraFlow
from .const import CONF_STORAGE, DOMAIN, SUBENTRY_CAMERA
from .engine.errors import StorageError, StorageNotAllowedError, TimelapserError
from .engine.images.files import Storage


class TimelapserConfigFlow(ConfigFlow, domain=DOMAIN):
    """Sets the hub up."""

    VERSION = 1

    @classmethod
    @callback
    @override
    def async_get_supported_subentry_types(
        cls, config_entry: ConfigEntry
    ) -> dict[str, type[ConfigSubentryFlow]]:
        """Cameras are subentries."""
        return {SUBENTRY_CAMERA: CameraFlow}

    @override
    async def async_step_user(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Ask for the storage folder and try it."""
        error: TimelapserError | None = None
        if user_input is not None:
            try:
                folder = await _async_check_storage(self.hass, user_input[CONF_STORAGE])
            except TimelapserError as refused:
                error = refused
            else:
                return self.async_create_entry(title="Timelapser", data={CONF_STORAGE: folder})
        suggested = user_input or {CONF_STORAGE: _default_storage(self.hass)}
        return self.async_show_form(
            step_id="user",
            data_schema=self.add_suggested_values_to_schema(
                vol.Schema({vol.Required(CONF_STORAGE): str}), suggested
            ),
            errors={CONF_STORAGE: error.code} if error else {},
            description_placeholders={
                "folder": suggested[CONF_STORAGE],
                "allowed": ", ".join(sorted(map(str, _allowed_folders(self.hass)))),
            },
        )

    @override
    async def async_on_create_entry(self, result: ConfigFlowResult) -> ConfigFlowResult:
        """Go on with the first camera."""
        flow = await self.hass.config_entries.subentries.async_init(
            (result["result"].entry_id, SUBENTRY_CAMERA),
            context=SubentryFlowContext(source=SOURCE_USER),
        )
        result["next_flow"] = (FlowType.CONFIG_SUBENTRIES_FLOW, flow["flow_id"])
        return result


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
