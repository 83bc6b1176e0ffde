"""The `images` table, with the ticks that asked for them and the counters that go with both."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import Connection, Row, Select, bindparam, insert, select, update

from ..errors import NotFoundError
from ..models import Context, Image, Judgement, NewImage, Tick
from .corruption_operations import log_again, log_judgement
from .counters import count_image, count_miss, count_periods
from .database import Database, inserted_id
from .tables import UtcTime, cameras, images, timelapses
from .tick_operations import enter_tick, same_tick


@dataclass(frozen=True, slots=True)
class RenderImage:
    """What a render has to know of an image; an index holds it all."""

    id: int
    captured_at: datetime
    width: int
    height: int


class ImageOperations:
    """Reads and writes images and ticks."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def record(self, new: NewImage, tick: Tick | None = None) -> Image:
        """Enter an image, its tick and all counters in one transaction."""

        def work(connection: Connection) -> Image:
            image_id = _enter_image(connection, new)
            if tick is not None:
                enter_tick(connection, tick)
            count_periods(connection, new, tick)
            return _fetch(connection, image_id)

        return await self._database.write(work)

    async def record_late(self, new: NewImage | None, tick: Tick | None) -> None:
        """Enter what waited on disk; what is there already, or has lost its timelapse, is left."""

        def work(connection: Connection) -> None:
            late_image = new if new and _is_new_image(connection, new) else None
            late_tick = tick if tick and _is_new_tick(connection, tick) else None
            if late_image is not None:
                _enter_image(connection, late_image)
            if late_tick is not None:
                enter_tick(connection, late_tick)
                if new is None:
                    count_miss(connection, late_tick)
            count_periods(connection, late_image, late_tick)

        await self._database.write(work)

    async def record_miss(self, tick: Tick) -> None:
        """Enter a tick that gave no image, and count it."""

        def work(connection: Connection) -> None:
            enter_tick(connection, tick)
            count_miss(connection, tick)
            count_periods(connection, None, tick)

        await self._database.write(work)

    async def judge_again(
        self, image_id: int, judgement: Judgement, *, quarantined: bool, flagged: bool
    ) -> None:
        """Enter another judgement of an image; counters have to be verified afterwards."""

        def work(connection: Connection) -> None:
            image = _fetch(connection, image_id)
            values = {
                "score": judgement.score,
                "reasons": list(judgement.reasons),
                "quarantined": quarantined,
                "flagged": flagged,
            }
            connection.execute(update(images).where(images.c.id == image_id).values(values))
            log_again(connection, image, judgement, quarantined=quarantined, flagged=flagged)

        await self._database.write(work)

    async def get(self, image_id: int) -> Image:
        """Answer one image; raise NotFoundError when there is none."""
        return await self._database.read(lambda connection: _fetch(connection, image_id))

    async def latest(self, camera_id: str) -> Image | None:
        """The newest image that the camera kept."""

        def work(connection: Connection) -> Image | None:
            row = connection.execute(
                _SELECT.join(cameras, cameras.c.last_image_id == images.c.id).where(
                    cameras.c.id == camera_id
                )
            ).one_or_none()
            return _image(row) if row else None

        return await self._database.read(work)

    async def latest_of_all(self) -> dict[str, Image]:
        """The newest image that each camera kept, by camera."""
        query = _SELECT.join(cameras, cameras.c.last_image_id == images.c.id)
        return {image.camera_id: image for image in await self._all(query)}

    async def find(
        self,
        *,
        camera_id: str | None = None,
        timelapse_id: int | None = None,
        day: date | None = None,
        quarantined: bool | None = False,
        before: datetime | None = None,
        limit: int = 100,
    ) -> list[Image]:
        """Images, the newest first; `before` a moment for the next page."""
        query = _SELECT.order_by(images.c.captured_at.desc()).limit(limit)
        filters = {
            images.c.camera_id: camera_id,
            images.c.timelapse_id: timelapse_id,
            images.c.local_day: day,
            images.c.quarantined: quarantined,
        }
        for column, value in filters.items():
            if value is not None:
                query = query.where(column == value)
        if before is not None:
            query = query.where(images.c.captured_at < before)
        return await self._all(query)

    async def for_render(self, timelapse_id: int) -> list[RenderImage]:
        """All kept images of a timelapse in the order of capture."""
        row = images.c
        query = (
            select(row.id, row.captured_at, row.width, row.height)
            .where(
                row.timelapse_id == timelapse_id,
                row.quarantined.is_(False),
                row.missing.is_(False),
            )
            .order_by(row.captured_at)
        )

        def work(connection: Connection) -> list[RenderImage]:
            return [RenderImage(*image) for image in connection.execute(query)]

        return await self._database.read(work)

    async def has_content(self, timelapse_id: int, content_hash: str) -> bool:
        """Whether a timelapse has an image with the same bytes, in quarantine too."""
        query = select(images.c.id).where(
            images.c.timelapse_id == timelapse_id, images.c.content_hash == content_hash
        )
        return await self._database.read(
            lambda connection: connection.execute(query.limit(1)).one_or_none() is not None
        )

    async def _all(self, query: Select[tuple[object, ...]]) -> list[Image]:
        def work(connection: Connection) -> list[Image]:
            return [_image(row) for row in connection.execute(query)]

        return await self._database.read(work)


