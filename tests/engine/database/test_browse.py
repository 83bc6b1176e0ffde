"""What a media browser asks for, however much there is."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection, event
from sqlalchemy import Engine as SqlEngine

from custom_components.timelapser.engine.database.browse_operations import (
    Album,
    BrowseOperations,
    Contents,
)
from custom_components.timelapser.engine.database.search_operations import (
    SearchOperations,
    Within,
)
from custom_components.timelapser.engine.errors import NotFoundError
from tests.engine.conftest import BEGIN, ZONE, Engine
from tests.filling import add_video, every, fill

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
TODAY = date(2026, 11, 24)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=ZONE)


def browse(engine: Engine) -> BrowseOperations:
    return BrowseOperations(engine.database)


async def everything(
    engine: Engine, album: Album, contents: Contents, depth: int = 0
) -> list[datetime]:
    """All that can be reached from a folder."""
    assert sum(period.image_count for period in contents.periods) in {0, contents.image_count}
    found = [image.captured_at for image in contents.images]
    for period in contents.periods:
        inside = await browse(engine).period(album, period.begin, contents.step)
        assert inside.image_count == period.image_count
        found += await everything(engine, album, inside, depth + 1)
    assert depth < 4
    return found


async def test_days(either: Engine) -> None:
    timelapse = await either.timelapse()
    await fill(either.database, timelapse, ZONE, every(4 * HOUR, MIDNIGHT, 12))
    await fill(either.database, timelapse, ZONE, [MIDNIGHT + 13 * HOUR], ["truncated"])
    kept, aside = [
        await browse(either).days(Album(timelapse.id, quarantined), ZONE)
        for quarantined in (False, True)
    ]
    assert [(day.day.day, day.image_count) for day in kept] == [(25, 6), (24, 6)]
    assert [(day.day.day, day.image_count) for day in aside] == [(24, 1)]
    shown = [await either.image_rows.get(day.sample_id) for day in (*kept, *aside)]
    assert [image.captured_at.astimezone(ZONE).hour for image in shown] == [12, 12, 13]
    assert [image.quarantined for image in shown] == [False, False, True]


@pytest.mark.parametrize("hour", [0, 11, 23])
async def test_day_with_one_image_shows_it(either: Engine, hour: int) -> None:
    timelapse = await either.timelapse()
    await fill(either.database, timelapse, ZONE, [MIDNIGHT + hour * HOUR])
    (day,) = await browse(either).days(Album(timelapse.id), ZONE)
    (image,) = await either.image_rows.find(timelapse_id=timelapse.id)
    assert day.sample_id == image.id


async def test_images_without_files_are_left_out(either: Engine) -> None:
    timelapse = await either.timelapse()
    await fill(either.database, timelapse, ZONE, every(HOUR, MIDNIGHT, 3))
    await fill(either.database, timelapse, ZONE, every(HOUR, MIDNIGHT + 3 * HOUR, 3), missing=True)
    yesterday = every(HOUR, MIDNIGHT - 3 * HOUR, 3)
    await fill(either.database, timelapse, ZONE, yesterday, missing=True)
    (day,) = await browse(either).days(Album(timelapse.id), ZONE)
    assert day.day == TODAY
    contents = await browse(either).day(Album(timelapse.id), TODAY, ZONE)
    assert (contents.image_count, len(contents.images)) == (3, 3)
    found = await browse(either).newest([timelapse.id], quarantined=False, between=None, limit=9)
    assert len(found) == 3


async def test_few_images_are_shown_at_once(either: Engine) -> None:
    timelapse = await either.timelapse()
    moments = every(MINUTE, MIDNIGHT, 200)
    await fill(either.database, timelapse, ZONE, moments)
    album = Album(timelapse.id)
    contents = await browse(either).day(album, TODAY, ZONE)
    assert [image.captured_at for image in contents.images] == moments[::-1]
    await fill(either.database, timelapse, ZONE, [MIDNIGHT + 5 * HOUR])
    contents = await browse(either).day(album, TODAY, ZONE)
    assert contents.images == ()
    assert [
        (period.begin.astimezone(ZONE).hour, period.image_count) for period in contents.periods
    ] == [(5, 1), (3, 20), (2, 60), (1, 60), (0, 60)]


async def test_nothing_is_lost_on_the_way_down(either: Engine) -> None:
    timelapse = await either.timelapse()
    moments = [*every(SECOND, MIDNIGHT + 2 * HOUR, 2000), *every(MINUTE, MIDNIGHT + 9 * HOUR, 90)]
    await fill(either.database, timelapse, ZONE, moments)
    await fill(either.database, timelapse, ZONE, [MIDNIGHT + 3 * HOUR], ["frozen"])
    album = Album(timelapse.id)
    day = await browse(either).day(album, TODAY, ZONE)
    assert (day.image_count, day.step) == (2090, HOUR)
    found = await everything(either, album, day)
    assert found == sorted(moments, reverse=True)


async def test_minute_is_never_cut_but_never_endless(either: Engine) -> None:
    timelapse = await either.timelapse()
    moments = every(timedelta(milliseconds=100), MIDNIGHT, 600)
    await fill(either.database, timelapse, ZONE, moments)
    contents = await browse(either).period(Album(timelapse.id), MIDNIGHT, MINUTE)
    assert (contents.image_count, len(contents.images)) == (600, 500)


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Berlin", date(2026, 3, 29), 23),
        ("Europe/Berlin", date(2026, 10, 25), 25),
        ("Asia/Kolkata", date(2026, 10, 25), 24),
        ("Asia/Kathmandu", date(2026, 10, 25), 24),
        ("America/St_Johns", date(2026, 10, 25), 24),
    ],
)
async def test_hours_are_those_of_the_local_clock(
    engine: Engine, zone: str, day: date, hours: int
) -> None:
    info = ZoneInfo(zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=info).astimezone(UTC)
    timelapse = await engine.timelapse()
    moments = every(5 * MINUTE, midnight - 2 * HOUR, 12 * (hours + 4))
    await fill(engine.database, timelapse, info, moments)
    contents = await browse(engine).day(Album(timelapse.id), day, info)
    assert [period.image_count for period in contents.periods] == [12] * hours
    begins = [period.begin for period in contents.periods]
    assert {begin.astimezone(info).minute for begin in begins} == {0}
    assert all(later - earlier == HOUR for later, earlier in pairwise(begins))
    assert begins[-1] == midnight


async def test_time_zone_that_changed_hides_nothing(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    moments = every(5 * MINUTE, MIDNIGHT, 288)
    await fill(engine.database, timelapse, ZONE, moments)
    now = ZoneInfo("Pacific/Auckland")
    (day,) = await browse(engine).days(Album(timelapse.id), now)
    contents = await browse(engine).day(Album(timelapse.id), day.day, now)
    found = await everything(engine, Album(timelapse.id), contents)
    assert sorted(found) == moments


async def test_newest_of_some(either: Engine) -> None:
    first = await either.timelapse("one")
    second = await either.timelapse("two")
    for timelapse in (first, second):
        await fill(either.database, timelapse, ZONE, every(2 * HOUR, MIDNIGHT, 20))
    await fill(either.database, first, ZONE, [MIDNIGHT + HOUR], ["black", "tiny_file"])
    both, between = [first.id, second.id], (MIDNIGHT, MIDNIGHT + 24 * HOUR)
    found = await browse(either).newest(both, quarantined=False, between=between, limit=5)
    assert [image.captured_at.astimezone(ZONE).hour for image in found] == [22, 22, 20, 20, 18]
    (aside,) = await browse(either).newest(both, quarantined=True, between=None, limit=5)
    assert (aside.timelapse_id, aside.reasons) == (first.id, ("black", "tiny_file"))
    assert await browse(either).newest([], quarantined=False, between=None, limit=5) == []


async def test_search(either: Engine) -> None:
    search = SearchOperations(either.database)
    await either.cameras.ensure("one", "Gärten", "one")
    await either.cameras.ensure("two", "Straße", "two")
    spring = await either.timelapses.create("one", "Frühling", {}, BEGIN)
    summer = await either.timelapses.create("two", "Sommer", {}, BEGIN)
    await fill(either.database, spring, ZONE, every(HOUR, MIDNIGHT, 30))
    await fill(either.database, summer, ZONE, [MIDNIGHT + 25 * HOUR], ["frozen"])
    for day in range(3):
        at = MIDNIGHT + day * 24 * HOUR
        await add_video(either.database, spring, at, f"videos/{day}.mp4")

    found = await search.timelapses(Within())
    assert [(entry.id, entry.camera_name, entry.name) for entry in found] == [
        (summer.id, "Straße", "Sommer"),
        (spring.id, "Gärten", "Frühling"),
    ]
    assert (found[1].image_count, found[1].video_count) == (30, 3)
    folded = await search.timelapses(Within(), lambda entry: "strasse" in entry.names.casefold())
    assert [entry.id for entry in folded] == [summer.id]
    assert [entry.id for entry in await search.timelapses(Within("one"))] == [spring.id]
    assert len(await search.timelapses(Within(), limit=1)) == 1

    of_day = await search.timelapses(Within(), day=(date(2026, 11, 25), ZONE))
    assert [(entry.id, entry.image_count, entry.quarantine_count) for entry in of_day] == [
        (summer.id, 0, 1),
        (spring.id, 6, 0),
    ]
    assert [entry.sample_id is None for entry in of_day] == [True, False]
    assert await search.timelapses(Within(), day=(date(2020, 1, 1), ZONE)) == []

    videos = await search.videos(Within())
    assert [video.id for video in videos] == sorted((v.id for v in videos), reverse=True)
    assert {(video.camera_name, video.name) for video in videos} == {("Gärten", "Frühling")}
    between = (MIDNIGHT + 24 * HOUR, MIDNIGHT + 48 * HOUR)
    assert [video.created_at for video in await search.videos(Within(), between=between)] == [
        between[0]
    ]
    assert await search.videos(Within(timelapse_id=summer.id)) == []
    assert len(await search.videos(Within(), limit=2)) == 2

    assert (await search.timelapse(spring.id)).name == "Frühling"
    with pytest.raises(NotFoundError):
        await search.timelapse(99)


@contextmanager
def statements() -> Iterator[list[tuple[str, tuple[object, ...]]]]:
    """What is asked of the databases meanwhile."""
    asked: list[tuple[str, tuple[object, ...]]] = []

    def remember(*call: object) -> None:
        statement, parameters = call[2:4]
        assert isinstance(statement, str)
        assert isinstance(parameters, tuple)
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(SqlEngine, "before_cursor_execute", remember)
    try:
        yield asked
    finally:
        event.remove(SqlEngine, "before_cursor_execute", remember)


async def test_no_table_is_read_from_end_to_end(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    await fill(engine.database, timelapse, ZONE, every(MINUTE, MIDNIGHT, 3000))
    album, part = Album(timelapse.id), Album(timelapse.id, quarantined=True)
    with statements() as asked:
        await browse(engine).days(album, ZONE)
        await browse(engine).days(part, ZONE)
        await browse(engine).day(album, TODAY, ZONE)
        await browse(engine).period(album, MIDNIGHT, HOUR)
        await browse(engine).newest([timelapse.id], quarantined=True, between=None, limit=9)
        await SearchOperations(engine.database).timelapses(Within(), day=(TODAY, ZONE))
        await SearchOperations(engine.database).timelapse(timelapse.id)
    assert len(asked) == 8  # the period as one that may be cut, then its images
    for statement, parameters in asked:
        query = f"EXPLAIN QUERY PLAN {statement}"
        plan = await engine.database.read(partial(_run, query, parameters))
        assert plan
        assert not [step for step in plan if step.startswith("SCAN")]


def _run(query: str, parameters: tuple[object, ...], connection: Connection) -> list[str]:
    return [str(step[3]) for step in connection.exec_driver_sql(query, parameters)]
