"""What holds for every schedule, at every place and time."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from hypothesis import example, given, settings
from hypothesis import strategies as st

from custom_components.timelapser.engine.capture.schedule import Opening, Schedule, Window
from custom_components.timelapser.engine.capture.sun import Sun
from custom_components.timelapser.engine.models import SunEvent, Weekday, WindowKind

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)

PLACES = [
    ("Europe/Berlin", Sun(52.5, 13.4, 34)),
    ("Europe/Oslo", Sun(69.65, 18.96, 10)),
    ("Arctic/Longyearbyen", Sun(78.2, 15.6)),
    ("Antarctica/McMurdo", Sun(-77.8, 166.7)),
    ("Africa/Casablanca", Sun(33.6, -7.6)),
    ("America/Chicago", Sun(41.9, -87.6, 180)),
    ("America/Sao_Paulo", Sun(-23.5, -46.6, 760)),
    ("Asia/Kathmandu", Sun(27.7, 85.3, 1400)),
    ("Australia/Lord_Howe", Sun(-31.6, 159.1)),
    ("Pacific/Apia", Sun(-13.8, -171.8)),
    ("Pacific/Fiji", Sun(-17.0, 179.0)),
]

moments = st.datetimes(datetime(2010, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))
clock_times = st.times().map(lambda clock: clock.replace(second=0, microsecond=0))
offsets = st.integers(-12 * 60, 12 * 60).map(lambda minutes: minutes * MINUTE)
weekdays = st.just(frozenset(Weekday)) | st.frozensets(st.sampled_from(Weekday), min_size=1)
windows = st.builds(
    Window,
    kind=st.sampled_from(WindowKind),
    start=clock_times,
    end=clock_times,
    start_event=st.sampled_from(SunEvent),
    start_offset=st.just(timedelta()) | offsets,
    end_event=st.sampled_from(SunEvent),
    end_offset=st.just(timedelta()) | offsets,
    weekdays=weekdays,
)


@st.composite
def schedules(draw: st.DrawFn) -> Schedule:
    zone, sun = draw(st.sampled_from(PLACES))
    interval = draw(st.sampled_from([61, 300, 420, 900, 1800, 3600, 7200, 10_000, 40_000, 86_400]))
    phase = draw(st.just(0) | st.integers(0, interval - 1))
    return Schedule(interval * SECOND, ZoneInfo(zone), draw(windows), sun, phase=phase * SECOND)


@st.composite
def changes(draw: st.DrawFn) -> tuple[Schedule, datetime]:
    """A schedule, and a moment that is more often than not close to a change of its clocks."""
    schedule = draw(schedules())
    moment = draw(moments)
    shifts = [
        day
        for day in (moment + number * DAY for number in range(190))
        if day.astimezone(schedule.zone).utcoffset()
        != (day + DAY).astimezone(schedule.zone).utcoffset()
    ]
    return schedule, draw(st.sampled_from([moment, *shifts[:2]])) - DAY


def shift(schedule: Schedule, one: datetime, other: datetime) -> timedelta:
    """By how much the clocks changed from one moment to another."""
    offsets = [moment.astimezone(schedule.zone).utcoffset() for moment in (one, other)]
    assert offsets[0] is not None
    assert offsets[1] is not None
    return abs(offsets[1] - offsets[0])


def tick_before(schedule: Schedule, moment: datetime) -> datetime:
    """Answer the last tick before a moment, as if the window were always open."""
    always = replace(schedule, window=Window())
    *_, last = always.ticks(moment - 2 * schedule.interval - timedelta(hours=3), moment)
    return last


def openings(schedule: Schedule, after: datetime, until: datetime) -> list[Opening]:
    found = []
    while (opening := schedule.next_opening(after)) and opening.start < until:
        assert opening.end > after
        found.append(opening)
        after = opening.end
    return found


@given(case=changes())
@settings(max_examples=150, deadline=None)
def test_ticks_are_named_once_and_agree_however_one_asks(case: tuple[Schedule, datetime]) -> None:
    schedule, after = case
    until = after + 4 * DAY
    ticks = list(schedule.ticks(after, until))
    assert all(after < tick <= until for tick in ticks)
    # Files are named by the second in UTC, so names sort as moments do and none comes twice.
    names = [f"{tick:%Y%m%dT%H%M%SZ}" for tick in ticks]
    assert names == sorted(set(names))
    assert schedule.count(after, until) == len(ticks)
    following = schedule.next_tick(until)
    assert following is None or following > until
    for number, (tick, later) in enumerate(pairwise([after, *ticks])):
        if number % (1 + len(ticks) // 20) == 0:
            # Wherever between two one starts to ask, the next is the same.
            for asked in (tick, tick + (later - tick) // 3, later - datetime.resolution):
                assert schedule.next_tick(asked) == later
            assert schedule.count(tick, later) == 1
            assert schedule.count(after, tick) + schedule.count(tick, until) == len(ticks)


@given(case=changes())
@settings(max_examples=150, deadline=None)
def test_openings_never_overlap_and_hold_every_tick(case: tuple[Schedule, datetime]) -> None:
    schedule, after = case
    until = after + 4 * DAY
    ticks = list(schedule.ticks(after, until))
    assert all(schedule.is_open(tick) for tick in ticks)
    if not schedule.window.limited:
        return
    found = openings(schedule, after, until)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert all(one.day < other.day for one, other in pairwise(found))
    held = 0
    for opening in found:
        assert opening.start < opening.end
        assert tuple(Weekday)[opening.day.weekday()] in schedule.window.weekdays
        inside = [tick for tick in ticks if opening.start <= tick < opening.end]
        assert all(schedule.logical_day(tick) == opening.day for tick in inside)
        if after < opening.start and opening.end <= until:
            assert schedule.ticks_per_day(opening.day) == len(inside) > 0
        held += len(inside)
    assert held == len(ticks)


JUST_AFTER_A_CHANGE = Schedule(
    timedelta(seconds=10_000),
    ZoneInfo("America/Sao_Paulo"),
    Window(
        WindowKind.SUN,
        start_event=SunEvent.NAUTICAL_DUSK,
        start_offset=203 * MINUTE,
        end_event=SunEvent.ASTRONOMICAL_DAWN,
    ),
    Sun(-23.5, -46.6, 760),
)
"""The window opens 12 s after the clocks were set back, on 2010-02-21."""


@example(case=(JUST_AFTER_A_CHANGE, datetime(2010, 2, 20, tzinfo=UTC)))
@given(case=changes())
@settings(max_examples=150, deadline=None)
def test_gaps_are_no_longer_than_explained(case: tuple[Schedule, datetime]) -> None:
    """By the interval, a change of the clocks, or a window that is closed."""
    schedule, after = case
    until = after + 4 * DAY
    if not schedule.window.limited:
        stretches = [(after, until)]
    else:
        stretches = [(o.start, o.end) for o in openings(schedule, after, until)]
    for start, end in stretches:
        inside = list(schedule.ticks(start - datetime.resolution, end))
        # Where nothing closes it, a tick went before the window: the gap is counted from there.
        for one, other in pairwise([tick_before(schedule, start), *inside, end]):
            assert other - one <= schedule.interval + shift(schedule, one, other)


@given(case=changes(), begin=st.integers(0, 4 * 1440), length=st.integers(0, 4 * 1440))
@settings(max_examples=100, deadline=None)
def test_begin_and_end_only_leave_ticks_out(
    case: tuple[Schedule, datetime], begin: int, length: int
) -> None:
    schedule, after = case
    until = after + 4 * DAY
    begins_at = after + begin * MINUTE
    ends_at = begins_at + length * MINUTE
    bounded = replace(schedule, begins_at=begins_at, ends_at=ends_at)
    ticks = [tick for tick in schedule.ticks(after, until) if begins_at <= tick < ends_at]
    assert list(bounded.ticks(after, until)) == ticks
    assert bounded.count(after, until) == len(ticks)
    if ends_at <= until and begins_at > after:
        assert bounded.next_tick(after - 300 * DAY) == (ticks[0] if ticks else None)
    opening = bounded.next_opening(after)
    assert opening is None or begins_at <= opening.start < opening.end <= ends_at
