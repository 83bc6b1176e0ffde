"""Fixtures for every test."""

import custom_components  # noqa: F401, I001  # before the test package's own of that name

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from unittest.mock import patch

from homeassistant.config_entries import ConfigSubentryData
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.const import CONF_SOURCE, CONF_STORAGE, DOMAIN, SUBENTRY_CAMERA
from custom_components.timelapser.engine.capture import service as capture_service
from custom_components.timelapser.engine.monitoring import reconciliation
from custom_components.timelapser.engine.timelapses import deletion
from tests.harness.still_server import StillServer

pytest_plugins = ["tests.harness.fixtures"]

CAMERA = "01KAGARDEN"
PASSWORD = "s3cret:p@ss"


@pytest.fixture
def hass_config_dir(tmp_path: Path) -> str:
    """Every test has a configuration folder of its own."""
    folder = tmp_path / "config"
    folder.mkdir()
    return str(folder)


@pytest.fixture
def storage(tmp_path: Path) -> Path:
    """A media folder's subfolder."""
    return tmp_path / "media" / "timelapser"


@pytest.fixture
async def home(
    hass: HomeAssistant, enable_custom_integrations: None, storage: Path
) -> AsyncIterator[HomeAssistant]:
    """Home Assistant with a media folder."""
    hass.config.media_dirs = {"local": str(storage.parent)}
    hass.config.allowlist_external_dirs = {str(storage.parent)}
    assert await async_setup_component(hass, "http", {})
    yield hass
    # What the test left running ends here, where its threads and tasks still count as its own.
    for entry in hass.config_entries.async_loaded_entries(DOMAIN):
        await hass.config_entries.async_unload(entry.entry_id)
    await hass.async_block_till_done()


@pytest.fixture
async def camera_server(socket_enabled: None) -> AsyncIterator[StillServer]:
    """A real camera that asks for a password."""
    async with StillServer(
        user="viewer", password=PASSWORD, auth="digest", size=(320, 240)
    ) as server:
        yield server


@pytest.fixture
def entry(camera_server: StillServer, storage: Path) -> MockConfigEntry:
    """The hub with one camera, captured every hour; the flow has made its folder."""
    storage.mkdir(parents=True, exist_ok=True)
    return MockConfigEntry(
        domain=DOMAIN,
        title="Timelapser",
        data={CONF_STORAGE: str(storage)},
        subentries_data=[
            ConfigSubentryData(
                data={
                    CONF_SOURCE: "still",
                    "url": camera_server.url(),
                    "username": "viewer",
                    "password": PASSWORD,
                    "verify_ssl": True,
                    "interval": 3600,
                },
                subentry_id=CAMERA,
                subentry_type=SUBENTRY_CAMERA,
                title="Garden",
                unique_id=camera_server.url(),
            )
        ],
    )


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Background work does not give way: where a test freezes time, no sleep would ever end."""
    for module in (reconciliation, deletion):
        monkeypatch.setattr(module, "PAUSE", 0)
    monkeypatch.setattr(capture_service, "SECOND_LOOK", 0)


@pytest.fixture(autouse=True)
def no_fsync() -> Iterator[None]:
    """Tests need no power-cut safety; their disks are slow."""
    with patch("os.fsync"):
        yield
