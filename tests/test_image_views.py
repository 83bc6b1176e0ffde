"""Images over HTTP: in three sizes, by id and as the latest of a camera."""

import asyncio
from http import HTTPStatus
from io import BytesIO
from pathlib import Path
from unittest.mock import patch
import zipfile

from homeassistant.core import HomeAssistant
from PIL import Image as Pillow
import pytest
from pytest_homeassistant_custom_component.typing import ClientSessionGenerator

from custom_components.timelapser.engine.errors import DatabaseUnavailableError
from custom_components.timelapser.engine.images.files import ThumbSize
from custom_components.timelapser.engine.images.thumbnails import PLACEHOLDER
from custom_components.timelapser.engine.models import Image
from custom_components.timelapser.hub import TimelapserHub
from tests.conftest import CAMERA
from tests.pictures import API, Client, capture, full

pytest_plugins = ("tests.pictures",)


def copy(hub: TimelapserHub, image: Image, size: ThumbSize) -> Path:
    return hub.storage.thumb_path(image.folder, image.captured_at, size)


def remove_all(hub: TimelapserHub, image: Image) -> None:
    full(hub, image).unlink()
    for size in ThumbSize:
        copy(hub, image, size).unlink()


def width(jpeg: bytes) -> int:
    return Pillow.open(BytesIO(jpeg)).width


# One image


@pytest.mark.parametrize(("size", "pixels"), [("full", 320), ("small", 320), ("thumb", 200)])
async def test_image_is_kept_by_browsers_for_ever(
    client: Client, image: Image, size: str, pixels: int
) -> None:
    url = f"{API}/images/{image.id}/{size}"
    answer = await client.get(url)
    assert (answer.status, answer.content_type) == (HTTPStatus.OK, "image/jpeg")
    assert "immutable" in answer.headers["Cache-Control"]
    body = await answer.read()
    assert width(body) == pixels
    tag = answer.headers["ETag"]
    again = await client.get(url, headers={"If-None-Match": tag})
    assert (again.status, await again.read()) == (HTTPStatus.NOT_MODIFIED, b"")
    assert "immutable" in again.headers["Cache-Control"]
    other = await client.get(url, headers={"If-None-Match": '"another"'})
    assert other.status == HTTPStatus.OK
    part = await client.get(url, headers={"Range": "bytes=2-11"})
    assert (part.status, await part.read()) == (HTTPStatus.PARTIAL_CONTENT, body[2:12])


async def test_copies_that_are_missing_are_made(
    hub: TimelapserHub, client: Client, image: Image
) -> None:
    path = copy(hub, image, ThumbSize.THUMB)
    path.unlink()
    answers = await asyncio.gather(
        *(client.get(f"{API}/images/{image.id}/thumb") for _ in range(50))
    )
    # One maker: each has the same file, which none has written anew.
    assert {answer.status for answer in answers} == {HTTPStatus.OK}
    assert len({answer.headers["ETag"] for answer in answers}) == 1
    assert width(path.read_bytes()) == 200
    assert [part.name for part in path.parent.iterdir() if part.name.endswith(".part")] == []


@pytest.mark.parametrize("size", ["small", "thumb"])
async def test_grey_picture_until_there_is_one(
    hub: TimelapserHub, client: Client, image: Image, size: str
) -> None:
    content = full(hub, image).read_bytes()
    remove_all(hub, image)
    url = f"{API}/images/{image.id}/{size}"
    answer = await client.get(url)
    assert (answer.status, await answer.read()) == (HTTPStatus.OK, PLACEHOLDER)
    assert "no-cache" in answer.headers["Cache-Control"]
    assert (await client.get(f"{API}/images/{image.id}/full")).status == HTTPStatus.NOT_FOUND
    full(hub, image).write_bytes(content)
    back = await client.get(url)
    assert await back.read() != PLACEHOLDER
    assert "immutable" in back.headers["Cache-Control"]


async def test_larger_copy_that_stands_in_is_not_kept(
    hub: TimelapserHub, client: Client, image: Image
) -> None:
    day = copy(hub, image, ThumbSize.THUMB).parent
    for size in ThumbSize:
        copy(hub, image, size).unlink()
    day.rmdir()
    day.write_text("a file where the folder was")
    answer = await client.get(f"{API}/images/{image.id}/thumb")
    assert width(await answer.read()) == 320
    assert "no-cache" in answer.headers["Cache-Control"]


