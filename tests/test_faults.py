"""Cameras with every fault beside a healthy one, for hours: it never misses a tick for them."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from unittest.mock import patch

from freezegun.api import FrozenDateTimeFactory
from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.const import CONF_STORAGE, DOMAIN
from custom_components.timelapser.engine.capture import health
from custom_components.timelapser.engine.errors import (
    CannotResolveError,
    EntityUnavailableError,
    InvalidAuthError,
    NoJpegError,
    NoVideoError,
    SourceError,
    SourceNotFoundError,
    SourceRefusedError,
    SourceServerError,
    SourceTimeoutError,
    UntrustedCertificateError,
)
from custom_components.timelapser.engine.models import CameraHealth, CameraSource, Frame
from custom_components.timelapser.hub import TimelapserHub
from tests.helpers import act, device_id, entity_id, set_up, settle
from tests.test_capture import FakeSource, pass_time

INTERVAL = 300


class FaultySource(FakeSource):
    """Raises an error, or answers with bytes that are no picture."""

    def __init__(self, fault: Exception | bytes | None = None) -> None:
        super().__init__()
        self.fault = fault

    async def grab(self, timeout: float) -> Frame:
        if isinstance(self.fault, Exception):
            self.grabs += 1
            raise self.fault
        frame = await super().grab(timeout)
        if self.fault is not None:
            return Frame(frame.captured_at, self.fault)
        return frame


class HeavySource(FaultySource):
    """One whose frames cost memory, so that only so many are taken at once."""

    @property
    def heavy(self) -> bool:
        return True


HALF = FakeSource().jpeg[:2000]

# Faults of cameras; then how their ticks end, by what code, and what is said of the camera.
FAULTS: dict[str, tuple[Exception | bytes, str, str, CameraHealth]] = {
    "garbage": (b"\x00\x01garbage" * 99, "quarantined", "", CameraHealth.ONLINE),
    "truncated": (HALF, "quarantined", "", CameraHealth.ONLINE),
    "empty": (b"", "quarantined", "", CameraHealth.ONLINE),
    **{
        error.code: (error, "failed", error.code, CameraHealth.OFFLINE)
        for error in (
            SourceError(host="camera"),
            CannotResolveError(host="camera"),
            SourceRefusedError(host="camera"),
            SourceTimeoutError(host="camera", seconds=10),
            SourceNotFoundError(host="camera"),
            SourceServerError(host="camera", status=500),
            UntrustedCertificateError(host="camera"),
            NoVideoError(host="camera"),
            NoJpegError(host="camera"),
            EntityUnavailableError(entity="camera.none"),
        )
    },
}


def farm(storage: Path, names: Mapping[str, Any]) -> MockConfigEntry:
    """A hub with a camera for each name, all of which tick at the same moments."""
    storage.mkdir(parents=True, exist_ok=True)
    return MockConfigEntry(
        domain=DOMAIN,
        title="Timelapser",
        data={CONF_STORAGE: str(storage)},
        options={"retries": 0, "align": True, "interval": INTERVAL, "frozen_after": 0},
        subentries_data=[
            ConfigSubentryDataWithId(
                data={"source": "still", "url": f"http://{name}/", "verify_ssl": True},
                subentry_id=name,
                subentry_type="camera",
                title=name,
                unique_id=name,
            )
            for name in names
        ],
    )


async def begin(
    hass: HomeAssistant,
    storage: Path,
    freezer: FrozenDateTimeFactory,
    sources: Mapping[str, CameraSource],
) -> TimelapserHub:
    """Start a timelapse of each camera, a second before a tick."""

    def create(data: Mapping[str, Any], _live: object = None) -> CameraSource:
        return sources[data["url"].split("/")[2]]

    with patch("custom_components.timelapser.sources.SourceMaker.create", side_effect=create):
        hub = await set_up(hass, farm(storage, sources))
    freezer.move_to("2026-11-24T09:59:59+00:00")
    for name in sources:
        await act(hass, "start_timelapse", device_id=device_id(hass, name))
    await pass_time(hass, freezer, 1)
    return hub


async def outcome(hass: HomeAssistant, name: str) -> dict[str, Any]:
    answer: dict[str, Any] = await act(hass, "get_statistics", device_id=device_id(hass, name))
    return answer


def said(hass: HomeAssistant, name: str) -> str:
    state = hass.states.get(entity_id(hass, "sensor", name, "health"))
    return state.state if state else ""


async def test_healthy_camera_beside_faulty_ones(
    home: HomeAssistant,
    storage: Path,
    freezer: FrozenDateTimeFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "JITTER", 0)
    sources = {name: FaultySource(fault) for name, (fault, *_rest) in FAULTS.items()}
    well = FaultySource()
    hub = await begin(home, storage, freezer, {**sources, "well": well})
    ticks = 18
    for _ in range(ticks - 1):
        await pass_time(home, freezer, INTERVAL)
    totals = (await outcome(home, "well"))["totals"]
    assert (totals["planned"], totals["covered"], totals["images"]) == (ticks, ticks, ticks)
    assert (totals["failed"], totals["skipped"]) == (0, 0)
    assert said(home, "well") == "online"
    for name, (_fault, kind, code, condition) in FAULTS.items():
        answer = await outcome(home, name)
        totals = answer["totals"]
        # Whatever happens, each tick has an outcome.
        assert totals["planned"] == ticks, name
        assert said(home, name) == condition.value, name
        if kind == "quarantined":
            assert (totals["quarantined"], totals["images"]) == (ticks, 0), name
            continue
        missed = {miss["reason"]: miss["count"] for miss in answer["missed"]}
        assert set(missed) == {code, "offline"}, name
        # Five failures, then probes after 1, 2, 4, 8 and then every 15 minutes.
        assert missed[code] == sources[name].grabs, name
        assert missed[code] < ticks / 2 + 3, name
        assert hub.cameras[name].camera.last_error == code

    # Set right, each is noticed within its longest wait.
    for source in sources.values():
        source.fault = None
    for _ in range(4):
        await pass_time(home, freezer, INTERVAL)
    for name in FAULTS:
        assert said(home, name) == "online", name
        assert (await outcome(home, name))["totals"]["images"] > 0, name


async def test_source_with_a_bug_is_a_camera_that_fails(
    home: HomeAssistant,
    storage: Path,
    freezer: FrozenDateTimeFactory,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """An error that nobody thought of leaves a miss too, and is not told without an end."""
    source, well = FaultySource(RuntimeError("odd")), FaultySource()
    await begin(home, storage, freezer, {"bug": source, "well": well})
    for _ in range(11):
        await pass_time(home, freezer, INTERVAL)
    assert "RuntimeError: odd" in caplog.text
    # Home Assistant's tests take a traceback that is left in the log for a fault of their own.
    caplog.clear()
    assert well.grabs == 12
    totals = (await outcome(home, "bug"))["totals"]
    assert (totals["planned"], totals["covered"]) == (12, 0)
    assert said(home, "bug") == "offline"
    assert source.grabs < 12


async def test_wrong_password_is_tried_rarely(
    home: HomeAssistant, storage: Path, freezer: FrozenDateTimeFactory
) -> None:
    """Cameras lock accounts after a few wrong passwords, often for half an hour."""
    source, well = FaultySource(InvalidAuthError(host="camera")), FaultySource()
    await begin(home, storage, freezer, {"locked": source, "well": well})
    ticks = 6 * 3600 // INTERVAL
    grabs = [source.grabs]
    for _ in range(ticks - 1):
        await pass_time(home, freezer, INTERVAL)
        grabs.append(source.grabs)
    assert well.grabs == ticks
    # After 5, 10, 20 ... minutes: few in the first hour, fewer in those that follow.
    hour = 3600 // INTERVAL
    assert grabs[hour - 1] <= 5
    assert grabs[-1] <= 8
    assert grabs[-1] - grabs[hour * 3] <= 2
    answer = await outcome(home, "locked")
    assert answer["totals"]["planned"] == ticks
    missed = {miss["reason"]: miss["count"] for miss in answer["missed"]}
    assert missed["invalid_auth"] == source.grabs
    assert missed["offline"] == ticks - source.grabs
    # Asked by a person, it is tried at once, and then by the clock again.
    source.fault = None
    await act(home, "capture_now", device_id=device_id(home, "locked"))
    await pass_time(home, freezer, INTERVAL)
    assert said(home, "locked") == "online"
    assert source.grabs == grabs[-1] + 2


async def test_new_password_is_tried_at_once(
    home: HomeAssistant, storage: Path, freezer: FrozenDateTimeFactory
) -> None:
    source = FaultySource(InvalidAuthError(host="camera"))
    hub = await begin(home, storage, freezer, {"locked": source})
    (entry,) = home.config_entries.async_entries(DOMAIN)
    subentry = entry.subentries["locked"]
    source.fault = None
    with patch("custom_components.timelapser.sources.SourceMaker.create", return_value=source):
        home.config_entries.async_update_subentry(
            entry, subentry, data={**subentry.data, "username": "me", "password": "right"}
        )
        await settle(home)
    assert entry.runtime_data is hub
    await pass_time(home, freezer, INTERVAL)
    assert source.grabs == 2
    assert said(home, "locked") == "online"


async def test_camera_that_hangs_and_one_that_is_slow(
    home: HomeAssistant, storage: Path, freezer: FrozenDateTimeFactory
) -> None:
    """Each holds a slot for as long as it takes, and there are more slots than they take."""
    hanging, slow, well = FaultySource(), FaultySource(), FaultySource()
    await begin(home, storage, freezer, {"hanging": hanging, "slow": slow, "well": well})
    for _ in range(12):
        hanging.gate.clear()
        slow.gate.clear()
        hanging.fault = SourceTimeoutError(host="camera", seconds=10)
        await pass_time(home, freezer, INTERVAL - 10, wait=False)
        hanging.gate.set()
        slow.gate.set()
        await pass_time(home, freezer, 10)
    assert (await outcome(home, "well"))["totals"]["images"] == 13
    assert (await outcome(home, "slow"))["totals"]["images"] == 13
    assert said(home, "hanging") == "offline"


async def test_more_cameras_than_slots_are_late_but_lose_nothing(
    home: HomeAssistant, storage: Path, freezer: FrozenDateTimeFactory
) -> None:
    sources = {f"slow{number}": HeavySource() for number in range(6)}
    await begin(home, storage, freezer, sources)
    for source in sources.values():
        source.gate.clear()
    await pass_time(home, freezer, INTERVAL, wait=False)
    async with asyncio.timeout(10):
        while sum(source.grabs for source in sources.values()) < 6 + 4:
            await asyncio.to_thread(lambda: None)
    # Now the four slots are taken.
    for _ in range(20):
        await asyncio.to_thread(lambda: None)
    assert sum(source.grabs for source in sources.values()) == 6 + 4
    for source in sources.values():
        source.gate.set()
    await settle(home)
    for name in sources:
        totals = (await outcome(home, name))["totals"]
        assert (totals["images"], totals["skipped"], totals["failed"]) == (2, 0, 0)
