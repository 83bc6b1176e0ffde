"""Options of the hub: the settings that all cameras share."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow

from .engine.errors import TimelapserError
from .engine.settings import Level, changed, own_values, resolve
from .forms import SETTING_PLACEHOLDERS, entered, settings_form, shown, told
from .hub import TimelapserHub


class TimelapserOptionsFlow(OptionsFlow):
    """Changes the hub's settings; they take effect without a reload."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show all settings; one that is left empty has its default."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        own = own_values(Level.HUB, self.config_entry.options)
        if user_input is not None:
            try:
                own = self._change(entered(Level.HUB, user_input))
            except TimelapserError as error:
                errors["base"] = error.code
                placeholders = error.placeholders
            else:
                return self.async_create_entry(data=own)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                settings_form(Level.HUB), user_input or shown(own)
            ),
            errors=errors,
            description_placeholders=SETTING_PLACEHOLDERS
            | {"defaults": told(Level.HUB, resolve({}).values, own)}
            | placeholders,
        )

    def _change(self, changes: dict[str, object]) -> dict[str, object]:
        levels = {Level.HUB: self.config_entry.options}
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return changed(levels, Level.HUB, changes)
        hub: TimelapserHub = self.config_entry.runtime_data
        return hub.settings.change_entry("", levels, Level.HUB, changes)
