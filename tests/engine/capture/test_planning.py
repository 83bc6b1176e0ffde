"""From settings to a schedule: windows, turns, and what a day will bring."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.capture.planning import (
    Estimate,
    estimate,
    phase,
    plan,
    window,
)
from custom_components.timelapser.engine.capture.schedule import Schedule
from custom_components.timelapser.engine.capture.sun import Sun
from custom_components.timelapser.engine.capture.window import Window
from custom_components.timelapser.engine.models import SunEvent, Weekday, WindowKind
from custom_components.timelapser.engine.settings import Level, ScheduleSettings, Settings, resolve
from tests.engine.conftest import BEGIN, ZONE, Engine

SUN = Sun(52.5, 13.4, 34)
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def settings(**values: object) -> Settings:
    resolved = resolve({Level.CAMERA: values})
    return resolved.settings


def planned(values: Mapping[str, object], turn: int = 0) -> Schedule:
    return plan(settings(**values), ZONE, SUN, turn=turn)


@pytest.mark.parametrize(
    ("given_settings", "expected"),
    [
        (ScheduleSettings(), Window()),
        (
            ScheduleSettings(
                window=WindowKind.CLOCK,
                window_start=time(7, 15),
                window_end=time(2),
                weekdays=(Weekday.MONDAY, Weekday.SUNDAY),
            ),
            Window(
                WindowKind.CLOCK,
                time(7, 15),
                time(2),
                weekdays=frozenset({Weekday.MONDAY, Weekday.SUNDAY}),
            ),
        ),
        (
            ScheduleSettings(
                window=WindowKind.SUN,
                start_event=SunEvent.CIVIL_DAWN,
                start_offset=-30,
                end_event=SunEvent.CIVIL_DUSK,
                end_offset=90,
            ),
            Window(
                WindowKind.SUN,
                start_event=SunEvent.CIVIL_DAWN,
                start_offset=-30 * MINUTE,
                end_event=SunEvent.CIVIL_DUSK,
                end_offset=90 * MINUTE,
            ),
        ),
    ],
)
def test_window_of_settings(given_settings: ScheduleSettings, expected: Window) -> None:
    assert window(given_settings) == expected


def test_plan_follows_the_settings() -> None:
    schedule = planned({"interval": 300, "window": "clock", "window_start": "08:00:00"})
    assert (schedule.interval, schedule.zone, schedule.sun) == (5 * MINUTE, ZONE, SUN)
    assert schedule.window.kind is WindowKind.CLOCK
    assert schedule.window.start == time(8)
    first = schedule.next_tick(datetime(2026, 11, 24, 20, tzinfo=UTC))
    assert first == datetime(2026, 11, 25, 7, tzinfo=UTC)


async def test_plan_begins_and_ends_with_the_timelapse(engine: Engine) -> None:
    camera = await engine.camera()
    start = BEGIN + HOUR
    timelapse = await engine.timelapses.create(camera.id, "Late", {}, BEGIN, {"start_at": start})
    schedule = plan(
        settings(interval=600), ZONE, SUN, timelapse=timelapse, ends_at=BEGIN + 2 * HOUR
    )
    ticks = [*schedule.ticks(BEGIN, BEGIN + 9 * HOUR)]
    assert (ticks[0], ticks[-1], len(ticks)) == (start, start + 50 * MINUTE, 6)


@pytest.mark.parametrize(
    ("interval", "seconds"),
    [
        # Never more than a minute from the grid, and never into the next tick.
        (3600, [0, 30, 15, 45, 7.5, 37.5, 22.5, 52.5, 3.75]),
        (60, [0, 30, 15, 45, 7.5, 37.5, 22.5, 52.5, 3.75]),
        (10, [0, 5, 2.5, 7.5, 1.25]),
        (1, [0, 0.5, 0.25, 0.75, 0.125, 0.625, 0.375, 0.875, 0.062]),
    ],
)
def test_turns(interval: int, seconds: list[float]) -> None:
    phases = [phase(turn, interval * SECOND) for turn in range(len(seconds))]
    assert [found / SECOND for found in phases] == seconds


@given(turn=st.integers(0, 10_000), interval=st.integers(1, 86_400))
def test_any_turn_makes_a_schedule(turn: int, interval: int) -> None:
    found = phase(turn, interval * SECOND)
    assert timedelta() <= found < min(interval * SECOND, MINUTE)
    # As it is stored.
    assert not found % timedelta(milliseconds=1)
    assert Schedule(interval * SECOND, ZONE, phase=found).next_tick(BEGIN) is not None


@pytest.mark.parametrize("cameras", [2, 3, 7, 16, 50])
def test_cameras_are_spread_evenly(cameras: int) -> None:
    phases = sorted(phase(turn, MINUTE) for turn in range(cameras))
    gaps = [later - earlier for earlier, later in pairwise([*phases, phases[0] + MINUTE])]
    # The best would be a gap of the same length everywhere.
    assert max(gaps) <= 2 * MINUTE / cameras
    assert min(gaps) >= MINUTE / cameras / 2


def test_aligned_cameras_tick_together() -> None:
    for turn in range(5):
        tick = planned({"interval": 60, "align": True}, turn).next_tick(BEGIN)
        assert tick == BEGIN + MINUTE
        spread = planned({"interval": 60}, turn).next_tick(BEGIN)
        assert spread == BEGIN + (phase(turn, MINUTE) or MINUTE)


@pytest.mark.parametrize(
    ("values", "day", "zone", "images"),
    [
        ({"interval": 60}, date(2026, 11, 24), "Europe/Berlin", 1440),
        # The mean of a week: one of its days has an hour less, or one more.
        ({"interval": 60}, date(2026, 3, 29), "Europe/Berlin", 1431),
        ({"interval": 60}, date(2026, 10, 25), "Europe/Berlin", 1449),
        ({"interval": 60, "window": "clock"}, date(2026, 11, 24), "Europe/Berlin", 720),
        ({"interval": 60, "weekdays": ["mon"]}, date(2026, 11, 24), "Europe/Berlin", 206),
        ({"interval": 60, "weekdays": ["tue"]}, date(2026, 11, 24), "Asia/Kathmandu", 206),
        ({"interval": 86_400}, date(2026, 11, 24), "Europe/Berlin", 1),
    ],
)
def test_what_a_day_will_bring(
    values: Mapping[str, object], day: date, zone: str, images: int
) -> None:
    schedule = plan(settings(**values), ZoneInfo(zone), SUN)
    assert estimate(schedule, day, 1500.25) == Estimate(images, round(images * 1500.25))


def test_long_days_bring_more() -> None:
    schedule = planned({"interval": 60, "window": "sun"})
    summer, winter = (
        estimate(schedule, day, 0).images for day in (date(2026, 6, 21), date(2026, 12, 21))
    )
    # In Berlin, the sun is up for 16 h 50 min in June and 7 h 39 min in December.
    assert summer == pytest.approx(16 * 60 + 50, abs=5)
    assert winter == pytest.approx(7 * 60 + 39, abs=5)
