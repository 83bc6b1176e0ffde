"""Which small copies of images are kept."""

from enum import StrEnum


class ThumbnailMode(StrEnum):
    """Which images have small copies written as they are captured."""

    ALL = "all"
    LATEST = "latest"
    OFF = "off"

    @property
    def of_others(self) -> ThumbnailMode:
        """The mode for images that are not shown as the newest: quarantined ones, for example."""
        return ThumbnailMode.ALL if self is ThumbnailMode.ALL else ThumbnailMode.OFF
