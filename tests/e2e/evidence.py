"""What a Home Assistant leaves behind: files, rows, its log, and no password."""

import base64
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
import re
import shutil
import sqlite3
import tempfile
from typing import Any
from urllib.parse import quote

DATABASE = "timelapser.db"
RECORD = re.compile(r"^(?=\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)", re.MULTILINE)
# Of the machine: it has no libturbojpeg.
NOISE = "homeassistant.components.camera.img_util"
NEVER = re.compile(r"Detected blocking call|Task was destroyed|never retrieved|never awaited")


class Storage:
    """The folder that Timelapser keeps its files in."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def images(self) -> dict[tuple[str, bool, str], int]:
        """The images by folder of the timelapse, quarantine and name, with their sizes."""
        return {
            (path.relative_to(self.root).parents[2].as_posix(), quarantined, path.stem): size(path)
            for name, quarantined in (("images", False), ("quarantine", True))
            for path in self.root.glob(f"*/*/{name}/*/*.jpg")
        }

    def videos(self) -> dict[str, int]:
        """The finished videos with their sizes."""
        return {
            path.relative_to(self.root).as_posix(): size(path)
            for path in self.root.glob("*/*/videos/*.mp4")
        }

    def parts(self) -> list[Path]:
        """Files that are being written, or were when the power failed."""
        return sorted(self.root.rglob("*.part"))

    def broken_images(self) -> list[Path]:
        """JPEGs that do not begin or do not end as such."""
        contents = {path: path.read_bytes() for path in self.root.rglob("*.jpg")}
        return [
            path
            for path, content in contents.items()
            if not (content.startswith(b"\xff\xd8\xff") and content.endswith(b"\xff\xd9"))
        ]


def size(path: Path) -> int:
    return path.stat().st_size


class Rows:
    """The database of a Home Assistant that does not run, read from a copy."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def query(self, query: str) -> list[Any]:
        return self._connection.execute(query).fetchall()

    def images(self) -> dict[tuple[str, bool, str], int]:
        """The images as `Storage.images` has them."""
        found = self.query(
            "SELECT t.folder, i.quarantined, i.captured_at, i.byte_count FROM images i"
            " JOIN timelapses t ON t.id = i.timelapse_id WHERE NOT i.missing"
        )
        return {
            (folder, bool(quarantined), stamp(milliseconds)): byte_count
            for folder, quarantined, milliseconds, byte_count in found
        }

    def counters(self) -> dict[str, tuple[int, int]]:
        """The images of each camera, as they are and as they are counted."""
        found = self.query(
            "SELECT c.name, count(i.id), c.image_count + c.quarantine_count FROM cameras c"
            " LEFT JOIN images i ON i.camera_id = c.id GROUP BY c.id"
        )
        return {name: (images, counted) for name, images, counted in found}

    def videos(self) -> dict[str, int]:
        """The videos as `Storage.videos` has them."""
        return dict(self.query("SELECT path, byte_count FROM videos"))

    def jobs(self, state: str) -> list[int]:
        """The render jobs in a state."""
        return [job for job, at in self.query("SELECT id, state FROM render_jobs") if at == state]


@contextmanager
def rows_of(config: Path) -> Iterator[Rows]:
    """Open a copy of the database, so that the next start finds all as it was left."""
    with tempfile.TemporaryDirectory() as folder:
        for path in config.glob(f"{DATABASE}*"):
            shutil.copy(path, folder)
        with closing(sqlite3.connect(Path(folder) / DATABASE)) as connection:
            yield Rows(connection)


def stamp(milliseconds: int) -> str:
    """Answer the name of the file of an image."""
    moment = datetime.fromtimestamp(milliseconds // 1000, UTC)
    return f"{moment:%Y%m%dT%H%M%S}{milliseconds % 1000:03d}Z"


def reveals(text: bytes, user: str, password: str) -> bool:
    """Whether a text holds a password, plain or as URLs and HTTP headers have it."""
    plain, both = password.encode(), f"{user}:{password}".encode()
    forms = (plain, quote(password, safe="").encode(), base64.b64encode(both).rstrip(b"="))
    return any(form.lower() in text.lower() for form in forms)


def files_that_reveal(folder: Path, user: str, password: str) -> set[str]:
    """The files under a folder that hold a password."""
    return {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and reveals(path.read_bytes(), user, password)
    }


def complaints(log: str) -> list[str]:
    """Records of Home Assistant's log that tell of a fault which is ours."""
    return [record for record in RECORD.split(log) if NOISE not in record and is_fault(record)]


def is_fault(record: str) -> bool:
    if NEVER.search(record):
        return True
    ours = "custom_components.timelapser" in record or "custom_components/timelapser" in record
    return ours and re.search(r" (ERROR|CRITICAL) |Traceback ", record) is not None
