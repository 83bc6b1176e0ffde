"""Trying a PostgreSQL database before it is used, with a reason a person can act on."""

from collections.abc import Iterator

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..errors import (
    PostgresAuthError,
    PostgresError,
    PostgresMissingError,
    PostgresRightsError,
    PostgresTlsError,
    PostgresUnreachableError,
)
from .config import PostgresConfig, make_engine
from .migrations import check_revision

# What libpq and the server say, in English; a server that speaks otherwise gets the general error.
_REASONS: tuple[tuple[type[PostgresError], tuple[str, ...]], ...] = (
    (PostgresTlsError, ("ssl", "certificate", "tls")),
    (PostgresAuthError, ("password", "authentication", "pg_hba.conf", "role ")),
    (PostgresMissingError, ("does not exist",)),
    (
        PostgresUnreachableError,
        ("refused", "timeout", "timed out", "resolve", "not known", "no route", "unreachable"),
    ),
)


def check_postgres(config: PostgresConfig) -> None:
    """Connect, and look whether tables may be made; blocks for some seconds at most.

    Raises PostgresError, or DatabaseTooNewError when a newer version has been there.
    """
    engine = make_engine(config, 1)
    try:
        with engine.begin() as connection:
            _check_rights(connection, config)
            check_revision(connection)
    except SQLAlchemyError as error:
        raise classify_connection(error, config) from None
    finally:
        engine.dispose()


def classify_connection(error: SQLAlchemyError, config: PostgresConfig) -> PostgresError:
    """Answer why a connection failed."""
    original = error.orig if isinstance(error, DBAPIError) else error
    told = " ".join(_lines(str(original))).lower()
    for kind, words in _REASONS:
        if any(word in told for word in words):
            return kind(host=config.host, port=config.port, database=config.database)
    return PostgresError(
        host=config.host, port=config.port, database=config.database, reason=told[:200]
    )


def _lines(told: str) -> Iterator[str]:
    # Several addresses of a host fail one after the other; the first tells enough.
    for line in told.splitlines():
        if line.startswith("Multiple connection attempts"):
            continue
        yield line.strip()


def _check_rights(connection: Connection, config: PostgresConfig) -> None:
    query = text("SELECT has_schema_privilege(current_schema(), 'CREATE')")
    if not connection.execute(query).scalar():
        raise PostgresRightsError(
            host=config.host, port=config.port, database=config.database, user=config.user
        )
