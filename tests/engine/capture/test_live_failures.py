"""The stream that stays open when the camera falls silent, hangs up, or does not let it in."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime
import logging
import socket
from time import monotonic

import pytest

from custom_components.timelapser.engine.capture import live as live_module
from custom_components.timelapser.engine.capture.live import LiveSource
from custom_components.timelapser.engine.errors import SourceRefusedError
from custom_components.timelapser.engine.models import Transport
from tests.engine.capture.conftest import (
    TIMEOUT,
    USER,
    Live,
    address,
    failure,
    plays,
    readers,
    until,
)
from tests.harness.fixtures import RtspFactory
from tests.harness.rtsp_server import RtspServer


async def test_a_silent_camera_is_closed_soon(camera: RtspServer, live: Live) -> None:
    source = live(address(camera, "/h264?fault=stall&after=60"))
    await source.grab(TIMEOUT)
    begun = monotonic()
    error = await failure(source, 0.5)
    assert error.placeholders["seconds"] == "0.5"
    assert monotonic() - begun < 1.5
    await source.close()
    assert monotonic() - begun < 3
    assert not readers()


async def test_a_camera_silent_for_long_is_opened_anew(
    camera: RtspServer, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "SILENT_SECONDS", 0.4)
    monkeypatch.setattr(live_module, "READ_SECONDS", 0.2)
    source = live(address(camera, "/h264?fault=stall&after=60"))
    first = await source.grab(TIMEOUT)
    assert (await failure(source)).code == "timeout"
    await until(lambda: plays(camera) == 2)
    assert (await source.grab(TIMEOUT)).captured_at > first.captured_at


async def test_a_stream_goes_on_after_a_short_silence(camera: RtspServer, live: Live) -> None:
    """A read that took too long ends nothing: what comes later belongs to the same stream."""
    gate = asyncio.Event()
    gate.set()

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(camera.host, camera.port)

        async def pump(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
            while data := await source.read(1000):
                await gate.wait()
                sink.write(data)
            sink.close()

        await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))

    async with await asyncio.start_server(relay, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        source = live(f"rtsp://127.0.0.1:{port}/h264")
        await source.grab(TIMEOUT)
        gate.clear()
        assert (await failure(source, 2.5)).code == "timeout"
        gate.set()
        frame = await source.grab(TIMEOUT)
        await source.close()
    assert not frame.decoder_errors
    assert plays(camera) == 1


async def test_a_dropped_stream_is_opened_anew(camera: RtspServer, live: Live) -> None:
    source = live(address(camera, "/h264?fault=drop&after=60"))
    first = await source.grab(TIMEOUT)
    begun = monotonic()
    assert (await failure(source)).code == "cannot_connect"
    assert (await failure(source)).code == "cannot_connect"
    assert monotonic() - begun < TIMEOUT / 2, "while it is not yet time to try again"
    assert plays(camera) == 1
    await until(lambda: plays(camera) == 2)
    assert (await source.grab(TIMEOUT)).captured_at > first.captured_at


async def test_a_camera_that_never_opens_is_not_waited_for(
    camera: RtspServer, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live_module, "OPEN_SECONDS", 1.8)
    monkeypatch.setattr(live_module, "CLOSE_SECONDS", 0.5)
    source = live(address(camera, "/h264?fault=slow&delay=30"))
    assert (await failure(source, 0.5)).code == "timeout"
    begun = monotonic()
    await source.close()
    assert monotonic() - begun < 1
    await until(lambda: not readers())
    assert plays(camera) == 0


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/nothing", "not_found"),
        ("/h264?fault=503", "server_error"),
        ("/h264?fault=novideo", "no_video"),
        ("/h264?fault=stall", "timeout"),
    ],
)
async def test_why_there_is_no_frame(
    camera: RtspServer, live: Live, monkeypatch: pytest.MonkeyPatch, path: str, code: str
) -> None:
    monkeypatch.setattr(live_module, "OPEN_SECONDS", 1.5)
    assert (await failure(live(address(camera, path)), 1)).code == code


async def test_why_the_camera_cannot_be_reached(
    socket_enabled: None, live: Live, no_such_host: None
) -> None:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert (await failure(live(f"rtsp://127.0.0.1:{port}/x"))).code == "connection_refused"
    assert (await failure(live("rtsp://camera.invalid/x"))).code == "cannot_resolve"


async def test_wrong_password_is_told_nowhere_and_not_tried_again_by_itself(
    rtsp_server: RtspFactory,
    live: Live,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    async with rtsp_server(user=USER, password="another") as camera:
        source = live(address(camera, "/h264"))
        assert (await failure(source)).code == "invalid_auth"
        asked = len(camera.requests)
        await asyncio.sleep(1.5)
        assert len(camera.requests) == asked
        # Whoever asks again has decided that it may be.
        assert (await failure(source)).code == "invalid_auth"
        assert len(camera.requests) == 2 * asked
    assert "trying again in" not in caplog.text
    assert "s3cret" not in caplog.text + "".join(capfd.readouterr())


def test_an_event_loop_that_is_gone_leaves_no_thread(
    socket_enabled: None, pool: ThreadPoolExecutor
) -> None:
    source = LiveSource(
        "rtsp://127.0.0.1:1/x",
        user=None,
        password=None,
        transport=Transport.TCP,
        verify_tls=True,
        executor=pool,
        now=lambda: datetime.now(UTC),
    )
    with pytest.raises(SourceRefusedError):
        asyncio.run(source.grab(TIMEOUT))
    for thread in readers():
        thread.join(TIMEOUT)
    assert not readers()
