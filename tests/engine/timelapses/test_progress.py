"""Day numbers, rules for stopping, progress and expected end."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.models import Timelapse, TimelapseState
from custom_components.timelapser.engine.timelapses.days import day_number
from custom_components.timelapser.engine.timelapses.progress import (
    due_stop,
    outlook,
    planned_stop,
)

BERLIN = ZoneInfo("Europe/Berlin")
BEGIN = datetime(2026, 11, 24, 8, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
TIMELAPSE = Timelapse(1, "cam", "Spring", TimelapseState.RUNNING, "garden-1/1", BEGIN, BEGIN)

days = st.dates(date(2000, 1, 1), date(2060, 1, 1))
moments = st.datetimes(datetime(2000, 1, 1), datetime(2060, 1, 1), timezones=st.just(UTC))
numbers = st.integers(1, 2000)


def with_images(images: int, every: timedelta = HOUR, **values: Any) -> Timelapse:
    """The timelapse with images from its begin on."""
    last = BEGIN + (images - 1) * every
    return replace(
        TIMELAPSE,
        image_count=images,
        first_day=BEGIN.date(),
        first_image_at=BEGIN,
        last_image_at=last,
        **values,
    )


@given(first=days, later=st.integers(0, 10_000))
def test_days_are_counted_from_one(first: date, later: int) -> None:
    assert day_number(first, first + timedelta(days=later)) == later + 1


@given(zone=st.timezones(), begin=moments, number=numbers)
def test_day_rule_ends_with_the_local_day(zone: tzinfo, begin: datetime, number: int) -> None:
    """In every zone, whatever its clocks do: up to the stop is day N at most, then comes more."""
    first = begin.astimezone(zone).date()
    timelapse = replace(TIMELAPSE, started_at=begin, first_day=first, stop_after_days=number)
    stop = planned_stop(timelapse, zone)
    assert stop is not None
    before = (stop.at - timedelta(microseconds=1)).astimezone(zone).date()
    assert day_number(first, before) <= number
    assert day_number(first, stop.at.astimezone(zone).date()) > number


@given(zone=st.timezones(), other=st.timezones(), begin=moments, number=numbers)
def test_another_zone_does_not_change_days_that_were(
    zone: tzinfo, other: tzinfo, begin: datetime, number: int
) -> None:
    """The first day is stored with its image; only today depends on the zone of today."""
    first = begin.astimezone(zone).date()
    now = begin + timedelta(days=number)
    timelapse = replace(TIMELAPSE, started_at=begin, first_day=first)
    assert outlook(timelapse, 60, now, other).day_number == day_number(
        first, now.astimezone(other).date()
    )


@pytest.mark.parametrize(
    ("first", "number", "zone", "expected"),
    [
        (date(2026, 3, 28), 1, "Europe/Berlin", "2026-03-28T23:00+00:00"),
        (date(2026, 3, 28), 2, "Europe/Berlin", "2026-03-29T22:00+00:00"),
        (date(2026, 10, 24), 2, "Europe/Berlin", "2026-10-25T23:00+00:00"),
        # Here the clocks skip midnight, and the day begins at one.
        (date(2026, 9, 5), 1, "America/Santiago", "2026-09-06T04:00+00:00"),
    ],
)
def test_days_of_other_lengths(first: date, number: int, zone: str, expected: str) -> None:
    timelapse = replace(TIMELAPSE, first_day=first, stop_after_days=number)
    stop = planned_stop(timelapse, ZoneInfo(zone))
    assert stop is not None
    assert stop.at == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("timelapse", "after", "expected"),
    [
        (TIMELAPSE, 999 * DAY, None),
        (with_images(5, stop_at=BEGIN + 9 * HOUR), 8.99 * HOUR, None),
        (with_images(5, stop_at=BEGIN + 9 * HOUR), 9 * HOUR, (9 * HOUR, "stop_at")),
        (with_images(5, stop_at=BEGIN + 9 * HOUR), 99 * DAY, (9 * HOUR, "stop_at")),
        # Berlin's day is over at 23:00 UTC; without any image, too.
        (replace(TIMELAPSE, stop_after_days=1), 14.9 * HOUR, None),
        (replace(TIMELAPSE, stop_after_days=1), DAY, (15 * HOUR, "stop_after_days")),
        (with_images(1, stop_after_days=2), 2 * DAY, (39 * HOUR, "stop_after_days")),
        (with_images(4, stop_after_images=5), DAY, None),
        (with_images(5, stop_after_images=5), DAY, (4 * HOUR, "stop_after_images")),
        # The first rule that is met wins.
        (
            with_images(1, stop_at=BEGIN + 20 * HOUR, stop_after_days=1),
            DAY,
            (15 * HOUR, "stop_after_days"),
        ),
        # A rule made afterwards does not end it before what happened.
        (with_images(30, stop_after_days=1), 31 * HOUR, (29 * HOUR, "stop_after_days")),
    ],
)
def test_when_it_has_to_stop(
    timelapse: Timelapse, after: timedelta, expected: tuple[timedelta, str] | None
) -> None:
    stop = due_stop(timelapse, BEGIN + after, BERLIN)
    assert (stop and (stop.at - BEGIN, str(stop.reason))) == expected


@pytest.mark.parametrize(
    ("timelapse", "after", "progress", "end"),
    [
        (TIMELAPSE, DAY, None, None),
        (replace(TIMELAPSE, stop_at=BEGIN + 10 * HOUR), 4 * HOUR, 0.4, 10 * HOUR),
        (replace(TIMELAPSE, stop_after_days=1), 3 * HOUR, 0.2, 15 * HOUR),
        # No image yet: the interval of 15 minutes tells.
        (replace(TIMELAPSE, stop_after_images=8), timedelta(), 0.0, 2 * HOUR),
        # One came an hour so far, and two are missing.
        (with_images(6, stop_after_images=8), 5 * HOUR, 0.75, 7 * HOUR),
        # More of them than the interval gives were made by hand.
        (with_images(6, HOUR / 60, stop_after_images=8), HOUR / 12, 0.75, HOUR * 7 / 12),
        # The rule that ends it first counts, and its end is never in the past.
        (with_images(6, stop_after_images=8, stop_at=BEGIN + 6 * HOUR), 5 * HOUR, 5 / 6, 6 * HOUR),
        (with_images(6, stop_after_images=8), 30 * HOUR, 0.75, 30 * HOUR),
        (
            with_images(6, stop_after_images=8, completed_at=BEGIN + 9 * HOUR, state="completed"),
            DAY,
            0.75,
            None,
        ),
    ],
)
def test_progress_and_expected_end(
    timelapse: Timelapse, after: timedelta, progress: float | None, end: timedelta | None
) -> None:
    found = outlook(timelapse, 900, BEGIN + after, BERLIN)
    assert found.progress == (None if progress is None else pytest.approx(progress))
    assert (found.expected_end and found.expected_end - BEGIN) == end


@pytest.mark.parametrize(
    ("timelapse", "after", "expected"),
    [
        (TIMELAPSE, DAY, None),
        (with_images(1), timedelta(), 1),
        (with_images(1), 14.9 * HOUR, 1),
        (with_images(1), 15 * HOUR, 2),
        # A completed one stays at the day of its last image.
        (with_images(1, completed_at=BEGIN + 9 * DAY), 20 * DAY, 1),
    ],
)
def test_day_number_of_now(timelapse: Timelapse, after: timedelta, expected: int | None) -> None:
    assert outlook(timelapse, 900, BEGIN + after, BERLIN).day_number == expected
