"""Still images: what is not sent again while it is the same, and what an answer really is."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from io import BytesIO
from itertools import count
import struct
from typing import Any, Self
import zlib

import aiohttp
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st
import numpy as np
from PIL import Image
import pytest

from custom_components.timelapser.engine.capture.content import decode
from custom_components.timelapser.engine.capture.still import MAX_REMEMBERED, StillSource
from custom_components.timelapser.engine.errors import NoJpegError, SourceError
from tests.engine.conftest import BEGIN
from tests.harness import scene

TIMEOUT = 5.0
SECOND = timedelta(seconds=1)
DATE = "Tue, 24 Nov 2026 08:00:00 GMT"
CONDITIONS = ("If-None-Match", "If-Modified-Since")

type Answer = web.Response | Callable[[web.Request], Awaitable[web.Response]]


class Camera:
    """A server that gives the next of its answers, and remembers what it was asked with."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.asked: list[web.Request] = []
        self._runner: web.AppRunner | None = None
        self._port = 0

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.add_routes([web.get("/{path:.*}", self._answer)])
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def url(self, path: str = "/still.jpg") -> str:
        return f"http://127.0.0.1:{self._port}{path}"

    def conditions(self) -> list[dict[str, str]]:
        """The conditions of each request."""
        return [
            {name: asked.headers[name] for name in CONDITIONS if name in asked.headers}
            for asked in self.asked
        ]

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        return answer if isinstance(answer, web.Response) else await answer(request)


@pytest.fixture
async def camera(socket_enabled: None) -> AsyncIterator[Camera]:
    async with Camera() as server:
        yield server


@pytest.fixture
async def other(socket_enabled: None) -> AsyncIterator[Camera]:
    async with Camera() as server:
        yield server


@pytest.fixture
async def source(socket_enabled: None, camera: Camera) -> AsyncIterator[StillSource]:
    """The camera's picture; each one is a second later than the one before."""
    numbers = count(1)

    def now() -> datetime:
        return BEGIN + next(numbers) * SECOND

    async with aiohttp.ClientSession() as session:
        yield StillSource(
            session, camera.url(), user="viewer", password="s3cret", verify_tls=True, now=now
        )


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    return [scene.jpeg(t, (64, 48)) for t in (0.3, 0.5, 0.7)]


