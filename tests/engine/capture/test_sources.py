"""Sources against real servers: what they give, and why they give nothing."""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
import socket
from time import monotonic

import aiohttp
import numpy as np
import pytest

from custom_components.timelapser.engine.capture.opencv import OpenCvSource
from custom_components.timelapser.engine.capture.still import StillSource
from custom_components.timelapser.engine.capture.stream import StreamSource
from custom_components.timelapser.engine.errors import SourceError
from custom_components.timelapser.engine.models import CameraSource, Transport
from tests.harness.fixtures import RtspFactory, StillFactory

USER, PASSWORD = "viewer", "s3cret:p@ss/word"
TIMEOUT = 5.0


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def pool() -> AsyncIterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(1) as executor:
        yield executor


@pytest.fixture
async def session(socket_enabled: None) -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as client:
        yield client


def stream(
    pool: ThreadPoolExecutor,
    url: str,
    *,
    password: str | None = PASSWORD,
    transport: Transport = Transport.TCP,
    kind: type[StreamSource | OpenCvSource] = StreamSource,
    verify_tls: bool = True,
) -> CameraSource:
    return kind(
        url,
        user=USER if password else None,
        password=password,
        transport=transport,
        verify_tls=verify_tls,
        executor=pool,
        now=now,
    )


def still(
    session: aiohttp.ClientSession,
    url: str,
    *,
    password: str | None = PASSWORD,
    verify_tls: bool = True,
) -> CameraSource:
    return StillSource(
        session,
        url,
        user=USER if password else None,
        password=password,
        verify_tls=verify_tls,
        now=now,
    )


async def failure(source: CameraSource, timeout: float = TIMEOUT) -> SourceError:
    with pytest.raises(SourceError) as caught:
        await source.grab(timeout)
    error = caught.value
    told = [str(error), repr(error), str(error.placeholders)]
    told += [str(error.__cause__), "" if error.__suppress_context__ else str(error.__context__)]
    assert PASSWORD not in " ".join(told)
    assert "s3cret" not in " ".join(told)
    return error


def unused_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.mark.parametrize("codec", ["h264", "h265"])
@pytest.mark.parametrize("transport", [*Transport])
@pytest.mark.parametrize("auth", ["basic", "digest"])
async def test_stream_gives_a_keyframe(
    rtsp_server: RtspFactory,
    pool: ThreadPoolExecutor,
    codec: str,
    transport: Transport,
    auth: str,
) -> None:
    async with rtsp_server(user=USER, password=PASSWORD, auth=auth) as camera:
        url = camera.url(f"/{codec}", credentials=False)
        frame = await stream(pool, url, transport=transport).grab(TIMEOUT)
        assert isinstance(frame.data, np.ndarray)
        assert frame.data.shape == (360, 640, 3)
        assert frame.data.std() > 10
        assert not frame.decoder_errors
        assert any(
            request.startswith("SETUP") and transport.name in request.upper()
            for request in camera.requests
        )


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("/nothing", "not_found"),
        ("/h264?fault=503", "server_error"),
        ("/h264?fault=novideo", "no_video"),
        ("/h264?fault=stall", "timeout"),
        ("/h264?fault=slow&delay=30", "timeout"),
    ],
)
async def test_why_a_stream_gives_nothing(
    rtsp_server: RtspFactory, pool: ThreadPoolExecutor, query: str, code: str
) -> None:
    async with rtsp_server(user=USER, password=PASSWORD) as camera:
        begun = monotonic()
        error = await failure(stream(pool, camera.url(query, credentials=False)), 2)
        assert error.code == code
        assert monotonic() - begun < 5


async def test_dropped_stream_ends_in_an_error_or_a_frame(
    rtsp_server: RtspFactory, pool: ThreadPoolExecutor
) -> None:
    """A camera that hangs up after its first packets never leaves the grab waiting."""
    async with rtsp_server() as camera:
        source = stream(pool, camera.url("/h264?fault=drop&after=1"), password=None)
        error = await failure(source, 3)
        assert error.code in {"no_video", "cannot_connect", "timeout"}


async def test_wrong_password_of_a_stream(
    rtsp_server: RtspFactory, pool: ThreadPoolExecutor, capfd: pytest.CaptureFixture[str]
) -> None:
    async with rtsp_server(user=USER, password="another") as camera:
        error = await failure(stream(pool, camera.url("/h264", credentials=False)))
    assert error.code == "invalid_auth"
    assert "s3cret" not in "".join(capfd.readouterr())


@pytest.mark.parametrize("kind", [StreamSource, OpenCvSource])
async def test_stream_that_cannot_be_reached(
    socket_enabled: None,
    pool: ThreadPoolExecutor,
    no_such_host: None,
    kind: type[StreamSource | OpenCvSource],
) -> None:
    refused = await failure(stream(pool, f"rtsp://127.0.0.1:{unused_port()}/x", kind=kind))
    assert refused.code == "connection_refused"
    unknown = await failure(stream(pool, "rtsp://camera.invalid/x", kind=kind))
    assert unknown.code == "cannot_resolve"


