"""What entities show of a camera: pushed, never polled."""

from dataclasses import dataclass
from datetime import datetime
import logging

from homeassistant.config_entries import ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers.update_coordinator import DataUpdateCoordinator

from .engine.capture.health import camera_health
from .engine.database.statistics_operations import DayStatistics
from .engine.models import Camera, CameraHealth, Image, RenderJob, Timelapse

_LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CameraSnapshot:
    """A camera at one moment; `timelapse` is the newest, finished or not."""

    camera: Camera
    today: DayStatistics
    timelapse: Timelapse | None = None
    image: Image | None = None
    next_capture: datetime | None = None
    window_open: bool | None = None
    degraded: bool = False
    last_score: int | None = None
    job: RenderJob | None = None

    @property
    def health(self) -> CameraHealth:
        """How well captures succeed lately."""
        return camera_health(self.camera.consecutive_failures)


class CameraCoordinator(DataUpdateCoordinator[CameraSnapshot]):
    """Hands a camera's snapshots to its entities.

    It is no clock: captures are scheduled by the camera's runtime, whether anyone looks or not.
    """

    config_entry: ConfigEntry

    def __init__(
        self, hass: HomeAssistant, entry: ConfigEntry, name: str, snapshot: CameraSnapshot
    ) -> None:
        """Begin with a first snapshot."""
        super().__init__(
            hass,
            _LOGGER,
            config_entry=entry,
            name=name,
            update_interval=None,
            always_update=False,
        )
        self.data = snapshot
