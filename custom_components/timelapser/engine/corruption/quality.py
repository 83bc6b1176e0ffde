"""How good the images of a camera are, in a word."""

from enum import StrEnum
from typing import Final


class Quality(StrEnum):
    """From the mean score of images, the best first."""

    EXCELLENT = "excellent"
    HEALTHY = "healthy"
    MONITORING = "monitoring"
    DEGRADED = "degraded"
    CRITICAL = "critical"


FROM: Final = {
    Quality.EXCELLENT: 90,
    Quality.HEALTHY: 80,
    Quality.MONITORING: 60,
    Quality.DEGRADED: 40,
    Quality.CRITICAL: 0,
}
"""The least mean score for a word."""


def quality_of(mean_score: float | None) -> Quality | None:
    """Answer the word for a mean score from 0 to 100; None without images."""
    if mean_score is None:
        return None
    return next(word for word, least in FROM.items() if mean_score >= least)