_SELECT = select(images, timelapses.c.folder).join(
    timelapses, timelapses.c.id == images.c.timelapse_id
)
_ONE = _SELECT.where(images.c.id == bindparam("key"))
_INSERT_IMAGE = insert(images)
_OF_TIMELAPSE = (
    select(images.c.seq, images.c.captured_at)
    .where(images.c.timelapse_id == bindparam("timelapse"))
    .limit(1)
)
_NEWEST = _OF_TIMELAPSE.order_by(images.c.captured_at.desc())
_BEFORE = _NEWEST.where(images.c.captured_at < bindparam("moment", type_=UtcTime))
_FIRST = _OF_TIMELAPSE.order_by(images.c.captured_at)


def _enter_image(connection: Connection, new: NewImage) -> int:
    image_id = _insert_image(connection, new)
    count_image(connection, new, image_id)
    log_judgement(connection, new, image_id)
    return image_id


def _is_new_image(connection: Connection, new: NewImage) -> bool:
    same = (images.c.timelapse_id == new.timelapse_id) & (images.c.captured_at == new.captured_at)
    return _is_new(connection, new.timelapse_id, select(images.c.id).where(same))


def _is_new_tick(connection: Connection, tick: Tick) -> bool:
    return _is_new(connection, tick.timelapse_id, same_tick(tick))


def _is_new(connection: Connection, timelapse_id: int, same: Select[tuple[int]]) -> bool:
    timelapse = select(timelapses.c.id).where(timelapses.c.id == timelapse_id)
    if connection.execute(timelapse).one_or_none() is None:
        return False
    return connection.execute(same.limit(1)).one_or_none() is None


def _insert_image(connection: Connection, new: NewImage) -> int:
    context = new.context.plain
    values = {
        "camera_id": new.camera_id,
        "timelapse_id": new.timelapse_id,
        "captured_at": new.captured_at,
        "local_day": new.local_day,
        "width": new.width,
        "height": new.height,
        "byte_count": new.byte_count,
        "score": new.judgement.score,
        "reasons": list(new.judgement.reasons),
        "quarantined": new.quarantined,
        "flagged": new.flagged,
        "sun_elevation": context.pop("sun_elevation", None),
        "sun_azimuth": context.pop("sun_azimuth", None),
        "context": context or None,
        "seq": _place(connection, new),
        "luma": new.luma,
        "phash": new.phash,
        "content_hash": new.content_hash,
        "imported": new.imported,
    }
    return inserted_id(connection.execute(_INSERT_IMAGE, values))


def _place(connection: Connection, new: NewImage) -> int:
    """Answer the next place, or that of the image before one that comes between others."""
    place = {"timelapse": new.timelapse_id, "moment": new.captured_at}
    newest = connection.execute(_NEWEST, place).one_or_none()
    if newest is None:
        return 0
    if newest.captured_at < new.captured_at:
        return int(newest.seq) + 1
    before = connection.execute(_BEFORE, place).scalar_one_or_none()
    return int(connection.execute(_FIRST, place).scalar_one() if before is None else before)


def _fetch(connection: Connection, image_id: int) -> Image:
    row = connection.execute(_ONE, {"key": image_id}).one_or_none()
    if row is None:
        raise NotFoundError(kind="image", id=image_id)
    return _image(row)


def _image(row: Row[tuple[object, ...]]) -> Image:
    values = dict(row._mapping)
    sun = {name: values.pop(name) for name in ("sun_elevation", "sun_azimuth")}
    context = Context.from_plain({**(values.pop("context") or {}), **sun})
    return Image(**{**values, "reasons": tuple(values["reasons"]), "context": context})
