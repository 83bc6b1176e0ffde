"""Access to the database, off the event loop."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
import os
from pathlib import Path
import sqlite3
from typing import Any

from sqlalchemy import Connection, CursorResult, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from ..errors import DatabaseError
from .tables import METADATA

# One writer keeps SQLite from ever being "locked"; WAL lets the readers go on meanwhile.
WRITERS = 1
READERS = 2


class Database:
    """A SQLite database (WAL) on a thread pool of its own."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer = ThreadPoolExecutor(WRITERS, "timelapser-db-write")
        self._readers = ThreadPoolExecutor(READERS, "timelapser-db-read")
        self._engine = _create_engine(path)

    async def open(self) -> None:
        """Connect and make missing tables; raise DatabaseError when that cannot be done."""
        try:
            await self._run(self._writer, self._prepare)
        except (SQLAlchemyError, OSError) as error:
            await self.close()
            raise DatabaseError(reason=_reason(error)) from error

    async def close(self) -> None:
        """Finish what runs and let go of connections and threads."""
        await asyncio.get_running_loop().run_in_executor(None, self._shut_down)

    async def read[T](self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a reader's connection."""
        return await self._run(self._readers, partial(self._transact, work))

    async def write[T](self, work: Callable[[Connection], T]) -> T:
        """Run `work` as one transaction on the writer; it is undone when `work` raises."""
        return await self._run(self._writer, partial(self._transact, work))

    async def _run[T](self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(executor, work)

    def _transact[T](self, work: Callable[[Connection], T]) -> T:
        try:
            with self._engine.begin() as connection:
                return work(connection)
        except SQLAlchemyError as error:
            raise DatabaseError(reason=_reason(error)) from error

    def _prepare(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        METADATA.create_all(self._engine)

    def _shut_down(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()
        self._engine.dispose()


def inserted_id(result: CursorResult[Any]) -> int:
    """Answer the id that the database gave to a row just inserted."""
    key = result.inserted_primary_key
    if key is None:
        raise DatabaseError(reason="the database gave no id to a new row")
    return int(key[0])


def _create_engine(path: Path) -> Engine:
    engine = create_engine(
        f"sqlite:///{os.fspath(path)}",
        poolclass=QueuePool,
        pool_size=WRITERS + READERS,
        max_overflow=0,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        # With WAL, NORMAL risks the last commits in a power cut, never consistency; the files
        # of such images are found and entered again at the next start.
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA busy_timeout=10000")

    return engine


def _reason(error: Exception) -> str:
    """Say why in a line, without the statement and its values."""
    original = getattr(error, "orig", None) or error
    return f"{type(original).__name__}: {original}".splitlines()[0]
