"""The action that imports images."""

from pathlib import Path
from typing import override
from unittest.mock import AsyncMock, Mock

from homeassistant.components.media_player import MediaClass
from homeassistant.components.media_source import (
    BrowseMediaSource,
    MediaSource,
    MediaSourceItem,
    PlayMedia,
)
from homeassistant.core import Context, HomeAssistant
from homeassistant.exceptions import ServiceValidationError, Unauthorized
from homeassistant.setup import async_setup_component
import pytest
from pytest_homeassistant_custom_component.common import (
    MockConfigEntry,
    MockModule,
    MockUser,
    mock_integration,
    mock_platform,
)

from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.harness import scene
from tests.harness.still_server import StillServer
from tests.helpers import act, device_id, entity_id, set_up

SIZE = (320, 180)


@pytest.fixture
def media(home: HomeAssistant, tmp_path: Path) -> Path:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for number in range(3):
        path = folder / f"2026-07-01_12.0{number}.00.jpg"
        path.write_bytes(scene.jpeg(number * 0.3, SIZE))
    (folder / "notes.txt").write_text("no picture")
    home.config.media_dirs = {"local": str(folder)}
    home.config.allowlist_external_dirs = {str(folder)}
    return folder


@pytest.fixture
async def hub(home: HomeAssistant, media: Path, entry: MockConfigEntry) -> TimelapserHub:
    assert await async_setup_component(home, "media_source", {})
    return await set_up(home, entry)


@pytest.mark.usefixtures("hub")
async def test_a_folder(home: HomeAssistant, media: Path) -> None:
    camera = device_id(home, CAMERA)
    answer = await act(home, "import_images", device_id=camera, source=str(media), name="Summer")
    assert (answer["files"], answer["imported"]) == (4, 3)
    assert answer["left_out_files"] == [{"file": "notes.txt", "reason": "unknown_format"}]
    listed = await act(home, "list_timelapses", device_id=camera)
    (timelapse,) = listed["timelapses"]
    assert (timelapse["name"], timelapse["images"]) == ("Summer", 3)
    assert timelapse["timelapse_id"] == answer["timelapse_id"]
    shown = home.states.get(entity_id(home, "sensor", CAMERA, "image_count"))
    assert shown is not None
    assert shown.state == "3"
    again = await act(
        home,
        "import_images",
        device_id=camera,
        source=str(media),
        timelapse_id=answer["timelapse_id"],
    )
    assert (again["imported"], again["left_out"]["already_there"]) == (0, 3)


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize(
    "source",
    [
        "media-source://media_source/local",
        "media-source://media_source/local/2026-07-01_12.01.00.jpg",
    ],
)
async def test_a_media_source_of_files(home: HomeAssistant, source: str) -> None:
    answer = await act(home, "import_images", device_id=device_id(home, CAMERA), source=source)
    assert answer["imported"] == (3 if source.endswith("local") else 1)


class Recorder(MediaSource):
    """Items that can only be had over HTTP."""

    def __init__(self, url: str) -> None:
        super().__init__("nvr")
        self._url = url

    @override
    async def async_resolve_media(self, item: MediaSourceItem) -> PlayMedia:
        gone = item.identifier == "gone"
        return PlayMedia(f"{self._url}/gone" if gone else self._url, "image/jpeg")

    @override
    async def async_browse_media(self, item: MediaSourceItem) -> BrowseMediaSource:
        children = [self._item(name) for name in ("2026-07-01 12.00.00", "gone")]
        return self._item("", children)

    def _item(
        self, name: str, children: list[BrowseMediaSource] | None = None
    ) -> BrowseMediaSource:
        return BrowseMediaSource(
            domain="nvr",
            identifier=name,
            media_class=MediaClass.IMAGE,
            media_content_type="image/jpeg",
            title=name,
            can_play=not children,
            can_expand=bool(children),
            children=children,
        )


async def add_media_source(home: HomeAssistant, source: MediaSource) -> None:
    mock_integration(home, MockModule(source.domain))
    platform = Mock(async_get_media_source=AsyncMock(return_value=source))
    mock_platform(home, f"{source.domain}.media_source", platform)
    assert await async_setup_component(home, source.domain, {})


async def test_a_media_source_over_http(home: HomeAssistant, hub: TimelapserHub) -> None:
    async with StillServer(size=SIZE) as server:
        await add_media_source(home, Recorder(server.url()))
        answer = await act(
            home,
            "import_images",
            device_id=device_id(home, CAMERA),
            source="media-source://nvr",
        )
    assert answer["imported"] == 1
    assert answer["left_out_files"] == [{"file": "gone", "reason": "not_fetched"}]
    (image,) = (await act(home, "list_images", device_id=device_id(home, CAMERA)))["images"]
    assert image["captured_at"].startswith("2026-07-01T")
    left = await home.async_add_executor_job(lambda: list((hub.storage.root / ".import").iterdir()))
    assert left == []


@pytest.mark.parametrize(
    ("source", "code"),
    [
        ("/etc", "import_path"),
        ("pictures", "import_path"),
        ("{media}/../../etc", "import_path"),
        ("{storage}", "import_path"),
        ("{media}/nothing", "import_missing"),
        ("media-source://media_source/local/nothing.jpg", "nothing_to_import"),
        ("media-source://nobody", "import_missing"),
        ("{media}/notes.txt", "nothing_to_import"),
    ],
)
async def test_what_may_not_be_imported(
    home: HomeAssistant, hub: TimelapserHub, media: Path, source: str, code: str
) -> None:
    home.config.allowlist_external_dirs.add(str(hub.storage.root))
    source = source.format(media=media, storage=hub.storage.root)
    with pytest.raises(ServiceValidationError) as refused:
        await act(home, "import_images", device_id=device_id(home, CAMERA), source=source)
    assert refused.value.translation_key == code
    assert await hub.rows.timelapses.find() == []


@pytest.mark.usefixtures("hub")
async def test_only_admins_import(home: HomeAssistant, media: Path) -> None:
    user = MockUser().add_to_hass(home)
    with pytest.raises(Unauthorized):
        await home.services.async_call(
            "timelapser",
            "import_images",
            {"device_id": device_id(home, CAMERA), "source": str(media)},
            blocking=True,
            return_response=True,
            context=Context(user_id=user.id),
        )
