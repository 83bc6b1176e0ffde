"""What else a video shows beside the images of its selection."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from typing import Any, Final, Self

from ..errors import FieldConflictError, InvalidSettingError
from .selection import Selection

MOST_CAMERAS: Final = 8
"""Others in a grid, so that it has at most nine."""


@dataclass(frozen=True, slots=True)
class Beside:
    """The images that stand beside those of the selection, in the same frames.

    Either those of other `cameras`, in this order, at the same moment; or those of another range
    of dates of the same camera, at the same time of the same day of the range. The selection
    leads: it alone decides which frames there are, and how fast they go by. `start` and `end`
    are what they are in `Selection`; without an `end` the second range is as long as the first.
    Raises InvalidSettingError and FieldConflictError.
    """

    cameras: tuple[str, ...] = ()
    start: date | datetime | None = None
    end: date | datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.cameras and (self.start or self.end):
            raise FieldConflictError(
                first="grid_with", second="compare_from" if self.start else "compare_to"
            )
        if self.end is not None and self.start is None:
            raise InvalidSettingError(
                setting="compare_from",
                value="empty",
                expected="a date, because compare_to has one",
            )
        if len(self.cameras) > MOST_CAMERAS or len(set(self.cameras)) < len(self.cameras):
            raise InvalidSettingError(
                setting="grid_with",
                value=", ".join(self.cameras)[:200],
                expected=f"at most {MOST_CAMERAS} cameras, each once",
            )

    @property
    def pictures(self) -> int:
        """How many pictures stand in a frame."""
        return 1 + len(self.cameras) + (self.start is not None)

    def range(self, zone: tzinfo, now: datetime) -> tuple[datetime, datetime | None]:
        """Answer the second range, in UTC: from when (included) until when (not included)."""
        try:
            start, end = Selection(start=self.start, end=self.end).range(zone, now)
        except InvalidSettingError as error:
            raise InvalidSettingError(
                setting="compare_to", value=str(self.end), expected=error.placeholders["expected"]
            ) from error
        return start or now, end

    @property
    def plain(self) -> dict[str, Any]:
        """What is set, in words of JSON."""
        dates = Selection(start=self.start, end=self.end).plain
        return {"cameras": [*self.cameras], **dates} if self.cameras else dates

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """Answer what `plain` said; raise InvalidSettingError for what it cannot have said."""
        dates = dict(data)
        cameras = dates.pop("cameras", [])
        if not isinstance(cameras, list) or not {*dates} <= {"start", "end"}:
            raise InvalidSettingError(
                setting="beside", value=str(data)[:200], expected="what stands beside"
            )
        chosen = Selection.from_plain(dates)
        return cls(tuple(map(str, cameras)), chosen.start, chosen.end)
