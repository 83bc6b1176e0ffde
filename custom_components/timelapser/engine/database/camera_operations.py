"""The `cameras` table."""

from sqlalchemy import Connection, Row, bindparam, insert, select, update

from ..errors import NotFoundError
from ..models import Camera
from .database import Database
from .tables import cameras

NAME_LENGTH = 255


class CameraOperations:
    """Reads and writes cameras."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def ensure(self, camera_id: str, name: str, folder: str) -> Camera:
        """Enter a camera, or its new name; the folder stays what it was at first."""
        name = name[:NAME_LENGTH]

        def work(connection: Connection) -> Camera:
            changed = connection.execute(
                update(cameras).where(cameras.c.id == camera_id).values(name=name)
            )
            if not changed.rowcount:
                connection.execute(insert(cameras).values(id=camera_id, name=name, folder=folder))
            return fetch_camera(connection, camera_id)

        return await self._database.write(work)

    async def get(self, camera_id: str) -> Camera:
        """Answer one camera; raise NotFoundError when there is none."""
        return await self._database.read(lambda connection: fetch_camera(connection, camera_id))

    async def all(self) -> list[Camera]:
        """All cameras that ever were, by name."""

        def work(connection: Connection) -> list[Camera]:
            return [_camera(row) for row in connection.execute(_SELECT.order_by(cameras.c.name))]

        return await self._database.read(work)


_SELECT = select(cameras)
_ONE = _SELECT.where(cameras.c.id == bindparam("key"))


def fetch_camera(connection: Connection, camera_id: str) -> Camera:
    """Answer one camera within a transaction; raise NotFoundError when there is none."""
    row = connection.execute(_ONE, {"key": camera_id}).one_or_none()
    if row is None:
        raise NotFoundError(kind="camera", id=camera_id)
    return _camera(row)


def _camera(row: Row[tuple[object, ...]]) -> Camera:
    return Camera(**row._mapping)
