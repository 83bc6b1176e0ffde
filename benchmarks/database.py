"""The queries behind dashboards and renders, over a million images of 50 cameras.

Every figure is the time in the database's thread, transaction and rows included, on SQLite and,
where its programs are installed, PostgreSQL. Beside it, how many times as long the obvious query
takes, which counts and skips over the images themselves.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from statistics import median
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any

if __package__ in (None, ""):  # started by its path
    sys.path.insert(0, str(Path(__file__).parents[1]))

from sqlalchemy import Connection, insert, text

from benchmarks.report import Figure, parse, report
from custom_components.timelapser.engine.database.config import DatabaseConfig, SqliteConfig
from custom_components.timelapser.engine.database.database import Database
from custom_components.timelapser.engine.database.image_operations import ImageOperations
from custom_components.timelapser.engine.database.pool_manager import Lane
from custom_components.timelapser.engine.database.statistics_operations import (
    Scope,
    StatisticsOperations,
)
from custom_components.timelapser.engine.database.tables import cameras, timelapses
from custom_components.timelapser.engine.database.verify_operations import VerifyOperations
from custom_components.timelapser.engine.models import Judgement, NewImage, Tick, TickOutcome
from tests.harness.postgres import PostgresServer, find_binaries

CAMERAS = 50
TIMELAPSES = 100
INTERVAL = timedelta(minutes=5)
BEGIN = datetime(2026, 8, 1, tzinfo=UTC)
MEASURED = 1
"""The timelapse that is looked at: an old one, whose rows no cache holds by chance."""
BATCH = 100_000
IMAGE_COLUMNS = (
    "camera_id, timelapse_id, captured_at, local_day, width, height, byte_count, score, reasons,"
    " quarantined, flagged, missing"
)
TICK_COLUMNS = "camera_id, timelapse_id, planned_at, local_day, outcome"

NAIVE_LATEST = """SELECT images.* FROM images JOIN (
    SELECT camera_id, max(captured_at) AS newest FROM images WHERE NOT quarantined
    GROUP BY camera_id
) AS newest ON images.camera_id = newest.camera_id AND images.captured_at = newest.newest"""
NAIVE_COUNTS = """SELECT camera_id, count(*), sum(CASE WHEN quarantined THEN 1 ELSE 0 END),
    sum(byte_count), avg(score), min(score) FROM images GROUP BY camera_id"""
NAIVE_DAYS = f"""SELECT local_day, count(*), sum(CASE WHEN quarantined THEN 1 ELSE 0 END),
    sum(byte_count), avg(score), min(score) FROM images WHERE timelapse_id = {MEASURED}
    GROUP BY local_day"""
NAIVE_RENDER = f"""SELECT * FROM images WHERE timelapse_id = {MEASURED} AND NOT quarantined
    ORDER BY captured_at"""
NAIVE_COUNT_UP = f"""UPDATE timelapses SET
    image_count = (SELECT count(*) FROM images WHERE timelapse_id = {TIMELAPSES}),
    byte_count = (SELECT sum(byte_count) FROM images WHERE timelapse_id = {TIMELAPSES})
    WHERE id = {TIMELAPSES}"""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is filled in and how often it is asked."""

    images: int
    rounds: int
    naive_rounds: int

    @property
    def moments(self) -> int:
        """Images of each timelapse; those of a camera follow each other."""
        return self.images // TIMELAPSES

    @property
    def end(self) -> datetime:
        """When the last image was captured."""
        return BEGIN + INTERVAL * (2 * self.moments - 1)

    @property
    def far_page(self) -> int:
        """How many images are before the last page of a timelapse."""
        return self.moments - 150


