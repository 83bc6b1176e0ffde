"""Options of the hub: the settings that all cameras share."""

from typing import Any

from homeassistant.config_entries import ConfigEntryState, ConfigFlowResult, OptionsFlow

from .engine.errors import TimelapserError
from .engine.settings import Level, changed
from .forms import SETTING_PLACEHOLDERS, entered, inherited, settings_form, suggested
from .gate import async_check_gate
from .hub import TimelapserHub


class TimelapserOptionsFlow(OptionsFlow):
    """Changes the hub's settings; they take effect without a reload."""

    async def async_step_init(self, user_input: dict[str, Any] | None = None) -> ConfigFlowResult:
        """Show all settings; one that is left empty has its default."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        own = self.config_entry.options
        if user_input is not None:
            try:
                changes = entered(Level.HUB, user_input, own)
                await async_check_gate(self.hass, changes)
                options = self._changed(changes)
            except TimelapserError as error:
                errors["base"] = error.code
                placeholders = error.placeholders
            else:
                return self.async_create_entry(data=options)
        return self.async_show_form(
            step_id="init",
            data_schema=self.add_suggested_values_to_schema(
                settings_form(Level.HUB),
                suggested(Level.HUB, own) if user_input is None else user_input,
            ),
            errors=errors,
            description_placeholders=SETTING_PLACEHOLDERS | inherited(Level.HUB, {}) | placeholders,
        )

    def _changed(self, changes: dict[str, object]) -> dict[str, object]:
        if self.config_entry.state is not ConfigEntryState.LOADED:
            return changed({Level.HUB: self.config_entry.options}, Level.HUB, changes)
        hub: TimelapserHub = self.config_entry.runtime_data
        return hub.changed_options(changes)
