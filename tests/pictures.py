"""A hub with an image, as the tests of its HTTP views need it."""

from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.timelapser.engine.models import Image
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.helpers import act, device_id, set_up, settle

type Client = TestClient[web.Request, web.Application]

API = "/api/timelapser"


@pytest.fixture
async def hub(home: HomeAssistant, entry: MockConfigEntry) -> TimelapserHub:
    return await set_up(home, entry)


@pytest.fixture
async def client(hub: TimelapserHub, hass_client: ClientSessionGenerator) -> Client:
    return await hass_client()


@pytest.fixture
async def image(home: HomeAssistant, hub: TimelapserHub) -> Image:
    """The first image of a timelapse."""
    await act(home, "start_timelapse", device_id=device_id(home, CAMERA), name="Spring / 1")
    await settle(home)
    return await latest(hub)


async def latest(hub: TimelapserHub) -> Image:
    image = await hub.rows.images.latest(CAMERA)
    assert image is not None
    return image


async def capture(home: HomeAssistant, hub: TimelapserHub) -> Image:
    await act(home, "capture_now", device_id=device_id(home, CAMERA))
    return await latest(hub)


def full(hub: TimelapserHub, image: Image) -> Path:
    return hub.storage.image_path(image.folder, image.captured_at, image.quarantined)
