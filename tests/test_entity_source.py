"""Camera entities as sources: odd contents and errors, streams that show more, cancellation."""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from typing import Any
from unittest.mock import patch

import aiohttp
from homeassistant.components.camera import DOMAIN as CAMERA_DOMAIN
from homeassistant.components.camera import Camera, CameraEntityFeature
from homeassistant.config_entries import SOURCE_USER
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import HomeAssistantError
from homeassistant.helpers import entity_registry as er
from homeassistant.setup import async_setup_component
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockPlatform,
    mock_platform,
)

from custom_components.timelapser.engine.errors import (
    EntityUnavailableError,
    NoJpegError,
    SourceError,
)
from custom_components.timelapser.frames import async_test
from custom_components.timelapser.sources import EntitySource
from tests.harness import scene
from tests.harness.fixtures import RtspFactory
from tests.helpers import set_up

SMALL, LARGE = (320, 240), (1280, 720)


class Terrace(Camera):
    """A camera of Home Assistant that answers as a test decides."""

    _attr_has_entity_name = True
    _attr_name = "Terrace"
    _attr_unique_id = "terrace"

    def __init__(self) -> None:
        super().__init__()
        self.content: bytes | None = scene.jpeg(0.5, SMALL)
        self.error: BaseException | None = None
        self.url: str | None = None
        self.wait: asyncio.Event | None = None

    async def async_camera_image(
        self, width: int | None = None, height: int | None = None
    ) -> bytes | None:
        if self.wait is not None:
            await self.wait.wait()
        if self.error is not None:
            raise self.error
        return self.content

    async def stream_source(self) -> str | None:
        return self.url

    @property
    def supported_features(self) -> CameraEntityFeature:
        return CameraEntityFeature.STREAM if self.url else CameraEntityFeature(0)


@pytest.fixture
async def terrace(home: HomeAssistant) -> Terrace:
    camera = Terrace()

    async def add(
        _hass: HomeAssistant, _config: Any, add_entities: Callable[..., None], _info: Any = None
    ) -> None:
        add_entities([camera])

    mock_platform(home, f"test.{CAMERA_DOMAIN}", MockPlatform(async_setup_platform=add))
    assert await async_setup_component(home, CAMERA_DOMAIN, {CAMERA_DOMAIN: {"platform": "test"}})
    await home.async_block_till_done()
    return camera


@pytest.fixture
async def source(home: HomeAssistant, terrace: Terrace) -> AsyncIterator[EntitySource]:
    registered = er.async_get(home).async_get(terrace.entity_id)
    assert registered is not None
    with ThreadPoolExecutor(1) as executor:
        yield EntitySource(home, registered.id, executor)


def picture(kind: str, mode: str = "RGB") -> bytes:
    output = BytesIO()
    Image.new(mode, (64, 48), 1 if mode == "P" else "red").save(output, kind)
    return output.getvalue()


async def test_jpeg_stays_as_it_is(source: EntitySource, terrace: Terrace) -> None:
    frame = await source.grab(5)
    assert frame.data == terrace.content


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("png", "RGB"), ("png", "RGBA"), ("png", "P"), ("gif", "P"), ("webp", "RGB"), ("bmp", "RGB")],
)
async def test_other_formats_are_decoded(
    source: EntitySource, terrace: Terrace, kind: str, mode: str
) -> None:
    terrace.content = picture(kind, mode)
    frame = await source.grab(5)
    assert not isinstance(frame.data, bytes)
    assert frame.data.shape == (48, 64, 3)


@pytest.mark.parametrize(
    "content",
    [b"GIF", b"<html>no</html>", b"\x89PNG\r\n\x1a\n" + bytes(99), picture("png")[:60]],
    ids=["too short", "a page", "a broken picture", "half a picture"],
)
async def test_what_is_no_picture(source: EntitySource, terrace: Terrace, content: bytes) -> None:
    terrace.content = content
    with pytest.raises(NoJpegError) as caught:
        await source.grab(5)
    assert caught.value.placeholders["host"] == terrace.entity_id


