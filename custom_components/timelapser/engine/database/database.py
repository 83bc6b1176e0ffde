"""Access to the database, off the event loop."""

import asyncio
from collections.abc import Callable
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, CursorResult, Table, cast, func
from sqlalchemy.dialects import postgresql, sqlite

from ..errors import DatabaseError, DatabaseUnavailableError
from .config import DatabaseConfig, SqliteConfig
from .migrations import migrate
from .pool_manager import Lane, PoolManager, reason

type Upsert = postgresql.Insert | sqlite.Insert


class Database:
    """The one database of a hub, with its tables up to date once it is open."""

    def __init__(self, config: DatabaseConfig) -> None:
        self._config = config
        self.pool = PoolManager(config)

    async def open(self) -> None:
        """Connect and migrate; raise DatabaseError when that cannot be done."""
        try:
            await asyncio.get_running_loop().run_in_executor(None, self._make_folder)
            await self.write(migrate)
        except OSError as error:
            await self.close()
            raise DatabaseUnavailableError(reason=reason(error)) from error
        except BaseException:
            await self.close()
            raise

    def _make_folder(self) -> None:
        if isinstance(self._config, SqliteConfig):
            self._config.path.parent.mkdir(parents=True, exist_ok=True)

    async def close(self) -> None:
        """Finish what runs and let go of connections and threads."""
        await self.pool.close()

    async def read[T](self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a reader's connection."""
        return await self.pool.run(Lane.READ, work)

    async def write[T](self, work: Callable[[Connection], T]) -> T:
        """Run `work` as one transaction on the writer; it is undone when `work` raises."""
        return await self.pool.run(Lane.WRITE, work)

    async def hold_file(self) -> None:
        """Bring SQLite's file up to date and leave it so, for a copy, until `release_file`."""
        if isinstance(self._config, SqliteConfig):
            self.pool.hold.held = True
            await self.pool.checkpoint()

    def release_file(self) -> None:
        """Let the file change again."""
        self.pool.hold.held = False


def upsert(connection: Connection, table: Table) -> Upsert:
    """Answer an INSERT that may be told what to do ON CONFLICT, which both databases know."""
    if connection.dialect.name == "postgresql":
        return postgresql.insert(table)
    return sqlite.insert(table)


def total(column: ColumnElement[int]) -> ColumnElement[int]:
    """Answer a sum as a whole number, 0 of nothing; PostgreSQL's own is a decimal one."""
    return cast(func.coalesce(func.sum(column), 0), BigInteger)


def inserted_id(result: CursorResult[Any]) -> int:
    """Answer the id that the database gave to a row just inserted."""
    key = result.inserted_primary_key
    if key is None:
        raise DatabaseError(reason="the database gave no id to a new row")
    return int(key[0])
