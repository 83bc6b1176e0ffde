"""The tables. Times are stored as whole milliseconds since 1970 in UTC."""

from datetime import UTC, datetime, timedelta
from typing import Any, override

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    Date,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, kept as milliseconds since 1970."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else (value - EPOCH) // MILLISECOND

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else EPOCH + value * MILLISECOND


class Bits64(TypeDecorator[int]):
    """Sixty-four bits, which the databases only know as a signed number."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: int | None, dialect: Dialect) -> int | None:
        return value if value is None or value < 1 << 63 else value - (1 << 64)

    @override
    def process_result_value(self, value: int | None, dialect: Dialect) -> int | None:
        return value if value is None or value >= 0 else value + (1 << 64)


METADATA = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _id() -> Column[int]:
    # SQLite counts by itself only for the plain INTEGER type. Where browsers and people remember
    # ids, it is told (sqlite_autoincrement) never to give one again.
    return Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True)


def _count(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False, default=0)


def _camera() -> Column[str]:
    return Column("camera_id", ForeignKey("cameras.id", ondelete="CASCADE"), nullable=False)


def _timelapse() -> Column[int]:
    return Column("timelapse_id", ForeignKey("timelapses.id", ondelete="CASCADE"), nullable=False)


cameras = Table(
    "cameras",
    METADATA,
    Column("id", String(64), primary_key=True),
    Column("name", String(255), nullable=False),
    Column("folder", String(255), nullable=False, unique=True),
    _count("image_count"),
    _count("quarantine_count"),
    _count("byte_count"),
    _count("video_count"),
    _count("video_byte_count"),
    _count("glitch_count"),  # bad images since ever, also those that another one replaced
    _count("consecutive_failures"),
    Column("last_image_id", BigInteger),
    Column("last_image_at", UtcTime),
    Column("last_error", String(64)),
)

timelapses = Table(
    "timelapses",
    METADATA,
    _id(),
    _camera(),
    Column("name", String(255), nullable=False),
    Column("state", String(16), nullable=False),
    Column("folder", String(255), nullable=False),
    Column("started_at", UtcTime, nullable=False),
    Column("resumed_at", UtcTime),
    Column("completed_at", UtcTime),
    Column("starred", Boolean, nullable=False, default=False),
    Column("notes", String(2000), nullable=False, default=""),
    Column("start_at", UtcTime),
    Column("stop_at", UtcTime),
    Column("stop_after_days", Integer),
    Column("stop_after_images", Integer),
    _count("image_count"),
    _count("quarantine_count"),
    _count("flagged_count"),
    _count("failed_count"),
    _count("skipped_count"),
    _count("byte_count"),
    _count("score_sum"),
    _count("video_count"),
    _count("video_byte_count"),
    Column("score_min", Integer),
    Column("longest_gap", BigInteger, nullable=False, default=0),  # milliseconds
    Column("first_day", Date),
    Column("first_image_at", UtcTime),
    Column("last_image_at", UtcTime),
    Column("last_image_id", BigInteger),
    sqlite_autoincrement=True,
)
Index(
    "uq_timelapses_unfinished",
    timelapses.c.camera_id,
    unique=True,
    sqlite_where=timelapses.c.state != "completed",
    postgresql_where=timelapses.c.state != "completed",
)

images = Table(
    "images",
    METADATA,
    _id(),
    _camera(),
    _timelapse(),
    Column("captured_at", UtcTime, nullable=False),
    Column("local_day", Date, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("score", Integer, nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("quarantined", Boolean, nullable=False),
    Column("flagged", Boolean, nullable=False),
    Column("missing", Boolean, nullable=False, default=False),
    Column("sun_elevation", Float),  # degrees
    Column("sun_azimuth", Float),
    Column("context", JSON),
    # Its place in the order of the timelapse, which no other image's coming or going changes;
    # one put between two others shares the place of the one before.
    Column("seq", BigInteger, nullable=False, default=0),
    Column("luma", Float),  # mean, 0 to 255
    Column("phash", Bits64),
    Column("content_hash", String(32)),
    Column("imported", Boolean, nullable=False, default=False),
    UniqueConstraint("timelapse_id", "captured_at"),
    Index(None, "timelapse_id", "content_hash"),
    Index(None, "timelapse_id", "local_day"),
    Index(None, "camera_id", "captured_at"),
    # All that a render asks for: rows of a timelapse lie far apart, as many as there are cameras.
    Index(
        "ix_images_render",
        *("timelapse_id", "captured_at", "quarantined", "missing", "width", "height"),
    ),
    sqlite_autoincrement=True,
)

ticks = Table(
    "ticks",
    METADATA,
    _id(),
    _camera(),
    _timelapse(),
    Column("planned_at", UtcTime, nullable=False),
    Column("local_day", Date),
    Column("outcome", String(16), nullable=False),
    Column("reason", String(64)),
    # Skipped ones of the same day and reason share a row.
    Column("last_at", UtcTime),
    Column("count", BigInteger, nullable=False, default=1),
    Index(None, "timelapse_id", "planned_at"),
    Index(None, "camera_id", "planned_at"),
)

render_jobs = Table(
    "render_jobs",
    METADATA,
    _id(),
    _camera(),
    _timelapse(),
    Column("state", String(16), nullable=False, index=True),
    Column("fps", Integer, nullable=False),
    Column("quality", String(16), nullable=False),
    Column("requested_at", UtcTime, nullable=False),
    Column("started_at", UtcTime),
    Column("finished_at", UtcTime),
    _count("frames_total"),
    _count("frames_done"),
    Column("error", String(500)),
    Column("priority", Integer, nullable=False, default=0),  # the highest goes first
    Column("spec", JSON),  # which images, how fast, how they look
    Column("decision", JSON),  # what was decided, and why
    Column("automatic", Boolean, nullable=False, default=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("not_before", UtcTime),
    Column("worker", String(64)),
    Column("lease_until", UtcTime),
    Column("cpu_seconds", Float),
    sqlite_autoincrement=True,
)

videos = Table(
    "videos",
    METADATA,
    _id(),
    _camera(),
    _timelapse(),
    Column("job_id", ForeignKey("render_jobs.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("path", String(500), nullable=False, unique=True),
    Column("created_at", UtcTime, nullable=False),
    Column("frames", Integer, nullable=False),
    Column("duration", Float, nullable=False),
    Column("fps", Float, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
    Column("codec", String(16), nullable=False),
    Column("pixel_format", String(16), nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("poster_path", String(500)),
    Column("automatic", Boolean, nullable=False, default=False),
    Column("decision", JSON),
    sqlite_autoincrement=True,
)

segments = Table(
    "segments",
    METADATA,
    _id(),
    _timelapse(),
    Column("key", String(64), nullable=False, unique=True),
    Column("path", String(500), nullable=False, unique=True),
    Column("frames", Integer, nullable=False),
    Column("byte_count", BigInteger, nullable=False),
    Column("used_at", UtcTime, nullable=False, index=True),
)

corruption_logs = Table(
    "corruption_logs",
    METADATA,
    _id(),
    _camera(),
    _timelapse(),
    Column("image_id", ForeignKey("images.id", ondelete="SET NULL"), index=True),
    Column("judged_at", UtcTime, nullable=False, index=True),
    Column("score", Integer, nullable=False),
    Column("action", String(16), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("details", JSON),
    Column("features", JSON),
    Column("model", String(32)),
    Index(None, "camera_id", "judged_at"),
)

settings = Table(
    "settings",
    METADATA,
    Column("timelapse_id", ForeignKey("timelapses.id", ondelete="CASCADE"), primary_key=True),
    Column("name", String(64), primary_key=True),
    Column("value", JSON, nullable=False),
)

logs = Table(
    "logs",
    METADATA,
    _id(),
    Column("logged_at", UtcTime, nullable=False, index=True),
    Column("level", String(16), nullable=False),
    Column("source", String(64), nullable=False),
    Column("message", String(2000), nullable=False),
    Column("camera_id", ForeignKey("cameras.id", ondelete="SET NULL"), index=True),
    Column("correlation_id", String(64)),
    Column("data", JSON, nullable=False, default=dict),
)


def _statistics(name: str, period: Column[Any]) -> Table:
    """Counters of a timelapse by period; `planned` ticks, of which `covered` gave an image."""
    counts = ("planned", "covered", "failed", "skipped", "images", "quarantined", "flagged")
    return Table(
        name,
        METADATA,
        Column("timelapse_id", ForeignKey("timelapses.id", ondelete="CASCADE"), primary_key=True),
        period,
        _camera(),
        *(_count(count) for count in counts),
        _count("byte_count"),
        _count("score_sum"),
        Column("score_min", Integer),
        Index(None, "camera_id", period.name),
        Index(None, period.name),
    )


daily_statistics = _statistics("daily_statistics", Column("day", Date, primary_key=True))
hourly_statistics = _statistics("hourly_statistics", Column("hour", UtcTime, primary_key=True))
"""The last two days, for sums over 24 hours; older hours are purged."""
