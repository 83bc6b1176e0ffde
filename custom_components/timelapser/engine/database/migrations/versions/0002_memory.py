"""Statistics, logs, corruption logs, segments, settings of their own; more of a timelapse."""

from typing import Any

from alembic import op
import sqlalchemy as sa

revision = "0002"
down_revision = "0001"

BIG_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
# Ticks did not know their local day; the UTC day is near enough for those of old.
UTC_DAY = {
    "sqlite": "date(planned_at / 1000, 'unixepoch')",
    "postgresql": "CAST(to_timestamp(planned_at / 1000) AT TIME ZONE 'UTC' AS date)",
}
COUNTS = ("planned", "covered", "failed", "skipped", "images", "quarantined", "flagged")


def upgrade() -> None:
    """Make the tables, and fill the counters from what is there."""
    _add_columns()
    _create_tables()
    _move_settings()
    _count()


def _add_columns() -> None:
    for table, names in {
        "cameras": ("byte_count", "video_count", "video_byte_count"),
        "timelapses": ("flagged_count", "video_count", "video_byte_count", "longest_gap"),
    }.items():
        for name in names:
            op.add_column(table, _count_column(name))
    op.add_column("cameras", sa.Column("last_image_at", sa.BigInteger()))
    for column in (
        sa.Column("resumed_at", sa.BigInteger()),
        sa.Column("starred", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("notes", sa.String(2000), nullable=False, server_default=""),
        sa.Column("stop_at", sa.BigInteger()),
        sa.Column("stop_after_days", sa.Integer()),
        sa.Column("stop_after_images", sa.Integer()),
        sa.Column("score_min", sa.Integer()),
        sa.Column("first_day", sa.Date()),
    ):
        op.add_column("timelapses", column)
    op.add_column("ticks", sa.Column("local_day", sa.Date()))
    day: sa.ColumnElement[Any] = sa.literal_column(UTC_DAY[op.get_bind().dialect.name])
    op.execute(sa.table("ticks", sa.column("local_day")).update().values(local_day=day))
    op.add_column(
        "images", sa.Column("missing", sa.Boolean(), nullable=False, server_default=sa.false())
    )
    op.create_index(
        "ix_images_render",
        "images",
        ["timelapse_id", "captured_at", "quarantined", "missing", "width", "height"],
    )


def _create_tables() -> None:
    op.create_table(
        "segments",
        sa.Column("id", BIG_ID, primary_key=True),
        _timelapse(),
        sa.Column("key", sa.String(64), nullable=False, unique=True),
        sa.Column("path", sa.String(500), nullable=False, unique=True),
        sa.Column("frames", sa.Integer(), nullable=False),
        sa.Column("byte_count", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
    )
    op.create_index("ix_segments_used_at", "segments", ["used_at"])
    op.create_table(
        "corruption_logs",
        sa.Column("id", BIG_ID, primary_key=True),
        _camera("CASCADE", nullable=False),
        _timelapse(),
        sa.Column("image_id", BIG_ID, sa.ForeignKey("images.id", ondelete="SET NULL")),
        sa.Column("judged_at", sa.BigInteger(), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(16), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
    )
    for columns in (["image_id"], ["judged_at"], ["camera_id", "judged_at"]):
        op.create_index(f"ix_corruption_logs_{'_'.join(columns)}", "corruption_logs", columns)
    op.create_table(
        "settings",
        _timelapse(primary_key=True),
        sa.Column("name", sa.String(64), primary_key=True),
        sa.Column("value", sa.JSON(), nullable=False),
    )
    op.create_table(
        "logs",
        sa.Column("id", BIG_ID, primary_key=True),
        sa.Column("logged_at", sa.BigInteger(), nullable=False),
        sa.Column("level", sa.String(16), nullable=False),
        sa.Column("source", sa.String(64), nullable=False),
        sa.Column("message", sa.String(2000), nullable=False),
        _camera("SET NULL", nullable=True),
        sa.Column("correlation_id", sa.String(64)),
        sa.Column("data", sa.JSON(), nullable=False),
    )
    op.create_index("ix_logs_logged_at", "logs", ["logged_at"])
    op.create_index("ix_logs_camera_id", "logs", ["camera_id"])
    _create_statistics("daily_statistics", sa.Column("day", sa.Date(), primary_key=True))
    _create_statistics("hourly_statistics", sa.Column("hour", sa.BigInteger(), primary_key=True))


def _create_statistics(name: str, period: sa.Column[Any]) -> None:
    op.create_table(
        name,
        _timelapse(primary_key=True),
        period,
        _camera("CASCADE", nullable=False),
        *(_count_column(count) for count in (*COUNTS, "byte_count", "score_sum")),
        sa.Column("score_min", sa.Integer()),
    )
    for columns in (["camera_id", period.name], [period.name]):
        op.create_index(f"ix_{name}_{'_'.join(columns)}", name, columns)


def _move_settings() -> None:
    connection = op.get_bind()
    old = sa.table("timelapses", sa.column("id"), sa.column("settings", sa.JSON))
    new = sa.table(
        "settings", *map(sa.column, ("timelapse_id", "name")), sa.column("value", sa.JSON)
    )
    rows = [
        {"timelapse_id": timelapse_id, "name": name, "value": value}
        for timelapse_id, settings in connection.execute(sa.select(old)).all()
        for name, value in settings.items()
    ]
    if rows:
        connection.execute(new.insert(), rows)
    op.execute("ALTER TABLE timelapses DROP COLUMN settings")


def _count() -> None:
    """Fill what was not counted before, from images, videos and ticks."""
    op.execute(
        """UPDATE timelapses SET
        resumed_at = started_at,
        flagged_count = (SELECT count(*) FROM images
            WHERE timelapse_id = timelapses.id AND flagged AND NOT quarantined),
        score_min = (SELECT min(score) FROM images WHERE timelapse_id = timelapses.id),
        first_day = (SELECT min(local_day) FROM images
            WHERE timelapse_id = timelapses.id AND NOT quarantined),
        video_count = (SELECT count(*) FROM videos WHERE timelapse_id = timelapses.id),
        video_byte_count = (SELECT coalesce(sum(byte_count), 0) FROM videos
            WHERE timelapse_id = timelapses.id)"""
    )
    op.execute(
        """UPDATE cameras SET
        byte_count = (SELECT coalesce(sum(byte_count), 0) FROM timelapses
            WHERE camera_id = cameras.id),
        video_count = (SELECT coalesce(sum(video_count), 0) FROM timelapses
            WHERE camera_id = cameras.id),
        video_byte_count = (SELECT coalesce(sum(video_byte_count), 0) FROM timelapses
            WHERE camera_id = cameras.id),
        last_image_at = (SELECT captured_at FROM images WHERE id = cameras.last_image_id)"""
    )
    op.execute(
        """INSERT INTO daily_statistics (timelapse_id, day, camera_id, planned, covered, failed,
            skipped, images, quarantined, flagged, byte_count, score_sum, score_min)
        SELECT timelapse_id, day, camera_id, sum(planned), sum(covered), sum(failed),
            sum(skipped), sum(images), sum(quarantined), sum(flagged), sum(byte_count),
            sum(score_sum), min(score_min)
        FROM (
            SELECT timelapse_id, local_day AS day, camera_id, 0 AS planned, 0 AS covered,
                0 AS failed, 0 AS skipped,
                CASE WHEN quarantined THEN 0 ELSE 1 END AS images,
                CASE WHEN quarantined THEN 1 ELSE 0 END AS quarantined,
                CASE WHEN flagged AND NOT quarantined THEN 1 ELSE 0 END AS flagged,
                byte_count, score AS score_sum, score AS score_min
            FROM images
            UNION ALL
            SELECT timelapse_id, local_day, camera_id, 1,
                CASE WHEN outcome = 'captured' THEN 1 ELSE 0 END,
                CASE WHEN outcome = 'failed' THEN 1 ELSE 0 END,
                CASE WHEN outcome = 'skipped' THEN 1 ELSE 0 END, 0, 0, 0, 0, 0, NULL
            FROM ticks
        ) AS things GROUP BY timelapse_id, day, camera_id"""
    )


def _count_column(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False, server_default="0")


def _camera(ondelete: str, *, nullable: bool) -> sa.Column[str]:
    key = sa.ForeignKey("cameras.id", ondelete=ondelete)
    return sa.Column("camera_id", sa.String(64), key, nullable=nullable)


def _timelapse(*, primary_key: bool = False) -> sa.Column[int]:
    key = sa.ForeignKey("timelapses.id", ondelete="CASCADE")
    return sa.Column("timelapse_id", BIG_ID, key, primary_key=primary_key, nullable=False)