def picture(body: bytes, **headers: str) -> web.Response:
    """An answer with a picture; names of headers with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return web.Response(body=body, headers={"Content-Type": "image/jpeg", **named})


def unchanged() -> web.Response:
    return web.Response(status=304)


def redirect(to: str) -> web.Response:
    return web.Response(status=302, headers={"Location": to})


async def grabbed(source: StillSource, number: int) -> list[Any]:
    """The data of so many frames; the code of the error where there was none."""
    found: list[Any] = []
    for _ in range(number):
        try:
            found.append((await source.grab(TIMEOUT)).data)
        except SourceError as error:
            found.append(error.code)
    return found


@pytest.mark.parametrize(
    ("told", "conditions"),
    [
        ({"ETag": '"one"'}, {"If-None-Match": '"one"'}),
        ({"ETag": 'W/"0-5e"'}, {"If-None-Match": 'W/"0-5e"'}),
        ({"Last_Modified": DATE}, {"If-Modified-Since": DATE}),
        (
            {"ETag": '"one"', "Last_Modified": DATE},
            {"If-None-Match": '"one"', "If-Modified-Since": DATE},
        ),
    ],
)
async def test_unchanged_picture_is_not_sent_again(
    camera: Camera,
    source: StillSource,
    pictures: list[bytes],
    told: dict[str, str],
    conditions: dict[str, str],
) -> None:
    """It is a picture of now nevertheless: the camera says so."""
    camera.answers = [picture(pictures[0], **told), unchanged(), unchanged()]
    frames = [await source.grab(TIMEOUT) for _ in range(3)]
    assert [frame.data for frame in frames] == [pictures[0]] * 3
    assert [frame.captured_at for frame in frames] == [BEGIN + n * SECOND for n in (1, 2, 3)]
    assert camera.conditions() == [{}, conditions, conditions]


async def test_only_the_newest_picture_is_remembered(
    camera: Camera, source: StillSource, pictures: list[bytes]
) -> None:
    one, two, three = pictures
    camera.answers = [
        picture(one, ETag='"1"'),
        picture(two, ETag='"2"'),
        unchanged(),
        web.Response(status=503),
        unchanged(),
        picture(three),
        picture(one),
    ]
    assert await grabbed(source, 7) == [one, two, two, "server_error", two, three, one]
    asked = [found.get("If-None-Match") for found in camera.conditions()]
    assert asked == [None, '"1"', '"2"', '"2"', '"2"', '"2"', None]


async def test_unchanged_without_anything_remembered(
    camera: Camera, source: StillSource, pictures: list[bytes]
) -> None:
    camera.answers = [unchanged(), picture(pictures[0]), unchanged()]
    assert await grabbed(source, 3) == ["server_error", pictures[0], "server_error"]
    assert camera.conditions() == [{}] * 3


@pytest.mark.parametrize("more", [0, 1])
async def test_large_pictures_are_not_remembered(
    camera: Camera, source: StillSource, pictures: list[bytes], more: int
) -> None:
    large = pictures[0].ljust(MAX_REMEMBERED + more, b"\0")
    camera.answers = [picture(large, ETag='"1"'), picture(pictures[1], ETag='"2"')]
    assert await grabbed(source, 2) == [large, pictures[1]]
    assert camera.conditions()[1] == ({} if more else {"If-None-Match": '"1"'})


async def test_what_is_no_picture_is_not_remembered(camera: Camera, source: StillSource) -> None:
    for body in (b"<html>", b""):
        camera.answers += [picture(body, ETag='"1"'), unchanged()]
    assert await grabbed(source, 4) == ["no_jpeg", "server_error"] * 2
    assert camera.conditions() == [{}] * 4


async def test_conditions_go_with_the_password(
    camera: Camera, source: StillSource, pictures: list[bytes]
) -> None:
    challenge = web.Response(status=401, headers={"WWW-Authenticate": 'Basic realm="camera"'})
    camera.answers = [challenge, picture(pictures[0], ETag='"1"'), unchanged()]
    assert await grabbed(source, 2) == [pictures[0]] * 2
    assert camera.conditions() == [{}, {}, {"If-None-Match": '"1"'}]
    assert ["Authorization" in asked.headers for asked in camera.asked] == [False, True, True]


async def test_conditions_stay_with_the_camera(
    camera: Camera, other: Camera, source: StillSource, pictures: list[bytes]
) -> None:
    """Another server learns nothing of what the camera has said."""
    camera.answers = [picture(pictures[0], ETag='"1"', Last_Modified=DATE), redirect(other.url())]
    other.answers = [picture(pictures[1])]
    assert await grabbed(source, 2) == pictures[:2]
    assert other.conditions() == [{}]


async def test_unchanged_says_the_one_who_sent_the_picture(
    camera: Camera, other: Camera, source: StillSource, pictures: list[bytes]
) -> None:
    camera.answers = [picture(pictures[0], ETag='"1"'), redirect(other.url())]
    other.answers = [unchanged()]
    assert await grabbed(source, 2) == [pictures[0], "server_error"]


async def test_conditions_are_those_of_the_address(
    camera: Camera, other: Camera, source: StillSource, pictures: list[bytes]
) -> None:
    """What another server calls its picture may be what the camera calls one of its own."""

    async def changed_since(request: web.Request) -> web.Response:
        same = request.headers.get("If-None-Match") == '"1"'
        return unchanged() if same else picture(pictures[1], ETag='"1"')

    camera.answers = [redirect(other.url()), changed_since]
    other.answers = [picture(pictures[0], ETag='"1"')]
    assert await grabbed(source, 2) == pictures[:2]


async def test_a_camera_that_sends_to_another_picture_each_time(
    camera: Camera, source: StillSource, pictures: list[bytes]
) -> None:
    """Its pictures are as old as each other, which makes none of them the other one."""

    def by_date(number: int) -> Answer:
        async def answer(request: web.Request) -> web.Response:
            if request.headers.get("If-Modified-Since") == DATE:
                return unchanged()
            return picture(pictures[number], Last_Modified=DATE)

        return answer

    for number in range(3):
        camera.answers += [redirect(f"/{number}.jpg"), by_date(number)]
    assert await grabbed(source, 3) == pictures


async def test_all_requests_together_have_the_time_of_one(
    camera: Camera, source: StillSource
) -> None:
    """The grid waits for nobody, however many times a camera sends us on."""

    async def onward(request: web.Request) -> web.Response:
        await asyncio.sleep(0.2)
        return redirect(request.path + "x")

    camera.answers = [onward] * 9
    with pytest.raises(SourceError) as caught:
        await source.grab(0.3)
    assert caught.value.code == "timeout"


# What an answer is


def encoded(kind: str, mode: str = "RGB", **options: Any) -> bytes:
    """A red and a blue half, or what a mode makes of them."""
    image = Image.new("RGB", (32, 24), (250, 10, 20))
    image.paste((20, 10, 250), (16, 0, 32, 24))
    output = BytesIO()
    image.convert(mode).save(output, kind, **options)
    return output.getvalue()


def chunk(name: bytes, data: bytes) -> bytes:
    body = name + data
    return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))


def png_of(width: int, height: int) -> bytes:
    """A picture that claims to be of that size."""
    head = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", data) + chunk(b"IEND", b"")


OTHERS = [
    ("PNG", "RGB"),
    ("PNG", "RGBA"),
    ("PNG", "L"),
    ("PNG", "P"),
    ("PNG", "1"),
    ("GIF", "RGB"),
    ("WEBP", "RGB"),
    ("BMP", "RGB"),
    ("BMP", "P"),
]


@pytest.mark.parametrize(("kind", "mode"), OTHERS)
@pytest.mark.parametrize("said", ["image/jpeg", "text/html"])
async def test_other_formats_whatever_they_are_called(
    camera: Camera, source: StillSource, kind: str, mode: str, said: str
) -> None:
    options = {"lossless": True} if kind == "WEBP" else {}
    body = encoded(kind, mode, **options)
    camera.answers = [web.Response(body=body, headers={"Content-Type": said})]
    frame = await source.grab(TIMEOUT)
    assert isinstance(frame.data, np.ndarray)
    assert frame.data.shape == (24, 32, 3)
    assert frame.data.dtype == np.uint8
    left, right = frame.data[12, 4].astype(int), frame.data[12, 28].astype(int)
    if mode in {"L", "1"}:
        assert left[0] == left[1] == left[2]
    else:
        assert left == pytest.approx([250, 10, 20], abs=50)
        assert right == pytest.approx([20, 10, 250], abs=50)


async def test_jpeg_whatever_it_is_called(
    camera: Camera, source: StillSource, pictures: list[bytes]
) -> None:
    camera.answers = [web.Response(body=pictures[0], headers={"Content-Type": "text/html"})]
    assert await grabbed(source, 1) == [pictures[0]]


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\xff", id="a byte"),
        pytest.param(b"\xff\xd8", id="two bytes"),
        pytest.param(b"<!DOCTYPE html><html>Log in</html>", id="html"),
        pytest.param(b'{"error": "busy"}', id="json"),
        pytest.param(b"BMW is no bitmap", id="letters of a bitmap"),
        pytest.param(b"RIFF\x24\0\0\0WAVEfmt ", id="sound"),
        pytest.param(b"GIF89a", id="head of a gif"),
        pytest.param(b"\x89PNG\r\n\x1a\n", id="head of a png"),
        pytest.param(encoded("TIFF"), id="tiff"),
        pytest.param(encoded("PNG")[:-40], id="half a png"),
        pytest.param(png_of(0, 0), id="no pixels"),
        pytest.param(png_of(10_001, 10_000), id="too many pixels"),
        pytest.param(png_of(60_000, 60_000), id="far too many pixels"),
        pytest.param(b"GIF89a\xff\xff\xff\xff\x80\0\0" + bytes(6) + b",", id="large gif"),
    ],
)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
async def test_what_is_no_picture(camera: Camera, source: StillSource, body: bytes) -> None:
    camera.answers = [picture(body)]
    assert await grabbed(source, 1) == ["no_jpeg"]


@given(
    content=st.sampled_from([encoded(kind, mode) for kind, mode in OTHERS]),
    cut=st.floats(0, 1),
    changes=st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), max_size=5),
)
@settings(deadline=None, max_examples=300)
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_broken_pictures_end_in_one_kind_of_error(
    content: bytes, cut: float, changes: list[tuple[int, int]]
) -> None:
    broken = bytearray(content[: 1 + round(cut * len(content))])
    for place, value in changes:
        broken[place % len(broken)] = value
    with suppress(NoJpegError):
        assert decode(bytes(broken), "camera").ndim == 3
