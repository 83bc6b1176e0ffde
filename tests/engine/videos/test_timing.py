"""How fast a video goes by: exact durations, bounds of the rate, holds, and gaps."""

from collections.abc import Sequence
from datetime import timedelta
from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.errors import (
    FieldConflictError,
    InvalidRequestError,
    InvalidSettingError,
    RenderTooLongError,
)
from custom_components.timelapser.engine.models import Decision, Gaps, Timing
from custom_components.timelapser.engine.models.render import Card, RenderImage, Shot
from custom_components.timelapser.engine.models.timing import Reason
from custom_components.timelapser.engine.videos.timing import decide, gap_text
from tests.engine.conftest import BEGIN


def images(*seconds: float) -> list[RenderImage]:
    return [
        RenderImage(number, 1, "f", number, BEGIN + timedelta(seconds=each), 640, 480, 1000)
        for number, each in enumerate(seconds)
    ]


def regular(count: int, step: float = 60) -> list[RenderImage]:
    return images(*(number * step for number in range(count)))


def spread(shots: Sequence[Shot]) -> list[tuple[int | str, int]]:
    shown: list[tuple[int | str, int]] = []
    for shot in shots:
        match shot.image:
            case RenderImage(id=number):
                shown.append((number, shot.repeat))
            case Card(text):
                shown.append((text, shot.repeat))
    return shown


@pytest.mark.parametrize(
    ("count", "timing", "expected"),
    [
        (100, Timing(25), (25, 100, Reason.FIXED_FPS, 1, 1)),
        (1, Timing(24), (24, 1, Reason.FIXED_FPS, 1, 1)),
        (100, Timing(25, hold_last=2, hold_first=1), (25, 175, Reason.FIXED_FPS, 1, 1)),
        # The bounds of the rate are those of a search for one, not of a rate that is asked for.
        (100, Timing(5, fps_min=10), (5, 100, Reason.FIXED_FPS, 1, 1)),
        (300, Timing(24, 10), (30, 300, Reason.TARGET_DURATION, 1, 1)),
        (1000, Timing(24, 30), (Fraction(100, 3), 1000, Reason.TARGET_DURATION, 1, 1)),
        (997, Timing(24, 30.5), (Fraction(1994, 61), 997, Reason.TARGET_DURATION, 1, 1)),
        # On the bounds.
        (600, Timing(24, 10), (60, 600, Reason.TARGET_DURATION, 1, 1)),
        (100, Timing(24, 10), (10, 100, Reason.TARGET_DURATION, 1, 1)),
        # Beyond them.
        (601, Timing(24, 10), (Fraction(301, 10), 301, Reason.MANY_IMAGES, 2, 1)),
        (100_000, Timing(24, 60), (Fraction(3572, 60), 3572, Reason.MANY_IMAGES, 28, 1)),
        (99, Timing(24, 10), (Fraction(198, 10), 198, Reason.FEW_IMAGES, 1, 2)),
        (1, Timing(24, 10), (10, 100, Reason.FEW_IMAGES, 1, 100)),
        # Where the bounds are narrow, the nearer of two durations.
        (95, Timing(24, 10, 10, 10), (10, 95, Reason.FPS_BOUNDS, 1, 1)),
        (55, Timing(24, 10, 10, 10), (10, 110, Reason.FPS_BOUNDS, 1, 2)),
        (130, Timing(24, 10, 10, 10), (10, 130, Reason.FPS_BOUNDS, 1, 1)),
        (160, Timing(24, 10, 10, 10), (10, 80, Reason.FPS_BOUNDS, 2, 1)),
        # Bounds of the duration.
        (240, Timing(24, min_duration=5, max_duration=20), (24, 240, Reason.FIXED_FPS, 1, 1)),
        (60, Timing(24, min_duration=5), (12, 60, Reason.MIN_DURATION, 1, 1)),
        (600, Timing(24, max_duration=20), (30, 600, Reason.MAX_DURATION, 1, 1)),
        (24, Timing(24, min_duration=10), (Fraction(120, 10), 120, Reason.FEW_IMAGES, 1, 5)),
        # Holds are part of a target.
        (160, Timing(24, 10, hold_last=2), (20, 200, Reason.TARGET_DURATION, 1, 1)),
    ],
)
def test_rates(
    count: int, timing: Timing, expected: tuple[float | Fraction, int, Reason, int, int]
) -> None:
    fps, frames, reason, every_nth, repeat = expected
    shots, decision = decide(regular(count), timing)
    shown = -(-count // every_nth)
    assert decision == Decision(Fraction(fps), frames, shown, reason, every_nth, repeat)
    assert sum(shot.repeat for shot in shots) == frames
    assert decision.plain["adjusted"] is reason.is_adjusted
    assert decision.plain["reason"] == reason.value


@given(st.integers(1, 5000), st.integers(1, 600), st.integers(0, 2), st.integers(0, 2))
def test_duration_is_exact_where_the_rate_has_room(
    count: int, tenths: int, first: int, last: int
) -> None:
    duration = tenths / 10
    assume(first + last < duration)
    timing = Timing(24, duration, 10, 60, hold_first=first, hold_last=last)
    shots, decision = decide(regular(count), timing)
    assert sum(shot.repeat for shot in shots) == decision.frames
    assert 10 <= decision.fps <= 60
    if decision.reason is not Reason.FPS_BOUNDS:
        # Where a hold would push the rate over a bound, it is off by less than a frame.
        off = abs(decision.frames / decision.fps - Fraction(tenths, 10))
        assert off == 0 or off * decision.fps < 1 + (first > 0) * (last > 0)
    shown = [shot.image for shot in shots]
    assert shown == regular(count)[:: decision.every_nth]


@pytest.mark.parametrize(
    ("seconds", "options", "expected", "gaps"),
    [
        ((0, 60, 120, 180), {}, [(0, 1), (1, 1), (2, 1), (3, 1)], 0),
        # An image stays until the next one comes.
        ((0, 60, 240, 300), {}, [(0, 1), (1, 3), (2, 1), (3, 1)], 0),
        # What is rounded is made up for: four and a half intervals are four frames and a bit.
        ((0, 60, 150, 240, 300), {}, [(0, 1), (1, 1), (2, 1), (3, 1), (4, 1)], 0),
        # Images that come faster than frames go by are left out.
        ((0, 60, 70, 120, 180, 240), {}, [(0, 1), (2, 1), (3, 1), (4, 1), (5, 1)], 0),
        ((0, 60, 3660, 3720), {}, [(0, 1), (1, 60), (2, 1), (3, 1)], 1),
        ((0, 60, 3660, 3720), {"gaps": Gaps.SKIP}, [(0, 1), (1, 1), (2, 1), (3, 1)], 1),
        (
            (0, 60, 3660, 3720),
            {"gaps": Gaps.CARD},
            [(0, 1), (1, 1), ("No signal 1 h", 20), (2, 1), (3, 1)],
            1,
        ),
        ((0, 60, 240, 300), {"gaps": Gaps.SKIP, "gap_after": 100}, [(n, 1) for n in range(4)], 1),
        (
            (0, 60, 240, 300),
            {"gaps": Gaps.SKIP, "gap_after": 200},
            [(0, 1), (1, 3), (2, 1), (3, 1)],
            0,
        ),
        ((0,), {}, [(0, 1)], 0),
        ((0,), {"hold_last": 2}, [(0, 21)], 0),
        ((0, 60), {"hold_first": 1, "hold_last": 0.5}, [(0, 11), (1, 6)], 0),
    ],
)
def test_true_time(
    seconds: Sequence[float], options: dict[str, Any], expected: list[tuple[Any, int]], gaps: int
) -> None:
    shots, decision = decide(images(*seconds), Timing(10, true_time=True, **options))
    assert spread(shots) == expected
    assert (decision.gaps, decision.reason) == (gaps, Reason.TRUE_TIME)
    assert decision.fps == 10
    assert decision.frames == sum(repeat for _, repeat in expected)
    assert decision.images == sum(isinstance(name, int) for name, _ in expected)


@pytest.mark.parametrize("gaps", list(Gaps))
def test_true_time_of_a_duration(gaps: Gaps) -> None:
    rows = images(*(60 * number + (36_000 if number > 500 else 0) for number in range(1000)))
    timing = Timing(25, 30, true_time=True, gaps=gaps)
    _, decision = decide(rows, timing)
    assert decision.gaps == 1
    assert decision.duration == pytest.approx(30, abs=0.05)
    assert decision.fps == 25


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (45, "No signal 45 s"),
        (120, "No signal 2 min"),
        (3 * 3600, "No signal 3 h"),
        (3 * 3600 + 300, "No signal 3 h 5 min"),
        (2 * 86_400, "No signal 2 d"),
        (2 * 86_400 + 7200, "No signal 2 d 2 h"),
    ],
)
def test_gap_text(seconds: float, text: str) -> None:
    assert gap_text(seconds) == text


