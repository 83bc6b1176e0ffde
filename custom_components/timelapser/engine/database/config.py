"""Which database is used, and the SQLAlchemy engine for it."""

from dataclasses import dataclass, field
from enum import StrEnum
import os
from pathlib import Path
import sqlite3
from typing import Final

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

CONNECT_SECONDS: Final = 10
CHECKPOINT_PAGES: Final = 1000
"""SQLite's own default."""
WRITE: Final = "timelapser_write"
"""Execution option of a connection that will write."""


class TlsMode(StrEnum):
    """How much a connection to PostgreSQL is protected; libpq's own words."""

    DISABLE = "disable"
    PREFER = "prefer"
    REQUIRE = "require"
    VERIFY_FULL = "verify-full"


@dataclass(frozen=True, slots=True)
class SqliteConfig:
    """A file; so many threads may read it beside the one that writes."""

    path: Path
    readers: int = 2


@dataclass(frozen=True, slots=True)
class PostgresConfig:
    """A database of a PostgreSQL server; `host` may be a folder with its Unix socket."""

    host: str
    port: int
    database: str
    user: str
    password: str = field(default="", repr=False)
    tls: TlsMode = TlsMode.PREFER
    readers: int = 4


HELD: Final = "held"

type DatabaseConfig = SqliteConfig | PostgresConfig


@dataclass(slots=True)
class Hold:
    """Whether SQLite's file is left as it is, because it is being copied.

    What is written meanwhile goes into the WAL beside it: a copy of the file is whole, and one
    of both is newer and whole as well. Nobody has to wait.
    """

    held: bool = False


def make_engine(config: DatabaseConfig, connections: int, hold: Hold | None = None) -> Engine:
    """Answer an engine that holds at most so many connections."""
    match config:
        case SqliteConfig():
            return _make_sqlite(config, connections, hold or Hold())
        case PostgresConfig():
            return _make_postgres(config, connections)


def _make_sqlite(config: SqliteConfig, connections: int, hold: Hold) -> Engine:
    engine = create_engine(
        f"sqlite:///{os.fspath(config.path)}",
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
    )

    @event.listens_for(engine, "connect")
    def _configure(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
        # The driver would begin no transaction for reading or for making tables: we do it.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode=WAL")
        # With WAL, NORMAL risks the last commits in a power cut, never consistency; the files
        # of such images are found and entered again at the next start.
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA busy_timeout=10000")
        connection.execute("PRAGMA cache_size=-16000")

    @event.listens_for(engine, "checkout")
    def _hold(connection: sqlite3.Connection, entry: ConnectionPoolEntry, *_: object) -> None:
        held = hold.held
        if entry.info.get(HELD) is not held:
            connection.execute(f"PRAGMA wal_autocheckpoint={0 if held else CHECKPOINT_PAGES}")
            entry.info[HELD] = held

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # Taking the lock at once, a writer waits for it; a reader that turns writer cannot.
        writes = connection.get_execution_options().get(WRITE)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _make_postgres(config: PostgresConfig, connections: int) -> Engine:
    return create_engine(
        URL.create(
            "postgresql+psycopg",
            config.user,
            config.password,
            config.host,
            config.port,
            config.database,
        ),
        pool_size=connections,
        max_overflow=0,
        # A connection that died while idle is noticed before it is used.
        pool_pre_ping=True,
        connect_args={
            "sslmode": config.tls.value,
            "connect_timeout": CONNECT_SECONDS,
            # A server that is gone without a word is noticed in seconds, not in many minutes.
            "keepalives_idle": 10,
            "keepalives_interval": 5,
            "keepalives_count": 3,
            "tcp_user_timeout": 20_000,
            "application_name": "timelapser",
            "options": "-c timezone=UTC -c statement_timeout=60000",
        },
    )
