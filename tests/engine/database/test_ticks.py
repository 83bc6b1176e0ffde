"""Ticks: runs of the same skip are one row, and none is entered twice or lost."""

from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from custom_components.timelapser.engine.database.config import DatabaseConfig
from custom_components.timelapser.engine.database.migrations import migrate
from custom_components.timelapser.engine.database.pool_manager import Lane, PoolManager
from custom_components.timelapser.engine.database.statistics_operations import (
    Scope,
    StatisticsOperations,
)
from custom_components.timelapser.engine.database.tables import EPOCH
from custom_components.timelapser.engine.database.tick_operations import Misses, TickOperations
from custom_components.timelapser.engine.database.verify_operations import VerifyOperations
from custom_components.timelapser.engine.images.files import Storage
from custom_components.timelapser.engine.images.spool import Entry, Spool
from custom_components.timelapser.engine.models import (
    SkipReason,
    Tick,
    TickOutcome,
    Timelapse,
)
from tests.engine.conftest import BEGIN, Engine, open_engine
from tests.engine.database.test_operations import new_image

MINUTE = timedelta(minutes=1)
EVER = 1000
EVERYBODY = Scope()

CAPTURED, FAILED, SKIPPED = TickOutcome.CAPTURED, TickOutcome.FAILED, TickOutcome.SKIPPED

# At midnight in UTC, the day of these tests is over.
MIDNIGHT = 16 * 60


def tick(timelapse: Timelapse, minute: int, what: str, count: int = 1) -> Tick:
    """The tick of a minute, or so many of them; `what` is an outcome, or the reason of a skip."""
    moment, last = (BEGIN + number * MINUTE for number in (minute, minute + count - 1))
    outcome, reason = (SKIPPED, what) if what in SkipReason else (TickOutcome(what), None)
    return Tick(
        *(timelapse.camera_id, timelapse.id, moment, moment.date(), outcome),
        "timeout" if outcome is FAILED else reason,
        last if count > 1 else None,
        count,
    )


async def enter(engine: Engine, entered: Tick, hour: int = 0) -> None:
    if entered.outcome is CAPTURED:
        new = replace(new_image(entered.timelapse_id, hour), captured_at=entered.planned_at)
        new = replace(new, camera_id=entered.camera_id, local_day=entered.local_day)
        await engine.image_rows.record(new, entered)
    else:
        await engine.image_rows.record_miss(entered)


async def rows(engine: Engine, scope: Scope = EVERYBODY) -> list[str]:
    """The rows without an image, the oldest first: their minutes, how many ticks, and why."""
    gaps = await TickOperations(engine.database).gaps(scope, EPOCH, EVER)
    return [
        f"{minute(gap.planned_at)}-{minute(gap.last_at or gap.planned_at)} {gap.count} {gap.reason}"
        for gap in gaps[::-1]
    ]


def minute(moment: datetime) -> int:
    return (moment - BEGIN) // MINUTE


async def consistent(engine: Engine) -> bool:
    return await VerifyOperations(engine.database).verify(repair=False) == []


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [
        ([(0, "offline"), (1, "offline"), (2, "offline")], ["0-2 3 offline"]),
        ([(0, "offline"), (1, "gate")], ["0-0 1 offline", "1-1 1 gate"]),
        ([(0, "offline"), (1, "captured"), (2, "offline")], ["0-0 1 offline", "2-2 1 offline"]),
        ([(0, "offline"), (1, "failed")], ["0-0 1 offline", "1-1 1 timeout"]),
        # Failures are counted one by one.
        ([(0, "failed"), (1, "failed")], ["0-0 1 timeout", "1-1 1 timeout"]),
        ([(MIDNIGHT - 1, "disk"), (MIDNIGHT, "disk")], ["959-959 1 disk", "960-960 1 disk"]),
    ],
)
async def test_runs_of_the_same_skip_are_one_row(
    either: Engine, ticks: list[tuple[int, str]], expected: list[str]
) -> None:
    timelapse = await either.timelapse()
    for number, what in ticks:
        await enter(either, tick(timelapse, number, what))
    assert await rows(either) == expected
    assert await consistent(either)
    statistics = await StatisticsOperations(either.database).days(Scope())
    wanted = sum(what == "gate" for _, what in ticks)
    assert sum(day.planned for day in statistics) == len(ticks) - wanted


