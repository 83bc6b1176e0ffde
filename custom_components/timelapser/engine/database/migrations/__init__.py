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
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent).replace("%", "%%"))
    scripts = ScriptDirectory.from_config(config)
    revision = current_revision(connection)
    if revision is not None and revision not in revisions():
        raise DatabaseTooNewError(revision=revision, known=scripts.get_current_head() or "")
    config.attributes.update(connection=connection, metadata=METADATA)
    command.upgrade(config, target)


def current_revision(connection: Connection) -> str | None:
    """Answer the revision of the tables, None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


def revisions() -> list[str]:
    """All revisions that this version knows, the oldest first."""
    scripts = ScriptDirectory(str(Path(__file__).parent))
    return [script.revision for script in scripts.walk_revisions()][::-1]
