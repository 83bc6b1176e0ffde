"""Tests for the RTSP camera, with the clients that Timelapser and its users have."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from itertools import islice, pairwise
from pathlib import Path
import time

import av
from PIL import Image
import pytest

from . import scene
from .fixtures import CLIP_SIZE, RtspFactory
from .rtsp_server import RtspServer

USER, PASSWORD = "user@home", "p@ss/w:rd?#%"
LOGIN = {"user": USER, "password": PASSWORD}


async def read[T](
    url: str,
    job: Callable[[av.container.InputContainer], T],
    *,
    transport: str = "tcp",
    seconds: float = 5,
) -> T:
    """What a job in a thread makes of an opened stream."""
    options = {"rtsp_transport": transport, "analyzeduration": "200000"}

    def run() -> T:
        with av.open(url, options=options, timeout=seconds) as container:
            return job(container)

    return await asyncio.to_thread(run)


def first_frame(container: av.container.InputContainer) -> av.VideoFrame:
    return next(container.decode(video=0))


def is_black(frame: av.VideoFrame) -> bool:
    return bool(frame.to_ndarray(format="gray").mean() < 20)


def first_packet(container: av.container.InputContainer) -> av.Packet[av.VideoStream]:
    return next(container.demux(video=0))


def whole_packets(container: av.container.InputContainer) -> list[av.Packet[av.VideoStream]]:
    """What comes until the camera falls silent."""
    packets: list[av.Packet[av.VideoStream]] = []
    with suppress(av.error.ExitError):
        packets += (packet for packet in container.demux(video=0) if packet.size)
    return packets


def breaks_within(pictures: int) -> Callable[[av.container.InputContainer], bool]:
    """Whether the decoder marks one of so many pictures as damaged, or gives one up."""

    def job(container: av.container.InputContainer) -> bool:
        try:
            return any(frame.is_corrupt for frame in islice(container.decode(video=0), pictures))
        except av.error.InvalidDataError:
            return True

    return job


@pytest.mark.parametrize("auth", ["basic", "digest"])
@pytest.mark.parametrize("transport", ["tcp", "udp"])
@pytest.mark.parametrize("codec", ["h264", "h265"])
async def test_first_frame_is_a_whole_keyframe(
    rtsp_server: RtspFactory, codec: str, transport: str, auth: str
) -> None:
    async with rtsp_server(**LOGIN, auth=auth) as camera:
        frame = await read(camera.url(f"/{codec}"), first_frame, transport=transport)
        assert (frame.width, frame.height) == CLIP_SIZE
        assert frame.key_frame
        assert not frame.is_corrupt
        assert f"SETUP /{codec} {transport.upper()}" in camera.requests


@pytest.mark.parametrize("auth", ["basic", "digest"])
@pytest.mark.parametrize("login", ["", "someone:else@", "user%40home:wrong@"])
async def test_wrong_credentials_are_refused(
    rtsp_server: RtspFactory, auth: str, login: str
) -> None:
    async with rtsp_server(**LOGIN, auth=auth) as camera:
        url = camera.url("/h264", credentials=False).replace("rtsp://", f"rtsp://{login}")
        with pytest.raises(av.HTTPUnauthorizedError):
            await read(url, first_frame)
        assert not any(request.startswith("SETUP") for request in camera.requests)


async def test_unknown_path_is_not_found(rtsp_server: RtspFactory) -> None:
    async with rtsp_server() as camera:
        with pytest.raises(av.HTTPNotFoundError):
            await read(camera.url("/other"), first_frame)


def test_url_escapes_credentials() -> None:
    camera = RtspServer({}, port=554, user=USER, password=PASSWORD)
    assert camera.url("/a?b=c") == (
        "rtsp://user%40home:p%40ss%2Fw%3Ard%3F%23%25@127.0.0.1:554/a?b=c"
    )
    assert camera.url("/a", credentials=False) == "rtsp://127.0.0.1:554/a"


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_ffmpeg_reads_past_the_end_of_the_file(
    rtsp_server: RtspFactory, transport: str
) -> None:
    async with rtsp_server(**LOGIN, auth="digest") as camera:
        command = ["ffmpeg", "-v", "error", "-xerror", "-rtsp_transport", transport]
        command += ["-i", camera.url("/h264"), "-frames:v", "70", "-f", "rawvideo"]
        command += ["-pix_fmt", "gray", "-"]
        began = time.monotonic()
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
        )
        output, errors = await process.communicate()
        assert (process.returncode, errors) == (0, b"")
        assert len(output) == 70 * CLIP_SIZE[0] * CLIP_SIZE[1]
        assert time.monotonic() - began > 2


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("fault=503", av.HTTPServerError),
        ("fault=403", av.HTTPForbiddenError),
        ("fault=stall", av.ExitError),
        ("fault=drop&after=2", av.InvalidDataError),
        ("fault=loss&share=1", av.ExitError),
    ],
)
async def test_fault_gives_no_picture(
    rtsp_server: RtspFactory, query: str, error: type[Exception]
) -> None:
    async with rtsp_server() as camera:
        with pytest.raises(error):
            await read(camera.url(f"/h264?{query}"), first_frame, seconds=0.5)


async def test_stall_after_some_packets(rtsp_server: RtspFactory) -> None:
    async with rtsp_server() as camera:
        url = camera.url("/h264?fault=stall&after=60")
        assert (await read(url, first_frame, seconds=1)).key_frame
        with pytest.raises(av.ExitError):
            await read(url, lambda c: list(islice(c.decode(video=0), 100)), seconds=1)


async def test_drop_ends_the_stream(rtsp_server: RtspFactory) -> None:
    async with rtsp_server() as camera:
        url = camera.url("/h264?fault=drop&after=60")
        packets = await read(url, lambda c: [p for p in c.demux(video=0) if p.size])
        assert 0 < len(packets) < 60


async def test_slow_answers_late(rtsp_server: RtspFactory) -> None:
    async with rtsp_server() as camera:
        began = time.monotonic()
        frame = await read(camera.url("/h264?fault=slow&delay=0.4"), first_frame)
        assert frame.key_frame
        assert time.monotonic() - began > 0.4


async def test_garbage_breaks_pictures(rtsp_server: RtspFactory) -> None:
    async with rtsp_server() as camera:
        # Not every broken payload shows; enough of them do.
        assert await read(camera.url("/h264?fault=garbage&share=0.4"), breaks_within(40))


@pytest.mark.parametrize("transport", ["tcp", "udp"])
async def test_loss_breaks_pictures(rtsp_server: RtspFactory, transport: str) -> None:
    async with rtsp_server() as camera:
        url = camera.url("/h264?fault=loss&share=0.3")
        assert await read(url, breaks_within(30), transport=transport)


async def test_loss_after_some_packets(rtsp_server: RtspFactory) -> None:
    async with rtsp_server() as camera:
        url = camera.url("/h264?fault=loss&share=1&after=60")
        packets = await read(url, whole_packets, seconds=1)
        assert 0 < len(packets) <= 60
        assert not any(packet.is_corrupt for packet in packets)


async def test_no_video_is_sound_only(rtsp_server: RtspFactory) -> None:
    async with rtsp_server() as camera:
        kinds = await read(camera.url("/h264?fault=novideo"), lambda c: [s.type for s in c.streams])
        assert kinds == ["audio"]


async def test_late_start_is_no_keyframe(rtsp_server: RtspFactory) -> None:
    async with rtsp_server() as camera:
        assert (await read(camera.url("/h264"), first_packet)).is_keyframe
        assert not (await read(camera.url("/h264?start=late"), first_packet)).is_keyframe


async def test_closes_while_clients_watch(rtsp_server: RtspFactory) -> None:
    loop, started = asyncio.get_running_loop(), asyncio.Event()

    def watch(container: av.container.InputContainer) -> int:
        loop.call_soon_threadsafe(started.set)
        return sum(1 for _ in container.demux(video=0))

    async with rtsp_server() as camera:
        watching = asyncio.create_task(read(camera.url("/h264"), watch))
        await started.wait()
        assert not watching.done()
    await asyncio.gather(watching, return_exceptions=True)
    with pytest.raises(OSError, match="refused"):
        await read(camera.url("/h264"), first_packet)


async def test_switch_reaches_who_watches(rtsp_server: RtspFactory, tmp_path: Path) -> None:
    black = tmp_path / "black.mp4"
    await asyncio.to_thread(scene.film, black, [Image.new("RGB", CLIP_SIZE)] * 25, size=CLIP_SIZE)
    loop, started = asyncio.get_running_loop(), asyncio.Event()

    def watch(container: av.container.InputContainer) -> list[av.VideoFrame]:
        """All pictures up to a black one."""
        seen = []
        for frame in container.decode(video=0):
            loop.call_soon_threadsafe(started.set)
            seen.append(frame)
            if is_black(frame):
                break
        return seen

    async with rtsp_server() as camera:
        watching = asyncio.create_task(read(camera.url("/h264"), watch))
        await started.wait()
        await camera.switch("/h264", black)
        seen = await watching
        assert len(seen) > 1
        assert not any(frame.is_corrupt for frame in seen)
        # The client's clock goes on; it knows no time of the first pictures.
        moments = [frame.pts for frame in seen if frame.pts is not None]
        steps = {after - before for before, after in pairwise(moments)}
        assert max(steps) - min(steps) <= 1
        assert is_black(await read(camera.url("/h264"), first_frame))


async def test_comes_back_at_the_same_port(rtsp_server: RtspFactory) -> None:
    camera = rtsp_server()
    async with camera:
        url = camera.url("/h264")
    with pytest.raises(OSError, match="refused"):
        await read(url, first_packet)
    async with camera:
        assert (await read(url, first_packet)).is_keyframe
