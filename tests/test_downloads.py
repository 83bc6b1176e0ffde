"""Images as a ZIP archive, over HTTP."""

import asyncio
from datetime import timedelta
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
import zipfile

from aiohttp import ClientError
from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant
from homeassistant.util import dt as dt_util
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.timelapser.api import downloads
from custom_components.timelapser.engine.errors import DatabaseUnavailableError
from custom_components.timelapser.engine.models import Image
from custom_components.timelapser.hub import TimelapserHub
from tests.pictures import API, Client, capture, full

pytest_plugins = ("tests.pictures",)


async def unpacked(client: Client, query: str) -> tuple[str, dict[str, bytes]]:
    """Answer the name of an archive and what is in it."""
    answer = await client.get(f"{API}/download?{query}")
    assert (answer.status, answer.content_type) == (HTTPStatus.OK, "application/zip")
    assert answer.content_disposition is not None
    assert answer.content_disposition.type == "attachment"
    found = zipfile.ZipFile(BytesIO(await answer.read()))
    assert found.testzip() is None
    content = {name: found.read(name) for name in found.namelist()}
    return answer.content_disposition.filename or "", content


async def test_archives(
    home: HomeAssistant,
    hub: TimelapserHub,
    client: Client,
    image: Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(downloads, "PAGE", 2)
    images = [image, *[await capture(home, hub) for _ in range(4)]]
    files = [full(hub, each).read_bytes() for each in images]
    title, found = await unpacked(client, f"timelapse_id={image.timelapse_id}")
    assert title == "timelapser-spring-1.zip"
    assert [found[name] for name in sorted(found)] == files
    day = image.local_day.isoformat()
    title, found = await unpacked(client, f"timelapse_id={image.timelapse_id}&day={day}")
    assert title == f"timelapser-spring-1-{day}.zip"
    assert [found[name] for name in sorted(found)] == files
    chosen = f"{images[3].id},{images[0].id},{images[3].id}"
    title, found = await unpacked(client, f"ids={chosen}")
    assert title == "timelapser-images.zip"
    assert [*found.values()] == [files[3], files[0]]
    (name, *_rest) = found
    local = dt_util.as_local(images[3].captured_at)
    assert f"/{local:%Y-%m-%d}/{local:%H-%M-%S}." in name


async def test_archive_tells_what_is_gone(
    home: HomeAssistant, hub: TimelapserHub, client: Client, image: Image
) -> None:
    other = await capture(home, hub)
    full(hub, image).unlink()
    _title, found = await unpacked(client, f"timelapse_id={image.timelapse_id}")
    assert [*found][1:] == ["missing.txt"]
    assert found[next(iter(found))] == full(hub, other).read_bytes()
    assert f"{image.captured_at:%M-%S}" in found["missing.txt"].decode()


SENSELESS = {
    "": 400,
    "ids=": 404,
    "ids=1,,2": 404,
    "ids=1,99": 404,
    "ids=../../etc/passwd": 400,
    "ids=-1": 404,
    "ids=" + ",".join(map(str, range(1, 502))): 400,
    "ids=1&timelapse_id=1": 400,
    "ids=1&day=2026-11-24": 400,
    "day=2026-11-24": 400,
    "timelapse_id=99": 404,
    "timelapse_id=x": 404,
    "timelapse_id=1&day=2001-01-01": 404,
    "timelapse_id=1&day=today": 400,
    "timelapse_id=1&day=../../x": 400,
}


async def test_archives_that_make_no_sense(client: Client, image: Image) -> None:
    answers = {query: (await client.get(f"{API}/download?{query}")).status for query in SENSELESS}
    assert answers == SENSELESS


async def test_archive_by_a_signed_path(
    home: HomeAssistant, hass_client_no_auth: ClientSessionGenerator, image: Image
) -> None:
    stranger = await hass_client_no_auth()
    path = f"{API}/download?ids={image.id}"
    signed = async_sign_path(home, path, timedelta(minutes=1), use_content_user=True)
    assert (await stranger.get(signed)).status == HTTPStatus.OK
    other = signed.replace(f"ids={image.id}", "ids=1,2")
    assert (await stranger.get(other)).status == HTTPStatus.UNAUTHORIZED


async def test_archive_that_cannot_go_on_is_cut_off(
    home: HomeAssistant,
    hub: TimelapserHub,
    client: Client,
    image: Image,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It must not look like a whole one."""
    monkeypatch.setattr(downloads, "PAGE", 1)
    await capture(home, hub)
    find, calls = hub.rows.images.find, []

    async def failing(**filters: object) -> list[Image]:
        calls.append(filters)
        if len(calls) == 2:
            raise DatabaseUnavailableError(reason="gone")
        return await find(**filters)  # type: ignore[arg-type]

    monkeypatch.setattr(hub.rows.images, "find", failing)
    with pytest.raises(ClientError):
        await (await client.get(f"{API}/download?timelapse_id={image.timelapse_id}")).read()
    assert len(calls) == 2


async def test_who_goes_away_leaves_nothing_open(
    hub: TimelapserHub, client: Client, image: Image
) -> None:
    path = full(hub, image)
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    answer = await client.get(f"{API}/download?ids={image.id}")
    await answer.content.readexactly(1000)
    assert path in open_files()
    answer.close()
    async with asyncio.timeout(10):
        while path in open_files():
            await asyncio.sleep(0.01)


def open_files() -> set[Path]:
    """The files that this process has open."""
    links = [*Path("/proc/self/fd").iterdir()]
    return {link.readlink() for link in links if link.is_symlink()}
