"""The fields of the action that renders, and what they ask for."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final

from homeassistant.helpers import config_validation as cv
from homeassistant.util import dt as dt_util
import voluptuous as vol

from ..engine.errors import FieldConflictError
from ..engine.models import (
    Beside,
    Bucket,
    Gaps,
    Priority,
    RenderSpec,
    Selection,
    Side,
    VideoSettings,
)
from ..engine.settings import SCHEMA
from ..engine.videos.previews import PreviewKind

ATTR_ALL_TIMELAPSES: Final = "all_timelapses"
ATTR_COMPARE_FROM: Final = "compare_from"
ATTR_COMPARE_TO: Final = "compare_to"
ATTR_FROM: Final = "from"
ATTR_GRID_WITH: Final = "grid_with"
ATTR_TIMELAPSE_ID: Final = "timelapse_id"
ATTR_TIMELAPSE_IDS: Final = "timelapse_ids"
ATTR_TO: Final = "to"
MOST_BLENDED: Final = 8

PRIORITIES: Final = {priority.name.lower(): priority for priority in Priority}


def _moment(value: Any) -> date | datetime:
    """Answer a date, or a moment, which is local where it has no zone."""
    if isinstance(value, date):
        return value
    text = cv.string(value).strip()
    found = dt_util.parse_date(text) if len(text) == len("2026-11-24") else None
    found = found or dt_util.parse_datetime(text)
    if found is None:
        raise vol.Invalid("expected a date such as 2026-11-24, or a date with a time")
    return found


def _number(kind: Callable[[Any], float]) -> Any:
    # The engine knows the bounds, and refuses what is outside of them by name.
    return vol.All(vol.Coerce(kind), vol.Any(int, float))


SELECTION: Final[Mapping[str, Any]] = {
    "last_images": _number(int),
    "last_hours": _number(float),
    "weekdays": vol.All(cv.ensure_list, SCHEMA["weekdays"].values.check),
    "time_from": cv.time,
    "time_to": cv.time,
    "without_dark": _number(float),
    "per_hour": _number(int),
    "per_day": _number(int),
    "nearest_time": cv.time,
    "nearest_elevation": _number(float),
    "side": vol.Coerce(Side),
    "nearest_azimuth": _number(float),
    "best_of": vol.Coerce(Bucket),
    "without_alike": _number(int),
    "every_nth": _number(int),
}
TIMING: Final[Mapping[str, Any]] = {
    "min_duration": _number(float),
    "max_duration": _number(float),
    "true_time": cv.boolean,
    "gaps": vol.Coerce(Gaps),
    "gap_after": _number(float),
    "hold_first": _number(float),
    "ramp": _number(float),
}
OTHERS: Final[Mapping[str, Any]] = {
    "blend": vol.All(vol.Coerce(int), vol.Range(0, MOST_BLENDED)),
    "preview": vol.In([*PreviewKind]),
    "name": vol.All(cv.string, vol.Length(max=200)),
}
RANGE: Final[Mapping[str, Any]] = {
    ATTR_TIMELAPSE_IDS: vol.All(cv.ensure_list, [cv.positive_int]),
    ATTR_ALL_TIMELAPSES: cv.boolean,
    ATTR_FROM: _moment,
    ATTR_TO: _moment,
}
BESIDE: Final[Mapping[str, Any]] = {
    ATTR_GRID_WITH: vol.All(cv.ensure_list, [cv.string]),
    ATTR_COMPARE_FROM: _moment,
    ATTR_COMPARE_TO: _moment,
}
FIELDS: Final = {
    vol.Optional(name): check
    for name, check in {**RANGE, **SELECTION, **TIMING, **OTHERS, **BESIDE}.items()
}


def home_timelapse(data: Mapping[str, Any]) -> int | None:
    """Answer the timelapse that a video belongs to; None means the newest."""
    several: list[int] = data.get(ATTR_TIMELAPSE_IDS) or []
    if several and data.get(ATTR_ALL_TIMELAPSES):
        raise FieldConflictError(first=ATTR_TIMELAPSE_IDS, second=ATTR_ALL_TIMELAPSES)
    if several and ATTR_TIMELAPSE_ID in data:
        raise FieldConflictError(first=ATTR_TIMELAPSE_IDS, second=ATTR_TIMELAPSE_ID)
    return several[-1] if several else data.get(ATTR_TIMELAPSE_ID)


def render_spec(
    timelapse_id: int,
    settings: VideoSettings,
    data: Mapping[str, Any],
    grid_with: Iterable[str] = (),
) -> RenderSpec:
    """Answer what a call asks for; `grid_with` are the ids of cameras that stand beside it.

    Raises InvalidSettingError and FieldConflictError.
    """
    timelapse_ids = tuple(data.get(ATTR_TIMELAPSE_IDS) or (timelapse_id,))
    selection = Selection(
        timelapse_ids=() if data.get(ATTR_ALL_TIMELAPSES) else timelapse_ids,
        start=data.get(ATTR_FROM),
        end=data.get(ATTR_TO),
        **_some(data, SELECTION),
    )
    beside = Beside(tuple(grid_with), data.get(ATTR_COMPARE_FROM), data.get(ATTR_COMPARE_TO))
    others = {**_some(data, OTHERS), "beside": beside}
    return RenderSpec.of(selection, settings, _some(data, TIMING), **others)


def asked_settings(given: Mapping[str, Any]) -> dict[str, Any]:
    """Answer the settings of a call: who asks for a frame rate wants no duration."""
    if "fps" in given and "target_duration" not in given:
        return {**given, "target_duration": 0}
    return dict(given)


def _some(data: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: data[name] for name in fields if name in data}
