"""Up to when the ticks of a camera have their outcome, and what is entered of those that passed."""

import asyncio
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from .engine.capture.schedule import Schedule
from .engine.errors import DatabaseUnavailableError
from .engine.models import Timelapse

if TYPE_CHECKING:
    from .hub import TimelapserHub


class CameraAccounts:
    """Keeps the books of a camera: one entry at a time, each tick in one of them."""

    def __init__(self, hub: TimelapserHub) -> None:
        self._hub = hub
        self._entering = asyncio.Lock()
        self._known: tuple[int, datetime] | None = None

    async def async_account(
        self, timelapse: Timelapse, until: datetime, schedule: Schedule | None
    ) -> None:
        """Enter the ticks earlier than `until` that passed without anybody there.

        The window that was closed meanwhile is entered, too.
        """
        async with self._entering:
            with suppress(DatabaseUnavailableError):
                if self._known is None or self._known[0] != timelapse.id:
                    self.know(timelapse, await self._hub.ledger.known_until(timelapse))
                if schedule is not None and self._known is not None:
                    await self._hub.ledger.account(timelapse, schedule, self._known[1], until)
            self.know(timelapse, until)

    def know(self, timelapse: Timelapse, moment: datetime) -> None:
        """Remember that every tick up to a moment has an outcome, or will have in a moment."""
        if self._known is not None and self._known[0] == timelapse.id:
            moment = max(moment, self._known[1])
        self._known = (timelapse.id, moment)
