"""Frames taken for a look: shown, but not kept."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from homeassistant.const import CONF_ENTITY_ID
from homeassistant.util import dt as dt_util

from .const import CONF_SOURCE, CONF_USE_STREAM
from .engine.capture.planning import plan
from .engine.capture.schedule import Schedule
from .engine.errors import SourceError
from .engine.models import CameraSource, Judgement, SourceKind
from .engine.settings import Settings
from .sources import entity_stream, found_entity

if TYPE_CHECKING:
    from .hub import TimelapserHub

BETTER: Final = 1.2
"""How many times as many pixels a stream needs to be taken in place of a camera's own images."""


STREAM_SECONDS: Final = 10.0


@dataclass(frozen=True, slots=True)
class TestFrame:
    """A frame taken for a look; `preview` is a signed path that is good for minutes."""

    width: int
    height: int
    byte_count: int
    judgement: Judgement
    preview: str

    @property
    def pixels(self) -> int:
        """How much there is to be seen."""
        return self.width * self.height


async def async_test(hub: TimelapserHub, source: CameraSource, settings: Settings) -> TestFrame:
    """Take a frame that is shown, but not kept; raise SourceError when there is none."""
    frame = await hub.captures.grab(source, settings.capture.timeout)
    ingested, judgement = await hub.images.examine(frame, settings)
    return TestFrame(
        ingested.width,
        ingested.height,
        len(ingested.jpeg),
        judgement,
        hub.previews.async_add(ingested.small or ingested.jpeg),
    )


def usual_schedule(hub: TimelapserHub, settings: Settings) -> Schedule:
    """Answer when a camera that is not there yet would capture."""
    return plan(settings, dt_util.get_default_time_zone(), hub.sky.sun)


async def async_test_source(
    hub: TimelapserHub, data: dict[str, Any], settings: Settings
) -> tuple[dict[str, Any], TestFrame]:
    """Try a source; answer its data and a frame, raise SourceError when there is none.

    A camera entity is tried both ways where it has a stream: many show small images only.
    """
    data = {name: value for name, value in data.items() if name != CONF_USE_STREAM}
    streamed = {**data, CONF_USE_STREAM: True}
    if data[CONF_SOURCE] != SourceKind.ENTITY or not await _async_has_stream(hub, data):
        return data, await _async_try(hub, data, settings)
    try:
        image = await _async_try(hub, data, settings)
    except SourceError:
        return streamed, await _async_try(hub, streamed, settings)
    try:
        frame = await _async_try(hub, streamed, settings)
    except SourceError:
        return data, image
    return (streamed, frame) if frame.pixels > BETTER * image.pixels else (data, image)


async def _async_has_stream(hub: TimelapserHub, data: dict[str, Any]) -> bool:
    try:
        entity_id = found_entity(hub.hass, data[CONF_ENTITY_ID])
        return bool(await entity_stream(hub.hass, entity_id, STREAM_SECONDS))
    except SourceError:
        return False


async def _async_try(hub: TimelapserHub, data: dict[str, Any], settings: Settings) -> TestFrame:
    source = hub.sources.create(data)
    try:
        return await async_test(hub, source, settings)
    finally:
        await source.close()