async def test_opencv_stands_in(rtsp_server: RtspFactory, pool: ThreadPoolExecutor) -> None:
    async with rtsp_server(user=USER, password=PASSWORD) as camera:
        url = camera.url("/h264", credentials=False)
        frame = await stream(pool, url, kind=OpenCvSource).grab(TIMEOUT)
        assert isinstance(frame.data, np.ndarray)
        assert frame.data.shape == (360, 640, 3)


async def test_mjpeg_stream(still_server: StillFactory, pool: ThreadPoolExecutor) -> None:
    async with still_server() as camera:
        frame = await stream(pool, camera.url("/mjpeg"), password=None).grab(TIMEOUT)
        assert isinstance(frame.data, np.ndarray)
        assert frame.data.shape == (360, 640, 3)


async def test_playlist_cannot_read_a_local_file(
    still_server: StillFactory, pool: ThreadPoolExecutor
) -> None:
    async with still_server() as camera:
        error = await failure(stream(pool, camera.url("/hls/evil.m3u8"), password=None), 3)
        assert error.code in {"no_video", "cannot_connect", "timeout"}


@pytest.mark.parametrize("auth", ["none", "basic", "digest"])
async def test_still_is_kept_as_it_is(
    still_server: StillFactory, session: aiohttp.ClientSession, auth: str
) -> None:
    async with still_server(user=USER, password=PASSWORD, auth=auth) as camera:
        source = still(session, camera.url())
        first = await source.grab(TIMEOUT)
        await asyncio.sleep(0.3)
        second = await source.grab(TIMEOUT)
    assert isinstance(first.data, bytes)
    assert first.data.startswith(b"\xff\xd8\xff")
    assert first.data.endswith(b"\xff\xd9")
    assert first.data != second.data


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/missing", "not_found"),
        ("/forbidden", "invalid_auth"),
        ("/error", "server_error"),
        ("/html", "no_jpeg"),
        ("/empty.jpg", "no_jpeg"),
        ("/huge", "no_jpeg"),
        ("/slow?delay=30", "timeout"),
        ("/stall", "timeout"),
        ("/redirect-to-file?to=file:///etc/hostname", "cannot_connect"),
    ],
)
async def test_why_a_still_gives_nothing(
    still_server: StillFactory, session: aiohttp.ClientSession, path: str, code: str
) -> None:
    async with still_server() as camera:
        assert (await failure(still(session, camera.url(path), password=None), 1)).code == code


@pytest.mark.parametrize("path", ["/png", "/png-named.jpg"])
async def test_other_formats_are_told_by_their_content(
    still_server: StillFactory, session: aiohttp.ClientSession, path: str
) -> None:
    async with still_server() as camera:
        frame = await still(session, camera.url(path), password=None).grab(TIMEOUT)
    assert isinstance(frame.data, np.ndarray)
    assert (frame.data.shape, frame.data.dtype) == ((360, 640, 3), np.uint8)


async def test_wrong_password_of_a_still(
    still_server: StillFactory, session: aiohttp.ClientSession
) -> None:
    for auth in ("basic", "digest"):
        async with still_server(user=USER, password="another", auth=auth) as camera:
            assert (await failure(still(session, camera.url()))).code == "invalid_auth"


async def test_still_that_cannot_be_reached(
    session: aiohttp.ClientSession, no_such_host: None
) -> None:
    refused = await failure(still(session, f"http://127.0.0.1:{unused_port()}/"))
    assert refused.code == "connection_refused"
    unknown = await failure(still(session, "http://camera.invalid/"))
    assert unknown.code == "cannot_resolve"


async def test_self_signed_certificate(
    still_server: StillFactory, session: aiohttp.ClientSession
) -> None:
    async with still_server(tls=True) as camera:
        error = await failure(still(session, camera.url(), password=None))
        assert error.code == "untrusted_certificate"
        frame = await still(session, camera.url(), password=None, verify_tls=False).grab(TIMEOUT)
        assert isinstance(frame.data, bytes)


async def test_truncated_still_is_left_to_the_judges(
    still_server: StillFactory, session: aiohttp.ClientSession
) -> None:
    async with still_server() as camera:
        frame = await still(session, camera.url("/truncated.jpg"), password=None).grab(TIMEOUT)
        assert isinstance(frame.data, bytes)
        assert not frame.data.endswith(b"\xff\xd9")


async def test_credentials_stay_with_the_camera(
    still_server: StillFactory, session: aiohttp.ClientSession
) -> None:
    """A redirect to another host gets no password, though that host asks for it."""
    async with (
        still_server() as camera,
        still_server(user=USER, password=PASSWORD, auth="basic") as other,
    ):
        source = still(session, camera.url(f"/redirect-to-file?to={other.url()}"))
        assert (await failure(source)).code == "invalid_auth"
