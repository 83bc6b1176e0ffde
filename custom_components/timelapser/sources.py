"""Engine sources made from the data of a camera's subentry."""

import asyncio
from collections.abc import Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from typing import Any, override

from homeassistant.components.camera import async_get_image, async_get_stream_source
from homeassistant.const import (
    CONF_ENTITY_ID,
    CONF_PASSWORD,
    CONF_URL,
    CONF_USERNAME,
    CONF_VERIFY_SSL,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers import entity_registry as er
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from homeassistant.util import dt as dt_util

from .const import CONF_SOURCE, CONF_TRANSPORT, CONF_USE_STREAM
from .engine.capture import Live, stream_source
from .engine.capture.content import decode, is_jpeg
from .engine.capture.still import StillSource
from .engine.capture.urls import STREAM_SCHEMES, parse_url
from .engine.errors import EntityUnavailableError, UrlNotAllowedError
from .engine.models import CameraSource, Frame, SourceKind, Transport
from .engine.settings import SCHEMA


class EntitySource(CameraSource):
    """A Home Assistant camera entity, found by its registry id where it has one."""

    def __init__(self, hass: HomeAssistant, entity: str, executor: Executor) -> None:
        self._hass = hass
        self._entity = entity
        self._executor = executor

    @override
    async def grab(self, timeout: float) -> Frame:
        """Ask the entity for a still image; its own JPEG stays as it is."""
        entity_id = found_entity(self._hass, self._entity)
        try:
            # Cameras raise what they like; whatever it is, this one gives no picture.
            image = await async_get_image(self._hass, entity_id, timeout=max(1, int(timeout)))
        except Exception as error:
            # Home Assistant makes an error of a cancellation, which has to stay one.
            if (task := asyncio.current_task()) and task.cancelling():
                raise asyncio.CancelledError from error
            raise EntityUnavailableError(entity=entity_id) from error
        captured_at = dt_util.utcnow()
        if is_jpeg(image.content):
            return Frame(captured_at, image.content)
        loop = asyncio.get_running_loop()
        picture = await loop.run_in_executor(self._executor, decode, image.content, entity_id)
        return Frame(captured_at, picture)

    @override
    async def close(self) -> None:
        """Nothing is held."""


class EntityStreamSource(CameraSource):
    """The stream of a Home Assistant camera entity, where it shows more than its images."""

    def __init__(
        self, hass: HomeAssistant, entity: str, executor: Executor, live: Live | None
    ) -> None:
        self._hass = hass
        self._entity = entity
        self._executor = executor
        self._live = live
        self._url: str | None = None
        self._stream: CameraSource | None = None

    @property
    @override
    def heavy(self) -> bool:
        """It decodes."""
        return True

    @override
    async def grab(self, timeout: float) -> Frame:
        """Take a frame of the stream, wherever the entity has it now."""
        entity_id = found_entity(self._hass, self._entity)
        url = await entity_stream(self._hass, entity_id, timeout)
        if not url:
            raise EntityUnavailableError(entity=entity_id)
        if self._stream is None or url != self._url:
            await self.close()
            self._stream, self._url = self._open(url, entity_id), url
        return await self._stream.grab(timeout)

    @override
    async def before(self, count: int) -> list[Frame]:
        """Answer frames from before now, where the stream stays open."""
        return await self._stream.before(count) if self._stream else []

    @override
    async def close(self) -> None:
        """Let go of the stream."""
        stream, self._stream = self._stream, None
        if stream is not None:
            await stream.close()

    def _open(self, url: str, entity_id: str) -> CameraSource:
        try:
            parsed = parse_url(url, STREAM_SCHEMES)
        except UrlNotAllowedError as error:
            raise EntityUnavailableError(entity=entity_id) from error
        return stream_source(
            parsed.url,
            user=parsed.user,
            password=parsed.password,
            transport=Transport.TCP,
            # The integration of the camera has decided whom to trust.
            verify_tls=False,
            executor=self._executor,
            now=dt_util.utcnow,
            live=self._live,
        )


@dataclass(frozen=True, slots=True)
class SourceMaker:
    """Makes sources; decoding runs in the executor."""

    hass: HomeAssistant
    executor: Executor

    def create(self, data: Mapping[str, Any], live: Live | None = None) -> CameraSource:
        """Make the source that the data describe; with `live`, streams stay open."""
        match SourceKind(data[CONF_SOURCE]):
            case SourceKind.ENTITY if data.get(CONF_USE_STREAM):
                return EntityStreamSource(self.hass, data[CONF_ENTITY_ID], self.executor, live)
            case SourceKind.ENTITY:
                return EntitySource(self.hass, data[CONF_ENTITY_ID], self.executor)
            case SourceKind.STREAM:
                return stream_source(
                    data[CONF_URL],
                    user=data.get(CONF_USERNAME),
                    password=data.get(CONF_PASSWORD),
                    transport=Transport(data.get(CONF_TRANSPORT, Transport.TCP)),
                    verify_tls=data.get(CONF_VERIFY_SSL, True),
                    executor=self.executor,
                    now=dt_util.utcnow,
                    live=live,
                )
            case SourceKind.STILL:
                verify = data.get(CONF_VERIFY_SSL, True)
                return StillSource(
                    async_get_clientsession(self.hass, verify_ssl=verify),
                    data[CONF_URL],
                    user=data.get(CONF_USERNAME),
                    password=data.get(CONF_PASSWORD),
                    verify_tls=verify,
                    now=dt_util.utcnow,
                    executor=self.executor,
                )


def source_data(data: Mapping[str, Any]) -> dict[str, Any]:
    """Answer what the source is made from: all that is no setting."""
    return {name: value for name, value in data.items() if name not in SCHEMA}


def has_stream(data: Mapping[str, Any]) -> bool:
    """Whether the source is a stream, which may stay open."""
    return data[CONF_SOURCE] == SourceKind.STREAM or bool(data.get(CONF_USE_STREAM))


def found_entity(hass: HomeAssistant, entity: str) -> str:
    """Answer the id that an entity has now; raise EntityUnavailableError when it is gone."""
    entity_id = er.async_resolve_entity_id(er.async_get(hass), entity)
    if entity_id is None:
        raise EntityUnavailableError(entity=entity)
    return entity_id


async def entity_stream(hass: HomeAssistant, entity_id: str, timeout: float) -> str | None:
    """Answer the URL of an entity's stream, if it has one; raise EntityUnavailableError."""
    try:
        # Cameras raise what they like, and some answer never.
        async with asyncio.timeout(timeout):
            return await async_get_stream_source(hass, entity_id)
    except Exception as error:
        raise EntityUnavailableError(entity=entity_id) from error


def entity_is_gone(hass: HomeAssistant, data: Mapping[str, Any]) -> bool:
    """Whether the camera entity that a camera is made of is known no more."""
    if data[CONF_SOURCE] != SourceKind.ENTITY:
        return False
    entity = data[CONF_ENTITY_ID]
    entity_id = er.async_resolve_entity_id(er.async_get(hass), entity)
    known = entity_id is not None and (
        er.async_get(hass).async_get(entity_id) is not None
        or hass.states.get(entity_id) is not None
    )
    return not known
