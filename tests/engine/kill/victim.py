"""A process that works on a database and files, until it is killed in the middle of it.

`python -m tests.engine.kill.victim FOLDER` reads lines `WORK SECONDS` and answers each with the
exit code of a fork that did that work and was killed after so many seconds.
"""

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
import os
from pathlib import Path
import signal
import sys
import time
from typing import Any

from custom_components.timelapser.engine.database.config import SqliteConfig
from custom_components.timelapser.engine.models import (
    Frame,
    Timelapse,
    TimelapseState,
    VideoFile,
    VideoSettings,
)
from custom_components.timelapser.engine.settings import Settings
from tests.engine.conftest import ZONE, Engine, open_engine, queue
from tests.engine.monitoring.test_reconciliation import create_deletion
from tests.harness import scene

DATABASE = "timelapser.db"
JOURNAL = "journal"
FILE = VideoFile(2, 0.1, 24.0, 64, 36, "h264", "yuv420p", 5)
IMAGES = 4


class Journal:
    """What the process was told is done, or began to undo."""

    def __init__(self, folder: Path) -> None:
        self._file = os.open(folder / JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, *words: object) -> None:
        os.write(self._file, (" ".join(map(str, words)) + "\n").encode())


async def capture_and_delete(folder: Path) -> None:
    """Fill timelapses with images and a video, and delete all but the newest two."""
    journal = Journal(folder)
    async with open_engine(folder, SqliteConfig(folder / DATABASE)) as parts:
        deletion = create_deletion(parts)
        while True:
            timelapse = await parts.timelapses.unfinished("cam") or await parts.timelapse()
            for _ in range(IMAGES):
                await _capture(parts, timelapse, journal)
            await _render(parts, timelapse, journal)
            await parts.timelapses.change_state(
                timelapse.id, {TimelapseState.RUNNING}, TimelapseState.COMPLETED, _now()
            )
            for old in (await parts.timelapses.find())[2:]:
                journal.write("deleting", key_of(old))
                await deletion.delete_timelapse(old)
                journal.write("deleted", key_of(old))
                await deletion.finish()


async def migrate(folder: Path) -> None:
    """Open the database, which brings its tables up to date."""
    async with open_engine(folder, SqliteConfig(folder / DATABASE)):
        await asyncio.Event().wait()


async def _capture(parts: Engine, timelapse: Timelapse, journal: Journal) -> None:
    new = await parts.images.keep(Frame(_now(), JPEG), timelapse, Settings(), ZONE)
    await parts.image_rows.record(new)
    journal.write("image", key_of(timelapse), new.captured_at.isoformat())


async def _render(parts: Engine, timelapse: Timelapse, journal: Journal) -> None:
    job = await queue(parts.videos, timelapse, VideoSettings(), _now())
    await parts.videos.start(job.id, _now(), IMAGES)
    path = parts.storage.videos_folder(timelapse.folder) / f"{_now():%Y%m%dT%H%M%SZ}-{job.id}.mp4"
    part = path.with_name(f".{path.name}.part")
    part.parent.mkdir(exist_ok=True)
    part.write_bytes(b"video")
    part.replace(path)
    relative = parts.storage.relative(path)
    await parts.videos.finish(job.id, _now(), relative, FILE)
    journal.write("video", key_of(timelapse), relative)


def key_of(timelapse: Timelapse) -> str:
    """Name a timelapse for good: ids come again."""
    return f"{timelapse.id}@{timelapse.started_at.isoformat()}"


def _now() -> datetime:
    return datetime.now(UTC)


WORKS: dict[str, Callable[[Path], Coroutine[Any, Any, None]]] = {
    "capture": capture_and_delete,
    "migrate": migrate,
}
JPEG = scene.jpeg(0.5, (64, 36))


def main(wait: Callable[[Path], None] = lambda _folder: None) -> None:
    """Do as each line says; the seconds begin when `wait` ends."""
    folder = Path(sys.argv[1])
    for line in sys.stdin:
        work, seconds = line.split()
        # A fork, because imports take much longer than the work.
        child = os.fork()
        if not child:
            try:
                asyncio.run(WORKS[work](folder))
            finally:
                os._exit(1)
        wait(folder)
        time.sleep(float(seconds))
        os.kill(child, signal.SIGKILL)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
