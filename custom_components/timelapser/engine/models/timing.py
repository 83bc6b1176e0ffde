"""How fast the images of a video go by, and what was decided about it."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from fractions import Fraction
from typing import Any, Final, Self

from ..errors import FieldConflictError, InvalidSettingError


class Gaps(StrEnum):
    """What true time shows while there are no images for long."""

    HOLD = "hold"
    SKIP = "skip"
    CARD = "card"


class Reason(StrEnum):
    """Why a video is as fast and as long as it is."""

    FIXED_FPS = "fixed_fps"
    TARGET_DURATION = "target_duration"
    MIN_DURATION = "min_duration"
    MAX_DURATION = "max_duration"
    FEW_IMAGES = "few_images"  # each is held, because no allowed rate is slow enough
    MANY_IMAGES = "many_images"  # every Nth is shown, because no allowed rate is fast enough
    FPS_BOUNDS = "fps_bounds"  # longer or shorter than asked: the bounds leave no other rate
    TRUE_TIME = "true_time"

    @property
    def is_adjusted(self) -> bool:
        """Whether something else was decided than what was asked for."""
        return self not in (Reason.FIXED_FPS, Reason.TARGET_DURATION, Reason.TRUE_TIME)


@dataclass(frozen=True, slots=True)
class Timing:
    """How fast; durations in seconds of video, `gap_after` in seconds of the world.

    Without a `target_duration` (0) the rate is `fps`, and the duration follows, unless it is
    outside `min_duration` to `max_duration` (0 for no bound). To reach a duration the rate may go
    from `fps_min` to `fps_max`; where that is not enough, images are held, or every Nth is shown.
    With `true_time`, as much of the video passes between two images as did of the world; a gap
    is longer than `gap_after`, or where that is 0, than ten usual intervals. `hold_first` and
    `hold_last` come on top, but within a target, as does what `ramp` adds: so many seconds around
    each border of two days the video is slower. Raises InvalidSettingError, FieldConflictError.
    """

    fps: int = 24
    target_duration: float = 0.0
    fps_min: int = 10
    fps_max: int = 60
    min_duration: float = 0.0
    max_duration: float = 0.0
    true_time: bool = False
    gaps: Gaps = Gaps.HOLD
    gap_after: float = 0.0
    hold_first: float = 0.0
    hold_last: float = 0.0
    ramp: float = 0.0

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        for field in fields(self):
            least, most = _BOUNDS.get(field.name, (0, 0))
            value = getattr(self, field.name)
            if most and not least <= value <= most:
                raise InvalidSettingError(
                    setting=field.name, value=value, expected=f"{least:g} to {most:g}"
                )
        if self.fps_min > self.fps_max:
            raise InvalidSettingError(
                setting="fps_min", value=self.fps_min, expected=f"at most fps_max ({self.fps_max})"
            )
        for bound in ("min_duration", "max_duration"):
            if self.target_duration and getattr(self, bound):
                raise FieldConflictError(first="target_duration", second=bound)
        if self.max_duration and self.min_duration > self.max_duration:
            raise InvalidSettingError(
                setting="min_duration",
                value=f"{self.min_duration:g}",
                expected=f"at most max_duration ({self.max_duration:g})",
            )
        most_held = self.target_duration or self.max_duration
        if most_held and self.hold_first + self.hold_last >= most_held:
            raise InvalidSettingError(
                setting="hold_last",
                value=f"{self.hold_last:g}",
                expected=f"less than the duration ({most_held:g} s) leaves with hold_first",
            )

    @property
    def plain(self) -> dict[str, Any]:
        """All of it in words of JSON."""
        return {**asdict(self), "gaps": self.gaps.value}

    @classmethod
    def from_plain(cls, data: Mapping[str, Any]) -> Self:
        """Answer what `plain` said; raise InvalidSettingError for what it cannot have said."""
        try:
            return cls(**{**data, "gaps": Gaps(data.get("gaps", Gaps.HOLD))})
        except (TypeError, ValueError) as error:
            raise InvalidSettingError(
                setting="timing", value=str(dict(data))[:200], expected="a timing"
            ) from error


_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "fps": (1, 120),
    "target_duration": (0, 43_200),
    "fps_min": (1, 120),
    "fps_max": (1, 120),
    "min_duration": (0, 43_200),
    "max_duration": (0, 43_200),
    "gap_after": (0, 31_622_400),
    "hold_first": (0, 60),
    "hold_last": (0, 60),
    "ramp": (0, 60),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided: the rate, how many frames and images it shows, and why.

    Every `every_nth` of the images is shown, each for `repeat` frames; with true time, for as
    many as its time lasted, and `gaps` of them were longer than they may be.
    """

    fps: Fraction
    frames: int
    images: int
    reason: Reason
    every_nth: int = 1
    repeat: int = 1
    gaps: int = 0

    @property
    def duration(self) -> float:
        """Of the video, in seconds."""
        return float(self.frames / self.fps)

    @property
    def plain(self) -> dict[str, Any]:
        """All of it in words of JSON."""
        return {
            "fps": round(float(self.fps), 3),
            "frames": self.frames,
            "images": self.images,
            "duration": round(self.duration, 3),
            "adjusted": self.reason.is_adjusted,
            "reason": self.reason.value,
            "every_nth": self.every_nth,
            "repeat": self.repeat,
            "gaps": self.gaps,
        }