async def test_runs_of_many_go_on_with_runs_of_many(either: Engine) -> None:
    timelapse = await either.timelapse()
    for number, count in ((0, 60), (60, 60), (120, 1), (121, 3)):
        await enter(either, tick(timelapse, number, "stopped", count))
    assert await rows(either) == ["0-123 124 stopped"]
    assert await consistent(either)
    assert (await either.timelapses.get(timelapse.id)).skipped_count == 124


async def test_runs_of_two_timelapses_are_apart(engine: Engine) -> None:
    for number in range(3):
        for camera in ("one", "two"):
            timelapse = await engine.timelapses.unfinished(camera) if number else None
            entered = tick(timelapse or await engine.timelapse(camera), number, "offline")
            await enter(engine, entered)
    assert await rows(engine) == ["0-2 3 offline"] * 2
    assert await consistent(engine)


@pytest.mark.parametrize(
    ("ticks", "expected"),
    [
        ([], None),
        ([(0, "captured", 1)], 0),
        ([(0, "captured", 1), (1, "failed", 1)], 1),
        ([(0, "captured", 1), (1, "stopped", 30)], 30),
        ([(0, "offline", 1), (1, "offline", 1), (2, "offline", 1)], 2),
        # A capture that takes long is entered after the ticks that found it running.
        ([(1, "busy", 1), (0, "captured", 1)], 1),
        ([(0, "captured", 1), (1, "busy", 1), (3, "busy", 1), (2, "captured", 1)], 3),
        ([(1, "busy", 1), (0, "captured", 1), (3, "busy", 1), (2, "captured", 1)], 3),
    ],
)
async def test_last_moment_that_is_known(
    engine: Engine, ticks: list[tuple[int, str, int]], expected: int | None
) -> None:
    """The ledger begins there: what it overlooks is entered again as a stop."""
    timelapse = await engine.timelapse()
    for hour, (number, what, count) in enumerate(ticks):
        await enter(engine, tick(timelapse, number, what, count), hour)
    last = await TickOperations(engine.database).last(timelapse.id)
    assert (None if last is None else minute(last)) == expected


async def test_a_row_holds_no_tick_that_gave_an_image(engine: Engine) -> None:
    """A camera that takes longer than its interval, for which every second tick is skipped."""
    timelapse = await engine.timelapse()
    for number in range(0, 20, 2):
        await enter(engine, tick(timelapse, number + 1, "busy"))
        await enter(engine, tick(timelapse, number, "captured"), number)
    for gap in await TickOperations(engine.database).gaps(Scope(), EPOCH, EVER):
        assert (gap.last_at or gap.planned_at) - gap.planned_at == (gap.count - 1) * MINUTE
    assert await consistent(engine)


@pytest.fixture
async def two(either: Engine) -> list[Timelapse]:
    """A camera with something of everything, and another one."""
    one, other = await either.timelapse("one"), await either.timelapse("two")
    for number, what in enumerate(["captured", "failed", "offline", "offline", "failed", "gate"]):
        await enter(either, tick(one, number, what), number)
    await enter(either, tick(one, 6, "stopped", 50))
    await enter(either, tick(other, 0, "paused", 7))
    await enter(either, tick(other, 7, "failed"))
    return [one, other]


async def test_misses_by_scope(either: Engine, two: list[Timelapse]) -> None:
    ticks = TickOperations(either.database)

    async def found(scope: Scope) -> list[tuple[str | None, int, bool]]:
        misses = await ticks.misses(scope, EPOCH)
        return [(miss.reason, miss.count, miss.is_wanted) for miss in misses]

    one = [("stopped", 50, False), ("offline", 2, False), ("timeout", 2, False), ("gate", 1, True)]
    other = [("paused", 7, True), ("timeout", 1, False)]
    assert await found(Scope("one")) == await found(Scope(timelapse_id=two[0].id)) == one
    assert await found(Scope("two")) == await found(Scope("two", two[1].id)) == other
    assert await found(Scope()) == [
        ("stopped", 50, False),
        ("paused", 7, True),
        ("timeout", 3, False),
        ("offline", 2, False),
        ("gate", 1, True),
    ]
    assert await found(Scope("three")) == []
    assert await ticks.misses(Scope("two"), BEGIN + 7 * MINUTE) == [Misses(FAILED, "timeout", 1)]


