"""What tests of the media source share."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.media_player import BrowseMedia
from homeassistant.components.media_source import async_browse_media
from homeassistant.core import HomeAssistant
from homeassistant.setup import async_setup_component
from pytest_homeassistant_custom_component.common import MockConfigEntry

from custom_components.timelapser.const import DOMAIN
from custom_components.timelapser.engine.models import Timelapse
from custom_components.timelapser.hub import TimelapserHub
from tests.filling import add_video
from tests.helpers import set_up

ROOT = f"media-source://{DOMAIN}"
ZONE = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 11, 24, 12, 0, 3, tzinfo=UTC)
MIDNIGHT = datetime(2026, 11, 24, tzinfo=ZONE)
SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


async def open_hub(
    hass: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> TimelapserHub:
    """Set everything up, early in an afternoon in Berlin."""
    await hass.config.async_set_time_zone("Europe/Berlin")
    freezer.move_to(NOW)
    assert await async_setup_component(hass, "media_source", {})
    return await set_up(hass, entry)


async def opened(hass: HomeAssistant, identifier: str = "") -> list[BrowseMedia]:
    return list((await folder(hass, identifier)).children or [])


async def folder(hass: HomeAssistant, identifier: str = "") -> BrowseMedia:
    return await async_browse_media(hass, f"{ROOT}/{identifier}".rstrip("/"))


def titles(items: Sequence[BrowseMedia]) -> list[str]:
    return [item.title for item in items]


def identifier(item: BrowseMedia) -> str:
    return item.media_content_id.removeprefix(f"{ROOT}/")


async def render(hub: TimelapserHub, timelapse: Timelapse, at: datetime, name: str) -> int:
    """Enter a video and write something where its file should be."""
    path = f"{timelapse.folder}/videos/{name}"
    await hub.hass.async_add_executor_job(write, hub.storage.resolve(path))
    return await add_video(hub.database, timelapse, at, path)


def write(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"content")
