"""Tests for the HTTP camera, with the clients that Timelapser and its users have."""

import asyncio
import io
from pathlib import Path
from typing import Any

import aiohttp
import av
from PIL import Image
import pytest

from . import scene
from .fixtures import CLIP_SIZE, StillFactory

USER, PASSWORD = "viewer", "s3cret: ü"
LOGIN = {"user": USER, "password": PASSWORD}


def client(auth: str, password: str = PASSWORD) -> aiohttp.ClientSession:
    """A client with credentials."""
    if auth == "basic":
        header = aiohttp.encode_basic_auth(USER, password, encoding="utf-8")
        return aiohttp.ClientSession(headers={"Authorization": header})
    return aiohttp.ClientSession(middlewares=[aiohttp.DigestAuthMiddleware(USER, password)])


async def decode(url: str, **options: str) -> av.VideoFrame:
    def run() -> av.VideoFrame:
        with av.open(url, options=options, timeout=5) as container:
            return next(container.decode(video=0))

    return await asyncio.to_thread(run)


@pytest.mark.parametrize(
    ("path", "status", "content_type"),
    [
        ("/still.jpg", 200, "image/jpeg"),
        ("/slow?delay=0.1", 200, "image/jpeg"),
        ("/html", 200, "text/html"),
        ("/missing", 404, "text/plain"),
        ("/no-such-path", 404, "text/plain"),
        ("/forbidden", 403, "text/plain"),
        ("/error", 503, "text/plain"),
        ("/empty.jpg", 200, "image/jpeg"),
        ("/truncated.jpg", 200, "image/jpeg"),
        ("/png", 200, "image/png"),
        ("/png-named.jpg", 200, "image/png"),
        ("/redirect-to-file?to=file:///etc/passwd", 302, "application/octet-stream"),
        ("/hls/index.m3u8", 200, "application/vnd.apple.mpegurl"),
        ("/hls/evil.m3u8", 200, "application/vnd.apple.mpegurl"),
    ],
)
async def test_answers(
    still_server: StillFactory, path: str, status: int, content_type: str
) -> None:
    async with still_server() as camera, aiohttp.ClientSession() as session:
        async with session.get(camera.url(path), allow_redirects=False) as response:
            assert (response.status, response.content_type) == (status, content_type)
        assert camera.requests == 1


async def test_pictures_are_whole_fresh_and_of_their_format(still_server: StillFactory) -> None:
    async with still_server() as camera, aiohttp.ClientSession() as session:
        bodies = {}
        for name in ("still.jpg", "still.jpg?again", "png-named.jpg", "truncated.jpg", "empty.jpg"):
            async with session.get(camera.url(f"/{name}")) as response:
                bodies[name] = await response.read()
    assert bodies["still.jpg"] != bodies["still.jpg?again"]
    assert bodies["empty.jpg"] == b""
    for name, kind in (("still.jpg", "JPEG"), ("png-named.jpg", "PNG")):
        picture = Image.open(io.BytesIO(bodies[name]))
        picture.load()
        assert (picture.format, picture.size) == (kind, CLIP_SIZE)
    with pytest.raises(OSError, match="truncated"):
        Image.open(io.BytesIO(bodies["truncated.jpg"])).load()


@pytest.mark.parametrize(
    "options",
    [
        {"auth": "basic"},
        {"auth": "digest"},
        {"auth": "digest", "algorithm": "SHA-256"},
        {"auth": "digest", "tls": True},
    ],
)
async def test_lets_in_who_may_come_in(still_server: StillFactory, options: dict[str, Any]) -> None:
    async with still_server(**LOGIN, **options) as camera:
        for password, status in ((PASSWORD, 200), ("wrong", 401)):
            async with (
                client(options["auth"], password) as session,
                session.get(camera.url("/still.jpg?size=1"), ssl=False) as response,
            ):
                assert response.status == status
        async with (
            aiohttp.ClientSession() as session,
            session.get(camera.url(), ssl=False) as response,
        ):
            assert response.status == 401
            assert options["auth"] in response.headers["WWW-Authenticate"].lower()


async def test_stale_nonce_is_renewed(still_server: StillFactory) -> None:
    async with still_server(**LOGIN, auth="digest") as camera, client("digest") as session:
        for number in (1, 2):
            async with session.get(camera.url("/still.jpg?stale=1")) as response:
                assert response.status == 200, number
        # Without credentials, with them, with a used nonce, and with a new one.
        assert camera.requests == 4


@pytest.mark.parametrize("auth", ["basic", "digest"])
async def test_ffmpeg_gets_a_picture(still_server: StillFactory, auth: str, tmp_path: Path) -> None:
    file = tmp_path / "still.png"
    async with still_server(**LOGIN, auth=auth, tls=True) as camera:
        url = camera.url(credentials=True)
        process = await asyncio.create_subprocess_exec(
            "ffmpeg", "-v", "error", "-i", url, "-frames:v", "1", str(file)
        )
        assert await process.wait() == 0
    assert Image.open(file).size == CLIP_SIZE


async def test_certificate_is_not_trusted(still_server: StillFactory) -> None:
    async with still_server(tls=True) as camera, aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(camera.url())


async def test_endless_answers_end_with_the_server(still_server: StillFactory) -> None:
    async with (
        still_server() as camera,
        aiohttp.ClientSession() as session,
        session.get(camera.url("/stall")) as stalled,
        session.get(camera.url("/huge")) as huge,
        session.get(camera.url("/mjpeg")) as mjpeg,
    ):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(stalled.content.readany(), 0.1)
        assert len(await huge.content.readexactly(1_000_000)) == 1_000_000
        assert mjpeg.content_type == "multipart/x-mixed-replace"


async def test_closes_while_clients_wait(still_server: StillFactory) -> None:
    async with aiohttp.ClientSession() as session:
        async with still_server() as camera:
            stalled = await session.get(camera.url("/stall"))
            huge = await session.get(camera.url("/huge"))
        for response in (stalled, huge):
            with pytest.raises(aiohttp.ClientError):
                await response.read()


async def test_streams_can_be_decoded(still_server: StillFactory) -> None:
    async with still_server(**LOGIN, auth="none") as camera:
        for path in ("/mjpeg", "/hls/index.m3u8"):
            frame = await decode(camera.url(path))
            assert (frame.width, frame.height) == CLIP_SIZE


async def test_evil_playlist_reads_a_file_where_nobody_forbids_it(
    still_server: StillFactory, tmp_path: Path
) -> None:
    secret = tmp_path / "secret.ts"
    await asyncio.to_thread(scene.clip, secret, size=(320, 180), seconds=1, fps=5)
    async with still_server() as camera:
        url = camera.url(f"/hls/evil.m3u8?to={secret.as_uri()}")
        assert (await decode(url, protocol_whitelist="http,tcp,file")).width == 320
        with pytest.raises(av.FFmpegError):
            await decode(url, protocol_whitelist="http,tcp")