def rows(size: Size) -> Iterator[tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]]:
    """Batches of images and ticks in the order of capture, as 50 cameras at a time give them."""
    random = Random(1)
    images: list[tuple[Any, ...]] = []
    ticks: list[tuple[Any, ...]] = []
    for number in range(2 * size.moments):
        moment = BEGIN + INTERVAL * number
        stamp, day = int(moment.timestamp()) * 1000, f"{moment:%Y-%m-%d}"
        half = number // size.moments
        for index in range(CAMERAS):
            camera_id, timelapse_id = f"camera-{index:02}", 1 + index + CAMERAS * half
            score = 100 - min(int(random.expovariate(0.2)), 100)
            bad = score < 72  # about 0.4 %
            reasons = '["dark"]' if bad else "[]"
            milliseconds = stamp + 400 + index
            images.append(
                (
                    *(camera_id, timelapse_id, milliseconds, day, 1920, 1080),
                    *(400_000 + random.randrange(200_000), score, reasons, bad, bad, False),
                )
            )
            outcome = "quarantined" if bad else "captured"
            ticks.append((camera_id, timelapse_id, stamp, day, outcome))
        if len(images) >= BATCH:
            yield images, ticks
            images, ticks = [], []
    yield images, ticks


def fill(size: Size, connection: Connection) -> None:
    """Enter cameras, timelapses, and all rows in bulk."""
    connection.execute(
        insert(cameras),
        [
            {"id": f"camera-{index:02}", "name": f"Camera {index:02}", "folder": f"camera-{index}"}
            for index in range(CAMERAS)
        ],
    )
    connection.execute(
        insert(timelapses),
        [
            {
                "camera_id": f"camera-{number % CAMERAS:02}",
                "name": f"Timelapse {number}",
                "state": "completed" if number < CAMERAS else "running",
                "folder": f"camera-{number % CAMERAS}/{number + 1}",
                "started_at": BEGIN,
            }
            for number in range(TIMELAPSES)
        ],
    )
    for images, ticks in rows(size):
        enter(connection, "images", IMAGE_COLUMNS, images)
        enter(connection, "ticks", TICK_COLUMNS, ticks)
    hours = f"captured_at >= {int((size.end - timedelta(hours=48)).timestamp()) * 1000}"
    connection.execute(
        text(f"""INSERT INTO hourly_statistics (timelapse_id, hour, camera_id,
        planned, covered, failed, skipped, images, quarantined, flagged, byte_count, score_sum,
        score_min)
        SELECT timelapse_id, captured_at / 3600000 * 3600000 AS hour, camera_id, count(*),
            sum(CASE WHEN quarantined THEN 0 ELSE 1 END), 0, 0,
            sum(CASE WHEN quarantined THEN 0 ELSE 1 END),
            sum(CASE WHEN quarantined THEN 1 ELSE 0 END), 0, sum(byte_count), sum(score), min(score)
        FROM images WHERE {hours} GROUP BY timelapse_id, hour, camera_id""")
    )


def enter(connection: Connection, table: str, columns: str, values: list[Any]) -> None:
    """Enter rows by the fastest way that a database has."""
    driver = connection.connection
    if connection.dialect.name == "postgresql":
        with driver.cursor() as cursor, cursor.copy(f"COPY {table} ({columns}) FROM STDIN") as copy:  # type: ignore[attr-defined]
            for row in values:
                copy.write_row(row)
    else:
        places = ", ".join("?" * (columns.count(",") + 1))
        statement = f"INSERT INTO {table} ({columns}) VALUES ({places})"
        driver.cursor().executemany(statement, values)


