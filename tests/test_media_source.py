"""The media source: browsing and resolving, as the media browser and others do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from freezegun.api import FrozenDateTimeFactory
from homeassistant.components.media_player import BrowseError, SearchMediaQuery
from homeassistant.components.media_source import (
    Unresolvable,
    async_browse_media,
    async_resolve_media,
    async_search_media,
)
from homeassistant.core import HomeAssistant
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy import Engine as SqlEngine
from sqlalchemy import event

from custom_components.timelapser.const import DOMAIN
from custom_components.timelapser.engine.models import Timelapse
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.filling import add_video, every, fill
from tests.helpers import settle
from tests.media import (
    HOUR,
    MIDNIGHT,
    MINUTE,
    NOW,
    ROOT,
    SECOND,
    ZONE,
    folder,
    identifier,
    open_hub,
    opened,
    render,
    titles,
    write,
)


@pytest.fixture
async def hub(
    home: HomeAssistant, entry: MockConfigEntry, freezer: FrozenDateTimeFactory
) -> TimelapserHub:
    return await open_hub(home, entry, freezer)


@pytest.fixture
async def spring(hub: TimelapserHub) -> Timelapse:
    """A timelapse whose images have rows only, as most of what is looked at needs no more."""
    return await hub.rows.timelapses.create(CAMERA, "Spring", {}, MIDNIGHT)


async def test_empty_folders(home: HomeAssistant, hub: TimelapserHub) -> None:
    root = await folder(home)
    assert (root.title, root.can_search, titles(root.children or [])) == (
        "Timelapser",
        True,
        ["Garden"],
    )
    assert await opened(home, f"camera/{CAMERA}") == []
    spring = await hub.rows.timelapses.create(CAMERA, "Spring", {}, NOW)
    (child,) = await opened(home, f"camera/{CAMERA}")
    assert (child.title, child.thumbnail) == ("Spring · no images yet", None)
    inside = await folder(home, identifier(child))
    assert (inside.title, inside.children) == ("Spring", [])
    for kind in ("videos", "quarantine"):
        assert await opened(home, f"{kind}/{spring.id}") == []
    assert await opened(home, f"day/{spring.id}/2026-11-24") == []


async def test_folders_of_a_timelapse(
    home: HomeAssistant, hub: TimelapserHub, spring: Timelapse
) -> None:
    await fill(hub.database, spring, ZONE, every(HOUR, MIDNIGHT - 6 * HOUR, 12))
    await fill(hub.database, spring, ZONE, [MIDNIGHT + 7 * HOUR], ["rows_lost", "noisy", "black"])
    first = await render(hub, spring, MIDNIGHT + HOUR, "first.mp4")
    (video, *_) = await opened(home, f"timelapse/{spring.id}")
    assert (video.title, identifier(video)) == ("2026-11-24 01:00 · 1.0 s", f"video/{first}")
    await render(hub, spring, MIDNIGHT + 2 * HOUR, "second.webm")

    inside = await opened(home, f"timelapse/{spring.id}")
    assert titles(inside) == ["Videos (2)", "Quarantine (1)", "2026-11-24 (6)", "2026-11-23 (6)"]
    assert all(item.can_expand and not item.can_play for item in inside)
    videos, quarantine, today, _ = inside
    assert titles(await opened(home, identifier(videos))) == [
        "2026-11-24 02:00 · 1.0 s",
        "2026-11-24 01:00 · 1.0 s",
    ]
    (day,) = await opened(home, identifier(quarantine))
    assert day.title == "2026-11-24 (1)"
    (aside,) = await opened(home, identifier(day))
    assert aside.title == "07:00:00 · a part is lost, noise"
    images = await opened(home, identifier(today))
    assert titles(images) == [f"0{hour}:00:00" for hour in range(5, -1, -1)]
    for item in (today, day, aside, *images):
        assert (item.thumbnail or "").startswith("/api/timelapser/images/")
        assert (item.thumbnail or "").endswith("/thumb")


async def test_reason_that_has_no_words_yet(
    home: HomeAssistant, hub: TimelapserHub, spring: Timelapse
) -> None:
    await fill(hub.database, spring, ZONE, [MIDNIGHT], ["eaten_by_bears"])
    (aside,) = await opened(home, f"quarantine/{spring.id}/2026-11-24")
    assert aside.title == "00:00:00 · eaten by bears"


async def test_full_day_is_cut_into_hours(
    home: HomeAssistant, hub: TimelapserHub, spring: Timelapse
) -> None:
    moments = [*every(SECOND, MIDNIGHT + 2 * HOUR, 1000), *every(MINUTE, MIDNIGHT + 5 * HOUR, 60)]
    await fill(hub.database, spring, ZONE, moments)
    hours = await opened(home, f"day/{spring.id}/2026-11-24")
    assert titles(hours) == ["05:00 (60)", "02:00 (1000)"]
    assert len(await opened(home, identifier(hours[0]))) == 60
    tens = await opened(home, identifier(hours[1]))
    assert titles(tens) == ["02:10 (400)", "02:00 (600)"]
    assert len(await opened(home, identifier(tens[0]))) == 400
    minutes = await opened(home, identifier(tens[1]))
    assert titles(minutes) == [f"02:0{minute} (60)" for minute in range(9, -1, -1)]
    assert titles(await opened(home, identifier(minutes[0])))[-1] == "02:09:00"


async def test_hour_that_comes_twice(
    home: HomeAssistant, hub: TimelapserHub, spring: Timelapse
) -> None:
    midnight = datetime(2026, 10, 25, tzinfo=ZONE).astimezone(UTC)
    await fill(hub.database, spring, ZONE, every(MINUTE, midnight, 240))
    hours = titles(await opened(home, f"day/{spring.id}/2026-10-25"))
    assert hours == ["02:00 CET (60)", "02:00 CEST (60)", "01:00 (60)", "00:00 (60)"]


async def test_what_is_not_shown_is_counted(
    home: HomeAssistant, hub: TimelapserHub, spring: Timelapse
) -> None:
    await fill(hub.database, spring, ZONE, every(timedelta(milliseconds=50), MIDNIGHT, 700))
    minute = await folder(home, f"period/{spring.id}/20261123T2300Z/1")
    assert (minute.title, len(minute.children or []), minute.not_shown) == ("00:00 (700)", 500, 200)


async def test_many_cameras_and_images_take_few_queries(
    home: HomeAssistant, hub: TimelapserHub, spring: Timelapse
) -> None:
    for number in range(50):
        await hub.rows.cameras.ensure(f"camera{number}", f"Camera {number}", f"camera{number}")
        await hub.rows.timelapses.create(f"camera{number}", "Spring", {}, NOW)
    await fill(hub.database, spring, ZONE, every(10 * SECOND, MIDNIGHT - 48 * HOUR, 20_000))
    asked: list[str] = []

    def remember(*call: Any) -> None:
        if call[2].startswith("SELECT"):
            asked.append(call[2])

    event.listen(SqlEngine, "before_cursor_execute", remember)
    try:
        for name, queries, children in (
            ("", 1, 51),
            (f"camera/{CAMERA}", 2, 1),
            (f"timelapse/{spring.id}", 2, 3),
            (f"day/{spring.id}/2026-11-23", 2, 24),
            (f"period/{spring.id}/20261123T1100Z/60", 3, 360),
        ):
            asked.clear()
            assert (name, len(await opened(home, name)), len(asked)) == (name, children, queries)
    finally:
        event.remove(SqlEngine, "before_cursor_execute", remember)


BAD = [
    "nonsense",
    "camera",
    "camera/../../etc/passwd",
    "camera/..%2f",
    "camera/nobody",
    "camera/nul\x00",
    f"camera/{'a' * 9999}",
    "timelapse/99",
    "timelapse/-1",
    "timelapse/01",
    "timelapse/1_0",
    "timelapse/\u0661",
    "timelapse/99999999999999999999",
    f"timelapse/{'9' * 9999}",
    "videos/99",
    "quarantine/99",
    "day/99/2026-11-24",
    "day/1/never",
    "day/1/20261124",
    "day/1/2026-11-24/",
    "quarantine/99/2026-11-24",
    "quarantine/1/2026-02-30",
    "period/99/20261124T1100Z/60",
    "period/1/20261124T1100Z/61",
    "period/1/20261124T1100/60",
    "period/1/99991231T2359Z/60",
    "period/1/00010101T0000Z/60",
    "image/99",
    "image/x",
    f"image/{'9' * 18}",
    "video/99",
    "video/../video/1",
    "video/\uff11",
]


async def test_what_is_not_there(home: HomeAssistant, hub: TimelapserHub) -> None:
    query = SearchMediaQuery(search_query="garden")
    for name in BAD:
        for attempt, kind in (
            (async_resolve_media(home, f"{ROOT}/{name}", None), Unresolvable),
            (async_browse_media(home, f"{ROOT}/{name}"), BrowseError),
            (async_search_media(home, f"{ROOT}/{name}", query), BrowseError),
        ):
            with pytest.raises(kind) as caught:
                await attempt
            error = caught.value
            key = (error.translation_domain, error.translation_key)
            assert (name, *key) == (name, DOMAIN, "no_such")


async def test_folders_cannot_be_played_nor_images_opened(
    home: HomeAssistant, hub: TimelapserHub, spring: Timelapse
) -> None:
    await fill(hub.database, spring, ZONE, [MIDNIGHT])
    (image,) = await opened(home, f"day/{spring.id}/2026-11-24")
    for name in ("", f"camera/{CAMERA}", f"timelapse/{spring.id}", f"day/{spring.id}/2026-11-24"):
        with pytest.raises(Unresolvable):
            await async_resolve_media(home, f"{ROOT}/{name}".rstrip("/"), None)
    with pytest.raises(BrowseError):
        await folder(home, identifier(image))
    for other in (f"{ROOT}x/{identifier(image)}", "media-source://_x/image/1", "image/1"):
        with pytest.raises(Unresolvable):
            await async_resolve_media(home, other, None)


async def test_files_are_named_for_other_integrations(
    home: HomeAssistant, hub: TimelapserHub, spring: Timelapse, storage: Path
) -> None:
    await fill(hub.database, spring, ZONE, [MIDNIGHT])
    await fill(hub.database, spring, ZONE, [MIDNIGHT + HOUR], ["frozen"])
    for moment, quarantined in ((MIDNIGHT, False), (MIDNIGHT + HOUR, True)):
        path = hub.storage.image_path(spring.folder, moment.astimezone(UTC), quarantined)
        await home.async_add_executor_job(write, path)
    videos = {
        "video/mp4": await render(hub, spring, MIDNIGHT, "one.mp4"),
        "video/webm": await render(hub, spring, MIDNIGHT, "two.webm"),
    }
    images = [
        identifier((await opened(home, f"{kind}/{spring.id}/2026-11-24"))[0])
        for kind in ("day", "quarantine")
    ]
    expected = [("image/jpeg", name) for name in images]
    expected += [(kind, f"video/{number}") for kind, number in videos.items()]
    for kind, name in expected:
        media = await async_resolve_media(home, f"{ROOT}/{name}", None)
        assert media.mime_type == kind
        assert media.url.startswith("/api/timelapser/")
        assert media.path is not None
        assert media.path.is_relative_to(storage)
        await home.async_add_executor_job(media.path.unlink)
        with pytest.raises(Unresolvable) as caught:
            await async_resolve_media(home, f"{ROOT}/{name}", None)
        assert caught.value.translation_key == "no_such"


async def test_video_whose_row_leads_out(
    home: HomeAssistant, hub: TimelapserHub, spring: Timelapse
) -> None:
    video_id = await add_video(hub.database, spring, NOW, "../../secret.mp4")
    with pytest.raises(Unresolvable) as caught:
        await async_resolve_media(home, f"{ROOT}/video/{video_id}", None)
    assert caught.value.translation_key == "outside_storage"


async def test_nothing_while_it_is_not_loaded(
    home: HomeAssistant, entry: MockConfigEntry, hub: TimelapserHub
) -> None:
    await settle(home)
    assert await home.config_entries.async_unload(entry.entry_id)
    with pytest.raises(BrowseError) as caught:
        await folder(home)
    assert caught.value.translation_key == "hub_not_loaded"
    with pytest.raises(Unresolvable):
        await async_resolve_media(home, f"{ROOT}/image/1", None)
