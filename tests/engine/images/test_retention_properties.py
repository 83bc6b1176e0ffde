"""What holds for every library and all rules."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from math import inf
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from custom_components.timelapser.engine.images.retention import (
    NOTHING,
    Plan,
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
from custom_components.timelapser.engine.settings import RetentionSettings

ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 10, 28, 12, tzinfo=UTC)  # three days after clocks were set back
DAY = timedelta(days=1)

days = st.sampled_from([0, 0, 1, 2, 4])
rule_settings = st.builds(
    RetentionSettings,
    images=st.sampled_from([0, 0, 3, 6]),
    quarantine=days,
    hourly_after=days,
    daily_after=days,
    keep=st.sampled_from(ThinKeep),
    keep_time=st.times().map(lambda clock: clock.replace(microsecond=0)),
    keep_elevation=st.floats(-18, 90),
    drop_after=st.integers(1, 3),
    drop_alike=st.sampled_from([0, 1, 3]),
    drop_dark=st.sampled_from([0, 40]),
    automatic_videos=st.integers(0, 3),
)
quotas = st.just(inf) | st.integers(0, 20_000).map(float)
unknown = st.none()
images = st.builds(
    LibraryImage,
    id=st.just(0),
    # Dense enough for several images in an hour.
    captured_at=st.integers(0, 8 * 24 * 6).map(lambda tens: NOW - tens * timedelta(minutes=10)),
    local_day=st.just(NOW.date()),
    byte_count=st.integers(0, 1000),
    quarantined=st.sampled_from([False, False, False, True]),
    luma=unknown | st.floats(0, 255),
    phash=unknown | st.integers(0, 7),
    sun_elevation=unknown | st.floats(-30, 60),
    sun_azimuth=unknown | st.floats(0, 360),
)


@st.composite
def libraries(draw: st.DrawFn) -> list[LibraryTimelapse]:
    found = []
    for key in range(draw(st.integers(1, 4))):
        drawn = draw(st.lists(images, max_size=60, unique_by=lambda image: image.captured_at))
        ordered = sorted(drawn, key=lambda image: image.captured_at)
        own = tuple(
            replace(
                image,
                id=1000 * key + number,
                local_day=image.captured_at.astimezone(ZONE).date(),
            )
            for number, image in enumerate(ordered)
        )
        found.append(
            LibraryTimelapse(
                key,
                draw(st.sampled_from(["a", "b"])),
                sum(image.byte_count for image in own),
                draw(st.sampled_from([False, False, True])),
                own,
                tuple(
                    LibraryVideo(1000 * key + number, NOW - DAY, 5)
                    for number in range(draw(st.integers(0, 4)))
                ),
            )
        )
    return found


@st.composite
def rules(draw: st.DrawFn) -> Rules:
    return Rules(
        ZONE,
        {key: draw(rule_settings) for key in range(4)},
        {"a": draw(quotas), "b": draw(quotas)},
        draw(quotas),
    )


def after(library: Sequence[LibraryTimelapse], found: Plan) -> list[LibraryTimelapse]:
    """The library when a plan is carried out."""
    gone = {removal.id for removal in found.images}
    videos = {removal.id for removal in found.videos}
    left = []
    for timelapse in library:
        own = tuple(image for image in timelapse.images if image.id not in gone)
        kept = tuple(video for video in timelapse.automatic_videos if video.id not in videos)
        size = sum(image.byte_count for image in own)
        left.append(replace(timelapse, images=own, byte_count=size, automatic_videos=kept))
    return left


@given(libraries(), rules())
@settings(max_examples=300, deadline=None)
def test_plan(library: list[LibraryTimelapse], found: Rules) -> None:
    planned = plan(library, found, NOW)
    names_what_is_there(library, planned)
    takes_the_oldest_for_quotas(library, planned)
    reaches_quotas(after(library, planned), found)
    # A second run finds nothing to do.
    assert plan(after(library, planned), found, NOW) == Plan()


def names_what_is_there(library: Sequence[LibraryTimelapse], planned: Plan) -> None:
    there = {
        image.id: (timelapse, image)
        for timelapse in library
        if not timelapse.protected
        for image in timelapse.images
    }
    for removal in planned.images:
        timelapse, image = there.pop(removal.id)  # each once, and none that is protected
        assert (removal.timelapse_id, removal.camera_id) == (timelapse.id, timelapse.camera_id)
        assert (removal.moment, removal.byte_count) == (image.captured_at, image.byte_count)
        if removal.rule is Rule.QUARANTINE:
            assert image.quarantined
        if removal.rule in {Rule.DARK, Rule.ALIKE, Rule.HOURLY, Rule.DAILY}:
            assert not image.quarantined
    moments = [removal.moment for removal in planned.images]
    assert moments == sorted(moments)


def takes_the_oldest_for_quotas(library: Sequence[LibraryTimelapse], planned: Plan) -> None:
    """Nothing that is younger goes while something older of the camera could."""
    gone = {removal.id for removal in planned.images}
    for camera in ("a", "b"):
        last = max(
            (
                removal.moment
                for removal in planned.images
                if removal.rule is Rule.CAMERA_QUOTA and removal.camera_id == camera
            ),
            default=None,
        )
        for timelapse in library:
            if last and timelapse.camera_id == camera and not timelapse.protected:
                older = {image.id for image in timelapse.images if image.captured_at < last}
                assert older <= gone


def reaches_quotas(left: Sequence[LibraryTimelapse], found: Rules) -> None:
    """Or there is nothing left that could go."""
    used: defaultdict[str, int] = defaultdict(int)
    free: defaultdict[str, int] = defaultdict(int)
    for timelapse in left:
        used[timelapse.camera_id] += timelapse.byte_count
        free[timelapse.camera_id] += 0 if timelapse.protected else len(timelapse.images)
    for camera, quota in found.camera_quotas.items():
        assert used[camera] <= quota or not free[camera]
    assert sum(used.values()) <= found.storage_quota or not sum(free.values())


@given(libraries(), rule_settings)
@settings(max_examples=200, deadline=None)
def test_thinning_keeps_one_of_each(
    library: list[LibraryTimelapse], own: RetentionSettings
) -> None:
    """One an hour, then one a day: neither more, nor less than was there."""
    thinning = replace(own, images=0, quarantine=0, hourly_after=1, daily_after=3)
    found = Rules(ZONE, {timelapse.id: thinning for timelapse in library})
    today = NOW.astimezone(ZONE).date()
    pairs = zip(library, after(library, plan(library, found, NOW)), strict=True)
    for before, left in pairs:
        for age in range(9):
            day = today - age * DAY
            had, has = (
                [i for i in images if i.local_day == day and not i.quarantined]
                for images in (before.images, left.images)
            )
            if before.protected or age <= 1:
                assert has == had
            elif age > 3:
                assert len(has) == bool(had)
            elif age > 1:
                assert sorted(hours(has)) == sorted(set(hours(had)))


def hours(some: Sequence[LibraryImage]) -> list[datetime]:
    return [image.captured_at.replace(minute=0) for image in some]


@given(libraries(), rules(), st.lists(st.integers(1, 30), min_size=1, max_size=6))
@settings(max_examples=100, deadline=None)
def test_what_was_chosen_once_stays_chosen(
    library: list[LibraryTimelapse], found: Rules, steps: list[int]
) -> None:
    """Purged again and again as time goes on: what is alone of its day is never replaced."""
    thinning = {
        key: replace(NOTHING, hourly_after=1, daily_after=3, keep=own.keep, keep_time=time(12))
        for key, own in found.timelapses.items()
    }
    by_time = Rules(ZONE, thinning)
    now, left = NOW - 4 * DAY, library
    for step in steps:
        now += step * timedelta(hours=1)
        planned = plan(left, by_time, now)
        left = after(left, planned)
        assert plan(left, by_time, now) == Plan()
        # A day that has one image keeps it for ever.
        single = {
            image.id
            for timelapse in left
            for image in timelapse.images
            if not image.quarantined and of_day(timelapse, image) == 1
        }
        much_later = plan(left, by_time, now + 400 * DAY)
        assert single.isdisjoint({removal.id for removal in much_later.images})


def of_day(timelapse: LibraryTimelapse, image: LibraryImage) -> int:
    return sum(
        other.local_day == image.local_day and not other.quarantined for other in timelapse.images
    )


@given(libraries(), rules())
@settings(max_examples=200, deadline=None)
def test_nothing_that_is_not_read_would_go(library: list[LibraryTimelapse], found: Rules) -> None:
    """`reach` spares the database: what is younger than it says no rule of time ever takes."""
    by_time = replace(found, camera_quotas={}, storage_quota=inf)
    for removal in plan(library, by_time, NOW).images:
        limit = reach(by_time.timelapses[removal.timelapse_id], NOW)
        assert removal.rule is Rule.QUARANTINE or (limit and removal.moment < limit)
