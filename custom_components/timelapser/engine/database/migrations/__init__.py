"""The steps from an empty database to the tables as they are now, and how they are taken."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from ...errors import DatabaseTooNewError
from ..tables import METADATA

HEAD = "head"


def migrate(connection: Connection, target: str = HEAD) -> None:
    """Bring the tables up to date within the connection's transaction.

    Raises DatabaseTooNewError, and touches nothing, when a newer version has been here.
    """
    check_revision(connection)
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    config.attributes.update(connection=connection, metadata=METADATA)
    command.upgrade(config, target)


def check_revision(connection: Connection) -> None:
    """Raise DatabaseTooNewError when a newer version has been at this database."""
    revision, known = current_revision(connection), revisions()
    if revision is not None and revision not in known:
        raise DatabaseTooNewError(revision=revision, known=known[-1])


def current_revision(connection: Connection) -> str | None:
    """Answer the revision of the tables, None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions() -> list[str]:
    """All revisions that this version knows, the oldest first."""
    scripts = ScriptDirectory(str(Path(__file__).parent))
    return [script.revision for script in scripts.walk_revisions()][::-1]
