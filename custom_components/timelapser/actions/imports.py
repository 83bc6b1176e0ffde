"""Importing pictures and videos from elsewhere."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from homeassistant.const import ATTR_NAME
from homeassistant.core import ServiceCall
from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..camera_runtime import CameraRuntime
from ..engine.imports.report import ImportReport
from ..engine.imports.service import ImportRequest
from ..engine.models import TransformSettings
from ..hub import TimelapserHub
from ..import_sources import async_import_roots
from .common import ATTR_TIMELAPSE_ID, TIMELAPSE, camera_action
from .timelapses import NAME

ATTR_BEGIN: Final = "begin"
ATTR_CANCEL: Final = "cancel"
ATTR_END: Final = "end"
ATTR_EVERY: Final = "every"
ATTR_ONLY_GAPS: Final = "only_gaps"
ATTR_PATTERN: Final = "pattern"
ATTR_SOURCE: Final = "source"
ATTR_TRANSFORM: Final = "transform"


async def _import(hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    if call.data[ATTR_CANCEL]:
        running = hub.imports.is_running
        hub.imports.cancel()
        return {"cancelled": running}
    timelapse_id: int | None = call.data.get(ATTR_TIMELAPSE_ID)
    timelapse = await camera.async_own_timelapse(timelapse_id) if timelapse_id else None
    settings = camera.settings
    if not call.data[ATTR_TRANSFORM]:
        settings = replace(settings, picture=TransformSettings())
    async with async_import_roots(hub, call.data[ATTR_SOURCE]) as roots:
        request = ImportRequest(
            camera_id=camera.camera.id,
            roots=roots.paths,
            missing=roots.missing,
            settings=settings,
            name=call.data.get(ATTR_NAME, camera.camera.name),
            every=timedelta(seconds=call.data.get(ATTR_EVERY, settings.capture.interval)),
            timelapse=timelapse,
            only_gaps=call.data[ATTR_ONLY_GAPS],
            begin=_moment(call, ATTR_BEGIN),
            end=_moment(call, ATTR_END),
            pattern=call.data.get(ATTR_PATTERN),
        )
        try:
            report = await hub.imports.run(request)
        finally:
            await camera.async_reload()
    return _answer(report)


def _moment(call: ServiceCall, name: str) -> datetime | None:
    moment: datetime | None = call.data.get(name)
    return dt_util.as_utc(moment) if moment else None


def _answer(report: ImportReport) -> dict[str, Any]:
    return {
        "timelapse_id": report.timelapse.id if report.timelapse else None,
        "files": report.files,
        "imported": report.imported,
        "bytes": report.byte_count,
        "cancelled": report.cancelled,
        "left_out": dict(report.counts),
        "left_out_files": [{"file": file, "reason": reason.value} for file, reason in report.named],
    }


ACTIONS = (
    camera_action(
        "import_images",
        _import,
        {
            vol.Required(ATTR_SOURCE): vol.All(cv.string, vol.Length(min=1, max=2000)),
            **TIMELAPSE,
            vol.Optional(ATTR_NAME): NAME,
            vol.Optional(ATTR_EVERY): vol.All(vol.Coerce(float), vol.Range(0.1, 86_400)),
            vol.Optional(ATTR_ONLY_GAPS, default=False): cv.boolean,
            vol.Optional(ATTR_BEGIN): cv.datetime,
            vol.Optional(ATTR_END): cv.datetime,
            vol.Optional(ATTR_PATTERN): vol.All(cv.string, vol.Length(min=1, max=200)),
            vol.Optional(ATTR_TRANSFORM, default=False): cv.boolean,
            vol.Optional(ATTR_CANCEL, default=False): cv.boolean,
        },
        admin=True,
    ),
)
