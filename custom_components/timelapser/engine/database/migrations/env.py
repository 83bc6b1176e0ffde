"""What Alembic runs: the steps, on the connection that was handed over."""

from alembic import context

given = context.config.attributes
context.configure(connection=given["connection"], target_metadata=given["metadata"])
# No begin_transaction(): the caller's transaction holds all the steps, or none of them.
context.run_migrations()
