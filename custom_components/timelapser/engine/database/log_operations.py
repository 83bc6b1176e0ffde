"""The `logs` table: what happened, for people who look later."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, insert, select

from ..models import LogLevel, LogRow, NewLogRow
from .database import Database
from .tables import logs

MESSAGE_LENGTH = 2000


class LogOperations:
    """Reads and writes log rows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(self, *rows: NewLogRow) -> None:
        """Enter rows, in this order."""
        values = [
            {
                "logged_at": row.logged_at,
                "level": row.level,
                "source": row.source,
                "message": row.message[:MESSAGE_LENGTH],
                "camera_id": row.camera_id,
                "correlation_id": row.correlation_id,
                "data": dict(row.data),
            }
            for row in rows
        ]
        await self._database.write(lambda connection: connection.execute(insert(logs), values))

    async def find(
        self,
        *,
        level: LogLevel | None = None,
        source: str | None = None,
        camera_id: str | None = None,
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[LogRow]:
        """Rows, the newest first; from a level on, and for the next page before an id."""
        query = select(logs).order_by(logs.c.id.desc()).limit(limit)
        if level is not None:
            query = query.where(logs.c.level.in_(level.and_above))
        if source is not None:
            query = query.where(logs.c.source == source)
        if camera_id is not None:
            query = query.where(logs.c.camera_id == camera_id)
        if before_id is not None:
            query = query.where(logs.c.id < before_id)

        def work(connection: Connection) -> list[LogRow]:
            return [_log_row(row) for row in connection.execute(query)]

        return await self._database.read(work)

    async def purge(self, before: datetime) -> int:
        """Delete rows older than a moment; answer how many."""
        query = delete(logs).where(logs.c.logged_at < before)
        return await self._database.write(lambda connection: connection.execute(query).rowcount)


def _log_row(row: Row[Any]) -> LogRow:
    return LogRow(**{**row._mapping, "level": LogLevel(row.level)})
