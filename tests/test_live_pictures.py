"""Cameras as bad as real ones, through real sockets and decoders: what people see of them.

Time is real here, so all is quick: an image each second, and a minute of the settings that say
when people are told lasts a second.
"""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import av
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.const import MATCH_ALL
from homeassistant.core import Event, HomeAssistant, callback
from homeassistant.helpers import issue_registry as ir
import numpy as np
from numpy.typing import NDArray
from PIL import Image
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry, async_capture_events

from custom_components.timelapser import trouble
from custom_components.timelapser.const import CONF_STORAGE, DOMAIN, EVENT_TIMELAPSER
from custom_components.timelapser.engine.capture import health, live
from custom_components.timelapser.engine.capture.health import OFFLINE_AT, Backoff
from custom_components.timelapser.engine.images.service import ImageSize
from custom_components.timelapser.hub import TimelapserHub
from tests.harness import scene
from tests.harness.rtsp_server import RtspServer
from tests.helpers import act, device_id, entity_id, set_up, settle

SIZE = (640, 360)
FPS, GOP_SECONDS, SECONDS = 8, 0.25, 8
NOON, STEP = 0.5, 10 / 86_400
GARDEN, WELL = "garden", "well"
KEPT = "image_captured"

BLOCK = 20
BROKEN_BELOW = 24.0
"""Peak signal-to-noise ratio (dB) of a block that looks broken; whole ones are above 30."""

type Data = dict[str, Any]
type Luma = NDArray[np.float32]

pytestmark = pytest.mark.usefixtures("socket_enabled")


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scene about noon in both codecs, a capped lens, and a camera that is stuck."""
    folder = tmp_path_factory.mktemp("films")
    views = [scene.draw(NOON + number * STEP, SIZE) for number in range(SECONDS * FPS)]
    # One group of pictures: a stuck encoder repeats it bit for bit.
    gop = round(FPS * GOP_SECONDS)
    make = partial(scene.film, size=SIZE, fps=FPS, gop_seconds=GOP_SECONDS)
    for codec in scene.CODECS:
        make(folder / f"{codec}.mp4", views, codec=codec)
    make(folder / "black.mp4", [Image.new("RGB", SIZE)] * gop)
    make(folder / "frozen.mp4", views[:1] * gop)
    return folder


@pytest.fixture(autouse=True)
def short_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    """What people wait for in minutes comes after seconds, and so does the next try."""

    def seconds(minutes: float) -> timedelta:
        return timedelta(seconds=minutes)

    monkeypatch.setattr(trouble, "timedelta", seconds)
    monkeypatch.setattr(health, "OFFLINE", Backoff(timedelta(seconds=1), timedelta(seconds=2)))
    monkeypatch.setattr(live, "MAX_BACK_OFF", 1.0)


@pytest.fixture
def events(home: HomeAssistant) -> list[Event[Any]]:
    """What the integration tells."""
    return async_capture_events(home, EVENT_TIMELAPSER)


def farm(storage: Path, urls: Mapping[str, str], options: Mapping[str, object]) -> MockConfigEntry:
    """A hub with a camera for each stream; names that end so are taken by UDP."""
    storage.mkdir(parents=True, exist_ok=True)
    return MockConfigEntry(
        domain=DOMAIN,
        title="Timelapser",
        data={CONF_STORAGE: str(storage)},
        options={"interval": 1, **options},
        subentries_data=[
            ConfigSubentryDataWithId(
                data={
                    "source": "stream",
                    "url": url,
                    "transport": "udp" if name.endswith("udp") else "tcp",
                    "verify_ssl": True,
                },
                subentry_id=name,
                subentry_type="camera",
                title=name,
                unique_id=name,
            )
            for name, url in urls.items()
        ],
    )


async def begin(
    hass: HomeAssistant, storage: Path, urls: Mapping[str, str], **options: object
) -> TimelapserHub:
    """Start a timelapse of each stream."""
    hub = await set_up(hass, farm(storage, urls, options))
    for name in urls:
        await act(hass, "start_timelapse", device_id=device_id(hass, name))
    return hub


async def until(hass: HomeAssistant, holds: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for what shows after something that Home Assistant's bus tells."""
    something = asyncio.Event()

    @callback
    def note(_event: Event[Any]) -> None:
        something.set()

    forget = hass.bus.async_listen(MATCH_ALL, note)
    try:
        async with asyncio.timeout(seconds):
            while not holds():
                something.clear()
                await something.wait()
    finally:
        forget()


def told(events: list[Event[Any]], kind: str, camera: str = GARDEN) -> list[Data]:
    """What events of a kind have said of a camera."""
    data = [event.data for event in events]
    return [dict(one) for one in data if (one["type"], one["camera_id"]) == (kind, camera)]