async def test_gaps_are_the_newest_first(either: Engine, two: list[Timelapse]) -> None:
    ticks = TickOperations(either.database)
    newest = await ticks.gaps(Scope("one"), EPOCH, 2)
    assert newest == [tick(two[0], 6, "stopped", 50), tick(two[0], 5, "gate")]
    assert await rows(either, Scope(timelapse_id=two[1].id)) == ["0-6 7 paused", "7-7 1 timeout"]
    assert len(await ticks.gaps(Scope(), EPOCH, EVER)) == 7


async def test_a_run_that_goes_on_after_a_moment_is_since_it(
    either: Engine, two: list[Timelapse]
) -> None:
    """Home Assistant was off for most of yesterday, which the last 24 hours have to tell."""
    ticks, since = TickOperations(either.database), BEGIN + 30 * MINUTE
    assert [gap.reason for gap in await ticks.gaps(Scope("one"), since, EVER)] == ["stopped"]
    assert [miss.reason for miss in await ticks.misses(Scope("one"), since)] == ["stopped"]
    after = BEGIN + 56 * MINUTE
    assert await ticks.gaps(Scope("one"), after, EVER) == []
    assert await ticks.misses(Scope("one"), after) == []


@pytest.mark.parametrize(
    ("late", "expected"),
    [
        # In the row already: at its begin, inside, at its end, all of it.
        ([(10, "offline", 1)], ["10-14 5 offline"]),
        ([(12, "offline", 1)], ["10-14 5 offline"]),
        ([(13, "offline", 2)], ["10-14 5 offline"]),
        ([(10, "offline", 5)], ["10-14 5 offline"]),
        # Behind it, once.
        ([(15, "offline", 1), (15, "offline", 1)], ["10-15 6 offline"]),
        ([(15, "offline", 9), (15, "offline", 9), (17, "offline", 1)], ["10-23 14 offline"]),
        ([(15, "failed", 1), (15, "failed", 1)], ["10-14 5 offline", "15-15 1 timeout"]),
        # Others, also of moments before.
        ([(20, "stopped", 5), (20, "stopped", 5)], ["10-14 5 offline", "20-24 5 stopped"]),
        ([(5, "offline", 1), (5, "offline", 1)], ["5-5 1 offline", "10-14 5 offline"]),
    ],
)
async def test_late_ticks_are_entered_once(
    engine: Engine, late: list[tuple[int, str, int]], expected: list[str]
) -> None:
    timelapse = await engine.timelapse()
    for number in range(10, 15):
        await enter(engine, tick(timelapse, number, "offline"))
    for number, what, count in late:
        await engine.image_rows.record_late(None, tick(timelapse, number, what, count))
    assert await rows(engine) == expected
    assert await consistent(engine)


async def test_late_tick_of_another_reason_is_no_part_of_a_row(engine: Engine) -> None:
    """A slow condition was asked while the next tick found that busy."""
    timelapse = await engine.timelapse()
    for number, what in ((0, "busy"), (2, "busy"), (1, "memory")):
        await engine.image_rows.record_late(None, tick(timelapse, number, what))
    assert (await engine.timelapses.get(timelapse.id)).skipped_count == 3
    assert await consistent(engine)


async def test_late_image_with_its_tick_is_entered_once(either: Engine) -> None:
    timelapse = await either.timelapse()
    new, entered = new_image(timelapse.id, 0), tick(timelapse, 0, "captured")
    for _ in range(2):
        await either.image_rows.record_late(new, entered)
    # The image was found by its file before its tick came.
    second = new_image(timelapse.id, 1)
    await either.image_rows.record(second)
    for _ in range(2):
        await either.image_rows.record_late(second, tick(timelapse, 60, "captured"))
    (day,) = await StatisticsOperations(either.database).days(Scope())
    assert (day.images, day.planned, day.covered) == (2, 2, 2)
    assert await consistent(either)