def test_video_that_would_never_end() -> None:
    with pytest.raises(RenderTooLongError) as caught:
        decide(images(0, 1, 2, 10_000_000), Timing(24, true_time=True))
    assert caught.value.placeholders == {"hours": "115.7", "most": "12"}


@pytest.mark.parametrize(
    ("values", "error", "names"),
    [
        ({"fps": 0}, InvalidSettingError, "fps"),
        ({"fps": 121}, InvalidSettingError, "fps"),
        ({"target_duration": -1}, InvalidSettingError, "target_duration"),
        ({"fps_min": 30, "fps_max": 20}, InvalidSettingError, "fps_min"),
        ({"min_duration": 20, "max_duration": 10}, InvalidSettingError, "min_duration"),
        ({"target_duration": 5, "max_duration": 9}, FieldConflictError, "target_duration"),
        ({"target_duration": 5, "hold_last": 5}, InvalidSettingError, "hold_last"),
        ({"max_duration": 5, "hold_first": 5}, InvalidSettingError, "hold_last"),
        ({"hold_last": 61}, InvalidSettingError, "hold_last"),
    ],
)
def test_what_makes_no_sense_is_named(
    values: dict[str, Any], error: type[InvalidRequestError], names: str
) -> None:
    with pytest.raises(error) as caught:
        Timing(**values)
    assert names in caught.value.placeholders.values()


@pytest.mark.parametrize(
    "timing", [Timing(), Timing(30, 12.5, 5, 50), Timing(true_time=True, gaps=Gaps.CARD)]
)
def test_timing_is_stored(timing: Timing) -> None:
    assert Timing.from_plain(timing.plain) == timing


@pytest.mark.parametrize("data", [{"speed": 2}, {"gaps": "leap"}, {"fps": "fast"}, {"fps": 0}])
def test_stored_timing_that_nobody_stored(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError):
        Timing.from_plain(data)