async def more(
    hass: HomeAssistant, events: list[Event[Any]], count: int, *cameras: str
) -> list[Data]:
    """Wait for so many more images that each camera keeps; answer those of the first."""
    cameras = cameras or (GARDEN,)
    wanted = {name: len(told(events, KEPT, name)) + count for name in cameras}
    await until(hass, lambda: all(len(told(events, KEPT, n)) >= wanted[n] for n in wanted))
    return told(events, KEPT, cameras[0])[-count:]


def shown(hass: HomeAssistant, platform: str, key: str, camera: str = GARDEN) -> str:
    state = hass.states.get(entity_id(hass, platform, camera, key))
    return state.state if state else ""


def issues(hass: HomeAssistant) -> set[str]:
    return {issue for domain, issue in ir.async_get(hass).issues if domain == DOMAIN}


async def outcome(hass: HomeAssistant, camera: str = GARDEN) -> tuple[Data, dict[str, int]]:
    """Pause, so that nothing is under way; answer the totals, and the misses by reason."""
    await act(hass, "pause_timelapse", device_id=device_id(hass, camera))
    await settle(hass)
    answer = await act(hass, "get_statistics", device_id=device_id(hass, camera))
    missed: dict[str, int] = {}
    for miss in answer["missed"]:
        missed[miss["reason"]] = missed.get(miss["reason"], 0) + miss["count"]
    return answer["totals"], missed


def keyframes(film: Path) -> list[Luma]:
    """What a camera would show if nothing were lost on the way."""
    with av.open(str(film)) as container:
        frames = container.decode(video=0)
        pictures = (frame.to_ndarray(format="rgb24") for frame in frames if frame.key_frame)
        return [_luma(Image.fromarray(picture)) for picture in pictures]