@pytest.mark.parametrize(
    "error",
    [
        aiohttp.ClientError("refused"),
        aiohttp.ClientConnectionError(),
        RuntimeError("odd"),
        HomeAssistantError("not now"),
        TimeoutError(),
        OSError(5, "broken"),
        KeyError("missing"),
        asyncio.CancelledError(),
        None,
    ],
    ids=repr,
)
async def test_odd_errors_are_the_entity_that_is_unavailable(
    source: EntitySource, terrace: Terrace, error: BaseException | None
) -> None:
    """Also when the camera gives nothing, or something of its own was cancelled."""
    terrace.error = error
    terrace.content = None
    with pytest.raises(EntityUnavailableError) as caught:
        await source.grab(5)
    assert caught.value.placeholders == {"entity": terrace.entity_id}
    # Once it is well, it gives a picture again.
    terrace.error, terrace.content = None, scene.jpeg(0.5, SMALL)
    assert (await source.grab(5)).data == terrace.content


async def test_entity_that_hangs_is_given_up(source: EntitySource, terrace: Terrace) -> None:
    terrace.wait = asyncio.Event()
    begun = asyncio.get_running_loop().time()
    with pytest.raises(SourceError):
        await source.grab(1)
    assert asyncio.get_running_loop().time() - begun < 3


async def test_cancellation_stays_one(source: EntitySource, terrace: Terrace) -> None:
    terrace.wait = asyncio.Event()
    grab = asyncio.create_task(source.grab(30))
    await asyncio.sleep(0.05)
    grab.cancel()
    with pytest.raises(asyncio.CancelledError):
        await grab
    assert grab.cancelled()


async def test_renamed_entity_is_followed_and_removed_one_is_named(
    home: HomeAssistant, source: EntitySource, terrace: Terrace
) -> None:
    registry = er.async_get(home)
    registry.async_update_entity(terrace.entity_id, new_entity_id="camera.balcony")
    await home.async_block_till_done()
    assert (await source.grab(5)).data == terrace.content
    registry.async_remove("camera.balcony")
    await home.async_block_till_done()
    with pytest.raises(EntityUnavailableError):
        await source.grab(5)


# By the flow of a new camera: which way gives more.


async def add_camera(hass: HomeAssistant, entry: MockConfigEntry, entity: str) -> Any:
    manager = hass.config_entries.subentries
    flow = await manager.async_init((entry.entry_id, "camera"), context={"source": SOURCE_USER})
    await manager.async_configure(flow["flow_id"], {"next_step_id": "entity"})
    return await manager.async_configure(flow["flow_id"], {"entity_id": entity})


# The path of the stream, the size of the camera's own images, and whether the stream is taken.
# The streams of the harness are 640x360: three times 320x240, and a quarter of 1280x720.
WAYS: list[tuple[str | None, tuple[int, int] | None, bool]] = [
    ("/h264", SMALL, True),
    ("/h264", LARGE, False),
    ("/h264", (640, 360), False),
    ("/h264", (600, 320), False),
    ("/h264", None, True),
    ("/nothing", SMALL, False),
    ("/h264?fault=novideo", SMALL, False),
    (None, SMALL, False),
]


