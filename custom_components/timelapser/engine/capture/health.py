"""How well a camera does, judged by its failures in a row."""

from ..models import CameraHealth

OFFLINE_AT = 5


def camera_health(consecutive_failures: int) -> CameraHealth:
    """Answer online without failures, degraded from the first and offline from the fifth."""
    if consecutive_failures == 0:
        return CameraHealth.ONLINE
    return CameraHealth.OFFLINE if consecutive_failures >= OFFLINE_AT else CameraHealth.DEGRADED
