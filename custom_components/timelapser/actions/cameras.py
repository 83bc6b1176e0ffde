"""Actions on the camera itself."""

from typing import Any

from homeassistant.core import ServiceCall

from ..camera_runtime import CameraRuntime
from ..hub import TimelapserHub
from ..plain import image_data
from .common import camera_action


async def _capture_now(
    _hub: TimelapserHub, camera: CameraRuntime, _call: ServiceCall
) -> dict[str, Any]:
    return image_data(await camera.async_capture_now())


async def _test(hub: TimelapserHub, camera: CameraRuntime, _call: ServiceCall) -> dict[str, Any]:
    frame = await hub.async_test(camera.source)
    return {
        "width": frame.width,
        "height": frame.height,
        "bytes": frame.byte_count,
        "score": frame.judgement.score,
        "reasons": list(frame.judgement.reasons),
        "preview": frame.preview,
    }


ACTIONS = (
    camera_action("capture_now", _capture_now),
    camera_action("test_camera", _test, query=True),
)
