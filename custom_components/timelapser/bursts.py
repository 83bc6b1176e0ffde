"""Bursts: images in quick succession, asked for by an action or an entity."""

import asyncio
from datetime import timedelta
import logging
from typing import TYPE_CHECKING, Final

from homeassistant.config_entries import ConfigEntry
from homeassistant.const import STATE_ON, STATE_UNAVAILABLE, STATE_UNKNOWN
from homeassistant.core import CALLBACK_TYPE, Event, EventStateChangedData, HomeAssistant, callback
from homeassistant.helpers.event import async_track_state_change_event
from homeassistant.util import dt as dt_util

from .engine.errors import (
    CaptureBusyError,
    InvalidAuthError,
    SourceClosedError,
    TimelapserError,
)
from .engine.models import Image, Timelapse
from .engine.settings import BurstSettings

if TYPE_CHECKING:
    from .camera_capture import CameraCaptures

_LOGGER = logging.getLogger(__name__)

MOMENTARY: Final = {"button", "event", "input_button", "scene"}
"""Domains whose state is the moment at which something happened."""
_NO_STATE: Final = {STATE_UNAVAILABLE, STATE_UNKNOWN}


class CameraBursts:
    """Takes bursts of a camera, one at a time, and watches the entity that asks for them."""

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, captures: CameraCaptures, camera_id: str
    ) -> None:
        self._hass = hass
        self._entry = entry
        self._captures = captures
        self._camera_id = camera_id
        self._entity = ""
        self._unsubscribe: CALLBACK_TYPE | None = None
        self._running: asyncio.Task[list[Image]] | None = None

    async def async_stop(self) -> None:
        """Watch no more, and end what runs."""
        self.async_watch("")
        if self._running is not None:
            self._running.cancel()
            await asyncio.gather(self._running, return_exceptions=True)

    @callback
    def async_watch(self, entity: str) -> None:
        """Watch an entity from now on; an empty text is none."""
        if entity == self._entity:
            return
        if self._unsubscribe is not None:
            self._unsubscribe()
        self._entity = entity
        self._unsubscribe = (
            async_track_state_change_event(self._hass, entity, self._changed) if entity else None
        )

    async def async_burst(self, timelapse: Timelapse, burst: BurstSettings) -> list[Image]:
        """Add images in quick succession, and some from before now where the source holds them.

        One that fails leaves a miss, and the others come. Raises CaptureBusyError while a burst
        of this camera runs, and the last error when none of the images came.
        """
        if self._running is not None and not self._running.done():
            raise CaptureBusyError(camera=self._captures.camera_name)
        self._running = self._entry.async_create_background_task(
            self._hass,
            self._async_take(timelapse, burst),
            f"timelapser burst {self._camera_id}",
        )
        running = self._running
        try:
            # Whoever stops waiting does not end the burst.
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if running.cancelled() and not (task and task.cancelling()):
                raise SourceClosedError from None
            raise

    async def _async_take(self, timelapse: Timelapse, burst: BurstSettings) -> list[Image]:
        begun = self._hass.loop.time()
        taken = await self._captures.async_keep_before(timelapse, burst.before)
        failure: TimelapserError | None = None
        for number in range(burst.images):
            due = begun + number * burst.interval
            await asyncio.sleep(max(0.0, due - self._hass.loop.time()))
            if not self._captures.is_unfinished(timelapse):
                break
            # No retry and no second look may hold up the next one.
            deadline = dt_util.utcnow() + timedelta(seconds=burst.interval)
            try:
                taken.append(await self._captures.async_capture(timelapse, None, deadline))
            except InvalidAuthError as error:
                # A wrong password does not become right, and cameras lock accounts for it.
                failure = error
                break
            except TimelapserError as error:
                failure = error
        if not taken and failure is not None:
            raise failure
        return taken

    @callback
    def _changed(self, event: Event[EventStateChangedData]) -> None:
        old, new = event.data["old_state"], event.data["new_state"]
        # What was not known before has not happened now.
        if old is None or new is None or old.state == STATE_UNAVAILABLE:
            return
        if old.state == STATE_UNKNOWN and new.domain not in MOMENTARY:
            return
        if new.state == old.state or new.state in _NO_STATE:
            return
        if new.state == STATE_ON or new.domain in MOMENTARY:
            self._entry.async_create_background_task(
                self._hass, self._async_asked(), f"timelapser burst of an entity {self._camera_id}"
            )

    async def _async_asked(self) -> None:
        """Take a burst for an entity, where no caller waits for an error."""
        try:
            # The clock and the window are not asked, but the gate is: it may guard people.
            if await self._captures.async_why_not() is None:
                await self._captures.async_burst()
        except TimelapserError as error:
            _LOGGER.debug("Camera %s: no burst: %s", self._camera_id, error)
