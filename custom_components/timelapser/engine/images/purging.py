"""Carries out what the rules of retention say: by itself at a quiet hour, or when asked."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import partial
from itertools import batched
import logging
from math import ceil, inf
from typing import Final

from ..database.operations import Operations
from ..errors import NotFoundError, TimelapserError
from ..events import Publish, Purged
from ..models import LogLevel, NewLogRow, Timelapse
from ..models.retention import LibraryImage, LibraryTimelapse
from ..settings import Settings
from ..timelapses.deletion import DeletionService
from .retention import NOTHING, Plan, Removal, Rules, plan, reach

_LOGGER = logging.getLogger(__name__)

GB: Final = 10**9
IMAGES_AT_ONCE: Final = 200
PAUSE: Final = 0.05
"""Seconds between two such steps, in which others have the database and the disk."""
LOOK_EVERY: Final = 600.0
"""Seconds between two looks at the clock; the first comes when the start is over."""
QUOTAS_EVERY: Final = timedelta(hours=1)
SOURCE: Final = "purge"
"""Of the log rows that say when all that was due was purged."""
DAY: Final = timedelta(days=1)
MILLISECOND: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Look:
    """How things are seen: the clock, the zone of the house, and the settings in effect."""

    now: Callable[[], datetime]
    zone: Callable[[], tzinfo]
    shared: Callable[[], Settings]
    of_timelapse: Callable[[Timelapse], Settings]


class PurgeService:
    """Plans and purges; `changed` is told the cameras that have lost something."""

    def __init__(
        self,
        *,
        rows: Operations,
        deletion: DeletionService,
        executor: Executor,
        look: Look,
        publish: Publish,
        changed: Callable[[Collection[str]], Awaitable[None]],
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._rows = rows
        self._deletion = deletion
        self._executor = executor
        self._look = look
        self._publish = publish
        self._changed = changed
        self._sleep = sleep
        self._purging = asyncio.Lock()
        self._quotas_seen: datetime | None = None

    async def plan(self, camera_id: str | None = None) -> Plan:
        """Answer what the rules say now, of everything or of one camera."""
        found = await self._plan(by_time=True)
        return found if camera_id is None else found.of_camera(camera_id)

    async def carry_out(self, wanted: Plan) -> Plan:
        """Delete what a plan names, and nothing else; answer what went.

        What was starred or queued to be rendered since the plan was made stays.
        """
        async with self._purging:
            gone: list[Removal] = []
            videos: list[Removal] = []
            try:
                for some in batched(wanted.images, IMAGES_AT_ONCE, strict=False):
                    gone += await self._delete_images(some)
                    await self._sleep(PAUSE)
                for removal in wanted.videos:
                    if await self._delete_video(removal):
                        videos += [removal]
            finally:
                # Also of a purge that is cut off: the next one begins where it ended.
                went = Plan(tuple(gone), tuple(videos))
                if went != Plan():
                    await self._tell(went)
        return went

    async def run(self) -> None:
        """Purge once a day, and look after quotas each hour, until cancelled."""
        while True:
            await self._sleep(LOOK_EVERY)
            try:
                await self.tick()
            except (TimelapserError, OSError) as error:
                _LOGGER.warning("Not all that is due was purged; it is tried again: %s", error)

    async def tick(self) -> Plan:
        """Purge what is due now, if anything is; answer what went."""
        now = self._look.now()
        if await self._is_due(now):
            went = await self.carry_out(await self.plan())
            await self._log(SOURCE, LogLevel.DEBUG, "What was due is purged", {})
            self._quotas_seen = now
            return went
        if self._quotas_seen is None or now - self._quotas_seen >= QUOTAS_EVERY:
            went = await self.carry_out(await self._plan(by_time=False))
            self._quotas_seen = now
            return went
        return Plan()

    async def _is_due(self, now: datetime) -> bool:
        """Whether there has been no whole purge since the last time one should have begun.

        The log remembers, over restarts: one that was cut off is due again.
        """
        local = now.astimezone(self._look.zone())
        at = datetime.combine(
            local.date(), self._look.shared().retention.purge_at, self._look.zone()
        )
        begin = at if at <= now else at - DAY
        done = await self._rows.logs.find(source=SOURCE, limit=1)
        return not done or done[0].logged_at < begin

    async def _plan(self, *, by_time: bool) -> Plan:
        timelapses = await self._rows.timelapses.find()
        rules = self._rules(timelapses, by_time=by_time)
        library = await self._library(timelapses, rules)
        loop = asyncio.get_running_loop()
        work = partial(plan, library, rules, self._look.now())
        return await loop.run_in_executor(self._executor, work)

    def _rules(self, timelapses: Sequence[Timelapse], *, by_time: bool) -> Rules:
        """What is in effect; a camera's quota is that of its newest timelapse."""
        found = {t.id: self._look.of_timelapse(t).retention for t in timelapses}
        oldest_first = sorted(timelapses, key=lambda timelapse: timelapse.id)
        return Rules(
            self._look.zone(),
            found if by_time else {},
            {t.camera_id: _bytes(found[t.id].camera_quota) for t in oldest_first},
            _bytes(self._look.shared().retention.storage_quota),
        )

    async def _library(
        self, timelapses: Sequence[Timelapse], rules: Rules
    ) -> list[LibraryTimelapse]:
        protected = await self._rows.retention.protected()
        videos = await self._rows.retention.automatic_videos()
        excess = _excess(timelapses, rules)
        library = []
        for timelapse in timelapses:
            images: tuple[LibraryImage, ...] = ()
            if timelapse.id not in protected:
                images = await self._images(timelapse, rules, excess[timelapse.camera_id])
            found = LibraryTimelapse(
                timelapse.id,
                timelapse.camera_id,
                timelapse.byte_count,
                timelapse.id in protected,
                images,
                videos.get(timelapse.id, ()),
            )
            library.append(found)
        return library

    async def _images(
        self, timelapse: Timelapse, rules: Rules, excess: int
    ) -> tuple[LibraryImage, ...]:
        """Read what rules may reach of a timelapse, and no more: there may be a million images.

        Quotas reach as many of the oldest as are too much.
        """
        now = self._look.now()
        settings = rules.timelapses.get(timelapse.id, NOTHING)
        before = reach(settings, now)
        if excess:
            end = await self._rows.retention.end_of_oldest(timelapse.id, excess)
            ends = [moment for moment in (before, end and end + MILLISECOND) if moment]
            before = max(ends, default=None)
        aside = timelapse.quarantine_count and settings.quarantine
        return await self._rows.retention.images(
            timelapse.id,
            before=before,
            quarantined_before=now - settings.quarantine * DAY if aside else None,
        )

    async def _delete_images(self, some: Iterable[Removal]) -> list[Removal]:
        named = {removal.id: removal for removal in some}
        gone = await self._deletion.delete_images(named.keys(), spare_starred=True)
        return [named[image.id] for image in gone]

    async def _delete_video(self, removal: Removal) -> bool:
        if removal.timelapse_id in await self._rows.retention.protected():
            return False
        try:
            await self._deletion.delete_video(await self._rows.videos.get_video(removal.id))
        except NotFoundError:  # somebody was faster
            return False
        return True

    async def _tell(self, went: Plan) -> None:
        """Log what went and show it."""
        everything = (*went.images, *went.videos)
        cameras = {removal.camera_id for removal in everything}
        only = next(iter(cameras)) if len(cameras) == 1 else None
        data = {
            "images": len(went.images),
            "videos": len(went.videos),
            "bytes": went.byte_count,
            "rules": dict(Counter(removal.rule.value for removal in everything)),
        }
        text = (
            f"{len(went.images)} images and {len(went.videos)} videos were purged,"
            f" {went.byte_count / GB:.2f} GB"
        )
        await self._log("retention", LogLevel.INFO, text, data, only)
        self._publish(Purged(only or "", len(went.images), len(went.videos), went.byte_count))
        await self._changed(cameras)

    async def _log(
        self,
        source: str,
        level: LogLevel,
        message: str,
        data: Mapping[str, object],
        camera_id: str | None = None,
    ) -> None:
        _LOGGER.log(logging.getLevelNamesMapping()[level.upper()], message)
        row = NewLogRow(
            logged_at=self._look.now(),
            level=level,
            source=source,
            message=message,
            camera_id=camera_id,
            data=data,
        )
        await self._rows.logs.add(row)


def _excess(timelapses: Iterable[Timelapse], rules: Rules) -> Mapping[str, int]:
    """Answer how many bytes each camera may have to lose for its quota and for that of all."""
    used: Counter[str] = Counter()
    for timelapse in timelapses:
        used[timelapse.camera_id] += timelapse.byte_count
    of_all = max(used.total() - rules.storage_quota, 0)
    return {
        camera: ceil(of_all + max(size - rules.camera_quotas.get(camera, inf), 0))
        for camera, size in used.items()
    }


def _bytes(quota: float) -> float:
    """Answer a quota in bytes; none is one that is never reached."""
    return quota * GB or inf
