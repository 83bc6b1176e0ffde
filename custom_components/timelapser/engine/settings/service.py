"""Changing settings: checked, stored at their level, and told."""

import logging

from ..database.settings_operations import SettingsOperations
from ..events import Publish, SettingsChanged
from .inheritance import Levels, Values, changed, resolve
from .schema import Level

_LOGGER = logging.getLogger(__name__)


class SettingsService:
    """Checks changes against all levels, and stores those of timelapses.

    Hub and camera keep theirs in Home Assistant's entries: whoever asks stores what is answered.
    """

    def __init__(self, operations: SettingsOperations, publish: Publish) -> None:
        self._operations = operations
        self._publish = publish
        self._told: set[tuple[Level, str]] = set()

    def check_stored(self, levels: Levels) -> None:
        """Say in the log, once, which stored values are left out because they are not valid."""
        for level, error in resolve(levels).refused:
            if (level, str(error)) not in self._told:
                self._told.add((level, str(error)))
                _LOGGER.warning("A stored setting of a %s is left out: %s", level, error)

    def change_entry(
        self, camera_id: str, levels: Levels, level: Level, changes: Values
    ) -> dict[str, object]:
        """Answer what the hub or a camera sets from now on; raise as `changed` does."""
        own = changed(levels, level, changes)
        self._tell(camera_id, level, changes)
        return own

    async def change_timelapse(
        self, camera_id: str, timelapse_id: int, levels: Levels, changes: Values
    ) -> None:
        """Store what a timelapse sets from now on; raise as `changed` does."""
        own = changed(levels, Level.TIMELAPSE, changes)
        await self._operations.change(timelapse_id, {name: own.get(name) for name in changes})
        self._tell(camera_id, Level.TIMELAPSE, changes)

    def _tell(self, camera_id: str, level: Level, changes: Values) -> None:
        if changes:
            self._publish(SettingsChanged(camera_id, level, tuple(changes)))
