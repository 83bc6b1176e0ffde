"""What the hub's own entities show: refreshed soon after an event, and every 5 minutes."""

from collections.abc import Coroutine
from dataclasses import dataclass
from datetime import timedelta
import logging
from typing import Any, Final, override

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant, callback
from homeassistant.helpers.debounce import Debouncer
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator, UpdateFailed
from homeassistant.util import dt as dt_util

from .engine.database.video_operations import VideoOperations
from .engine.errors import DatabaseError
from .engine.monitoring.statistics import Statistics, StatisticsService
from .errors import translated

_LOGGER = logging.getLogger(__name__)

REFRESH_EVERY: Final = timedelta(minutes=5)
COOLDOWN: Final = 10.0
"""Seconds between two refreshes, however much happens."""


@dataclass(frozen=True, slots=True)
class HubSnapshot:
    """The whole house at one moment; the queue holds what runs, too."""

    statistics: Statistics
    queue_length: int


class HubCoordinator(DataUpdateCoordinator[HubSnapshot]):
    """Hands the hub's snapshots to its entities.

    Others than we fill the disk, so it looks by itself as well.
    """

    config_entry: ConfigEntry

    def __init__(
        self,
        hass: HomeAssistant,
        entry: ConfigEntry,
        statistics: StatisticsService,
        videos: VideoOperations,
    ) -> None:
        self._statistics = statistics
        self._videos = videos
        self._requests: Debouncer[Coroutine[Any, Any, None]] = Debouncer(
            hass, _LOGGER, cooldown=COOLDOWN, immediate=True, background=True
        )
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=entry.title,
            update_interval=REFRESH_EVERY,
            request_refresh_debouncer=self._requests,
            always_update=False,
        )

    @callback
    def async_something_happened(self) -> None:
        """Refresh now, or when the last time is long enough ago."""
        if self._listeners:
            self._requests.async_schedule_call()

    @override
    async def async_shutdown(self) -> None:
        """Refresh no more; what is being refreshed is awaited."""
        await super().async_shutdown()
        async with self._requests.async_lock():
            pass

    @override
    async def _async_update_data(self) -> HubSnapshot:
        try:
            return HubSnapshot(
                await self._statistics.statistics(dt_util.get_default_time_zone()),
                await self._videos.queue_length(),
            )
        except DatabaseError as error:
            raise translated(error, UpdateFailed) from error
