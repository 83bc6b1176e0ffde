"""Pytest fixtures: recordings, cameras to open inside a test, and a database server.

async def test_grab(rtsp_server: RtspFactory) -> None:
    async with rtsp_server(user="viewer", password="secret") as camera:
        grab(camera.url("/h264"))
"""

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
import socket
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from . import scene
from .postgres import PostgresServer, find_binaries
from .rtsp_server import RtspServer
from .still_server import StillServer

CLIP_SIZE = (640, 360)
CLIP_SECONDS = 2

type RtspFactory = Callable[..., RtspServer]
type StillFactory = Callable[..., StillServer]


@pytest.fixture(scope="session")
def clips(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `h264.mp4` and `h265.mp4`: 2 seconds, 640x360, a keyframe every second."""
    folder = tmp_path_factory.mktemp("clips")
    for codec in scene.CODECS:
        scene.clip(folder / f"{codec}.mp4", codec=codec, size=CLIP_SIZE, seconds=CLIP_SECONDS)
    return folder


@pytest.fixture
def rtsp_server(socket_enabled: None, clips: Path) -> RtspFactory:
    """Makes RTSP cameras with the streams `/h264` and `/h265`; takes what `RtspServer` takes."""
    return partial(RtspServer, {f"/{codec}": clips / f"{codec}.mp4" for codec in scene.CODECS})


@pytest.fixture
def still_server(socket_enabled: None) -> StillFactory:
    """Makes HTTP cameras with small pictures; takes what `StillServer` takes."""
    return partial(StillServer, size=CLIP_SIZE)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole run."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip("PostgreSQL's initdb is not installed")
    # Not in pytest's folder, which is closed to the user that the server runs as.
    with (
        TemporaryDirectory(prefix="timelapser-postgres-") as folder,
        PostgresServer(Path(folder), binaries) as server,
    ):
        yield server


@pytest.fixture
def no_such_host(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a resolver says of names that end in `.invalid`; in tests there is none to ask."""
    resolve = socket.getaddrinfo

    def getaddrinfo(host: str, *args: Any, **kwargs: Any) -> Any:
        if str(host).endswith(".invalid"):
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return resolve(host, *args, **kwargs)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
