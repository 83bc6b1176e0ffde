"""Diagnostics: counts and states, never secrets or paths."""

from dataclasses import asdict
from typing import Any

from homeassistant.components.diagnostics import REDACTED, async_redact_data
from homeassistant.const import CONF_HOST, CONF_PASSWORD, CONF_URL, CONF_USERNAME
from homeassistant.core import HomeAssistant

from .camera_runtime import CameraRuntime
from .const import CONF_DATABASE, CONF_STORAGE
from .engine.database.pool_advice import recommend
from .hub import TimelapserConfigEntry, TimelapserHub
from .library import timelapse_outlook
from .plain import job_data, timelapse_data

TO_REDACT = {
    CONF_DATABASE,
    CONF_HOST,
    CONF_PASSWORD,
    CONF_STORAGE,
    CONF_URL,
    CONF_USERNAME,
}


async def async_get_config_entry_diagnostics(
    hass: HomeAssistant, entry: TimelapserConfigEntry
) -> dict[str, Any]:
    """Answer what helps to find a fault, with secrets taken out."""
    return {
        "data": async_redact_data(dict(entry.data), TO_REDACT),
        "options": async_redact_data(dict(entry.options), TO_REDACT),
        "database": _database(entry.runtime_data),
        "cameras": [
            {
                "data": async_redact_data(dict(entry.subentries[camera_id].data), TO_REDACT),
                **_state(runtime),
            }
            for camera_id, runtime in entry.runtime_data.cameras.items()
        ],
    }


def _database(hub: TimelapserHub) -> dict[str, Any]:
    status = hub.database.pool.status()
    return {
        **asdict(status),
        "dialect": hub.database.pool.engine.dialect.name,
        "waiting_for_it": hub.recorder.waiting,
        "advice": [found.text for found in recommend(status)],
    }


def _state(runtime: CameraRuntime) -> dict[str, Any]:
    snapshot = runtime.coordinator.data
    timelapse = snapshot.timelapse and timelapse_data(
        snapshot.timelapse, timelapse_outlook(runtime, snapshot.timelapse)
    )
    if timelapse:
        # They may tell where somebody lives.
        timelapse |= {"name": REDACTED, "notes": REDACTED}
    return {
        "health": snapshot.health.value,
        "images": snapshot.camera.image_count,
        "quarantined": snapshot.camera.quarantine_count,
        "consecutive_failures": snapshot.camera.consecutive_failures,
        "last_error": snapshot.camera.last_error,
        "last_score": snapshot.last_score,
        "next_capture": snapshot.next_capture and snapshot.next_capture.isoformat(),
        "timelapse": timelapse,
        "render_job": snapshot.job and job_data(snapshot.job),
    }
