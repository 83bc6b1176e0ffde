"""What each rule of retention lets go, and what it keeps."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from custom_components.timelapser.engine.errors import InvalidSettingError
from custom_components.timelapser.engine.images.retention import (
    NOTHING,
    Plan,
    Removal,
    Rule,
    Rules,
    plan,
    reach,
)
from custom_components.timelapser.engine.models.retention import (
    LibraryImage,
    LibraryTimelapse,
    LibraryVideo,
    ThinKeep,
)
from custom_components.timelapser.engine.settings import Level, RetentionSettings, resolve
from custom_components.timelapser.engine.settings.schema import check

ZONE = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 11, 24, 12, tzinfo=ZONE).astimezone(UTC)
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


def image(image_id: int, age: timedelta, **values: Any) -> LibraryImage:
    """An image of 100 bytes that is so old at noon."""
    captured_at = NOON - age
    found = LibraryImage(image_id, captured_at, captured_at.astimezone(ZONE).date(), 100)
    return replace(found, **values)


def timelapse(
    *images: LibraryImage, key: int = 1, camera: str = "cam", **values: Any
) -> LibraryTimelapse:
    """A timelapse with all that it has."""
    ordered = tuple(sorted(images, key=lambda image: image.captured_at))
    size = sum(image.byte_count for image in images)
    return replace(LibraryTimelapse(key, camera, size, protected=False, images=ordered), **values)


def gone(
    library: Sequence[LibraryTimelapse], settings: RetentionSettings = NOTHING, **values: Any
) -> dict[int, str]:
    """The images that go, with the rule."""
    rules = Rules(ZONE, {found.id: settings for found in library}, **values)
    return {removal.id: removal.rule.value for removal in plan(library, rules, NOON).images}


def test_defaults_keep_everything_but_quarantine_and_automatic_videos() -> None:
    settings = resolve({}).settings.retention
    videos = tuple(LibraryVideo(number, NOON + number * DAY, 7) for number in range(9))
    library = [
        timelapse(
            image(1, 4000 * DAY),
            image(2, 8 * DAY, quarantined=True),
            image(3, 6 * DAY, quarantined=True),
            image(4, 9 * DAY, luma=0.0, phash=0),
            automatic_videos=videos,
        )
    ]
    found = plan(library, Rules(ZONE, {1: settings}), NOON)
    assert [removal.id for removal in found.images] == [2]
    assert [removal.id for removal in found.videos] == [0, 1]
    assert found.byte_count == 114
    assert plan(library, Rules(ZONE), NOON) == Plan()


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ({"images": 3}, {1: "age", 2: "age"}),
        ({"images": 4}, {}),
        ({"quarantine": 3}, {2: "quarantine"}),
        ({"quarantine": 3, "images": 3}, {1: "age", 2: "quarantine"}),
        ({"quarantine": 4}, {}),
        ({}, {}),
    ],
)
def test_age(settings: dict[str, Any], expected: dict[int, str]) -> None:
    """To the second, and by each rule of its own."""
    old, young = 3 * DAY + timedelta(seconds=1), 3 * DAY
    library = [
        timelapse(
            image(1, old),
            image(2, old, quarantined=True),
            image(3, young),
            image(4, young, quarantined=True),
        )
    ]
    assert gone(library, replace(NOTHING, **settings)) == expected


def test_one_an_hour_then_one_a_day() -> None:
    # Every 20 minutes of three days: of yesterday, all stay.
    ages = [number * 20 * MINUTE for number in range(3 * 72)]
    library = [timelapse(*(image(number, age) for number, age in enumerate(ages)))]
    settings = replace(NOTHING, hourly_after=1, daily_after=2)
    found = gone(library, settings)
    left = [image for image in library[0].images if image.id not in found]
    local = [image.captured_at.astimezone(ZONE) for image in left]
    by_day = {day: [t for t in local if t.day == day] for day in (21, 22, 23, 24)}
    assert [moment.hour for moment in by_day[21]] == [12]
    assert [(moment.hour, moment.minute) for moment in by_day[22]] == [(h, 0) for h in range(24)]
    assert (len(by_day[23]), len(by_day[24])) == (72, 37)


@pytest.mark.parametrize(
    ("keep", "expected"),
    [
        ({"keep_time": time(12)}, 4),
        ({"keep_time": time(0)}, 1),
        ({"keep_time": time(23, 59)}, 8),
        ({"keep_time": time(7, 29)}, 2),
        ({"keep_time": time(7, 31)}, 3),
        # As near to one as to the other: the older one.
        ({"keep_time": time(7, 30)}, 2),
        ({"keep": ThinKeep.MORNING_SUN, "keep_elevation": 12.0}, 3),
        ({"keep": ThinKeep.EVENING_SUN, "keep_elevation": 11.0}, 6),
        ({"keep": ThinKeep.EVENING_SUN, "keep_elevation": -6.0}, 7),
        ({"keep": ThinKeep.MORNING_SUN, "keep_elevation": 90.0}, 4),
    ],
)
def test_the_image_of_a_day(keep: dict[str, Any], expected: int) -> None:
    """An image whose sun is not known stands behind all others."""
    sky = {7: (2, 3.0, 120.0), 8: (3, 11.0, 133.0), 11: (4, 17.0, 178.0)}
    sky |= {14: (5, 14.0, 210.0), 15: (6, 10.0, 220.0), 17: (7, -5.0, 245.0)}
    day = NOON - 5 * DAY
    found = [
        image(1, NOON - day + 8 * HOUR),
        image(8, NOON - day - 7 * HOUR),
        *(
            image(key, NOON - day + (12 - hour) * HOUR, sun_elevation=height, sun_azimuth=azimuth)
            for hour, (key, height, azimuth) in sky.items()
        ),
    ]
    left = {one.id for one in found} - gone(
        [timelapse(*found)], replace(NOTHING, daily_after=2, **keep)
    ).keys()
    assert left == {expected}


def test_sun_that_is_not_known_is_decided_by_the_clock() -> None:
    found = [image(hour, 5 * DAY + (12 - hour) * HOUR) for hour in range(6, 18)]
    settings = replace(NOTHING, daily_after=1, keep=ThinKeep.MORNING_SUN, keep_time=time(9))
    left = {one.id for one in found} - gone([timelapse(*found)], settings).keys()
    assert left == {9}


def test_the_hour_that_comes_twice_keeps_two() -> None:
    """On 25 October 2026, clocks are set back from three to two."""
    two = datetime(2026, 10, 25, 0, tzinfo=UTC)
    found = [image(number, NOON - two - number * 30 * MINUTE) for number in range(4)]
    assert gone([timelapse(*found)], replace(NOTHING, hourly_after=1)) == {
        1: "hourly",
        3: "hourly",
    }


@pytest.mark.parametrize(
    ("lumas", "expected"),
    [
        ([50.0, 9.9, 10.0, 5.0], {1, 3}),
        # Never the only image of an hour: the brightest stays.
        ([1.0, 3.0, 2.0, 3.0], {0, 2, 3}),
        ([None, 5.0, None, None], {1}),
        ([60.0, 60.0, 60.0, 60.0], set()),
    ],
)
def test_dark_ones(lumas: list[float | None], expected: set[int]) -> None:
    old = [image(n, 3 * DAY - n * MINUTE, luma=luma) for n, luma in enumerate(lumas)]
    young = [image(n + 10, DAY - n * MINUTE, luma=luma) for n, luma in enumerate(lumas)]
    found = gone([timelapse(*old, *young)], replace(NOTHING, drop_dark=10, drop_after=2))
    assert found == dict.fromkeys(expected, "dark")


@pytest.mark.parametrize(
    ("hashes", "expected"),
    [
        ([0, 1, 3, 7, 15], {1, 2, 4}),  # each against the last one that stays: two bits are alike
        ([0, 0, 0, 0], {1, 2, 3}),
        ([0, None, 0, 0], {3}),
        ([0, (1 << 64) - 1, 0], set()),
    ],
)
def test_near_duplicates(hashes: list[int | None], expected: set[int]) -> None:
    old = [image(n, 3 * DAY - n * MINUTE, phash=found) for n, found in enumerate(hashes)]
    young = [image(n + 10, DAY - n * MINUTE, phash=0) for n in range(3)]
    library = [timelapse(*old, *young)]
    found = gone(library, replace(NOTHING, drop_alike=2, drop_after=2))
    assert found == dict.fromkeys(expected, "alike")


def test_near_duplicates_leave_one_an_hour() -> None:
    found = [image(n, 5 * DAY - n * 20 * MINUTE, phash=0) for n in range(12)]
    settings = replace(NOTHING, drop_alike=5, drop_after=1)
    assert {0, 3, 6, 9} == {one.id for one in found} - gone([timelapse(*found)], settings).keys()


@pytest.mark.parametrize(
    ("quotas", "expected"),
    [
        ({"camera_quotas": {"a": 300.0}}, {}),
        ({"camera_quotas": {"a": 299.0}}, {1: "camera_quota"}),
        ({"camera_quotas": {"a": 100.0, "b": 300.0}}, {1: "camera_quota", 3: "camera_quota"}),
        ({"camera_quotas": {"c": 0.0}}, {}),
        ({"storage_quota": 600.0}, {}),
        ({"storage_quota": 401.0}, {1: "storage_quota", 2: "storage_quota"}),
        (
            {"camera_quotas": {"b": 100.0}, "storage_quota": 300.0},
            {2: "camera_quota", 4: "camera_quota", 1: "storage_quota"},
        ),
        ({"storage_quota": 0.0}, dict.fromkeys(range(1, 7), "storage_quota")),
    ],
)
def test_quotas_take_the_oldest(quotas: dict[str, Any], expected: dict[int, str]) -> None:
    library = [
        timelapse(image(1, 6 * DAY), image(3, 4 * DAY), image(5, 2 * DAY), key=1, camera="a"),
        timelapse(image(2, 5 * DAY), image(4, 3 * DAY), image(6, DAY), key=2, camera="b"),
    ]
    assert gone(library, **quotas) == expected


def test_quota_counts_what_other_rules_have_freed_and_what_is_protected() -> None:
    library = [
        timelapse(image(1, 9 * DAY), image(2, 2 * DAY), image(3, DAY), key=1),
        timelapse(image(4, 8 * DAY), image(5, 7 * DAY), key=2, protected=True),
    ]
    settings = replace(NOTHING, images=5)
    assert gone(library, settings, camera_quotas={"cam": 400.0}) == {1: "age"}
    assert gone(library, settings, camera_quotas={"cam": 300.0}) == {1: "age", 2: "camera_quota"}
    assert gone(library, settings, camera_quotas={"cam": 0.0}).keys() == {1, 2, 3}


def test_plan_of_a_camera_is_its_part_of_the_whole() -> None:
    library = [
        timelapse(image(1, 6 * DAY), key=1, camera="a"),
        timelapse(image(2, 5 * DAY), key=2, camera="b"),
    ]
    found = plan(library, Rules(storage_quota=0.0), NOON)
    assert found.of_camera("b") == Plan(
        (Removal(Rule.STORAGE_QUOTA, "b", 2, 2, NOON - 5 * DAY, 100),)
    )
    assert found.of_camera("c") == Plan()


@pytest.mark.parametrize(
    ("settings", "days"),
    [
        ({}, None),
        ({"quarantine": 2, "drop_after": 1}, None),
        ({"images": 30}, 29),
        ({"images": 30, "hourly_after": 7}, 6),
        ({"daily_after": 1}, 0),
        ({"drop_alike": 3, "drop_after": 4, "images": 9}, 3),
        ({"drop_dark": 3, "drop_after": 4}, 3),
    ],
)
def test_no_more_is_read_than_rules_reach(settings: dict[str, Any], days: int | None) -> None:
    expected = None if days is None else NOON - days * DAY
    assert reach(replace(NOTHING, **settings), NOON) == expected


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("image_retention", -1),
        ("image_retention", 1.5),
        ("camera_quota", "much"),
        ("drop_alike", 64),
        ("drop_dark", 256),
        ("drop_after", 0),
        ("thin_keep", "noon"),
        ("thin_time", "25:00"),
        ("thin_elevation", 91),
        ("purge_at", "night"),
        ("keep_automatic", True),
    ],
)
def test_bad_settings(name: str, value: object) -> None:
    with pytest.raises(InvalidSettingError, match=name):
        check(name, value)


def test_a_timelapse_has_rules_of_its_own() -> None:
    levels: dict[Level, dict[str, object]] = {
        Level.HUB: {"image_retention": 30, "thin_keep": "morning_sun"},
        Level.CAMERA: {"image_retention": 10},
        Level.TIMELAPSE: {"image_retention": 0, "quarantine_retention": 1},
    }
    found = resolve(levels).settings.retention
    assert (found.images, found.quarantine, found.keep) == (0, 1, ThinKeep.MORNING_SUN)
