"""Speed ramps at the borders of days: where they are, how long they last, and what they leave."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.errors import InvalidSettingError, RenderTooLongError
from custom_components.timelapser.engine.models import Gaps, Timing
from custom_components.timelapser.engine.models.render import Card, RenderImage, Shot
from custom_components.timelapser.engine.videos.ramps import SLOWEST, decide_with_ramps, ramped
from custom_components.timelapser.engine.videos.timing import decide
from tests.engine.conftest import ZONE

MIDNIGHT = time()


def days(count: int, per_day: int, begin: date = date(2026, 6, 1)) -> list[RenderImage]:
    """So many images, spread over each day."""
    step = timedelta(days=1) / per_day
    midnights = [
        datetime.combine(begin + timedelta(days=number), MIDNIGHT, ZONE) for number in range(count)
    ]
    moments = [midnight + step * number for midnight in midnights for number in range(per_day)]
    return [
        RenderImage(number, 1, "f", number, moment, 640, 480, 1000)
        for number, moment in enumerate(moments)
    ]


def repeats(shots: Sequence[Shot]) -> list[int]:
    return [shot.repeat for shot in shots]


@pytest.mark.parametrize(
    ("images", "timing"),
    [
        (days(3, 100), Timing(24)),
        (days(1, 100), Timing(24, ramp=2)),
        (days(1, 1), Timing(24, target_duration=5, ramp=2)),
    ],
    ids=["off by default", "no border", "one image"],
)
def test_nothing_changes(images: list[RenderImage], timing: Timing) -> None:
    assert decide_with_ramps(images, timing, ZONE, MIDNIGHT) == decide(images, timing)


def test_slow_at_the_border_and_as_usual_elsewhere() -> None:
    images = days(3, 200)
    shots, decision = decide_with_ramps(images, Timing(25, ramp=4), ZONE, MIDNIGHT)
    held = repeats(shots)
    assert [shot.image for shot in shots] == images
    # 4 s are 100 frames, for what otherwise takes 40.
    for border in (200, 400):
        assert sum(held[border - 20 : border + 20]) == pytest.approx(100, abs=1)
        assert max(held) in held[border - 2 : border + 2]
        near, far = held[border : border + 10], held[border + 10 : border + 20]
        assert sum(near) > 1.5 * sum(far)
    assert max(held) == SLOWEST
    assert set(held[:180] + held[220:380] + held[420:]) == {1}
    assert (decision.frames, decision.images) == (sum(held), 600)
    assert decision.duration == pytest.approx(600 / 25 + 2 * 4 * 3 / 5, abs=0.1)


def test_ramps_are_symmetrical_and_steady() -> None:
    held = repeats(ramped([Shot(image) for image in days(2, 500)], 500, ZONE, MIDNIGHT))
    before, after = held[400:500][::-1], held[500:600]
    for tens in range(0, 100, 10):
        assert sum(before[tens : tens + 10]) == pytest.approx(sum(after[tens : tens + 10]), abs=1)
    sums = [sum(after[tens : tens + 10]) for tens in range(0, 100, 10)]
    assert all(later <= earlier + 1 for earlier, later in pairwise(sums))


@pytest.mark.parametrize(
    ("day_begins", "border"), [(MIDNIGHT, 100), (time(12), 50), (time(18), 75)]
)
def test_day_begins_when_the_selection_says(day_begins: time, border: int) -> None:
    held = repeats(ramped([Shot(image) for image in days(2, 100)], 50, ZONE, day_begins))
    assert held[border] > 1
    assert held[(border + 40) % 200] == 1


def test_every_image_stays_in_order_where_days_are_short() -> None:
    images = days(30, 1)
    shots, decision = decide_with_ramps(images, Timing(10, ramp=5), ZONE, MIDNIGHT)
    assert [shot.image for shot in shots] == images
    assert 30 < decision.frames <= 30 * SLOWEST


def test_clocks_put_back_are_no_border_of_their_own() -> None:
    # 25 October has 25 hours; the hour that comes twice is far from its midnights.
    images = days(3, 200, date(2026, 10, 24))
    held = repeats(ramped([Shot(image) for image in images], 50, ZONE, MIDNIGHT))
    slow = [number for number, repeat in enumerate(held) if repeat == max(held)]
    assert len({number // 50 for number in slow}) <= 4
    assert set(held[215:240]) == {1}


@given(
    st.integers(2, 8),
    st.integers(20, 200),
    st.integers(4, 60),
    st.sampled_from([0.5, 1, 2.5, 20]),
)
def test_ramps_are_within_a_target(count: int, per_day: int, seconds: int, ramp: float) -> None:
    images = days(count, per_day)
    timing = Timing(24, target_duration=seconds, fps_min=1, fps_max=120, ramp=ramp)
    shots, decision = decide_with_ramps(images, timing, ZONE, MIDNIGHT)
    assert decision.frames == sum(repeats(shots))
    if 1 < decision.fps < 120:
        assert decision.frames / decision.fps == seconds
    plain, _ = decide(images, Timing(24, target_duration=seconds, fps_min=1, fps_max=120))
    # The ramps take half of it at most, so no more than every second image gives way.
    assert len(shots) * 2.5 >= len(plain) - 2


@pytest.mark.parametrize(
    ("options", "expected"), [({"max_duration": 10}, 10), ({"min_duration": 60}, 60)]
)
def test_bounds_of_the_duration_count_ramps(options: dict[str, Any], expected: int) -> None:
    images = days(4, 100)
    timing = Timing(24, fps_min=1, fps_max=120, ramp=2, **options)
    _, decision = decide_with_ramps(images, timing, ZONE, MIDNIGHT)
    assert decision.frames / decision.fps == expected


def test_one_border_does_not_change_another() -> None:
    """A deleted image must not cost the segments of all other days."""
    images = days(4, 100)
    whole = ramped([Shot(image) for image in images], 33, ZONE, MIDNIGHT)
    less = ramped([Shot(image) for image in images if image.id != 103], 33, ZONE, MIDNIGHT)
    held = {shot.image: shot.repeat for shot in whole}
    changed = [shot.image for shot in less if held[shot.image] != shot.repeat]
    assert all(isinstance(each, RenderImage) and 90 < each.id < 110 for each in changed)


def test_cards_are_not_slowed_down() -> None:
    images = days(2, 50)
    missing = images[:45] + images[55:]
    timing = Timing(10, true_time=True, gaps=Gaps.CARD, gap_after=3600, ramp=4)
    shots, _ = decide_with_ramps(missing, timing, ZONE, MIDNIGHT)
    cards = [shot.repeat for shot in shots if isinstance(shot.image, Card)]
    assert cards == [20]
    assert max(repeats(shots[:46])) > 1


@pytest.mark.parametrize("ramp", [-1, 61, float("nan")])
def test_ramp_out_of_bounds(ramp: float) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        Timing(ramp=ramp)
    assert caught.value.placeholders["setting"] == "ramp"


def test_too_many_ramps() -> None:
    images = days(1500, 50)
    with pytest.raises(RenderTooLongError):
        decide_with_ramps(images, Timing(1, ramp=60), ZONE, MIDNIGHT)


def test_exact_rate() -> None:
    """A ramp is as long at any rate."""
    images = days(2, 1000)
    for fps in (10, 25, 60):
        _, decision = decide_with_ramps(images, Timing(fps, ramp=5), ZONE, MIDNIGHT)
        assert decision.fps == Fraction(fps)
        assert decision.duration - 2000 / fps == pytest.approx(3, abs=1 / fps)
