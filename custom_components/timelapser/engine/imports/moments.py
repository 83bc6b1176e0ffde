"""When a file was taken: by its EXIF, by its name, or by its time on disk."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
import re
from typing import Final

from PIL import Image as Pillow

EARLIEST: Final = datetime(1990, 1, 1, tzinfo=UTC)
"""Cameras that have lost their clock say 1970 or 1980."""
LATEST: Final = timedelta(days=1)
"""How far ahead of now a camera's clock may be."""
PARTS_OF_NAME: Final = 4
"""Some recorders write year, month, day and hour as folders."""

_DATE_AND_TIME: Final = re.compile(
    r"(?<!\d)((?:19|20)\d\d)[-_./]?(\d\d)[-_./]?(\d\d)[-_./T ]{0,3}"
    r"(\d\d)[-_.:/h]?(\d\d)(?:[-_.:m]?(\d\d)(?:[.,]?(\d{3}))?)?(Z?)(?!\d)"
)
_SINCE_1970: Final = re.compile(r"(?<!\d)(1\d{9})(?:\.?(\d{3}))?(?!\d)")
_EXIF_IFD: Final = 0x8769
_DATE_TIME: Final = 306
_ORIGINAL: Final = (36867, 36881, 37521)
"""DateTimeOriginal, OffsetTimeOriginal and SubsecTimeOriginal of EXIF 2.31."""


def moment_of(
    path: Path, root: Path, zone: tzinfo, now: datetime, pattern: str | None = None
) -> datetime | None:
    """Answer when a picture was taken, or None where nothing plausible tells; blocks.

    A pattern as of strptime for the name without its suffix goes first, where it fits; then EXIF,
    then the name with its folders below `root`, then the file's time. Times without a zone are
    local ones.
    """
    for moment in _candidates(path, root, zone, pattern):
        if moment is not None and EARLIEST <= moment <= now + LATEST:
            return moment
    return None


def moment_of_name(name: str, zone: tzinfo) -> datetime | None:
    """Answer the moment that a name tells, such as 2026-11-24_12.00.05 or 1764000000."""
    for found in _DATE_AND_TIME.finditer(name):
        *parts, utc = found.groups(default="0")
        year, month, day, hour, minute, second, milli = (int(part) for part in parts)
        try:
            moment = datetime(
                *(year, month, day, hour, minute, second, milli * 1000),
                tzinfo=UTC if utc == "Z" else zone,
            )
        except ValueError:
            continue
        return moment.astimezone(UTC)
    if since := _SINCE_1970.search(name):
        seconds, milliseconds = (int(part) for part in since.groups(default="0"))
        return datetime.fromtimestamp(seconds, UTC) + timedelta(milliseconds=milliseconds)
    return None


def _candidates(
    path: Path, root: Path, zone: tzinfo, pattern: str | None
) -> Iterator[datetime | None]:
    if pattern:
        yield _by_pattern(path.stem, pattern, zone)
    yield _by_exif(path, zone)
    parts = path.relative_to(root).with_suffix("").parts[-PARTS_OF_NAME:]
    yield moment_of_name(path.stem, zone)
    yield moment_of_name("/".join(parts), zone)
    yield datetime.fromtimestamp(path.stat().st_mtime, UTC)


def _by_pattern(name: str, pattern: str, zone: tzinfo) -> datetime | None:
    try:
        moment = datetime.strptime(name, pattern)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _by_exif(path: Path, zone: tzinfo) -> datetime | None:
    # Whatever is wrong in somebody's EXIF, the name and the file are asked next.
    try:
        with Pillow.open(path) as image:
            exif = image.getexif()
        original, offset, fraction = (exif.get_ifd(_EXIF_IFD).get(tag) for tag in _ORIGINAL)
        moment = datetime.strptime(str(original or exif.get(_DATE_TIME)), "%Y:%m:%d %H:%M:%S")
        if fraction:
            moment += timedelta(seconds=float(f"0.{int(str(fraction).strip())}"))
        if original and offset:
            zone_of_camera = datetime.strptime(str(offset).strip(), "%z").tzinfo
            return moment.replace(tzinfo=zone_of_camera).astimezone(UTC)
    except Exception:
        return None
    return moment.replace(tzinfo=zone).astimezone(UTC)