def broken_share(picture: Image.Image, whole: list[Luma]) -> float:
    """The share of a picture's blocks that look broken, beside the keyframe that it is."""
    luma = _luma(picture)
    errors = min(((luma - other) ** 2 for other in whole), key=lambda error: float(error.mean()))
    rows, columns = (side // BLOCK for side in errors.shape)
    blocks = errors.reshape(rows, BLOCK, columns, BLOCK).mean(axis=(1, 3))
    ratio = 10 * np.log10(255**2 / np.maximum(blocks, 1e-3))
    return float((ratio < BROKEN_BELOW).mean())


def _luma(picture: Image.Image) -> Luma:
    return np.asarray(picture.convert("L"), np.float32)


async def kept(hub: TimelapserHub, camera: str, whole: list[Luma]) -> list[tuple[bool, float]]:
    """Whether each kept image is flagged, and how much of it is broken; the first one first."""
    found = await hub.rows.images.find(camera_id=camera, quarantined=False, limit=100)
    result = []
    for image in reversed(found):
        path = await hub.images.path(image, ImageSize.FULL)
        assert path is not None
        with await asyncio.to_thread(Image.open, path) as picture:
            result.append((image.flagged, broken_share(picture, whole)))
    return result


LOSSY = {
    "h264_tcp": "seed=1",
    "h264_udp": "seed=2",
    # First the scene has to be known: this decoder notices hardly any loss, so pictures must tell.
    "h265_tcp": "seed=3&after=800",
}
"""Cameras, and which 2 % of their packets are lost."""
TOLERATED = 0.1
"""Share of a good image that may be broken: less, at the lower edge, is not noticed every time."""


async def test_lost_packets(
    home: HomeAssistant, storage: Path, films: Path, events: list[Event[Any]]
) -> None:
    streams = {f"/{codec}": films / f"{codec}.mp4" for codec in scene.CODECS}
    async with RtspServer(streams) as server:
        urls = {
            name: server.url(f"/{name[:4]}?fault=loss&share=0.02&{query}")
            for name, query in LOSSY.items()
        }
        hub = await begin(home, storage, urls)
        await more(home, events, 14, *LOSSY)
        outcomes = {name: await outcome(home, name) for name in LOSSY}
    for name, (totals, _missed) in outcomes.items():
        whole = await asyncio.to_thread(keyframes, streams[f"/{name[:4]}"])
        images = await kept(hub, name, whole)
        # What looks broken is not passed off as good, and most ticks give a good image anyway.
        good = [share for flagged, share in images if not flagged]
        assert max(good) <= TOLERATED, name
        assert len(good) >= 0.6 * totals["planned"], name
        assert totals["failed"] == 0, name
    # The other decoder notices nearly all, so that another keyframe is taken.
    for name in ("h264_tcp", "h264_udp"):
        totals, _missed = outcomes[name]
        assert totals["quarantined"] + totals["flagged"] <= 1, name
        assert totals["score_mean"] >= 80, name
    camera = device_id(home, "h265_tcp")
    log = await act(home, "get_corruption_log", device_id=camera, below=70)
    assert log["corruption_log"] != []


async def test_outage(
    home: HomeAssistant,
    storage: Path,
    films: Path,
    events: list[Event[Any]],
    caplog: pytest.LogCaptureFixture,
) -> None:
    garden, well = (RtspServer({"/live": films / "h264.mp4"}) for _ in range(2))
    async with well:
        async with garden:
            urls = {GARDEN: garden.url("/live"), WELL: well.url("/live")}
            await begin(home, storage, urls, offline_repair=7)
            await more(home, events, 3)
        # It has lost its power now.
        await until(home, lambda: shown(home, "sensor", "health") == "degraded")
        await until(home, lambda: shown(home, "sensor", "health") == "offline")
        assert len(told(events, "capture_failed")) == OFFLINE_AT
        assert issues(home) == set()
        await until(home, lambda: issues(home) == {f"camera_offline_{GARDEN}"})
        await until(home, lambda: len(told(events, "capture_failed")) >= OFFLINE_AT + 2)
        assert caplog.text.count("is offline") == 1
        away = len(told(events, KEPT, WELL))
        async with garden:
            images = await more(home, events, 3)
            assert shown(home, "sensor", "health") == "online"
            assert issues(home) == set()
            assert not any(image["flagged"] for image in images)
            totals, missed = await outcome(home)
            others, none = await outcome(home, WELL)
    assert caplog.text.count("is back online") == 1
    # Each tick has an outcome, and the other camera was not held up.
    assert totals["planned"] == totals["covered"] + sum(missed.values())
    assert 0 < missed["offline"] == totals["skipped"]
    assert away >= OFFLINE_AT + 2
    assert (others["planned"], none) == (others["covered"], {})


async def test_capped_lens(
    home: HomeAssistant, storage: Path, films: Path, events: list[Event[Any]]
) -> None:
    async with RtspServer({"/live": films / "h264.mp4"}) as server:
        hub = await begin(home, storage, {GARDEN: server.url("/live")}, frozen_after=3)
        await more(home, events, 4)
        await server.switch("/live", films / "black.mp4")
        await until(home, lambda: told(events, "camera_degraded") != [])
        assert shown(home, "binary_sensor", "degraded") == "on"
        assert issues(home) == {f"camera_degraded_{GARDEN}"}
        await more(home, events, 2)
        await server.switch("/live", films / "h264.mp4")
        await until(home, lambda: told(events, "camera_recovered") != [])
        assert shown(home, "binary_sensor", "degraded") == "off"
        assert issues(home) == set()
        images = told(events, KEPT)
        totals, missed = await outcome(home)
    black = [image for image in images if "black" in image["reasons"]]
    # Kept, for people to decide, and marked; nothing of them is left with what comes after.
    assert len(black) >= hub.cameras[GARDEN].settings.corruption.degraded_after
    assert [image for image in images if image["flagged"]] == black
    assert all(image["score"] <= 50 for image in black)
    assert totals["quarantined"] == 0
    assert (totals["planned"], missed) == (totals["covered"], {})
    assert len(told(events, "camera_degraded")) == 1
    assert len(told(events, "camera_recovered")) == 1
    assert told(events, "camera_frozen") == []


async def test_frozen_stream(
    home: HomeAssistant, storage: Path, films: Path, events: list[Event[Any]]
) -> None:
    async with RtspServer({"/live": films / "h264.mp4"}) as server:
        await begin(home, storage, {GARDEN: server.url("/live")}, frozen_after=3)
        await more(home, events, 5)
        assert told(events, "camera_frozen") == []
        sessions = server.requests.count("PLAY /live")
        await server.switch("/live", films / "frozen.mp4")
        await until(home, lambda: told(events, "camera_frozen") != [])
        assert issues(home) == {f"camera_frozen_{GARDEN}"}
        # It may be the connection that is stuck: there is another one now.
        stuck = await more(home, events, 2)
        assert server.requests.count("PLAY /live") == sessions + 1
        assert all("frozen" in image["reasons"] for image in stuck)
        assert issues(home) == {f"camera_frozen_{GARDEN}"}
        await server.switch("/live", films / "h264.mp4")
        await until(home, lambda: issues(home) == set())
        images = await more(home, events, 2)
    assert len(told(events, "camera_frozen")) == 1
    # Nothing is wrong with the pictures themselves.
    assert not any(image["flagged"] for image in images + stuck)
