"""Images tell what they look like and their place; render jobs have all that they need."""

from typing import Any

from alembic import op
import sqlalchemy as sa

revision = "0005"
down_revision = "0004"

FALSE = sa.false()


def upgrade() -> None:
    """Add the columns, and number the images of before in the order of capture."""
    _add(
        "images",
        sa.Column("seq", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("luma", sa.Float()),
        sa.Column("phash", sa.BigInteger()),
        sa.Column("content_hash", sa.String(32)),
        sa.Column("imported", sa.Boolean(), nullable=False, server_default=FALSE),
    )
    op.create_index(
        "ix_images_timelapse_id_content_hash", "images", ["timelapse_id", "content_hash"]
    )
    op.execute(
        """UPDATE images SET seq = numbered.seq FROM (
            SELECT id, row_number() OVER (PARTITION BY timelapse_id ORDER BY captured_at) - 1
                AS seq FROM images
        ) AS numbered WHERE numbered.id = images.id"""
    )
    _add(
        "render_jobs",
        sa.Column("priority", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("spec", sa.JSON()),
        sa.Column("decision", sa.JSON()),
        sa.Column("automatic", sa.Boolean(), nullable=False, server_default=FALSE),
        sa.Column("attempts", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("not_before", sa.BigInteger()),
        sa.Column("worker", sa.String(64)),
        sa.Column("lease_until", sa.BigInteger()),
        sa.Column("cpu_seconds", sa.Float()),
    )
    _add(
        "videos",
        sa.Column("poster_path", sa.String(500)),
        sa.Column("automatic", sa.Boolean(), nullable=False, server_default=FALSE),
        sa.Column("decision", sa.JSON()),
    )


def _add(table: str, *columns: sa.Column[Any]) -> None:
    for column in columns:
        op.add_column(table, column)