async def test_links_out_of_the_storage_are_refused(
    hub: TimelapserHub, client: Client, image: Image, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.jpg"
    full(hub, image).rename(secret)
    full(hub, image).symlink_to(secret)
    for size in ThumbSize:
        copy(hub, image, size).unlink()
        copy(hub, image, size).symlink_to(secret)
    assert (await client.get(f"{API}/images/{image.id}/full")).status == HTTPStatus.NOT_FOUND
    for size in ThumbSize:
        answer = await client.get(f"{API}/images/{image.id}/{size}")
        assert await answer.read() == PLACEHOLDER
    archive = await client.get(f"{API}/download?ids={image.id}")
    assert zipfile.ZipFile(BytesIO(await archive.read())).namelist() == ["missing.txt"]


# The latest


async def test_latest_is_asked_for_again(
    home: HomeAssistant, hub: TimelapserHub, client: Client, image: Image
) -> None:
    url = f"{API}/cameras/{CAMERA}/latest/full"
    answer = await client.get(url)
    assert (answer.status, answer.content_type) == (HTTPStatus.OK, "image/jpeg")
    assert "no-cache" in answer.headers["Cache-Control"]
    assert await answer.read() == full(hub, image).read_bytes()
    tag = {"If-None-Match": answer.headers["ETag"]}
    assert (await client.get(url, headers=tag)).status == HTTPStatus.NOT_MODIFIED
    newer = await capture(home, hub)
    answer = await client.get(url, headers=tag)
    assert answer.status == HTTPStatus.OK
    assert await answer.read() == full(hub, newer).read_bytes()
    part = await client.get(url, headers={"Range": "bytes=0-9"})
    assert part.status == HTTPStatus.PARTIAL_CONTENT
    thumb = await client.get(f"{API}/cameras/{CAMERA}/latest/thumb")
    assert width(await thumb.read()) == 200


async def test_latest_before_the_first(client: Client) -> None:
    answer = await client.get(f"{API}/cameras/{CAMERA}/latest/thumb")
    assert (answer.status, await answer.read()) == (HTTPStatus.OK, PLACEHOLDER)
    answer = await client.get(f"{API}/cameras/{CAMERA}/latest/full")
    assert answer.status == HTTPStatus.NOT_FOUND


NOWHERE = [
    "images/99/thumb",
    "images/0/thumb",
    "images/1/original",
    "images/1/..",
    "images/1%2f..%2f2/thumb",
    "images/%d9%a1/thumb",  # a digit, but not an ASCII one
    "images/1e3/thumb",
    f"images/{'9' * 30}/thumb",
    "cameras/nobody/latest/thumb",
    "cameras/%00/latest/thumb",
    "cameras/..%2f..%2fetc/latest/thumb",
    "cameras/%2e%2e/latest/thumb",
    "cameras/a'%20or%201=1/latest/full",
    f"cameras/{CAMERA}/latest/huge",
    f"cameras/{CAMERA}/latest/..%2f..%2ffull",
    f"cameras/{CAMERA.lower()}/latest/thumb",
    f"cameras/{'x' * 4000}/latest/thumb",
]


async def test_ids_that_lead_nowhere(client: Client, image: Image) -> None:
    answers = {path: (await client.get(f"{API}/{path}")).status for path in NOWHERE}
    assert {*answers.values()} == {HTTPStatus.NOT_FOUND, HTTPStatus.BAD_REQUEST}, answers


async def test_strangers_see_nothing(
    hass_client_no_auth: ClientSessionGenerator, image: Image
) -> None:
    stranger = await hass_client_no_auth()
    for path in (
        f"images/{image.id}/thumb",
        f"cameras/{CAMERA}/latest/thumb",
        f"download?ids={image.id}",
    ):
        answer = await stranger.get(f"{API}/{path}")
        assert answer.status == HTTPStatus.UNAUTHORIZED


async def test_database_that_is_away(hub: TimelapserHub, client: Client) -> None:
    away = DatabaseUnavailableError(reason="gone")
    with patch.object(hub.database, "read", side_effect=away):
        for path in (f"cameras/{CAMERA}/latest/full", "download?ids=1", "download?timelapse_id=1"):
            answer = await client.get(f"{API}/{path}")
            assert answer.status == HTTPStatus.SERVICE_UNAVAILABLE
