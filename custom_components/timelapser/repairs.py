"""Repairs: the flows that set an issue of a camera right."""

from collections.abc import Mapping
from typing import Any, Final

from homeassistant.components.camera import DOMAIN as CAMERA_DOMAIN
from homeassistant.components.repairs import RepairsFlow, RepairsFlowResult
from homeassistant.const import CONF_ENTITY_ID
from homeassistant.core import HomeAssistant
from homeassistant.helpers import issue_registry as ir
from homeassistant.helpers.selector import EntitySelector, EntitySelectorConfig
import voluptuous as vol

from .actions.common import loaded_hub
from .camera_runtime import CameraRuntime
from .engine.errors import NotFoundError, TimelapserError
from .issues import CameraIssue

ERROR_PLACEHOLDERS: Final = dict.fromkeys(("host", "seconds", "status", "entity", "kind", "id"), "")


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Answer the flow that sets an issue of a camera right."""
    found = data or {}
    flows: dict[CameraIssue, type[CameraFlow]] = {
        CameraIssue.OFFLINE: OfflineFlow,
        CameraIssue.ENTITY_GONE: EntityGoneFlow,
        CameraIssue.DEGRADED: DegradedFlow,
    }
    return flows[CameraIssue(str(found["issue"]))](str(found["camera_id"]))


class CameraFlow(RepairsFlow):
    """A flow about one camera."""

    def __init__(self, camera_id: str) -> None:
        self._camera_id = camera_id

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin with the only step."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Ask, do it, and say when it did not help."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        if user_input is not None:
            try:
                await self._async_fix(user_input)
            except TimelapserError as error:
                errors["base"] = error.code
                placeholders = error.placeholders
            else:
                return self.async_create_entry(data={})
        issue = ir.async_get(self.hass).async_get_issue(self.handler, self.issue_id)
        about = (issue.translation_placeholders if issue else None) or {}
        return self.async_show_form(
            step_id="confirm",
            data_schema=self._schema(),
            errors=errors,
            description_placeholders={**ERROR_PLACEHOLDERS, **about, **placeholders},
        )

    @property
    def _camera(self) -> CameraRuntime:
        camera = loaded_hub(self.hass).cameras.get(self._camera_id)
        if camera is None:
            raise NotFoundError(kind="camera", id=self._camera_id)
        return camera

    def _schema(self) -> vol.Schema:
        return vol.Schema({})

    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        raise NotImplementedError


class OfflineFlow(CameraFlow):
    """Tries a camera at once that is away."""

    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        await self._camera.async_try_again()


class DegradedFlow(CameraFlow):
    """Calls a camera well again that somebody has looked after."""

    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        self._camera.quality.async_reset()


class EntityGoneFlow(CameraFlow):
    """Takes another camera entity for one that is gone."""

    def _schema(self) -> vol.Schema:
        cameras = EntitySelector(EntitySelectorConfig(domain=CAMERA_DOMAIN))
        return vol.Schema({vol.Required(CONF_ENTITY_ID): cameras})

    async def _async_fix(self, user_input: Mapping[str, Any]) -> None:
        await self._camera.async_use_entity(user_input[CONF_ENTITY_ID])
