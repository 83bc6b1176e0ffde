"""The moments at which a timelapse has images, and the gaps between them."""

from bisect import bisect_left, insort
from collections.abc import Iterable
from datetime import datetime, timedelta


class Timeline:
    """Knows whether a moment is covered; what is imported covers as well."""

    def __init__(self, moments: Iterable[datetime]) -> None:
        self._moments = sorted(moments)

    def is_covered(self, moment: datetime, cadence: timedelta) -> bool:
        """Whether an image lies closer than the cadence, on either side."""
        place = bisect_left(self._moments, moment)
        near = self._moments[max(0, place - 1) : place + 1]
        return any(abs(moment - other) < cadence for other in near)

    def add(self, moment: datetime) -> None:
        """Note an image."""
        insort(self._moments, moment)
