"""Engine sources made from the data of a camera's subentry."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from typing import Any, override

from homeassistant.components.camera import async_get_image
from homeassistant.const import (
    CONF_ENTITY_ID,
    CONF_PASSWORD,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util

from .const import CONF_SOURCE, CONF_TRANSPORT
from .engine.capture import stream_source
from .engine.capture.still import StillSource
from .engine.errors import EntityUnavailableError, NoJpegError
from .engine.models import CameraSource, Frame, SourceKind, Transport
from .engine.settings import SCHEMA

JPEG_START = b"\xff\xd8\xff"


class EntitySource(CameraSource):
    """A Home Assistant camera entity, found by its registry id where it has one."""

    def __init__(self, hass: HomeAssistant, entity: str) -> None:
        self._hass = hass
        self._entity = entity

    @override
    async def grab(self, timeout: float) -> Frame:
        """Ask the entity for a still image; the picture is its own JPEG, untouched."""
        entity_id = er.async_resolve_entity_id(er.async_get(self._hass), self._entity)
        if entity_id is None:
            raise EntityUnavailableError(entity=self._entity)
        try:
            image = await async_get_image(self._hass, entity_id, timeout=int(timeout))
        except HomeAssistantError as error:
            # Home Assistant makes an error of a cancellation, which has to stay one.
            if (task := asyncio.current_task()) and task.cancelling():
                raise asyncio.CancelledError from error
            raise EntityUnavailableError(entity=entity_id) from error
        if not image.content.startswith(JPEG_START):
            raise NoJpegError(host=entity_id)
        return Frame(dt_util.utcnow(), image.content)

    @override
    async def close(self) -> None:
        """Nothing is held."""


def source_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what the source is made from: all that is no setting."""
    return {name: value for name, value in data.items() if name not in SCHEMA}


def create_source(hass: HomeAssistant, data: Mapping[str, Any], executor: Executor) -> CameraSource:
    """Make the source that the data describe."""
    match SourceKind(data[CONF_SOURCE]):
        case SourceKind.ENTITY:
            return EntitySource(hass, data[CONF_ENTITY_ID])
        case SourceKind.STREAM:
            return stream_source(
                data[CONF_URL],
                user=data.get(CONF_USERNAME),
                password=data.get(CONF_PASSWORD),
                transport=Transport(data.get(CONF_TRANSPORT, Transport.TCP)),
                verify_tls=data.get(CONF_VERIFY_SSL, True),
                executor=executor,
                now=dt_util.utcnow,
            )
        case SourceKind.STILL:
            verify = data.get(CONF_VERIFY_SSL, True)
            return StillSource(
                async_get_clientsession(hass, verify_ssl=verify),
                data[CONF_URL],
                user=data.get(CONF_USERNAME),
                password=data.get(CONF_PASSWORD),
                verify_tls=verify,
                now=dt_util.utcnow,
            )
