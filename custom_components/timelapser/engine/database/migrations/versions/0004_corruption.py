"""Judgements say what was seen and by which model; cameras count their glitches."""

from alembic import op
import sqlalchemy as sa

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Add the columns, and count the glitches of before."""
    for name in ("details", "features"):
        op.add_column("corruption_logs", sa.Column(name, sa.JSON()))
    op.add_column("corruption_logs", sa.Column("model", sa.String(32)))
    op.add_column(
        "cameras", sa.Column("glitch_count", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.execute(
        """UPDATE cameras SET glitch_count = (SELECT count(*) FROM images
            WHERE camera_id = cameras.id AND (flagged OR quarantined))"""
    )
