"""Repairs: the flows that set an issue right, of a camera or of the whole house."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
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
from .engine.images.retention import Plan
from .engine.models import SkipReason
from .engine.monitoring.load import GB
from .hub import TimelapserHub
from .issues import STORAGE_LOW, CameraIssue

ERROR_PLACEHOLDERS: Final = dict.fromkeys(("host", "seconds", "status", "entity", "kind", "id"), "")
STORAGE_ERROR_PLACEHOLDERS: Final = dict.fromkeys(("folder", "reason"), "")


@dataclass(frozen=True, slots=True)
class Repair:
    """How an issue is set right, and what is asked before."""

    fix: Callable[[CameraRuntime, Mapping[str, Any]], Awaitable[None]]
    fields: Mapping[Any, Any] = field(default_factory=dict)


async def _try_again(camera: CameraRuntime, _user_input: Mapping[str, Any]) -> None:
    await camera.async_try_again()


async def _use_entity(camera: CameraRuntime, user_input: Mapping[str, Any]) -> None:
    await camera.async_use_entity(user_input[CONF_ENTITY_ID])


async def _call_well(camera: CameraRuntime, _user_input: Mapping[str, Any]) -> None:
    camera.quality.async_reset()


REPAIRS: Final = {
    CameraIssue.OFFLINE: Repair(_try_again),
    CameraIssue.ENTITY_GONE: Repair(
        _use_entity,
        {vol.Required(CONF_ENTITY_ID): EntitySelector(EntitySelectorConfig(domain=CAMERA_DOMAIN))},
    ),
    CameraIssue.DEGRADED: Repair(_call_well),
}


async def async_create_fix_flow(
    hass: HomeAssistant, issue_id: str, data: dict[str, str | int | float | None] | None
) -> RepairsFlow:
    """Answer the flow that sets an issue right."""
    if issue_id == STORAGE_LOW:
        return StorageFlow()
    found = data or {}
    return CameraFlow(str(found["camera_id"]), REPAIRS[CameraIssue(str(found["issue"]))])


class CameraFlow(RepairsFlow):
    """A flow about one camera."""

    def __init__(self, camera_id: str, repair: Repair) -> None:
        self._camera_id = camera_id
        self._repair = repair

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
                await self._repair.fix(self._camera, user_input)
            except TimelapserError as error:
                errors["base"] = error.code
                placeholders = error.placeholders
            else:
                return self.async_create_entry(data={})
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema(dict(self._repair.fields)),
            errors=errors,
            description_placeholders={**ERROR_PLACEHOLDERS, **_about(self), **placeholders},
        )

    @property
    def _camera(self) -> CameraRuntime:
        camera = loaded_hub(self.hass).cameras.get(self._camera_id)
        if camera is None:
            raise NotFoundError(kind="camera", id=self._camera_id)
        return camera


class StorageFlow(RepairsFlow):
    """Shows what the rules of retention say now, and purges just that when it is confirmed."""

    def __init__(self) -> None:
        self._plan = Plan()

    async def async_step_init(self, user_input: dict[str, str] | None = None) -> RepairsFlowResult:
        """Begin with the only step."""
        return await self.async_step_confirm()

    async def async_step_confirm(
        self, user_input: dict[str, str] | None = None
    ) -> RepairsFlowResult:
        """Say what would go; purge it, and say when there still is too little room."""
        errors: dict[str, str] = {}
        placeholders: dict[str, str] = {}
        try:
            hub = loaded_hub(self.hass)
            if user_input is not None:
                return await self._async_purge(hub)
            self._plan = await hub.purging.plan()
        except TimelapserError as error:
            errors["base"] = error.code
            placeholders = error.placeholders
        return self.async_show_form(
            step_id="confirm",
            data_schema=vol.Schema({}),
            errors=errors,
            description_placeholders={
                **STORAGE_ERROR_PLACEHOLDERS,
                **_about(self),
                **_figures(self._plan),
                **placeholders,
            },
        )

    async def _async_purge(self, hub: TimelapserHub) -> RepairsFlowResult:
        went = await hub.purging.carry_out(self._plan)
        await hub.load.look()
        if hub.load.reason is SkipReason.DISK:
            # The issue stays, as it would come again only when the disk has been well meanwhile.
            placeholders = {**_about(self), **_figures(went)}
            return self.async_abort(reason="still_low", description_placeholders=placeholders)
        return self.async_create_entry(data={})


def _figures(plan: Plan) -> dict[str, str]:
    return {
        "images": str(len(plan.images)),
        "videos": str(len(plan.videos)),
        "size": f"{plan.byte_count / GB:.2f}",
    }


def _about(flow: RepairsFlow) -> Mapping[str, str]:
    """Answer what the issue itself says."""
    issue = ir.async_get(flow.hass).async_get_issue(flow.handler, flow.issue_id)
    return (issue.translation_placeholders if issue else None) or {}
