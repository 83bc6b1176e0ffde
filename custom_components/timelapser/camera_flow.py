"""Camera flow: a source is chosen, tried, shown, and only then kept."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.config_entries import (
    SOURCE_RECONFIGURE,
    ConfigEntryState,
    ConfigSubentryFlow,
    SubentryFlowResult,
)
from homeassistant.const import CONF_NAME
from homeassistant.util import dt as dt_util
import voluptuous as vol

from .const import CONF_SOURCE
from .engine.capture.planning import estimate
from .engine.errors import HubNotLoadedError, TimelapserError
from .engine.models import SourceKind
from .engine.settings import Level, changed, resolve, settable
from .forms import (
    PICTURE,
    SETTING_PLACEHOLDERS,
    entered,
    group_form,
    inherited,
    setting_selector,
    settings_form,
    suggested,
)
from .frames import TestFrame, async_test, async_test_source, usual_schedule
from .hub import TimelapserHub
from .issues import local
from .source_form import SCHEMAS, default_name, read_source, suggested_source
from .sources import source_data

INTERVAL: Final = "interval"
SAVE: Final = "save"
# Every text of an error may use any of these.
SOURCE_PLACEHOLDERS: Final = dict.fromkeys(
    ("host", "seconds", "status", "entity", "scheme", "kind"), ""
)


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
        return self.async_show_menu(
            step_id="reconfigure", menu_options=["source", "picture", "settings"]
        )

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
                changes = entered(Level.CAMERA, user_input, subentry.data, without={PICTURE})
                await camera.async_change_settings(changes)
            except TimelapserError as error:
                errors["base"] = error.code
                placeholders = error.placeholders
            else:
                return self.async_abort(reason="reconfigure_successful")
        return self.async_show_form(
            step_id="settings",
            data_schema=self.add_suggested_values_to_schema(
                settings_form(Level.CAMERA, without={PICTURE}),
                suggested(Level.CAMERA, subentry.data) if user_input is None else user_input,
            ),
            errors=errors,
            description_placeholders=SETTING_PLACEHOLDERS | self._inherited() | placeholders,
        )

    async def async_step_picture(
        self, user_input: dict[str, Any] | None = None
    ) -> SubentryFlowResult:
        """Show the picture as it is cut and turned, until it is right."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            save = user_input.pop(SAVE)
            try:
                hub = await self._async_hub()
                changes = {name: user_input.get(name) for name in self._picture_settings}
                self._data = self._with_settings(changes)
                if save:
                    camera = hub.cameras[self._get_reconfigure_subentry().subentry_id]
                    await camera.async_change_settings(changes)
                    return self.async_abort(reason="reconfigure_successful")
            except TimelapserError as error:
                errors["base"] = error.code
                placeholders = error.placeholders
        try:
            frame = await self._async_look(self._data)
            shown = {"preview": f"![]({frame.preview})", "width": str(frame.width)} | {
                "height": str(frame.height)
            }
        except TimelapserError as error:
            errors["base"] = error.code
            placeholders = error.placeholders
            shown = dict.fromkeys(("preview", "width", "height"), "-")
        return self.async_show_form(
            step_id="picture",
            data_schema=self.add_suggested_values_to_schema(
                group_form(PICTURE, Level.CAMERA).extend({vol.Required(SAVE, default=False): bool}),
                self._data if user_input is None else user_input,
            ),
            errors=errors,
            description_placeholders=SETTING_PLACEHOLDERS
            | SOURCE_PLACEHOLDERS
            | self._inherited()
            | shown
            | placeholders,
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
                data, unique_id = read_source(self.hass, kind, user_input, self._stored)
                if self._is_taken(unique_id):
                    return self.async_abort(reason="already_configured")
                own = {**self._settings, **data}
                self._data, self._frame = await self._async_try(own)
            except TimelapserError as error:
                errors["base"] = error.code
                placeholders = error.placeholders
            else:
                self._unique_id = unique_id
                return await self.async_step_confirm()
        return self.async_show_form(
            step_id=kind,
            data_schema=self.add_suggested_values_to_schema(
                SCHEMAS[kind], user_input or suggested_source(self.hass, self._data)
            ),
            errors=errors,
            description_placeholders=SOURCE_PLACEHOLDERS | placeholders,
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
                data = self._with_settings({INTERVAL: user_input.get(INTERVAL)})
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
            | {"preview": f"![]({frame.preview})", "score": str(frame.judgement.score)}
            | {"width": str(frame.width), "height": str(frame.height)}
            | await self._async_estimate(frame)
            | placeholders,
            last_step=True,
        )

    def _inherited(self) -> dict[str, str]:
        """Say what a camera has from the hub."""
        return inherited(Level.CAMERA, {Level.HUB: self._get_entry().options})

    async def _async_estimate(self, frame: TestFrame) -> dict[str, str]:
        """Say what a day will bring, with images like the test frame."""
        hub = await self._async_hub()
        levels = {Level.HUB: self._get_entry().options, Level.CAMERA: self._data}
        schedule = usual_schedule(hub, resolve(levels).settings)
        found = estimate(schedule, dt_util.now().date(), frame.byte_count)
        next_tick = schedule.next_tick(dt_util.utcnow())
        return {
            "images": str(found.images),
            "megabytes": f"{found.byte_count / 1e6:.0f}",
            "next": local(next_tick) if next_tick else "-",
        }

    def _with_settings(self, changes: Mapping[str, object]) -> dict[str, Any]:
        """Answer the data with settings that were entered; raise when they make no sense."""
        own = changed({Level.CAMERA: self._data}, Level.CAMERA, changes)
        return {name: value for name, value in self._data.items() if name not in changes} | own

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

    async def _async_try(self, data: dict[str, Any]) -> tuple[dict[str, Any], TestFrame]:
        """Answer the data with the better way to take pictures, and one of them."""
        hub = await self._async_hub()
        levels = {Level.HUB: self._get_entry().options, Level.CAMERA: data}
        return await async_test_source(hub, data, resolve(levels).settings)

    async def _async_look(self, data: Mapping[str, Any]) -> TestFrame:
        """Take a picture of the camera that is changed, with settings that are not saved yet."""
        hub = await self._async_hub()
        camera = hub.cameras[self._get_reconfigure_subentry().subentry_id]
        levels = {Level.HUB: self._get_entry().options, Level.CAMERA: data}
        return await async_test(hub, camera.source, resolve(levels).settings)

    @property
    def _stored(self) -> Mapping[str, Any]:
        if self.source != SOURCE_RECONFIGURE:
            return {}
        return self._get_reconfigure_subentry().data

    @property
    def _settings(self) -> dict[str, Any]:
        source = source_data(self._data)
        return {name: value for name, value in self._data.items() if name not in source}

    @property
    def _picture_settings(self) -> list[str]:
        return settable(Level.CAMERA, PICTURE)

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

    def _default_name(self) -> str:
        if self.source == SOURCE_RECONFIGURE:
            return self._get_reconfigure_subentry().title
        return default_name(self.hass, self._data)
