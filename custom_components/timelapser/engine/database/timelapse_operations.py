"""The `timelapses` table."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError

from ..errors import NotFoundError, TimelapseExistsError, TimelapseStateError
from ..models import Timelapse, TimelapseChanges, TimelapseRules, TimelapseState
from .camera_operations import fetch_camera
from .counters import forget_timelapse
from .database import Database, inserted_id
from .settings_operations import fetch_settings, store_settings
from .tables import timelapses


class TimelapseOperations:
    """Reads and writes timelapses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(
        self,
        camera_id: str,
        name: str,
        settings: Mapping[str, object],
        now: datetime,
        rules: TimelapseRules | None = None,
    ) -> Timelapse:
        """Enter a running timelapse; raise TimelapseExistsError when one is unfinished."""
        values = {"state": TimelapseState.RUNNING, "started_at": now, "resumed_at": now}

        def work(connection: Connection) -> Timelapse:
            timelapse_id = _insert(connection, camera_id, name, {**values, **(rules or {})})
            store_settings(connection, timelapse_id, settings)
            return _fetch(connection, timelapse_id)

        return await self._database.write(work)

    async def create_completed(
        self, camera_id: str, name: str, started_at: datetime, completed_at: datetime
    ) -> Timelapse:
        """Enter a timelapse that is over, for images that come from elsewhere."""
        values = {
            "state": TimelapseState.COMPLETED,
            "started_at": started_at,
            "completed_at": completed_at,
        }

        def work(connection: Connection) -> Timelapse:
            return _fetch(connection, _insert(connection, camera_id, name, values))

        return await self._database.write(work)

    async def change_state(
        self,
        timelapse_id: int,
        allowed: Collection[TimelapseState],
        state: TimelapseState,
        at: datetime,
    ) -> Timelapse:
        """Move a timelapse on; raise TimelapseStateError when it is in none of `allowed`."""

        def work(connection: Connection) -> Timelapse:
            timelapse = _fetch(connection, timelapse_id)
            if timelapse.state not in allowed:
                raise TimelapseStateError(timelapse=timelapse.name, state=timelapse.state)
            values: dict[str, object] = {"state": state}
            if state in _MOMENTS:
                values[_MOMENTS[state]] = at
            _update(connection, timelapse_id, values)
            return _fetch(connection, timelapse_id)

        return await self._database.write(work)

    async def update(self, timelapse_id: int, changes: TimelapseChanges) -> Timelapse:
        """Change what people may change; raise NotFoundError when there is no such timelapse."""

        def work(connection: Connection) -> Timelapse:
            if changes:
                _update(connection, timelapse_id, changes)
            return _fetch(connection, timelapse_id)

        return await self._database.write(work)

    async def delete(self, timelapse_id: int, started_at: datetime) -> bool:
        """Delete a timelapse with all its rows; answer whether it was there.

        Its start is asked for because SQLite gives the id of a deleted row to another one.
        """
        query = select(timelapses.c.id).where(
            timelapses.c.id == timelapse_id, timelapses.c.started_at == started_at
        )

        def work(connection: Connection) -> bool:
            there = connection.execute(query).one_or_none() is not None
            if there:
                forget_timelapse(connection, timelapse_id)
            return there

        return await self._database.write(work)

    async def get(self, timelapse_id: int) -> Timelapse:
        """Answer one timelapse; raise NotFoundError when there is none."""
        return await self._database.read(lambda connection: _fetch(connection, timelapse_id))

    async def unfinished(self, camera_id: str) -> Timelapse | None:
        """The camera's running or paused timelapse."""

        def work(connection: Connection) -> Timelapse | None:
            row = connection.execute(
                _SELECT.where(
                    timelapses.c.camera_id == camera_id,
                    timelapses.c.state != TimelapseState.COMPLETED,
                )
            ).one_or_none()
            return _timelapses(connection, [row])[0] if row else None

        return await self._database.read(work)

    async def latest(self, camera_id: str) -> Timelapse | None:
        """The camera's newest timelapse, finished or not."""
        return await self._database.read(lambda connection: fetch_latest(connection, camera_id))

    async def find(self, camera_id: str | None = None, limit: int | None = None) -> list[Timelapse]:
        """Timelapses, the newest first."""
        query = _SELECT.order_by(timelapses.c.id.desc()).limit(limit)
        if camera_id is not None:
            query = query.where(timelapses.c.camera_id == camera_id)

        def work(connection: Connection) -> list[Timelapse]:
            return _timelapses(connection, connection.execute(query).all())

        return await self._database.read(work)


_SELECT = select(timelapses)
_LATEST = (
    _SELECT.where(timelapses.c.camera_id == bindparam("camera"))
    .order_by(timelapses.c.id.desc())
    .limit(1)
)
_MOMENTS = {TimelapseState.RUNNING: "resumed_at", TimelapseState.COMPLETED: "completed_at"}


def fetch_latest(connection: Connection, camera_id: str) -> Timelapse | None:
    """The camera's newest timelapse, within a transaction."""
    row = connection.execute(_LATEST, {"camera": camera_id}).one_or_none()
    return _timelapses(connection, [row])[0] if row else None


def _insert(connection: Connection, camera_id: str, name: str, values: Mapping[str, object]) -> int:
    camera = fetch_camera(connection, camera_id)
    row = {"camera_id": camera_id, "name": name, "folder": "", **values}
    try:
        timelapse_id = inserted_id(connection.execute(insert(timelapses).values(row)))
    except IntegrityError as error:
        # The one unique index says: at most one unfinished timelapse per camera.
        raise TimelapseExistsError(camera=camera.name) from error
    _update(connection, timelapse_id, {"folder": f"{camera.folder}/{timelapse_id}"})
    return timelapse_id


def _update(connection: Connection, timelapse_id: int, values: Mapping[str, object]) -> None:
    connection.execute(
        update(timelapses).where(timelapses.c.id == timelapse_id).values(dict(values))
    )


def _fetch(connection: Connection, timelapse_id: int) -> Timelapse:
    row = connection.execute(_SELECT.where(timelapses.c.id == timelapse_id)).one_or_none()
    if row is None:
        raise NotFoundError(kind="timelapse", id=timelapse_id)
    return _timelapses(connection, [row])[0]


def _timelapses(connection: Connection, rows: Sequence[Row[Any]]) -> list[Timelapse]:
    overrides = fetch_settings(connection, [row.id for row in rows])
    return [
        Timelapse(
            **{**row._mapping, "state": TimelapseState(row.state)},
            settings=overrides.get(row.id, {}),
        )
        for row in rows
    ]
