"""The one place where the engine is assembled, started and stopped."""

import asyncio
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
import logging
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import Event as StopEvent
from homeassistant.core import HomeAssistant, callback
from homeassistant.exceptions import ConfigEntryError, ConfigEntryNotReady
from homeassistant.helpers import device_registry as dr
from homeassistant.util import dt as dt_util

from .analyzer_setup import async_analyzer
from .camera_runtime import CameraRuntime
from .const import CONF_STORAGE, DOMAIN
from .database_setup import async_open_database
from .engine.capture.ledger import Ledger
from .engine.capture.service import MAX_GRABS, ImageCaptureService
from .engine.corruption.rejudge import RejudgeService
from .engine.corruption.service import CorruptionService
from .engine.database.database import Database
from .engine.database.operations import Operations
from .engine.errors import DatabaseTooNewError, DatabaseUnavailableError, TimelapserError
from .engine.images.files import Storage
from .engine.images.purging import Look, PurgeService
from .engine.images.recorder import Recorder
from .engine.images.service import ImageService
from .engine.images.spool import Spool
from .engine.images.thumbnails import ThumbnailService
from .engine.images.trash import Trash
from .engine.imports.service import ImportParts, ImportService
from .engine.models import AnalyzerChoice, Timelapse
from .engine.monitoring.database_watch import DatabaseWatch
from .engine.monitoring.housekeeping import Housekeeping
from .engine.monitoring.load import LoadWatch
from .engine.monitoring.reconciliation import ReconciliationService
from .engine.monitoring.statistics import StatisticsService
from .engine.settings import Level, Settings, changed, resolve
from .engine.settings.service import SettingsService
from .engine.timelapses.deletion import DeletionService
from .engine.timelapses.service import TimelapseService
from .errors import translated
from .gate import async_check_gate
from .hub_coordinator import HubCoordinator
from .hub_events import HubEvents
from .issues import async_database_too_new
from .library import async_show_again
from .preview import Previews
from .quality import REMEMBERED
from .sky import Sky
from .snapshot import async_snapshot
from .sources import SourceMaker
from .video_setup import make_videos

_LOGGER = logging.getLogger(__name__)

IMAGE_THREADS = 2
MAX_OPEN_STREAMS = 8
"""Each is read all the time: about 1 % of a core with 25 pictures a second."""


type TimelapserConfigEntry = ConfigEntry[TimelapserHub]


