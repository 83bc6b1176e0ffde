"""A renderer for the tests of videos."""

from collections.abc import Callable
from pathlib import Path

import pytest

from custom_components.timelapser.engine.videos.encoders import Encoders
from tests.engine.conftest import Engine
from tests.engine.videos.rendering import Studio

type Script = Callable[[str], str]


@pytest.fixture(scope="module")
def encoders() -> Encoders:
    """What FFmpeg can do is the same for all tests."""
    return Encoders("ffmpeg")


@pytest.fixture
async def studio(engine: Engine, encoders: Encoders) -> Studio:
    return Studio(engine, await engine.timelapse(), encoders)


@pytest.fixture
def script(tmp_path: Path) -> Script:
    """Write a program of a few shell lines, and answer its path."""

    def write(lines: str) -> str:
        path = tmp_path / "ffmpeg"
        path.write_text(f"#!/bin/sh\n{lines}\n")
        path.chmod(0o755)
        return str(path)

    return write
