"""Changing settings: checked, stored at their level, and told."""

import logging

from ..database.settings_operations import SettingsOperations
from ..events import Publish, SettingsChanged
from .inheritance import Levels, Values, changed, own_values, resolve
from .schema import SCHEMA, Level

_LOGGER = logging.getLogger(__name__)


class SettingsService:
    """Stores what timelapses set, and tells of every change, whichever level it is of.

    Hub and camera keep theirs in Home Assistant's entries, which tell when they have changed.
    """

    def __init__(self, operations: SettingsOperations, publish: Publish) -> None:
        self._operations = operations
        self._publish = publish
        self._told: set[tuple[Level, str]] = set()

    def check_stored(self, levels: Levels) -> None:
        """Say in the log, once, which stored values are left out because they are not valid."""
        for refused in resolve(levels).refused:
            level, error = refused.level, refused.error
            if (level, str(error)) not in self._told:
                self._told.add((level, str(error)))
                _LOGGER.warning("A stored setting of a %s is left out: %s", level, error)

    async def change_timelapse(
        self, camera_id: str, timelapse_id: int, levels: Levels, changes: Values
    ) -> None:
        """Store what a timelapse sets from now on; raise as `changed` does."""
        own = changed(levels, Level.TIMELAPSE, changes)
        await self._operations.change(timelapse_id, {name: own.get(name) for name in changes})
        self.tell(camera_id, Level.TIMELAPSE, levels.get(Level.TIMELAPSE, {}), own)

    def tell(self, camera_id: str, level: Level, before: Values, after: Values) -> None:
        """Publish which settings a level has changed, if any."""
        old, new = own_values(level, before), own_values(level, after)
        names = tuple(name for name in SCHEMA if old.get(name) != new.get(name))
        if names:
            self._publish(SettingsChanged(camera_id, level, names))