class TimelapserHub:
    """Holds the services and the cameras of the integration."""

    def __init__(
        self, hass: HomeAssistant, entry: TimelapserConfigEntry, database: Database
    ) -> None:
        self.hass = hass
        self._entry = entry
        self._workers: list[asyncio.Task[None]] = []
        self._closed = False
        self._open_streams: set[str] = set()
        self._analyzer: AnalyzerChoice | None = None
        self.grab_pool = ThreadPoolExecutor(MAX_GRABS, "timelapser-grab")
        self.image_pool = ThreadPoolExecutor(IMAGE_THREADS, "timelapser-image")
        self.opened_with = dict(entry.data)
        self._options = dict(entry.options)
        self.database = database
        self.storage = Storage(Path(entry.data[CONF_STORAGE]))
        self.rows = rows = Operations(database)
        self.corruption = CorruptionService()
        self.images = ImageService(self.storage, self.corruption, self.image_pool)
        self.thumbnails = ThumbnailService(rows.images, self.storage, self.image_pool)
        self.recorder = Recorder(rows.images, Spool(self.storage), self.image_pool)
        self.events = HubEvents(hass, entry, self)
        self.publish = self.events.async_publish
        self.database_watch = DatabaseWatch(
            self.database.pool, self.recorder, self.events.async_database_changed
        )
        self.sky = Sky(hass)
        self.sources = SourceMaker(hass, self.grab_pool)
        self.ledger = Ledger(self.recorder, rows.ticks)
        self.load = LoadWatch(
            self.storage.root, lambda: self.shared_settings.load, self.image_pool, self.publish
        )
        self.captures = ImageCaptureService(
            self.images, self.recorder, self.publish, dt_util.utcnow
        )
        self.timelapses = TimelapseService(
            rows.timelapses, self.publish, dt_util.utcnow, dt_util.get_default_time_zone
        )
        self.videos, self.encode_ahead, self.segments = make_videos(self, entry.entry_id)
        self.statistics = StatisticsService(
            rows.statistics, self.storage, self.image_pool, dt_util.utcnow
        )
        self.coordinator = HubCoordinator(hass, entry, self.statistics, rows.videos)
        self.settings = SettingsService(rows.settings, self.publish)
        self.rejudging = RejudgeService(
            rows.images,
            rows.counters,
            self.images,
            self.storage,
            self.image_pool,
        )
        self.imports = ImportService(
            ImportParts(
                rows=rows,
                images=self.images,
                executor=self.image_pool,
                now=dt_util.utcnow,
                zone=dt_util.get_default_time_zone,
                has_room=self.load.check,
            )
        )
        self.housekeeping = Housekeeping(
            rows.logs,
            rows.judgements,
            self.statistics,
            lambda: self.shared_settings,
            dt_util.utcnow,
        )
        self.deletion = DeletionService(
            timelapses=rows.timelapses,
            videos=rows.videos,
            images=rows.retention,
            cancel_renders=self.videos.cancel_all,
            trash=Trash(self.storage),
            executor=self.image_pool,
        )
        self.purging = PurgeService(
            rows=rows,
            deletion=self.deletion,
            executor=self.image_pool,
            look=Look(
                dt_util.utcnow,
                dt_util.get_default_time_zone,
                lambda: self.shared_settings,
                self.settings_of,
            ),
            publish=self.publish,
            changed=partial(async_show_again, self),
        )
        self.reconciliation = ReconciliationService(
            rows=rows,
            storage=self.storage,
            images=self.images,
            deletion=self.deletion,
            executor=self.image_pool,
            publish=self.publish,
            now=dt_util.utcnow,
            zone=dt_util.get_default_time_zone,
            settings=self.settings_of,
        )
        self.previews = Previews(hass)
        self.cameras: dict[str, CameraRuntime] = {}

    @classmethod
    async def async_open(cls, hass: HomeAssistant, entry: TimelapserConfigEntry) -> TimelapserHub:
        """Open storage and database and know the cameras; raise ConfigEntryNotReady."""
        try:
            database = await async_open_database(hass, entry.data)
            hub = cls(hass, entry, database)
            await hub._async_open()
        except DatabaseTooNewError as error:
            async_database_too_new(hass, error)
            raise translated(error, ConfigEntryError) from error
        except TimelapserError as error:
            raise translated(error, ConfigEntryNotReady) from error
        async_database_too_new(hass, None)
        return hub

    async def _async_open(self) -> None:
        try:
            await self.hass.async_add_executor_job(self._check_storage)
            await self.recorder.open()
            await self._async_open_cameras()
            await self.coordinator.async_config_entry_first_refresh()
            self.events.async_listen()
        except BaseException:
            await self.async_close()
            raise

    def _check_storage(self) -> None:
        self.storage.check_there()
        self.storage.check_writable()

    async def _async_open_cameras(self) -> None:
        dr.async_get(self.hass).async_get_or_create(
            config_entry_id=self._entry.entry_id,
            identifiers={(DOMAIN, self._entry.entry_id)},
            entry_type=dr.DeviceEntryType.SERVICE,
            name=self._entry.title,
            manufacturer="Timelapser",
        )
        self.settings.check_stored(self.levels)
        for subentry_id, subentry in self._entry.subentries.items():
            snapshot = await async_snapshot(self, subentry)
            camera = CameraRuntime(self.hass, self._entry, self, subentry, snapshot)
            self.settings.check_stored(camera.levels(camera.timelapse))
            recent = await self.rows.judgements.find(camera_id=subentry_id, limit=REMEMBERED)
            camera.quality.async_recall(recent)
            self.cameras[subentry_id] = camera

    @property
    def shared_settings(self) -> Settings:
        """The settings of the hub, which cameras inherit."""
        return resolve(self.levels).settings

    @property
    def levels(self) -> dict[Level, Mapping[str, object]]:
        """What the hub sets."""
        return {Level.HUB: self._entry.options}

    async def async_change_settings(self, changes: Mapping[str, object]) -> None:
        """Change what the hub sets; None takes a value back."""
        await async_check_gate(self.hass, changes)
        options = self.changed_options(changes)
        self.hass.config_entries.async_update_entry(self._entry, options=options)

    def changed_options(self, changes: Mapping[str, object]) -> dict[str, object]:
        """Answer the options after changes; raise when they do not go with those of a camera."""
        heirs = [(camera.camera.name, camera.levels_now) for camera in self.cameras.values()]
        return changed(self.levels, Level.HUB, changes, heirs)

    async def async_start(self, _hass: HomeAssistant) -> None:
        """Capture and render; meanwhile, put in order what a crash left."""
        if self._closed:
            return
        self.captures.allow(self.shared_settings.load.concurrent_grabs)
        self._async_employ(self.load.run(), "load worker")
        self._async_employ(self._async_render(), "render worker")
        self._async_employ(self.encode_ahead.run(), "encode worker")
        self._async_employ(self.deletion.run(), "deletion worker")
        self._async_employ(self.purging.run(), "purge worker")
        self._async_employ(self.database_watch.run(), "database worker")
        self._async_employ(self.housekeeping.run(), "housekeeping worker")
        for camera in self.cameras.values():
            camera.async_start()
        self._async_employ(self._async_reconcile(), "reconciliation")
        self._async_employ(self._async_choose_analyzer(), "analyzer")

    @callback
    def _async_employ(self, work: Coroutine[Any, Any, None], name: str) -> None:
        """Run what goes on for as long as the hub does."""
        self._workers.append(
            self._entry.async_create_background_task(self.hass, work, f"timelapser {name}")
        )

    async def _async_choose_analyzer(self) -> None:
        self._analyzer = self.shared_settings.corruption.analyzer
        self.corruption.use(await async_analyzer(self.hass, self._analyzer))

    async def _async_render(self) -> None:
        try:
            await self.segments.clean()
        except TimelapserError as error:
            _LOGGER.warning("The cache of segments was not tidied: %s", error)
        await self.videos.run()

    async def _async_reconcile(self) -> None:
        """Compare files and rows, and show what came of it."""
        try:
            found = await self.reconciliation.run()
        except TimelapserError as error:
            _LOGGER.warning("Files and rows were not compared to the end: %s", error)
        else:
            if found:
                for camera in self.cameras.values():
                    await camera.async_reload()

    def settings_of(self, timelapse: Timelapse) -> Settings:
        """The settings in effect for a timelapse."""
        camera = self.cameras.get(timelapse.camera_id)
        if camera is None:
            return self.shared_settings
        return resolve(camera.levels(timelapse)).settings

    def turn(self, camera_id: str) -> int:
        """Answer which camera it is, from 0: each captures a little after the one before."""
        cameras = [*self._entry.subentries]
        return cameras.index(camera_id) if camera_id in cameras else 0

    def may_stay_open(self, camera_id: str, wanted: bool) -> bool:
        """Whether a camera's stream may stay open; only so many may, as each costs all the time."""
        self._open_streams.discard(camera_id)
        if wanted and len(self._open_streams) < MAX_OPEN_STREAMS:
            self._open_streams.add(camera_id)
        return camera_id in self._open_streams

    async def async_close(self, _event: StopEvent | None = None) -> None:
        """Stop cameras and worker, then let go of threads and database; once is enough."""
        if self._closed:
            return
        self._closed = True
        self.events.async_forget()
        await self.coordinator.async_shutdown()
        # Together: a stream that hangs takes seconds to end.
        await asyncio.gather(*(camera.async_stop() for camera in self.cameras.values()))
        for worker in self._workers:
            worker.cancel()
        await asyncio.gather(*self._workers, return_exceptions=True)
        await self.thumbnails.close()
        await self.hass.async_add_executor_job(self._shut_down_pools)
        await self.database.close()

    def _shut_down_pools(self) -> None:
        self.grab_pool.shutdown(cancel_futures=True)
        self.image_pool.shutdown(cancel_futures=True)

    async def async_apply_changes(self) -> None:
        """Apply changed options and subentries to the cameras in place."""
        analyzer = self.shared_settings.corruption.analyzer
        if analyzer is not self._analyzer:
            self._async_employ(self._async_choose_analyzer(), "analyzer")
        before, self._options = self._options, dict(self._entry.options)
        self.captures.allow(self.shared_settings.load.concurrent_grabs)
        self.settings.tell("", Level.HUB, before, self._options)
        subentries = self._entry.subentries
        for subentry_id, camera in self.cameras.items():
            await camera.async_apply(subentries[subentry_id])
        for subentry_id, camera in self.cameras.items():
            subentry = subentries[subentry_id]
            # Without a database, the next start enters the name.
            with suppress(DatabaseUnavailableError):
                await self.rows.cameras.ensure(subentry_id, subentry.title, camera.camera.folder)
            await camera.async_refresh()
