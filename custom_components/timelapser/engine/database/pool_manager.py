"""Connections and threads of the database: handed out in order, measured, and never endless."""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from enum import StrEnum
from functools import partial
from time import monotonic
from typing import Final

from sqlalchemy import Connection, Engine, QueuePool, text
from sqlalchemy.exc import (
    DBAPIError,
    InterfaceError,
    InternalError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ..errors import DatabaseBusyError, DatabaseError, DatabaseUnavailableError
from .config import WRITE, DatabaseConfig, Hold, make_engine

# One writer keeps SQLite from ever being "locked", and writes in the order of the calls.
WRITERS: Final = 1

MAX_WAITING: Final = 256
"""Calls that may wait in a lane; more are refused at once."""
WAIT_SECONDS: Final = 30.0
SLOW_SECONDS: Final = 0.5
REMEMBERED_SECONDS: Final = 3600.0
REMEMBERED_EVENTS: Final = 1000


# The internal ones are those of a server that is read-only for now, after a failover.
AWAY: Final = (OperationalError, InterfaceError, InternalError, PoolTimeoutError)


class Lane(StrEnum):
    """Who uses a connection: the one writer, or a reader."""

    WRITE = "write"
    READ = "read"


@dataclass(frozen=True, slots=True)
class Probe:
    """A look at the database; `milliseconds` it took, or the error that came of it."""

    at: float
    milliseconds: float
    error: str | None = None


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """Figures of a lane since the start; means in seconds, `wait_mean` of those that waited."""

    threads: int
    busy: int
    waiting: int
    peak_waiting: int
    calls: int
    waits: int
    wait_mean: float
    run_mean: float
    errors: int
    slow_last_hour: int
    refused_last_hour: int


@dataclass(frozen=True, slots=True)
class PoolStatus:
    """The pool as it is now: connections that are open and in use, and beyond its size."""

    size: int
    open: int
    in_use: int
    overflow: int
    lanes: Mapping[Lane, LaneStatus]
    last_probe: Probe | None


@dataclass(slots=True)
class LaneMetrics:
    """What happened in a lane since the start; moments are those of the monotonic clock."""

    threads: int
    busy: int = 0
    waiting: int = 0
    peak_waiting: int = 0
    calls: int = 0
    waits: int = 0
    wait_seconds: float = 0.0
    run_seconds: float = 0.0
    errors: int = 0
    slow: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_EVENTS))
    refused: deque[float] = field(default_factory=lambda: deque(maxlen=REMEMBERED_EVENTS))

    def status(self, now: float) -> LaneStatus:
        """Answer the figures as they are now."""
        return LaneStatus(
            threads=self.threads,
            busy=self.busy,
            waiting=self.waiting,
            peak_waiting=self.peak_waiting,
            calls=self.calls,
            waits=self.waits,
            wait_mean=self.wait_seconds / self.waits if self.waits else 0.0,
            run_mean=self.run_seconds / self.calls if self.calls else 0.0,
            errors=self.errors,
            slow_last_hour=_recent(self.slow, now),
            refused_last_hour=_recent(self.refused, now),
        )


