"""Cameras as bad as real ones, through real sockets and decoders: what people see of them.

Time is real here, so that all of it is quick: images come each second, and where people say
minutes, seconds pass.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.timelapser import trouble
from custom_components.timelapser.const import CONF_STORAGE, DOMAIN, EVENT_TIMELAPSER
from custom_components.timelapser.engine.capture import health, live
from custom_components.timelapser.engine.images.service import ImageSize
from custom_components.timelapser.hub import TimelapserHub
from tests.harness import scene
from tests.harness.rtsp_server import RtspServer
from tests.helpers import act, device_id, entity_id, set_up

SIZE = (640, 360)
FPS = 8
GOP = 0.25
SECONDS = 12
NOON, STEP = 0.5, 10 / 86_400


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the cameras show: the scene in both codecs, a lens cap, and a camera that is stuck."""
    folder = tmp_path_factory.mktemp("films")
    views = [scene.draw(NOON + number * STEP, SIZE) for number in range(SECONDS * FPS)]
    gop = round(FPS * GOP)
    pictures = {"black": [Image.new("RGB", SIZE)] * gop, "frozen": views[:1] * gop}
    for name, shown in {"h264": views, "h265": views, **pictures}.items():
        codec: scene.Codec = "h265" if name == "h265" else "h264"
        file = folder / f"{name}.mp4"
        scene.film(file, shown, codec=codec, size=SIZE, fps=FPS, gop_seconds=GOP)
    return folder


async def begin(
    hass: HomeAssistant, storage: Path, urls: Mapping[str, str], **options: Any
) -> TimelapserHub:
    storage.mkdir(parents=True, exist_ok=True)
    entry = MockConfigEntry(
        domain=DOMAIN,
        title="Timelapser",
        data={CONF_STORAGE: str(storage)},
        options={"interval": 1, **options},
        subentries_data=[
            ConfigSubentryDataWithId(
                data={"source": "stream", "url": url.partition("#")[0], "transport": url.partition("#")[2] or "tcp", "verify_ssl": True},
                subentry_id=name,
                subentry_type="camera",
                title=name,
                unique_id=name,
            )
            for name, url in urls.items()
        ],
    )
    hub = await set_up(hass, entry)
    for name in urls:
        await act(hass, "start_timelapse", device_id=device_id(hass, name))
    return hub


async def until(hass: HomeAssistant, happens: Callable[[], bool], seconds: float = 20) -> None:
    changed = asyncio.Event()

    @callback
    def note(_event: Event) -> None:
        changed.set()

    forget = hass.bus.async_listen(MATCH_ALL, note)
    try:
        async with asyncio.timeout(seconds):
            while not happens():
                changed.clear()
                await changed.wait()
    finally:
        forget()


def show(events):
    for e in events:
        d = e.data
        print(d["camera_id"], d["type"], d.get("captured_at", "")[17:22], d.get("score"), d.get("flagged"), d.get("reasons"), d.get("error"))


def keyframes(film: Path) -> list[NDArray[np.float32]]:
    with av.open(str(film)) as container:
        return [
            np.asarray(frame.reformat(format="rgb24").to_ndarray(), np.float32)
            for frame in container.decode(video=0)
            if frame.key_frame
        ]

def damage(file, clean):
    picture = np.asarray(Image.open(file), np.float32)
    diffs = [np.abs(picture - c).mean() for c in clean]
    best = clean[int(np.argmin(diffs))]
    err = ((picture - best) ** 2).mean(axis=2)[: 352]
    blocks = err.reshape(22, 16, 40, 16).mean(axis=(1, 3))
    psnr = 10 * np.log10(255**2 / np.maximum(blocks, .01))
    return round(float(psnr.min()), 1), int((psnr < 24).sum()), round(float(min(diffs)),2)


async def test_loss(home, socket_enabled, storage, films):
    events = async_capture_events(home, EVENT_TIMELAPSER)
    async with RtspServer({"/h264": films / "h264.mp4", "/h265": films / "h265.mp4"}) as server:
        urls = {"h264_tcp": server.url("/h264?fault=loss&seed=1"), "h264_udp": server.url("/h264?fault=loss&seed=2") + "#udp",
            "h265_tcp": server.url("/h265?fault=loss&seed=3"), "clean": server.url("/h264")}
        hub = await begin(home, storage, urls)
        await asyncio.sleep(15)
        show(events)
        for name in urls:
            clean = keyframes(films / f"{name[:4] if name!='clean' else 'h264'}.mp4")
            totals = (await act(home, "get_statistics", device_id=device_id(home, name)))
            print(name, totals["totals"], totals["missed"])
            for q in (False, True):
                for image in await hub.image_rows.find(camera_id=name, quarantined=q, limit=100):
                    path = await hub.images.path(image, ImageSize.FULL)
                    print("  ", "Q" if q else "K", image.flagged, image.score, image.reasons, damage(path, clean))
        await home.config_entries.async_unload(home.config_entries.async_entries(DOMAIN)[0].entry_id)


async def test_cap(home, socket_enabled, storage, films, monkeypatch):
    monkeypatch.setattr(trouble, "timedelta", lambda minutes: timedelta(seconds=minutes))
    events = async_capture_events(home, EVENT_TIMELAPSER)
    async with RtspServer({"/h264": films / "h264.mp4"}) as server:
        hub = await begin(home, storage, {"garden": server.url("/h264")}, frozen_after=3)
        await asyncio.sleep(6)
        print("cap")
        await server.switch("/h264", films / "black.mp4")
        await asyncio.sleep(8)
        await server.switch("/h264", films / "h264.mp4")
        await asyncio.sleep(8)
        await server.switch("/h264", films / "frozen.mp4")
        await asyncio.sleep(7)
        print(ir.async_get(home).issues.keys())
        await server.switch("/h264", films / "h264.mp4")
        await asyncio.sleep(4)
        print(ir.async_get(home).issues.keys())
        show(events)
        await home.config_entries.async_unload(home.config_entries.async_entries(DOMAIN)[0].entry_id)
