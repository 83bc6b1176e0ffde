"""Issues: what a person has to look at; `repairs.py` has the flows that set it right."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
from homeassistant.util import dt as dt_util

from .const import DOMAIN
from .engine.errors import DatabaseTooNewError

DATABASE_AWAY: Final = "database_away"
DATABASE_TOO_NEW: Final = "database_too_new"
STORAGE_LOW: Final = "storage_low"
MEMORY_LOW: Final = "memory_low"
FIXABLE: Final = {STORAGE_LOW}
"""Of the whole house, those with a flow that sets them right."""


class CameraIssue(StrEnum):
    """What may be wrong with a camera."""

    OFFLINE = "camera_offline"
    ENTITY_GONE = "camera_entity_gone"
    FROZEN = "camera_frozen"
    DEGRADED = "camera_degraded"

    @property
    def is_fixable(self) -> bool:
        """Whether there is a flow that sets it right."""
        return self is not CameraIssue.FROZEN


@callback
def async_show_issue(
    hass: HomeAssistant,
    issue: str,
    shown: bool,
    severity: ir.IssueSeverity = ir.IssueSeverity.ERROR,
    placeholders: Mapping[str, str] | None = None,
) -> None:
    """Show an issue of the whole house, or take it back."""
    if not shown:
        ir.async_delete_issue(hass, DOMAIN, issue)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue,
        is_fixable=issue in FIXABLE,
        severity=severity,
        translation_key=issue,
        translation_placeholders=dict(placeholders or {}),
    )


@callback
def async_database_too_new(hass: HomeAssistant, error: DatabaseTooNewError | None) -> None:
    """Show that a newer version has changed the database, or take that back."""
    async_show_issue(
        hass,
        DATABASE_TOO_NEW,
        error is not None,
        ir.IssueSeverity.CRITICAL,
        error.placeholders if error else None,
    )


def local(moment: datetime) -> str:
    """Answer a moment as people at home read it."""
    return dt_util.as_local(moment).strftime("%Y-%m-%d %H:%M")


@callback
def async_camera_issue(
    hass: HomeAssistant, issue: CameraIssue, camera_id: str, placeholders: dict[str, str] | None
) -> None:
    """Show what is wrong with a camera, or take it back."""
    issue_id = f"{issue}_{camera_id}"
    if placeholders is None:
        ir.async_delete_issue(hass, DOMAIN, issue_id)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        issue_id,
        data={"camera_id": camera_id, "issue": issue.value},
        is_fixable=issue.is_fixable,
        severity=ir.IssueSeverity.WARNING,
        translation_key=issue,
        translation_placeholders=placeholders,
    )