async def test_late_tick_of_a_deleted_timelapse_is_left(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    gone = replace(tick(timelapse, 0, "stopped", 3), timelapse_id=99)
    await engine.image_rows.record_late(None, gone)
    assert await rows(engine) == []
    assert await consistent(engine)


@pytest.mark.parametrize(
    ("what", "count"), [("stopped", 50), ("busy", 1), ("failed", 1), ("captured", 1)]
)
def test_ticks_are_the_same_after_waiting_on_disk(tmp_path: Path, what: str, count: int) -> None:
    moment = datetime(2026, 10, 25, 0, 30, 0, 123_000, tzinfo=UTC)
    outcome, reason = (SKIPPED, what) if what in SkipReason else (TickOutcome(what), None)
    last_at = moment + timedelta(hours=1) if count > 1 else None
    kept = Tick("cam", 7, moment, moment.date(), outcome, reason, last_at, count)
    storage = Storage(tmp_path)
    (tmp_path / ".spool").mkdir()
    Spool(storage).append(Entry(None, kept))
    spool = Spool(storage)
    spool.open()
    found = spool.first()
    assert found is not None
    assert found.image is None
    assert found.tick == kept
    assert found.tick is not None
    assert [type(value) for value in asdict(found.tick).values()] == [
        *(str, int, datetime, type(moment.date()), TickOutcome),
        *(type(reason), type(last_at), int),
    ]


BEFORE_0003 = """
INSERT INTO cameras (id, name, folder, image_count, quarantine_count, byte_count, video_count,
  video_byte_count, consecutive_failures)
  VALUES ('cam', 'Garden', 'garden-cam', 0, 0, 0, 0, 0, 1);
INSERT INTO timelapses (id, camera_id, name, state, folder, started_at, resumed_at, starred, notes,
  image_count, quarantine_count, flagged_count, failed_count, skipped_count, byte_count, score_sum,
  video_count, video_byte_count, longest_gap)
  VALUES (1, 'cam', 'Spring', 'running', 'garden-cam/1', 1795507200000, 1795507200000, false, '',
  0, 0, 0, 1, 2, 0, 0, 0, 0, 0);
INSERT INTO ticks (camera_id, timelapse_id, planned_at, local_day, outcome, error)
  VALUES ('cam', 1, 1795507200000, '2026-11-24', 'failed', 'timeout');
INSERT INTO ticks (camera_id, timelapse_id, planned_at, local_day, outcome, error)
  VALUES ('cam', 1, 1795507260000, '2026-11-24', 'skipped', NULL);
INSERT INTO ticks (camera_id, timelapse_id, planned_at, local_day, outcome, error)
  VALUES ('cam', 1, 1795507320000, '2026-11-24', 'skipped', NULL);
INSERT INTO daily_statistics (timelapse_id, day, camera_id, planned, covered, failed, skipped,
  images, quarantined, flagged, byte_count, score_sum)
  VALUES (1, '2026-11-24', 'cam', 3, 0, 1, 2, 0, 0, 0, 0, 0);
"""


async def test_ticks_from_before_keep_their_meaning(
    database_config: DatabaseConfig, tmp_path: Path
) -> None:
    """A failure keeps its error; a skipped tick found the camera busy, the only reason then."""

    def fill(connection: Connection) -> None:
        migrate(connection, "0002")
        for statement in BEFORE_0003.split(";\n"):
            if statement.strip():
                connection.execute(text(statement))

    pool = PoolManager(database_config)
    await pool.run(Lane.WRITE, fill)
    await pool.close()
    async with open_engine(tmp_path, database_config) as parts:
        gaps = await TickOperations(parts.database).gaps(Scope(), EPOCH, EVER)
        assert [(gap.outcome, gap.reason, gap.last_at, gap.count) for gap in gaps] == [
            (SKIPPED, "busy", None, 1),
            (SKIPPED, "busy", None, 1),
            (FAILED, "timeout", None, 1),
        ]
        assert await consistent(parts)
        # And what comes now is entered behind them.
        timelapse = await parts.timelapses.get(1)
        moment = gaps[0].planned_at + MINUTE
        await parts.image_rows.record_miss(replace(gaps[0], planned_at=moment, reason="offline"))
        assert await TickOperations(parts.database).last(timelapse.id) == moment
        assert await consistent(parts)
