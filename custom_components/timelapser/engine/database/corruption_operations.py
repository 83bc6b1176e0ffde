"""The `corruption_logs` table: every judgement, and what was done with the image."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Row, delete, insert, select

from ..models import CorruptionAction, CorruptionLog, Image, Judgement, NewImage
from .database import Database
from .tables import corruption_logs


class CorruptionOperations:
    """Reads judgements; they are written with their images."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self,
        *,
        camera_id: str | None = None,
        timelapse_id: int | None = None,
        below: int | None = None,
        before_id: int | None = None,
        limit: int = 100,
    ) -> list[CorruptionLog]:
        """Judgements, the newest first; `below` a score, and for the next page before an id."""
        table = corruption_logs
        query = select(table).order_by(table.c.id.desc()).limit(limit)
        for column, equal in ((table.c.camera_id, camera_id), (table.c.timelapse_id, timelapse_id)):
            if equal is not None:
                query = query.where(column == equal)
        for column, less in ((table.c.score, below), (table.c.id, before_id)):
            if less is not None:
                query = query.where(column < less)

        def work(connection: Connection) -> list[CorruptionLog]:
            return [_log(row) for row in connection.execute(query)]

        return await self._database.read(work)

    async def purge(self, before: datetime) -> int:
        """Delete judgements older than a moment; answer how many."""
        query = delete(corruption_logs).where(corruption_logs.c.judged_at < before)
        return await self._database.write(lambda connection: connection.execute(query).rowcount)


def log_judgement(connection: Connection, new: NewImage, image_id: int) -> None:
    """Enter the judgement of an image within its transaction."""
    action = _action(quarantined=new.quarantined, flagged=new.flagged)
    _enter(connection, new, new.captured_at, new.judgement, action, image_id)
    for replaced in new.replaced:
        action = CorruptionAction.REPLACED
        _enter(connection, new, replaced.judged_at, replaced.judgement, action, None)


def log_again(
    connection: Connection,
    image: Image,
    judgement: Judgement,
    *,
    quarantined: bool,
    flagged: bool,
) -> None:
    """Enter a later judgement of an image, at the moment of the image."""
    action = _action(quarantined=quarantined, flagged=flagged)
    _enter(connection, image, image.captured_at, judgement, action, image.id)


def _action(*, quarantined: bool, flagged: bool) -> CorruptionAction:
    if quarantined:
        return CorruptionAction.QUARANTINED
    return CorruptionAction.FLAGGED if flagged else CorruptionAction.KEPT


def _enter(  # noqa: PLR0917
    connection: Connection,
    new: NewImage | Image,
    judged_at: datetime,
    judgement: Judgement,
    action: CorruptionAction,
    image_id: int | None,
) -> None:
    row = {
        "camera_id": new.camera_id,
        "timelapse_id": new.timelapse_id,
        "image_id": image_id,
        "judged_at": judged_at,
        "score": judgement.score,
        "action": action,
        "reasons": list(judgement.reasons),
        "details": list(judgement.details) or None,
        "features": dict(judgement.features) or None,
        "model": judgement.model,
    }
    connection.execute(_INSERT, row)


_INSERT: Final = insert(corruption_logs)


def _log(row: Row[Any]) -> CorruptionLog:
    values = dict(row._mapping)
    return CorruptionLog(
        **{
            **values,
            "action": CorruptionAction(values["action"]),
            "reasons": tuple(values["reasons"]),
            "details": tuple(values["details"] or ()),
            "features": values["features"] or {},
        }
    )
