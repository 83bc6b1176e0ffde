"""Repair issues: what a person has to look at."""

from typing import Final

from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir

from .const import DOMAIN
from .engine.errors import DatabaseTooNewError

DATABASE_AWAY: Final = "database_away"
DATABASE_TOO_NEW: Final = "database_too_new"


@callback
def async_database_changed(hass: HomeAssistant, away: bool) -> None:
    """Show that the database is away, or take that back."""
    if not away:
        ir.async_delete_issue(hass, DOMAIN, DATABASE_AWAY)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        DATABASE_AWAY,
        is_fixable=False,
        severity=ir.IssueSeverity.ERROR,
        translation_key=DATABASE_AWAY,
    )


@callback
def async_database_too_new(hass: HomeAssistant, error: DatabaseTooNewError | None) -> None:
    """Show that a newer version has changed the database, or take that back."""
    if error is None:
        ir.async_delete_issue(hass, DOMAIN, DATABASE_TOO_NEW)
        return
    ir.async_create_issue(
        hass,
        DOMAIN,
        DATABASE_TOO_NEW,
        is_fixable=False,
        severity=ir.IssueSeverity.CRITICAL,
        translation_key=DATABASE_TOO_NEW,
        translation_placeholders=error.placeholders,
    )
