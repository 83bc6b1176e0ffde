"""Cameras, timelapses, images, ticks, render jobs and videos."""

from alembic import op
import sqlalchemy as sa

revision = "0001"
down_revision = None

# Browsers keep images by their id: one that was deleted must not come again.
NEVER_AGAIN = {"sqlite_autoincrement": True}
BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Make the first tables."""
    op.create_table(
        "cameras",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("folder", sa.String(255), nullable=False, unique=True),
        *_counts("image_count", "quarantine_count", "consecutive_failures"),
        sa.Column("last_image_id", sa.BigInteger()),
        sa.Column("last_error", sa.String(64)),
    )
    op.create_table(
        "timelapses",
        _id(),
        _camera(),
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("folder", sa.String(255), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("completed_at", sa.BigInteger()),
        sa.Column("settings", sa.JSON(), nullable=False),
        *_counts("image_count", "quarantine_count", "failed_count", "skipped_count"),
        *_counts("byte_count", "score_sum"),
        sa.Column("first_image_at", sa.BigInteger()),
        sa.Column("last_image_at", sa.BigInteger()),
        sa.Column("last_image_id", sa.BigInteger()),
        **NEVER_AGAIN,
    )
    unfinished = sa.text("state != 'completed'")
    op.create_index(
        "uq_timelapses_unfinished",
        "timelapses",
        ["camera_id"],
        unique=True,
        sqlite_where=unfinished,
        postgresql_where=unfinished,
    )
    op.create_table(
        "images",
        _id(),
        _camera(),
        _timelapse(),
        sa.Column("captured_at", sa.BigInteger(), nullable=False),
        sa.Column("local_day", sa.Date(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("quarantined", sa.Boolean(), nullable=False),
        sa.Column("flagged", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("timelapse_id", "captured_at"),
        **NEVER_AGAIN,
    )
    op.create_index("ix_images_timelapse_id_local_day", "images", ["timelapse_id", "local_day"])
    op.create_index("ix_images_camera_id_captured_at", "images", ["camera_id", "captured_at"])
    op.create_table(
        "ticks",
        _id(),
        _camera(),
        _timelapse(),
        sa.Column("planned_at", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("error", sa.String(64)),
    )
    op.create_index("ix_ticks_timelapse_id_planned_at", "ticks", ["timelapse_id", "planned_at"])
    op.create_table(
        "render_jobs",
        _id(),
        _camera(),
        _timelapse(),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("fps", sa.Integer(), nullable=False),
        sa.Column("quality", sa.String(16), nullable=False),
        sa.Column("requested_at", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.BigInteger()),
        sa.Column("finished_at", sa.BigInteger()),
        *_counts("frames_total", "frames_done"),
        sa.Column("error", sa.String(500)),
        **NEVER_AGAIN,
    )
    op.create_index("ix_render_jobs_state", "render_jobs", ["state"])
    op.create_table(
        "videos",
        _id(),
        _camera(),
        _timelapse(),
        sa.Column(
            "job_id",
            BIG_ID,
            sa.ForeignKey("render_jobs.id", ondelete="CASCADE"),
            nullable=False,
            unique=True,
        ),
        sa.Column("path", sa.String(500), nullable=False, unique=True),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("duration", sa.Float(), nullable=False),
        sa.Column("fps", sa.Float(), nullable=False),
        sa.Column("width", sa.Integer(), nullable=False),
        sa.Column("height", sa.Integer(), nullable=False),
        sa.Column("codec", sa.String(16), nullable=False),
        sa.Column("pixel_format", sa.String(16), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        **NEVER_AGAIN,
    )


def _id() -> sa.Column[int]:
    return sa.Column("id", BIG_ID, primary_key=True)


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _camera() -> sa.Column[str]:
    key = sa.ForeignKey("cameras.id", ondelete="CASCADE")
    return sa.Column("camera_id", sa.String(64), key, nullable=False)


def _timelapse() -> sa.Column[int]:
    key = sa.ForeignKey("timelapses.id", ondelete="CASCADE")
    return sa.Column("timelapse_id", BIG_ID, key, nullable=False)
