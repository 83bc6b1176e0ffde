"""Which images make a video."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from enum import StrEnum
from typing import Any, Final, NamedTuple, Self

from ..errors import FieldConflictError, InvalidSettingError
from .schedule import Weekday

MIDNIGHT: Final = time()
_DAY: Final = timedelta(days=1)


class Side(StrEnum):
    """On which side of the sky the sun stands: east until noon, west from then on."""

    RISING = "rising"
    SETTING = "setting"


class Bucket(StrEnum):
    """Pieces of local time that give one image each."""

    HOUR = "hour"
    DAY = "day"


class Candidate(NamedTuple):
    """An image as a selection sees it; a plain tuple, because there are many."""

    id: int
    timelapse_id: int
    folder: str
    seq: int
    captured_at: datetime
    width: int
    height: int
    byte_count: int
    content_hash: str | None
    luma: float | None
    score: int
    phash: int | None
    sun_elevation: float | None
    sun_azimuth: float | None


PICKS: Final = (
    *("per_hour", "per_day", "nearest_time", "nearest_elevation", "nearest_azimuth", "best_of"),
)
"""Each decides what is taken of an hour or day, so only one can be given."""


@dataclass(frozen=True, slots=True)
class Selection:
    """The images of a video, out of those of one camera; the fields are named as in the action.

    They are applied in this order, whatever order they were given in:

    1. the range: `timelapse_ids` (none means all of the camera), `start` to `end` and
       `last_hours`, then `last_images`; what is in quarantine or missing never counts;
    2. `weekdays` and the window from `time_from` to `time_to`, both of the local clock. A window
       may cross midnight; its whole night belongs to the weekday of its evening;
    3. `without_dark`: images whose mean luma (0 to 255) is below it; unknown ones stay;
    4. one of the picks. `per_hour` and `per_day` spread so many over what there is of each;
       `nearest_time` takes one of the 24 hours around the time; `nearest_elevation` (on a `side`)
       and `nearest_azimuth`, in degrees, take one a day of those whose sun is known; `best_of`
       takes the highest corruption score of each hour or day, the first of equals;
    5. `without_alike`: images whose phash differs from that of the last one taken in no more
       bits than this; unknown ones stay;
    6. `every_nth` of what is left, beginning with the first.

    A date as `start` or `end` means the whole local day; a moment without a zone is local, and
    `end` as a moment is not included. Raises InvalidSettingError and FieldConflictError.
    """

    timelapse_ids: tuple[int, ...] = ()
    start: date | datetime | None = None
    end: date | datetime | None = None
    last_images: int | None = None
    last_hours: float | None = None
    weekdays: tuple[Weekday, ...] = ()
    time_from: time | None = None
    time_to: time | None = None
    without_dark: float | None = None
    per_hour: int | None = None
    per_day: int | None = None
    nearest_time: time | None = None
    nearest_elevation: float | None = None
    side: Side = Side.RISING
    nearest_azimuth: float | None = None
    best_of: Bucket | None = None
    without_alike: int | None = None
    every_nth: int = 1

    def __post_init__(self) -> None:
        """Refuse what makes no sense, so that every selection there is can be used."""
        for name, (least, most) in _BOUNDS.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise InvalidSettingError(
                    setting=name, value=value, expected=f"{least:g} to {most:g}"
                )
        picks = [name for name in PICKS if getattr(self, name) is not None]
        if len(picks) > 1:
            raise FieldConflictError(first=picks[0], second=picks[1])
        if (self.time_from is None) is not (self.time_to is None):
            missing, given = ("time_from", "time_to")[:: 1 if self.time_from is None else -1]
            raise InvalidSettingError(
                setting=missing, value="empty", expected=f"a time, because {given} has one"
            )
        if self.time_from is not None and self.time_from == self.time_to:
            raise InvalidSettingError(
                setting="time_to", value=f"{self.time_to}", expected="another time than time_from"
            )

    @property
    def day_begins(self) -> time:
        """When the days of this selection begin: a window that crosses midnight is not cut."""
        if self.nearest_time is not None:
            return self.nearest_time.replace(hour=(self.nearest_time.hour + 12) % 24)
        start, end = self.time_from, self.time_to
        return start if start is not None and end is not None and end < start else MIDNIGHT

    def range(self, zone: tzinfo, now: datetime) -> tuple[datetime | None, datetime | None]:
        """Answer from when (included) until when (not included), in UTC."""
        start = None if self.start is None else _moment(self.start, zone)
        end = self.end
        if end is not None and not isinstance(end, datetime):
            end += _DAY
        end = None if end is None else _moment(end, zone)
        if self.last_hours is not None:
            recent = now.astimezone(UTC) - timedelta(hours=self.last_hours)
            start = recent if start is None else max(start, recent)
        if self.start is not None and start is not None and end is not None and end <= start:
            raise InvalidSettingError(
                setting="to", value=str(self.end), expected=f"later than {start.isoformat()}"
            )
        return start, end

    @property
    def plain(self) -> dict[str, Any]:
        """What is set, in words of JSON."""
        return {
            field.name: _plain(value)
            for field in fields(self)
            if (value := getattr(self, field.name)) != field.default
        }

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """Answer what `plain` said; raise InvalidSettingError for what it cannot have said."""
        known = {field.name for field in fields(cls)}
        values = {}
        for name, value in data.items():
            try:
                if name not in known:
                    raise ValueError(name)  # noqa: TRY301  # one error for all that is wrong
                values[name] = _READ.get(name, _number)(value)
            except (TypeError, ValueError) as error:
                raise InvalidSettingError(
                    setting=name, value=str(value)[:200], expected="a part of a selection"
                ) from error
        return cls(**values)


_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "last_images": (1, 10_000_000),
    "last_hours": (0.01, 1_000_000),
    "without_dark": (0, 255),
    "per_hour": (1, 3600),
    "per_day": (1, 86_400),
    "nearest_elevation": (-90, 90),
    "nearest_azimuth": (0, 360),
    "without_alike": (0, 64),
    "every_nth": (1, 1_000_000),
}


def _moment(value: date | datetime, zone: tzinfo) -> datetime:
    if not isinstance(value, datetime):
        value = datetime.combine(value, MIDNIGHT)
    return (value if value.tzinfo else value.replace(tzinfo=zone)).astimezone(UTC)


def _plain(value: Any) -> Any:
    match value:
        case StrEnum():
            return value.value
        case date() | time():
            return value.isoformat()
        case tuple():
            return [_plain(one) for one in value]
    return value


def _number(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(value)  # noqa: TRY004  # one error for all that is wrong
    return value


def _date_or_moment(value: str) -> date | datetime:
    return date.fromisoformat(value) if len(value) == 10 else datetime.fromisoformat(value)


_READ: Final[Mapping[str, Callable[[Any], Any]]] = {
    "timelapse_ids": lambda value: tuple(map(_number, value)),
    "start": _date_or_moment,
    "end": _date_or_moment,
    "weekdays": lambda value: tuple(map(Weekday, value)),
    "time_from": time.fromisoformat,
    "time_to": time.fromisoformat,
    "nearest_time": time.fromisoformat,
    "side": Side,
    "best_of": Bucket,
}
