"""The stream that stays open: its frames are never stale, and never the same twice."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from time import monotonic

import numpy as np
import pytest

from custom_components.timelapser.engine.capture.stream import StreamSource
from custom_components.timelapser.engine.models import Frame, Picture, Transport
from tests.engine.capture.conftest import (
    PASSWORD,
    TIMEOUT,
    USER,
    Clocks,
    Live,
    address,
    failure,
    plays,
    readers,
)
from tests.harness.fixtures import StillFactory
from tests.harness.rtp import Clip
from tests.harness.rtsp_server import RtspServer


def packets(camera: RtspServer) -> int:
    """RTP packets of the whole clip, which has two keyframes."""
    clip = camera.clips["/h264"]
    return sum(1 for unit in clip.units for _ in clip.payloads(unit))


def picture(frame: Frame) -> Picture:
    assert isinstance(frame.data, np.ndarray)
    return frame.data


@pytest.mark.parametrize(("codec", "transport"), [("h264", Transport.TCP), ("h265", Transport.UDP)])
async def test_frames_are_those_of_a_stream_opened_anew(
    camera: RtspServer,
    live: Live,
    pool: ThreadPoolExecutor,
    codec: str,
    transport: Transport,
) -> None:
    url = address(camera, f"/{codec}")
    source = live(url, transport)
    both = [picture(await source.grab(TIMEOUT)) for _ in range(2)]
    anew = await StreamSource(
        url,
        user=USER,
        password=PASSWORD,
        transport=transport,
        verify_tls=True,
        executor=pool,
        now=lambda: datetime.now(UTC),
    ).grab(TIMEOUT)
    assert [np.array_equal(picture(anew), one) for one in both].count(True) == 1


async def test_mjpeg_stream(still_server: StillFactory, live: Live) -> None:
    async with still_server() as camera:
        source = live(camera.url("/mjpeg"))
        frames = [await source.grab(TIMEOUT) for _ in range(3)]
        await source.close()
    assert [picture(frame).shape for frame in frames] == [(360, 640, 3)] * 3
    assert len({frame.captured_at for frame in frames}) == 3


async def test_no_keyframe_is_answered_twice(camera: RtspServer, live: Live) -> None:
    source = live(address(camera, "/h264?start=late"))
    first = await source.grab(TIMEOUT)
    together = await asyncio.gather(source.grab(TIMEOUT), source.grab(TIMEOUT))
    moments = {frame.captured_at for frame in (first, *together)}
    assert len(moments) == 3
    assert min(moments) == first.captured_at
    assert plays(camera) == 1
    assert len(readers()) == 1


@pytest.mark.parametrize(("age", "answered"), [(0.5, True), (2.5, False)])
async def test_only_a_fresh_keyframe_is_answered(
    camera: RtspServer, live: Live, clocks: Clocks, age: float, answered: bool
) -> None:
    """After two keyframes, a second apart, the camera falls silent; the other one grows old."""
    source = live(address(camera, f"/h264?fault=stall&after={packets(camera) - 1}"))
    await source.grab(TIMEOUT)
    await clocks.keyframes(2)
    clocks.ahead = age
    if answered:
        assert (await source.grab(0.5)).captured_at == clocks.arrivals[1]
    else:
        assert (await failure(source, 0.5)).code == "timeout"
    assert len(clocks.arrivals) == 2


def cut_keyframes(clip: Clip, *numbers: int) -> Clip:
    """Take away the second half of some keyframes' pictures."""
    units = [*clip.units]
    places = [place for place, unit in enumerate(units) if unit.is_keyframe]
    for number in numbers:
        unit = units[places[number]]
        whole = unit.nals[-1]
        cut = (*unit.nals[:-1], whole[: len(whole) // 2])
        units[places[number]] = replace(unit, nals=cut)
    return replace(clip, units=tuple(units))


async def test_a_clean_keyframe_is_waited_for(
    camera: RtspServer, live: Live, clocks: Clocks
) -> None:
    camera.clips["/h264"] = cut_keyframes(camera.clips["/h264"], 0)
    source = live(address(camera, "/h264"))
    frames = [await source.grab(TIMEOUT) for _ in range(2)]
    assert not any(frame.decoder_errors for frame in frames)
    passed_over = [moment for moment in clocks.arrivals if moment < frames[1].captured_at]
    assert len(passed_over) >= 2


async def test_a_damaged_keyframe_is_the_last_resort(camera: RtspServer, live: Live) -> None:
    camera.clips["/h264"] = cut_keyframes(camera.clips["/h264"], 0, 1)
    begun = monotonic()
    frame = await live(address(camera, "/h264")).grab(1.5)
    assert frame.decoder_errors
    assert monotonic() - begun >= 1.5


async def test_images_from_before(camera: RtspServer, live: Live, clocks: Clocks) -> None:
    source = live(address(camera, "/h264"), kept=2)
    assert await source.before(2) == []
    first = await source.grab(TIMEOUT)
    await clocks.keyframes(4)
    # The last one may be on its way from the thread still; no other comes meanwhile.
    await asyncio.sleep(0.1)
    frames = await source.before(10)
    moments = [frame.captured_at for frame in frames]
    assert moments == clocks.arrivals[2:4]
    assert first.captured_at not in moments
    assert moments[1] - moments[0] > timedelta(seconds=0.8)
    assert not np.array_equal(picture(frames[0]), picture(frames[1]))
    assert [frame.captured_at for frame in await source.before(1)] == moments[1:]
    assert (await source.grab(TIMEOUT)).captured_at > moments[1]


async def test_what_a_grab_leaves_when_it_is_cancelled(camera: RtspServer, live: Live) -> None:
    source = live(address(camera, "/h264"))
    first = await source.grab(TIMEOUT)
    waiting = asyncio.create_task(source.grab(TIMEOUT))
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    second = await source.grab(TIMEOUT)
    assert second.captured_at > first.captured_at
    assert plays(camera) == 1


async def test_closing(camera: RtspServer, live: Live) -> None:
    source = live(address(camera, "/h264"), kept=2)
    await source.close()
    await source.grab(TIMEOUT)
    waiting = asyncio.create_task(failure(source))
    await asyncio.sleep(0)
    begun = monotonic()
    await asyncio.gather(source.close(), source.close())
    assert (await waiting).code == "source_closed"
    assert monotonic() - begun < 2
    assert not readers()
    assert await source.before(2) == []
    await source.close()
    await source.grab(TIMEOUT)
    assert plays(camera) == 2, "a grab opens anew what was closed"
