"""The search of the media source."""

from collections.abc import Sequence
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.media_player import MediaClass, SearchMediaQuery
from homeassistant.components.media_source import async_search_media
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from pytest_homeassistant_custom_component.typing import WebSocketGenerator

from custom_components.timelapser.const import DOMAIN
from custom_components.timelapser.engine.models import Timelapse
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.filling import every, fill
from tests.media import HOUR, MIDNIGHT, MINUTE, NOW, ROOT, ZONE, open_hub, render, titles


@pytest.fixture
async def hub(
    home: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> TimelapserHub:
    return await open_hub(home, entry, freezer)


@pytest.fixture
async def spring(hub: TimelapserHub) -> Timelapse:
    """A timelapse whose images have rows only, as most of what is looked at needs no more."""
    return await hub.rows.timelapses.create(CAMERA, "Spring", {}, MIDNIGHT)


async def found(
    hass: HomeAssistant, text: str, identifier: str = "", classes: Sequence[MediaClass] = ()
) -> list[str]:
    query = SearchMediaQuery(search_query=text, media_filter_classes=[*classes] or None)
    answer = await async_search_media(hass, f"{ROOT}/{identifier}".rstrip("/"), query)
    return titles(answer.result)


@pytest.fixture
async def library(hub: TimelapserHub, spring: Timelapse) -> Timelapse:
    """Two cameras: one with a long timelapse and videos, one with little but quarantine."""
    await fill(hub.database, spring, ZONE, every(HOUR, MIDNIGHT - 24 * HOUR, 30))
    await fill(hub.database, spring, ZONE, [MIDNIGHT - 90 * MINUTE], ["frozen"])
    await render(hub, spring, MIDNIGHT - HOUR, "one.mp4")
    await render(hub, spring, MIDNIGHT + HOUR, "two.mp4")
    await hub.rows.cameras.ensure("street", "Video Straße", "street")
    autumn = await hub.rows.timelapses.create("street", "Herbst", {}, NOW)
    await fill(hub.database, autumn, ZONE, [MIDNIGHT + HOUR])
    await fill(hub.database, autumn, ZONE, [MIDNIGHT + 2 * HOUR], ["black"])
    return spring


TODAY = "2026-11-24"
GARDEN, STREET = "Garden · Spring", "Video Straße · Herbst"
VIDEOS = [f"{GARDEN} · {TODAY} 01:00 · 1.0 s", f"{GARDEN} · 2026-11-23 23:00 · 1.0 s"]
IMAGE, VIDEO, DIRECTORY = MediaClass.IMAGE, MediaClass.VIDEO, MediaClass.DIRECTORY


SEARCHES: list[tuple[str, Sequence[MediaClass], list[str]]] = [
    ("", (), []),
    ("   ", (), []),
    ("nobody", (), []),
    ("%", (), []),
    ("2026-02-30", (), []),
    ("9999-12-31", (), []),
    ("0001-01-01", (), []),
    ("STRASSE", (), ["Video Straße", STREET]),
    ("gard spr", (), [GARDEN, *VIDEOS]),
    ("garden", [DIRECTORY], ["Garden", GARDEN]),
    ("garden", [VIDEO], VIDEOS),
    ("garden", [IMAGE], [f"{GARDEN} · {TODAY} 05:00:00"]),
    ("garden", [MediaClass.MUSIC], []),
    ("video", (), VIDEOS),
    ("Videos today", (), VIDEOS[:1]),
    ("video strasse", (), ["Video Straße", STREET]),
    ("video", [DIRECTORY], [f"{GARDEN} · Videos (2)"]),
    ("video", [IMAGE], [f"{STREET} · {TODAY} 01:00:00"]),
    ("today", [DIRECTORY], [f"{STREET} · {TODAY} (1)", f"{GARDEN} · {TODAY} (6)"]),
    ("yesterday", (), [f"{GARDEN} · 2026-11-23 (24)", VIDEOS[1]]),
    ("2026-11-23 spring", [DIRECTORY], [f"{GARDEN} · 2026-11-23 (24)"]),
    ("today herbst", [IMAGE], [f"{STREET} · {TODAY} 01:00:00"]),
    (
        "quarantine",
        (),
        [
            f"{STREET} · Quarantine (1)",
            f"{GARDEN} · Quarantine (1)",
            f"{STREET} · {TODAY} 02:00:00 · black all over",
            f"{GARDEN} · 2026-11-23 22:30:00 · stands still",
        ],
    ),
    ("quarantine", [VIDEO], []),
    (
        "quarantined yesterday",
        (),
        [
            f"{GARDEN} · Quarantine · 2026-11-23 (1)",
            f"{GARDEN} · 2026-11-23 22:30:00 · stands still",
        ],
    ),
]


async def test_search(home: HomeAssistant, library: Timelapse) -> None:
    for text, classes, expected in SEARCHES:
        assert (text, await found(home, text, classes=classes)) == (text, expected)


async def test_search_below_a_folder(home: HomeAssistant, library: Timelapse) -> None:
    assert await found(home, "today", "camera/street", [DIRECTORY]) == [f"{STREET} · {TODAY} (1)"]
    day = f"{GARDEN} · {TODAY} (6)"
    for place in ("timelapse", "videos", "quarantine"):
        assert await found(home, "today", f"{place}/{library.id}", [DIRECTORY]) == [day]
    assert await found(home, "today", f"day/{library.id}/2026-11-23", [DIRECTORY]) == [day]
    assert await found(home, "street", f"camera/{CAMERA}") == []


async def test_search_is_bounded(
    home: HomeAssistant, hub: TimelapserHub, spring: Timelapse
) -> None:
    await fill(hub.database, spring, ZONE, every(MINUTE, MIDNIGHT, 150))
    assert len(await found(home, "today", classes=[IMAGE])) == 100
    for number in range(120):
        await hub.rows.cameras.ensure(f"camera{number}", f"Garden {number}", f"camera{number}")
    assert len(await found(home, "garden")) == 100


async def test_anybody_who_is_logged_in_may_look(
    home: HomeAssistant,
    library: Timelapse,
    hass_ws_client: WebSocketGenerator,
    hass_read_only_access_token: str,
) -> None:
    client = await hass_ws_client(home, hass_read_only_access_token)

    async def ask(kind: str, **data: object) -> dict[str, Any]:
        await client.send_json_auto_id({"type": f"media_source/{kind}_media", **data})
        answer = await client.receive_json()
        assert answer["success"], answer
        return dict(answer["result"])

    root = await ask("browse", media_content_id=ROOT)
    assert [child["title"] for child in root["children"]] == ["Garden", "Video Straße"]
    answer = await ask("search", media_content_id=ROOT, search_query="video today")
    (video,) = answer["result"]
    assert (video["media_class"], video["can_play"]) == ("video", True)
    resolved = await ask("resolve", media_content_id=video["media_content_id"])
    assert resolved["mime_type"] == "video/mp4"
    assert "authSig" in resolved["url"]


async def test_words_in_another_language(
    home: HomeAssistant, library: Timelapse, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {f"component.{DOMAIN}.common.media_quarantine": "Beiseite"}
    monkeypatch.setattr(
        "custom_components.timelapser.media_items.async_get_cached_translations",
        lambda *_: words,
    )
    assert f"{GARDEN} · Beiseite (1)" in await found(home, "beiseite garden")
