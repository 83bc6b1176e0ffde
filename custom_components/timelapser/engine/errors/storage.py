"""Storage folder, database and memory. Those of PostgreSQL have `host`, `port` and `database`."""

from .base import InvalidRequestError, TimelapserError


class StorageError(TimelapserError):
    """The storage folder cannot be used. Placeholder `folder`."""

    code = "storage_not_writable"


class StorageMissingError(StorageError):
    """The storage folder is not there: a disk may not be mounted. Placeholder `folder`."""

    code = "storage_missing"


class StorageNotAllowedError(InvalidRequestError):
    """The storage folder is outside what Home Assistant allows. Placeholder `folder`."""

    code = "storage_not_allowed"


class OutsideStorageError(InvalidRequestError):
    """A path leads out of the storage folder."""

    code = "outside_storage"


class DatabaseError(TimelapserError):
    """The database refused a statement. Placeholder `reason`, without credentials."""

    code = "database_error"


class DatabaseUnavailableError(DatabaseError):
    """The database is away for now. Placeholder `reason`, without credentials."""

    code = "database_unavailable"


class DatabaseBusyError(DatabaseUnavailableError):
    """Too much waits for the database already. Placeholder `waiting`, the number of calls."""

    code = "database_busy"


class DatabaseTooNewError(DatabaseError):
    """A newer version has changed the tables. Placeholders `revision` and `known`."""

    code = "database_too_new"


class PostgresError(DatabaseUnavailableError):
    """The server gave no connection. Placeholder `reason` as well."""

    code = "postgres_error"


class PostgresUnreachableError(PostgresError):
    """Nothing answers at that host and port."""

    code = "postgres_unreachable"


class PostgresAuthError(PostgresError):
    """The server does not let this user in with this password."""

    code = "postgres_auth"


class PostgresMissingError(PostgresError):
    """The server has no such database."""

    code = "postgres_missing"


class PostgresTlsError(PostgresError):
    """The protected connection failed, or is not offered."""

    code = "postgres_tls"


class PostgresRightsError(PostgresError):
    """The user may not make tables there. Placeholder `user` as well."""

    code = "postgres_rights"


class PostgresDriverError(DatabaseUnavailableError):
    """The driver for PostgreSQL cannot be installed."""

    code = "postgres_driver"


class StorageOrderError(InvalidRequestError):
    """Captures would resume before they stop. Placeholders `where`, `stop` and `resume`."""

    code = "storage_order"


class StorageLowError(TimelapserError):
    """The disk is nearly full, so nothing is captured. Placeholders `free` and `resume`, in GB."""

    code = "storage_low"


class MemoryLowError(TimelapserError):
    """The machine is short of memory, so nothing is captured. Placeholder `free`, in MB."""

    code = "memory_low"
