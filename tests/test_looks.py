"""The action that renders, asked for several pictures in a frame and for ramps."""

from datetime import timedelta
from pathlib import Path
from typing import Any

from homeassistant.config_entries import ConfigSubentryDataWithId
from homeassistant.core import HomeAssistant
from homeassistant.exceptions import ServiceValidationError
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
import voluptuous as vol

from custom_components.timelapser.const import CONF_SOURCE, CONF_STORAGE, DOMAIN, SUBENTRY_CAMERA
from tests.conftest import PASSWORD
from tests.harness.still_server import StillServer
from tests.helpers import act, device_id, set_up, settle
from tests.test_render import told

CAMERAS = ("01KAGARDEN", "01KAGATE", "01KAROOF")
IMAGES = 3
TODAY = "today"
"""Stands for the local date while the test runs."""


def filled_in(asked: dict[str, Any], devices: list[str]) -> dict[str, Any]:
    """What is asked for, with devices instead of their numbers, and today's date."""
    today = str(dt_util.now().date())
    found = {name: today if value == TODAY else value for name, value in asked.items()}
    if "grid_with" in found:
        others = found["grid_with"]
        found["grid_with"] = [one if isinstance(one, str) else devices[one] for one in others]
    return found


@pytest.fixture
def entry(camera_server: StillServer, storage: Path) -> MockConfigEntry:
    """The hub with three cameras, captured every hour."""
    storage.mkdir(parents=True, exist_ok=True)
    data = {CONF_SOURCE: "still", "username": "viewer", "password": PASSWORD, "interval": 3600}
    return MockConfigEntry(
        domain=DOMAIN,
        title="Timelapser",
        data={CONF_STORAGE: str(storage)},
        subentries_data=[
            ConfigSubentryDataWithId(
                data={**data, "url": camera_server.url(), "verify_ssl": True},
                subentry_id=camera,
                subentry_type=SUBENTRY_CAMERA,
                title=camera,
                unique_id=camera,
            )
            for camera in CAMERAS
        ],
    )


@pytest.fixture
async def devices(home: HomeAssistant, entry: MockConfigEntry) -> list[str]:
    """Cameras with a timelapse of a few images each."""
    await set_up(home, entry)
    found = [device_id(home, camera) for camera in CAMERAS]
    for device in found:
        await act(home, "start_timelapse", device_id=device, name="Spring")
    await settle(home)
    for _ in range(IMAGES - 1):
        for device in found:
            await act(home, "capture_now", device_id=device)
    return found


async def test_video_of_two_cameras(home: HomeAssistant, devices: list[str]) -> None:
    first, second, _ = devices

    async def render() -> None:
        job = await act(
            home, "render_video", device_id=first, grid_with=[second], fps=10, quality="low"
        )
        assert job["spec"]["beside"] == {"cameras": [CAMERAS[1]]}

    event = await told(home, render, ("video_finished", "video_failed"))
    assert event["type"] == "video_finished", event["error"]
    # It belongs to the camera that leads.
    assert event["camera_id"] == CAMERAS[0]
    (video,) = (await act(home, "list_videos", device_id=first))["videos"]
    assert (video["width"], video["height"], video["frames"]) == (640, 240, IMAGES)
    assert (await act(home, "list_videos", device_id=second))["videos"] == []


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"grid_with": []}, {"width": 320, "height": 240}),
        ({"grid_with": (1,)}, {"width": 640, "height": 240, "frames": IMAGES}),
        ({"grid_with": (1, 2), "last_images": 2}, {"width": 640, "height": 480, "frames": 2}),
        ({"compare_from": TODAY}, {"width": 640, "height": 240, "frames": IMAGES}),
        ({"from": TODAY, "compare_from": TODAY, "compare_to": TODAY}, {"frames": IMAGES}),
        ({"ramp": 2}, {"frames": IMAGES, "width": 320}),
    ],
    ids=str,
)
async def test_dry_run(
    home: HomeAssistant, devices: list[str], asked: dict[str, Any], expected: dict[str, Any]
) -> None:
    asked = filled_in(asked, devices)
    answer = await act(home, "render_video", device_id=devices[0], dry_run=True, **asked)
    assert {name: answer[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("asked", "key", "names"),
    [
        ({"grid_with": [0]}, "invalid_setting", {"grid_with"}),
        ({"grid_with": [1, 1]}, "invalid_setting", {"grid_with"}),
        ({"grid_with": ["nobody"]}, "no_such", {"camera", "nobody"}),
        ({"grid_with": [1], "compare_from": TODAY}, "field_conflict", {"grid_with"}),
        ({"compare_to": TODAY}, "invalid_setting", {"compare_from"}),
        ({"compare_from": "2020-01-01"}, "invalid_setting", {"compare_from", "2020-01-01"}),
        (
            {"compare_from": TODAY, "compare_to": "2020-01-01"},
            "invalid_setting",
            {"compare_to", "2020-01-01"},
        ),
        ({"ramp": 61}, "invalid_setting", {"ramp"}),
    ],
)
async def test_bad_request_is_refused_by_name(
    home: HomeAssistant, devices: list[str], asked: dict[str, Any], key: str, names: set[str]
) -> None:
    asked = filled_in(asked, devices)
    for dry_run in (True, False):
        with pytest.raises(ServiceValidationError) as caught:
            await act(home, "render_video", device_id=devices[0], dry_run=dry_run, **asked)
        assert caught.value.translation_key == key
        assert names <= {*(caught.value.translation_placeholders or {}).values()}
    assert (await act(home, "list_render_jobs", device_id=devices[0]))["render_jobs"] == []


@pytest.mark.parametrize(
    "asked", [{"compare_from": "last spring"}, {"compare_to": 5}, {"ramp": "slow"}], ids=str
)
async def test_nonsense_is_refused(
    home: HomeAssistant, devices: list[str], asked: dict[str, Any]
) -> None:
    with pytest.raises(vol.Invalid):
        await act(home, "render_video", device_id=devices[0], **asked)


async def test_pair_of_moments(home: HomeAssistant, devices: list[str]) -> None:
    """A moment is as good as a date; what lies outside of the range is dark."""
    begin = dt_util.now() - timedelta(hours=1)
    answer = await act(
        home,
        "render_video",
        device_id=devices[0],
        dry_run=True,
        last_hours=2,
        compare_from=begin.strftime("%Y-%m-%d %H:%M:%S"),
    )
    assert (answer["width"], answer["frames"]) == (640, IMAGES)