@pytest.mark.parametrize(("path", "own", "streamed"), WAYS)
async def test_stream_is_taken_where_it_shows_more(  # noqa: PLR0917
    home: HomeAssistant,
    terrace: Terrace,
    entry: MockConfigEntry,
    rtsp_server: RtspFactory,
    path: str | None,
    own: tuple[int, int] | None,
    streamed: bool,
) -> None:
    object.__setattr__(entry, "options", {"timeout": 5})
    hub = await set_up(home, entry)
    async with rtsp_server(user="viewer", password="secret") as server:
        terrace.url = server.url(path) if path else None
        terrace.content = scene.jpeg(0.5, own) if own else None
        form = await add_camera(home, entry, terrace.entity_id)
        assert form["step_id"] == "confirm", form["errors"]
        shown = form["description_placeholders"]
        width = 640 if streamed else (own or SMALL)[0]
        assert shown["width"] == str(width)
        configure = home.config_entries.subentries.async_configure
        await configure(form["flow_id"], {"name": "Terrace"})
        await home.async_block_till_done()
        (subentry,) = (one for one in entry.subentries.values() if one.title == "Terrace")
        assert bool(subentry.data.get("use_stream")) is streamed
        # The URL is the entity's, with its password: asked for each time, and stored nowhere.
        assert "secret" not in str(dict(subentry.data))
        hub = entry.runtime_data
        frame = await async_test(
            hub,
            hub.cameras[subentry.subentry_id].source,
            hub.cameras[subentry.subentry_id].settings,
        )
        assert frame.width == width


@pytest.mark.parametrize("url", [None, "file:///etc/passwd", "concat:/etc/passwd"])
async def test_entity_whose_stream_is_gone_or_not_allowed(
    home: HomeAssistant, terrace: Terrace, entry: MockConfigEntry, url: str | None
) -> None:
    hub = await set_up(home, entry)
    terrace.url = url
    source = hub.sources.create(
        {"source": "entity", "entity_id": terrace.entity_id, "use_stream": True}
    )
    with pytest.raises(EntityUnavailableError):
        await source.grab(5)


@pytest.mark.parametrize("error", [RuntimeError("odd"), aiohttp.ClientError(), TimeoutError()])
async def test_odd_errors_of_the_stream_are_the_entity_that_is_unavailable(
    home: HomeAssistant, terrace: Terrace, entry: MockConfigEntry, error: Exception
) -> None:
    hub = await set_up(home, entry)
    source = hub.sources.create(
        {"source": "entity", "entity_id": terrace.entity_id, "use_stream": True}
    )
    terrace.url = "rtsp://127.0.0.1/none"
    with (
        patch.object(terrace, "stream_source", side_effect=error),
        pytest.raises(EntityUnavailableError),
    ):
        await source.grab(5)


async def test_camera_whose_stream_breaks_is_added_with_its_images(
    home: HomeAssistant, terrace: Terrace, entry: MockConfigEntry
) -> None:
    await set_up(home, entry)
    terrace.url = "rtsp://127.0.0.1/none"
    with patch.object(terrace, "stream_source", side_effect=RuntimeError("odd")):
        form = await add_camera(home, entry, terrace.entity_id)
    assert form["step_id"] == "confirm", form["errors"]


async def test_entity_that_never_says_where_its_stream_is_is_given_up(
    home: HomeAssistant, terrace: Terrace, entry: MockConfigEntry
) -> None:
    """It would keep a slot of all cameras for ever."""
    hub = await set_up(home, entry)
    source = hub.sources.create(
        {"source": "entity", "entity_id": terrace.entity_id, "use_stream": True}
    )
    hang = asyncio.Event()

    async def never() -> None:
        await hang.wait()

    with patch.object(terrace, "stream_source", never):
        grab = asyncio.create_task(source.grab(0.5))
        done, _waiting = await asyncio.wait([grab], timeout=2)
        hang.set()
        (answer,) = await asyncio.gather(grab, return_exceptions=True)
    assert isinstance(answer, SourceError)
    assert done == {grab}


async def test_stream_is_followed_to_another_url(
    home: HomeAssistant, terrace: Terrace, entry: MockConfigEntry, rtsp_server: RtspFactory
) -> None:
    hub = await set_up(home, entry)
    source = hub.sources.create(
        {"source": "entity", "entity_id": terrace.entity_id, "use_stream": True}
    )
    async with rtsp_server() as first, rtsp_server() as second:
        for server in (first, second):
            terrace.url = server.url("/h264")
            assert await source.grab(10)
            assert any("PLAY" in request for request in server.requests)
        await source.close()