class PoolManager:
    """Runs work on the database's threads, one transaction each."""

    def __init__(self, config: DatabaseConfig, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self.hold = Hold()
        self.engine = make_engine(config, WRITERS + config.readers, self.hold)
        self.metrics = {
            Lane.WRITE: LaneMetrics(WRITERS),
            Lane.READ: LaneMetrics(config.readers),
        }
        self.last_probe: Probe | None = None
        self._closed = False
        self._threads = {
            lane: ThreadPoolExecutor(metrics.threads, f"timelapser-db-{lane}")
            for lane, metrics in self.metrics.items()
        }
        self._slots = {
            lane: asyncio.Semaphore(metrics.threads) for lane, metrics in self.metrics.items()
        }

    async def checkpoint(self) -> None:
        """Write SQLite's WAL into the file, after all writes that wait; outside a transaction."""
        await self._call(Lane.WRITE, self._checkpoint)

    async def run[T](self, lane: Lane, work: Callable[[Connection], T]) -> T:
        """Run `work` as one transaction; it is undone when `work` raises.

        Raises DatabaseBusyError when too many calls wait or waiting takes too long,
        DatabaseUnavailableError while the database is away, DatabaseError for what it refuses.
        """
        return await self._call(lane, partial(self._transact, lane, work))

    async def _call[T](self, lane: Lane, call: Callable[[], T]) -> T:
        await self._take_slot(lane)
        if self._closed:
            self._give_slot(lane)
            raise DatabaseUnavailableError(reason="it was closed")
        future = asyncio.get_running_loop().run_in_executor(self._threads[lane], call)
        future.add_done_callback(lambda _: self._give_slot(lane))
        # The thread goes on when the caller is cancelled; so does its slot.
        return await asyncio.shield(future)

    async def probe(self) -> Probe:
        """Look whether the database answers; remember and answer what came of it."""
        begun = self._clock()
        error = None
        try:
            await self.run(Lane.READ, lambda connection: connection.execute(text("SELECT 1")))
        except DatabaseError as away:
            error = away.code
        self.last_probe = Probe(begun, (self._clock() - begun) * 1000, error)
        return self.last_probe

    def status(self) -> PoolStatus:
        """Answer all figures."""
        pool, now = self.engine.pool, self._clock()
        assert isinstance(pool, QueuePool)  # noqa: S101
        return PoolStatus(
            size=pool.size(),
            open=pool.checkedin() + pool.checkedout(),
            in_use=pool.checkedout(),
            overflow=max(0, pool.overflow()),
            lanes={lane: metrics.status(now) for lane, metrics in self.metrics.items()},
            last_probe=self.last_probe,
        )

    async def close(self) -> None:
        """Finish what runs and let go of connections and threads."""
        self._closed = True
        await asyncio.get_running_loop().run_in_executor(None, self._shut_down)

    async def _take_slot(self, lane: Lane) -> None:
        metrics, slots = self.metrics[lane], self._slots[lane]
        metrics.calls += 1
        if not slots.locked():
            await slots.acquire()
            metrics.busy += 1
            return
        begun = self._clock()
        if metrics.waiting >= MAX_WAITING:
            metrics.refused.append(begun)
            raise DatabaseBusyError(waiting=metrics.waiting)
        metrics.waits += 1
        metrics.waiting += 1
        metrics.peak_waiting = max(metrics.peak_waiting, metrics.waiting)
        try:
            async with asyncio.timeout(WAIT_SECONDS):
                await slots.acquire()
        except TimeoutError as error:
            metrics.refused.append(begun)
            raise DatabaseBusyError(waiting=metrics.waiting) from error
        finally:
            metrics.waiting -= 1
            metrics.wait_seconds += self._clock() - begun
        metrics.busy += 1

    def _give_slot(self, lane: Lane) -> None:
        self.metrics[lane].busy -= 1
        self._slots[lane].release()

    def _transact[T](self, lane: Lane, work: Callable[[Connection], T]) -> T:
        metrics = self.metrics[lane]
        begun = self._clock()
        try:
            with self._engine_of(lane).begin() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            metrics.errors += 1
            raise classify(error) from error
        finally:
            seconds = self._clock() - begun
            metrics.run_seconds += seconds
            if seconds > SLOW_SECONDS:
                metrics.slow.append(begun)

    def _checkpoint(self) -> None:
        with closing(self.engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _engine_of(self, lane: Lane) -> Engine:
        return self.engine.execution_options(**{WRITE: lane is Lane.WRITE})

    def _shut_down(self) -> None:
        for threads in self._threads.values():
            threads.shutdown()
        self.engine.dispose()


def _recent(moments: deque[float], now: float) -> int:
    return sum(now - moment <= REMEMBERED_SECONDS for moment in moments)


def classify(error: SQLAlchemyError) -> DatabaseError:
    """Answer whether the database is away or has refused; without statement and values."""
    away = isinstance(
        error, (OperationalError, InterfaceError, InternalError, PoolTimeoutError)
    ) or (isinstance(error, DBAPIError) and error.connection_invalidated)
    kind = DatabaseUnavailableError if away else DatabaseError
    return kind(reason=reason(error))


def reason(error: Exception) -> str:
    """Say why in a line, without the statement and its values."""
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {original}".splitlines()[0]
