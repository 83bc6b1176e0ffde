"""Ticks that stand for several, what is noted with images, and timelapses that begin later."""

from alembic import op
import sqlalchemy as sa

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Add the columns; what is there keeps its meaning."""
    op.execute("ALTER TABLE ticks RENAME COLUMN error TO reason")
    op.add_column("ticks", sa.Column("last_at", sa.BigInteger()))
    op.add_column("ticks", sa.Column("count", sa.BigInteger(), nullable=False, server_default="1"))
    # So far, there was only one reason to skip.
    op.execute("UPDATE ticks SET reason = 'busy' WHERE outcome = 'skipped'")
    op.create_index("ix_ticks_camera_id_planned_at", "ticks", ["camera_id", "planned_at"])
    op.add_column("timelapses", sa.Column("start_at", sa.BigInteger()))
    op.add_column("images", sa.Column("sun_elevation", sa.Float()))
    op.add_column("images", sa.Column("sun_azimuth", sa.Float()))
    op.add_column("images", sa.Column("context", sa.JSON()))
