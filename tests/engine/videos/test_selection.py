"""Which images are picked: by the clock, the sun and the score, over changes of the clocks too."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
import pytest

from custom_components.timelapser.engine.errors import (
    FieldConflictError,
    InvalidRequestError,
    InvalidSettingError,
)
from custom_components.timelapser.engine.models import Bucket, Selection, Side, Weekday
from custom_components.timelapser.engine.models.selection import Candidate
from custom_components.timelapser.engine.videos.selection import select

BERLIN = ZoneInfo("Europe/Berlin")
KATHMANDU = ZoneInfo("Asia/Kathmandu")
HAVANA = ZoneInfo("America/Havana")
HOUR = timedelta(hours=1)


def local(text: str, zone: ZoneInfo = BERLIN, fold: int = 0) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold).astimezone(UTC)


def row(moment: datetime, number: int = 0, **values: Any) -> Candidate:
    plain = Candidate(
        *(number, 1, "garden/1", number, moment, 640, 480, 1000, None, None, 90, None, None, None)
    )
    return plain._replace(**values)


def every(step: timedelta, start: str, count: int, zone: ZoneInfo = BERLIN) -> list[Candidate]:
    begin = local(start, zone)
    return [row(begin + number * step, number) for number in range(count)]


def shown(rows: Sequence[Candidate], zone: ZoneInfo = BERLIN) -> list[str]:
    return [f"{each.captured_at.astimezone(zone):%d %H:%M}" for each in rows]


# Two days each: the clocks go on at 2:00 on 2026-03-29, and back at 3:00 on 2026-10-25.
SPRING = every(HOUR, "2026-03-28T12:00", 36)
AUTUMN = every(HOUR, "2026-10-24T12:00", 37)


@pytest.mark.parametrize(
    ("rows", "selection", "expected"),
    [
        (
            every(HOUR, "2026-06-01T00:00", 48),
            Selection(time_from=time(22), time_to=time(1)),
            ["01 00:00", "01 22:00", "01 23:00", "02 00:00", "02 22:00", "02 23:00"],
        ),
        (  # 2026-06-01 is a Monday; its night is not Tuesday's
            every(HOUR, "2026-06-01T00:00", 48),
            Selection(time_from=time(22), time_to=time(1), weekdays=(Weekday.MONDAY,)),
            ["01 22:00", "01 23:00", "02 00:00"],
        ),
        (
            every(12 * HOUR, "2026-06-01T06:00", 8),
            Selection(weekdays=(Weekday.TUESDAY, Weekday.THURSDAY)),
            ["02 06:00", "02 18:00", "04 06:00", "04 18:00"],
        ),
        # There is no 2:30 on the day on which the clocks go on.
        (SPRING, Selection(nearest_time=time(2, 30)), ["28 12:00", "29 03:00", "30 00:00"]),
        (SPRING, Selection(time_from=time(1), time_to=time(4)), ["29 01:00", "29 03:00"]),
        (
            AUTUMN,
            Selection(time_from=time(1), time_to=time(4)),
            ["25 01:00", "25 02:00", "25 02:00", "25 03:00"],
        ),
        (AUTUMN, Selection(per_day=1), ["24 12:00", "25 00:00"]),
        (AUTUMN, Selection(nearest_time=time(14, 29)), ["24 14:00", "25 14:00"]),
        (
            every(HOUR / 4, "2026-10-25T01:30", 12),
            Selection(per_hour=1),
            ["25 01:30", "25 02:00", "25 02:00", "25 03:00"],
        ),
        # Of midnight, the nearest one may be on either side.
        (
            every(HOUR, "2026-06-01T00:10", 24) + every(HOUR, "2026-06-02T00:20", 24),
            Selection(nearest_time=time(0, 0)),
            ["01 00:10", "02 00:20", "02 23:20"],
        ),
        # A window over midnight gives one best image for each night, not two.
        (
            every(HOUR, "2026-06-01T20:00", 30),
            Selection(time_from=time(20), time_to=time(6), per_day=1),
            ["01 20:00", "02 20:00"],
        ),
        (
            every(HOUR, "2026-06-01T00:00", 24),
            Selection(per_day=3),
            ["01 00:00", "01 08:00", "01 16:00"],
        ),
        (
            every(HOUR / 6, "2026-06-01T00:00", 12),
            Selection(per_hour=2),
            ["01 00:00", "01 00:30", "01 01:00", "01 01:30"],
        ),
        (
            every(HOUR, "2026-06-01T00:00", 7),
            Selection(every_nth=3),
            ["01 00:00", "01 03:00", "01 06:00"],
        ),
        ([], Selection(per_day=1, every_nth=2), []),
    ],
)
def test_by_the_clock(rows: list[Candidate], selection: Selection, expected: list[str]) -> None:
    assert shown(select(rows, selection, BERLIN)) == expected


def test_hours_are_those_of_the_zone() -> None:
    # 5:45 ahead of UTC: its hours begin at a quarter past UTC's.
    rows = every(HOUR / 4, "2026-06-01T00:00", 8, KATHMANDU)
    found = select(rows, Selection(per_hour=1), KATHMANDU)
    assert shown(found, KATHMANDU) == ["01 00:00", "01 01:00"]


def test_midnight_that_comes_twice_is_one_day() -> None:
    # In Havana the clocks go from 1:00 back to 0:00.
    rows = every(HOUR / 2, "2026-10-31T23:00", 8, HAVANA)
    assert len(select(rows, Selection(per_day=1), HAVANA)) == 2
    # The border of these days lies in the hour that comes twice.
    assert len(select(rows, Selection(nearest_time=time(12, 30)), HAVANA)) == 2


def sunny() -> list[Candidate]:
    """Two days with an image each two hours, the sun at its highest of 50 degrees at noon."""
    rows = every(2 * HOUR, "2026-06-01T00:00", 24)
    return [
        each._replace(
            sun_elevation=50.0 - abs(12 - each.captured_at.astimezone(BERLIN).hour) * 6,
            sun_azimuth=each.captured_at.astimezone(BERLIN).hour * 15.0,
        )
        for each in rows
    ]


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(nearest_elevation=15), ["01 06:00", "02 06:00"]),
        (Selection(nearest_elevation=15, side=Side.SETTING), ["01 18:00", "02 18:00"]),
        (Selection(nearest_elevation=90, side=Side.SETTING), ["01 12:00", "02 12:00"]),
        (Selection(nearest_azimuth=92), ["01 06:00", "02 06:00"]),
        (Selection(nearest_azimuth=355), ["01 00:00", "02 00:00"]),  # the short way round
    ],
)
def test_by_the_sun(selection: Selection, expected: list[str]) -> None:
    assert shown(select(sunny(), selection, BERLIN)) == expected


def test_images_without_a_known_sun_are_not_picked_by_it() -> None:
    rows = every(HOUR, "2026-06-01T00:00", 24)
    assert select(rows, Selection(nearest_elevation=10), BERLIN) == []
    assert select(rows, Selection(nearest_azimuth=10), BERLIN) == []


def test_by_score_luma_and_likeness() -> None:
    rows = every(HOUR / 4, "2026-06-01T00:00", 8)
    scores = (70, 99, 99, 10, 5, 5, 80, 1)
    scored = [each._replace(score=score) for each, score in zip(rows, scores, strict=True)]
    best = select(scored, Selection(best_of=Bucket.HOUR), BERLIN)
    assert [each.id for each in best] == [1, 6]
    assert [each.id for each in select(scored, Selection(best_of=Bucket.DAY), BERLIN)] == [1]

    lit = [
        each._replace(luma=luma) for each, luma in zip(rows, (0, 9.9, 10, None) * 2, strict=True)
    ]
    bright = select(lit, Selection(without_dark=10), BERLIN)
    assert [each.id for each in bright] == [2, 3, 6, 7]

    hashes = (0, 0b11, None, 0b111, 0b1011, (1 << 64) - 1, 0, 0)
    looks = [each._replace(phash=phash) for each, phash in zip(rows, hashes, strict=True)]
    # Compared with the last one that was taken, so that slow changes are seen.
    assert [each.id for each in select(looks, Selection(without_alike=2), BERLIN)] == [
        0,
        2,
        3,
        5,
        6,
    ]
    assert len(select(looks, Selection(without_alike=64), BERLIN)) == 2


def test_order_of_the_parts() -> None:
    rows = [
        each._replace(luma=100.0 if each.id % 2 else 0.0, score=each.id, phash=each.id // 8)
        for each in every(HOUR, "2026-06-01T00:00", 96)
    ]
    selection = Selection(
        time_from=time(6), time_to=time(12), without_dark=50, best_of=Bucket.DAY, every_nth=2
    )
    # Of 6:00 to 11:00 the bright ones, of those the best of each day, of those every second.
    assert shown(select(rows, selection, BERLIN)) == ["01 11:00", "03 11:00"]


rows_of = st.lists(st.integers(0, 60 * 24 * 400), unique=True, min_size=0, max_size=80).map(
    lambda minutes: [
        row(
            datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute),
            minute,
            score=minute % 101,
            luma=None if minute % 7 == 0 else float(minute % 256),
            phash=None if minute % 11 == 0 else minute * 0x9E3779B97F4A7C15 % (1 << 64),
            sun_elevation=None if minute % 13 == 0 else float(minute % 180 - 90),
            sun_azimuth=None if minute % 13 == 0 else float(minute % 360),
        )
        for minute in sorted(minutes)
    ]
)
picks: list[dict[str, Any]] = [
    {},
    {"per_hour": 2},
    {"per_day": 3},
    {"nearest_time": time(23, 30)},
    {"nearest_elevation": 20.0, "side": Side.SETTING},
    {"nearest_azimuth": 180.0},
    {"best_of": Bucket.HOUR},
]
selections = st.builds(
    lambda pick, window, **others: Selection(**pick, **window, **others),
    pick=st.sampled_from(picks),
    window=st.sampled_from([{}, {"time_from": time(22), "time_to": time(4)}]),
    weekdays=st.sampled_from([(), (Weekday.SATURDAY, Weekday.SUNDAY)]),
    without_dark=st.sampled_from([None, 30.0]),
    without_alike=st.sampled_from([None, 4]),
    every_nth=st.integers(1, 5),
)


@given(rows_of, selections, st.sampled_from([BERLIN, KATHMANDU, HAVANA]))
def test_every_selection_is_an_ordered_part(
    rows: list[Candidate], selection: Selection, zone: ZoneInfo
) -> None:
    found = select(rows, selection, zone)
    assert set(found) <= set(rows)
    assert all(before.captured_at < after.captured_at for before, after in pairwise(found))
    assert Selection.from_plain(selection.plain) == selection
    assert select(rows, selection, zone) == found


@given(rows_of, st.integers(1, 9), selections)
def test_every_nth_takes_its_share(
    rows: list[Candidate], every_nth: int, selection: Selection
) -> None:
    plain = {**selection.plain, "every_nth": 1}
    all_of_them = select(rows, Selection.from_plain(plain), BERLIN)
    some = select(rows, Selection.from_plain({**plain, "every_nth": every_nth}), BERLIN)
    assert some == all_of_them[::every_nth]


@given(rows_of, st.integers(1, 4), st.sampled_from([BERLIN, KATHMANDU, HAVANA]))
def test_no_bucket_gives_more_than_it_may(rows: list[Candidate], most: int, zone: ZoneInfo) -> None:
    def hour(each: Candidate) -> object:
        shown = each.captured_at.astimezone(zone)
        return shown.date(), shown.hour, shown.fold

    def day(each: Candidate) -> object:
        return each.captured_at.astimezone(zone).date()

    cases: list[tuple[Selection, Callable[[Candidate], object], int]] = [
        (Selection(per_hour=most), hour, most),
        (Selection(per_day=most), day, most),
        (Selection(best_of=Bucket.HOUR), hour, 1),
        (Selection(best_of=Bucket.DAY), day, 1),
        (Selection(nearest_azimuth=90), day, 1),
    ]
    for selection, bucket, limit in cases:
        found = Counter(map(bucket, select(rows, selection, zone)))
        there = Counter(map(bucket, rows))
        if selection.nearest_azimuth is None:
            assert found == {key: min(limit, count) for key, count in there.items()}
        assert all(count <= limit for count in found.values())


@pytest.mark.parametrize(
    ("values", "error", "names"),
    [
        ({"every_nth": 0}, InvalidSettingError, "every_nth"),
        ({"last_images": 0}, InvalidSettingError, "last_images"),
        ({"last_hours": -1}, InvalidSettingError, "last_hours"),
        ({"per_hour": 0}, InvalidSettingError, "per_hour"),
        ({"without_alike": 65}, InvalidSettingError, "without_alike"),
        ({"without_dark": 256}, InvalidSettingError, "without_dark"),
        ({"nearest_elevation": 91}, InvalidSettingError, "nearest_elevation"),
        ({"time_from": time(1)}, InvalidSettingError, "time_to"),
        ({"time_to": time(1)}, InvalidSettingError, "time_from"),
        ({"time_from": time(1), "time_to": time(1)}, InvalidSettingError, "time_to"),
        ({"per_hour": 1, "best_of": Bucket.DAY}, FieldConflictError, "per_hour best_of"),
        ({"nearest_time": time(1), "per_day": 1}, FieldConflictError, "per_day nearest_time"),
    ],
)
def test_what_makes_no_sense_is_named(
    values: dict[str, Any], error: type[InvalidRequestError], names: str
) -> None:
    with pytest.raises(error) as caught:
        Selection(**values)
    assert all(name in caught.value.placeholders.values() for name in names.split())


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), (None, None)),
        (
            Selection(start=date(2026, 3, 29), end=date(2026, 3, 29)),
            (local("2026-03-29T00:00"), local("2026-03-30T00:00")),  # a day of 23 hours
        ),
        (
            Selection(start=datetime(2026, 6, 1, 8), end=datetime(2026, 6, 1, 9, tzinfo=UTC)),
            (local("2026-06-01T08:00"), local("2026-06-01T11:00")),
        ),
        (Selection(last_hours=1.5), (local("2026-06-01T10:30"), None)),
        (Selection(start=date(2026, 6, 1), last_hours=48), (local("2026-06-01T00:00"), None)),
        (Selection(start=date(2026, 5, 1), last_hours=1), (local("2026-06-01T11:00"), None)),
    ],
)
def test_range(selection: Selection, expected: tuple[datetime | None, datetime | None]) -> None:
    assert selection.range(BERLIN, local("2026-06-01T12:00")) == expected


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (date(2026, 6, 2), date(2026, 6, 1)),
        (datetime(2026, 6, 1, 9), datetime(2026, 6, 1, 9)),
    ],
)
def test_range_without_a_moment(start: date, end: date) -> None:
    with pytest.raises(InvalidSettingError) as caught:
        Selection(start=start, end=end).range(BERLIN, local("2026-06-01T12:00"))
    assert caught.value.placeholders["setting"] == "to"


@pytest.mark.parametrize(
    "selection",
    [
        Selection(),
        Selection((1, 2), date(2026, 1, 1), datetime(2026, 2, 1, 3, 4, tzinfo=UTC), 5, 0.5),
        Selection(time_from=time(22), time_to=time(6, 30), weekdays=tuple(Weekday), per_hour=4),
        Selection(nearest_elevation=-6.5, side=Side.SETTING, without_alike=3, without_dark=12.5),
        Selection(best_of=Bucket.HOUR, every_nth=7),
        Selection(nearest_time=time(12, 0, 30)),
    ],
)
def test_selection_is_stored(selection: Selection) -> None:
    assert Selection.from_plain(selection.plain) == selection


@pytest.mark.parametrize(
    "data",
    [
        {"unheard_of": 1},
        {"every_nth": "3"},
        {"every_nth": True},
        {"every_nth": 0},
        {"start": "yesterday"},
        {"start": 5},
        {"time_from": "25:00", "time_to": "26:00"},
        {"weekdays": ["funday"]},
        {"timelapse_ids": 3},
        {"timelapse_ids": ["x"]},
        {"best_of": "week"},
    ],
)
def test_stored_selection_that_nobody_stored(data: dict[str, Any]) -> None:
    with pytest.raises(InvalidSettingError):
        Selection.from_plain(data)


def test_many_images_take_little_time() -> None:
    rows = [
        each._replace(phash=each.id, luma=50.0)
        for each in every(HOUR / 60, "2026-01-01T00:00", 100_000)
    ]
    selection = Selection(
        time_from=time(6), time_to=time(20), without_dark=10, per_hour=30, without_alike=1
    )
    begun = perf_counter()
    assert select(rows, selection, BERLIN)
    assert perf_counter() - begun < 3  # far below a second on an idle machine