class Bench:
    """One database, filled, with a stopwatch in its threads."""

    def __init__(self, name: str, database: Database, size: Size) -> None:
        self._name = name
        self._database = database
        self._size = size
        self._images = ImageOperations(database)
        self._statistics = StatisticsOperations(database)
        self._verify = VerifyOperations(database)
        self.figures: dict[str, Figure] = {}

    async def fill(self) -> None:
        """Fill in the rows; the counters are what verifying finds."""
        begun = time.perf_counter()
        await self._database.write(lambda connection: fill(self._size, connection))
        await self._verify.verify(repair=True)
        await self._database.write(
            lambda connection: (
                connection.exec_driver_sql("ANALYZE")
                if connection.dialect.name == "postgresql"
                else None
            )
        )
        seconds = time.perf_counter() - begun
        self.figures[f"{self._name}: fill"] = Figure(seconds, "s", 120, at_most=True)
        wrong = await self._verify.verify(repair=False)
        if wrong:
            raise RuntimeError("counters are wrong", wrong[:3])

    async def measure(self) -> None:
        """Measure everything."""
        size = self._size
        far = BEGIN + INTERVAL * 150
        last_page = f"""SELECT * FROM images WHERE timelapse_id = {MEASURED} AND NOT quarantined
            ORDER BY captured_at DESC LIMIT 100 OFFSET {size.far_page}"""
        today = size.end.date()
        await self._compare("insert and counters", self._record, NAIVE_COUNT_UP, lane=Lane.WRITE)
        await self._compare("latest image of all cameras", self._images.latest_of_all, NAIVE_LATEST)
        await self._compare(
            "counts", lambda: self._statistics.summary(Scope(), today, size.end), NAIVE_COUNTS
        )
        await self._compare(
            "days of a timelapse",
            lambda: self._statistics.days(Scope(timelapse_id=MEASURED)),
            NAIVE_DAYS,
        )
        await self._compare(
            "page of 100 at the far end",
            lambda: self._images.find(timelapse_id=MEASURED, before=far, limit=100),
            last_page,
        )
        await self._compare(
            f"render list of {size.moments}",
            lambda: self._images.for_render(MEASURED),
            NAIVE_RENDER,
            goal=40,
        )
        await self._compare("dashboard", self._dashboard, NAIVE_COUNTS, NAIVE_LATEST)

    async def _record(self) -> None:
        self._recorded = getattr(self, "_recorded", 0) + 1
        moment = self._size.end + INTERVAL * self._recorded
        new = NewImage(
            *(f"camera-{CAMERAS - 1}", TIMELAPSES, moment, moment.date(), 1920, 1080, 500_000),
            Judgement(100),
            quarantined=False,
            flagged=False,
        )
        tick = Tick(new.camera_id, TIMELAPSES, moment, moment.date(), TickOutcome.CAPTURED)
        await self._images.record(new, tick)

    async def _dashboard(self) -> None:
        await self._statistics.summary(Scope(), self._size.end.date(), self._size.end)
        await self._images.latest_of_all()

    async def _compare(
        self,
        title: str,
        ours: Callable[[], Awaitable[object]],
        *naive: str,
        goal: float = 5,
        lane: Lane = Lane.READ,
    ) -> None:
        async def obvious() -> None:
            for statement in naive:
                await self._database.pool.run(lane, partial(_fetch, statement))

        times = await self._time(lane, ours, self._size.rounds)
        slow = await self._time(lane, obvious, self._size.naive_rounds)
        middle = median(times)
        name = f"{self._name}: {title}"
        self.figures[name] = Figure(middle, "ms", goal, at_most=True)
        self.figures[f"{name}, p99"] = Figure(times[int(len(times) * 0.99)], "ms")
        self.figures[f"{name}, obvious query"] = Figure(median(slow) / middle, "times")

    async def _time(
        self, lane: Lane, work: Callable[[], Awaitable[object]], rounds: int
    ) -> list[float]:
        """Milliseconds in the database's threads, sorted; the first run is a warm-up."""
        metrics = self._database.pool.metrics[lane]
        times = []
        for _ in range(rounds + 1):
            before = metrics.run_seconds
            await work()
            times.append((metrics.run_seconds - before) * 1000)
        return sorted(times[1:])


def _fetch(statement: str, connection: Connection) -> None:
    result = connection.execute(text(statement))
    if result.returns_rows:
        result.all()


async def run(name: str, config: DatabaseConfig, size: Size) -> dict[str, Figure]:
    """Fill and measure one database."""
    database = Database(config)
    await database.open()
    try:
        bench = Bench(name, database, size)
        await bench.fill()
        await bench.measure()
        return bench.figures
    finally:
        await database.close()


def main() -> None:
    """Measure what is there."""
    quick = parse(__doc__)
    size = Size(20_000, 5, 1) if quick else Size(1_000_000, 300, 5)
    figures: dict[str, Figure] = {}
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory(prefix="timelapser-")))
        figures |= asyncio.run(run("SQLite", SqliteConfig(folder / "timelapser.db"), size))
        binaries = find_binaries()
        if binaries is not None:
            home = stack.enter_context(TemporaryDirectory(prefix="timelapser-postgres-"))
            server = stack.enter_context(PostgresServer(Path(home), binaries))
            figures |= asyncio.run(run("PostgreSQL", server.new_database(), size))
    report("database", figures)


if __name__ == "__main__":
    main()
