"""Actions on the camera itself."""

from typing import Any, Final

from homeassistant.core import ServiceCall

from ..camera_runtime import CameraRuntime
from ..frames import async_test
from ..hub import TimelapserHub
from ..plain import image_data, judgement_data
from .common import camera_action, setting_fields

BURST: Final = ("burst_images", "burst_interval", "burst_before")


async def _capture_now(
    _hub: TimelapserHub, camera: CameraRuntime, _call: ServiceCall
) -> dict[str, Any]:
    return image_data(await camera.async_capture_now())


async def _test(hub: TimelapserHub, camera: CameraRuntime, _call: ServiceCall) -> dict[str, Any]:
    frame = await async_test(hub, camera.source, camera.settings)
    return {
        "width": frame.width,
        "height": frame.height,
        "bytes": frame.byte_count,
        **judgement_data(frame.judgement),
        "preview": frame.preview,
    }


async def _burst(_hub: TimelapserHub, camera: CameraRuntime, call: ServiceCall) -> dict[str, Any]:
    changes = {name: call.data[name] for name in BURST if name in call.data}
    images = await camera.captures.async_burst(camera.with_changes(changes).burst)
    return {"images": [image_data(image) for image in images]}


async def _reset_degraded(
    _hub: TimelapserHub, camera: CameraRuntime, _call: ServiceCall
) -> dict[str, Any]:
    return {"was_degraded": camera.quality.async_reset()}


ACTIONS = (
    camera_action(
        "capture_burst",
        _burst,
        setting_fields(*BURST),
    ),
    camera_action("capture_now", _capture_now),
    camera_action("reset_degraded", _reset_degraded),
    camera_action("test_camera", _test, query=True),
)
