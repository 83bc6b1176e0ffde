"""What retention looks at: what is kept of each timelapse."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum


class ThinKeep(StrEnum):
    """Which image of a day stays when the others go."""

    CLOCK = "clock"
    MORNING_SUN = "morning_sun"
    EVENING_SUN = "evening_sun"


@dataclass(frozen=True, slots=True)
class LibraryImage:
    """An image as the rules see it; luma 0 to 255, the sun in degrees."""

    id: int
    captured_at: datetime
    local_day: date
    byte_count: int
    quarantined: bool = False
    luma: float | None = None
    phash: int | None = None
    sun_elevation: float | None = None
    sun_azimuth: float | None = None


@dataclass(frozen=True, slots=True)
class LibraryVideo:
    """A video that was made without being asked for."""

    id: int
    created_at: datetime
    byte_count: int


@dataclass(frozen=True, slots=True)
class LibraryTimelapse:
    """A timelapse with what rules may reach of it, the oldest first; `byte_count` of all images.

    A protected one is starred, or a render of it waits or runs.
    """

    id: int
    camera_id: str
    byte_count: int
    protected: bool
    images: tuple[LibraryImage, ...] = ()
    automatic_videos: tuple[LibraryVideo, ...] = ()


@dataclass(frozen=True, slots=True)
class GoneImage:
    """An image whose row is deleted."""

    id: int
    camera_id: str
    timelapse_id: int
    byte_count: int


@dataclass(frozen=True, slots=True)
class ImagePlace:
    """Where the files of an image lie: the timelapse's folder, and the moment in their names."""

    timelapse_id: int
    folder: str
    captured_at: datetime
