"""Where an import comes from: a folder that may be read, or items of a media source."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
import mimetypes
import os
from pathlib import Path
import shutil
import tempfile
from typing import TYPE_CHECKING, Final

import aiofiles
import aiohttp
from homeassistant.components.media_player import BrowseError, async_process_play_media_url
from homeassistant.components.media_source import (
    PlayMedia,
    Unresolvable,
    async_browse_media,
    async_resolve_media,
    is_media_source_id,
)
from homeassistant.core import HomeAssistant
from homeassistant.helpers.aiohttp_client import async_get_clientsession
from slugify import slugify

from .engine.errors import ImportMissingError, ImportPathError
from .engine.images.inventory import IMPORT_FOLDER
from .engine.imports.files import PICTURE_SUFFIXES
from .engine.imports.recordings import SUFFIXES as VIDEO_SUFFIXES

if TYPE_CHECKING:
    from .hub import TimelapserHub

MAX_ITEMS: Final = 10_000
MAX_FOLDERS: Final = 1_000
CHUNK: Final = 256 * 1024
MAX_BYTES: Final = 4 * 10**9
TIMEOUT: Final = aiohttp.ClientTimeout(total=3600, sock_read=60)


@dataclass(frozen=True, slots=True)
class ImportRoots:
    """Folders and files to read, and the titles of what could not be fetched."""

    paths: tuple[Path, ...]
    missing: tuple[str, ...] = ()


@asynccontextmanager
async def async_import_roots(hub: TimelapserHub, source: str) -> AsyncIterator[ImportRoots]:
    """Answer the folders and files to read; what had to be fetched is removed afterwards.

    Raises ImportPathError, ImportMissingError.
    """
    if not is_media_source_id(source):
        yield ImportRoots((await hub.hass.async_add_executor_job(_checked, hub, source),))
        return
    items = [item async for item in _items(hub.hass, source)]
    folder = await hub.hass.async_add_executor_job(_make_folder, hub.storage.root)
    try:
        here = [media.path for _title, media in items if media.path is not None]
        missing = []
        for number, (title, media) in enumerate(items):
            if media.path is None:
                hub.load.check()
                name = f"{number:05d}-{slugify(title)[:80]}"
                if not await _fetch(hub.hass, media, folder, name):
                    missing.append(title)
        yield ImportRoots((*here, folder), tuple(missing))
    finally:
        await hub.hass.async_add_executor_job(shutil.rmtree, folder, True)


def _checked(hub: TimelapserHub, source: str) -> Path:
    path = Path(source)
    own = hub.storage.root.resolve()
    if not path.is_absolute() or not hub.hass.config.is_allowed_path(source):
        raise ImportPathError(path=source[:200])
    path = path.resolve()
    if path.is_relative_to(own) or own.is_relative_to(path):
        raise ImportPathError(path=source[:200])
    if not path.exists():
        raise ImportMissingError(path=source[:200])
    return path


def _make_folder(root: Path) -> Path:
    parent = root / IMPORT_FOLDER
    parent.mkdir(parents=True, exist_ok=True)
    return Path(tempfile.mkdtemp(dir=parent))


async def _items(hass: HomeAssistant, source: str) -> AsyncIterator[tuple[str, PlayMedia]]:
    """Yield all pictures and videos at and below an item, with their titles."""
    waiting, looked = [(source, "")], 0
    found = 0
    while waiting and looked < MAX_FOLDERS and found < MAX_ITEMS:
        looked += 1
        content_id, _title = waiting.pop(0)
        try:
            item = await async_browse_media(hass, content_id)
        except BrowseError as error:
            if content_id == source:
                media = await _resolve(hass, source)
                if media is None:
                    raise ImportMissingError(path=source[:200]) from error
                yield source.rsplit("/", 1)[-1], media
            continue
        for child in (*(item.children or ()), *(() if item.children else (item,))):
            if child.can_expand and child is not item:
                waiting.append((child.media_content_id, child.title))
            elif child.can_play and found < MAX_ITEMS:
                media = await _resolve(hass, child.media_content_id)
                if media is not None:
                    found += 1
                    yield child.title, media


async def _resolve(hass: HomeAssistant, content_id: str) -> PlayMedia | None:
    try:
        media = await async_resolve_media(hass, content_id, None)
    except Unresolvable, BrowseError:
        return None
    return media if media.mime_type.startswith(("image/", "video/")) else None


async def _fetch(hass: HomeAssistant, media: PlayMedia, folder: Path, name: str) -> bool:
    """Fetch an item into a file; answer whether it could be had."""
    suffix = mimetypes.guess_extension(media.mime_type) or ""
    if suffix not in PICTURE_SUFFIXES | VIDEO_SUFFIXES:
        return False
    path = folder / f"{name}{suffix}"
    url = async_process_play_media_url(hass, media.url)
    session = async_get_clientsession(hass)
    size = 0
    try:
        async with (
            session.get(url, timeout=TIMEOUT, raise_for_status=True) as answer,
            aiofiles.open(path, "wb") as file,
        ):
            async for chunk in answer.content.iter_chunked(CHUNK):
                size += len(chunk)
                if size > MAX_BYTES:
                    break
                await file.write(chunk)
    except aiohttp.ClientError, TimeoutError, OSError:
        size = 0
    kept = 0 < size <= MAX_BYTES
    await hass.async_add_executor_job(_finish, path, kept)
    return kept


def _finish(path: Path, kept: bool) -> None:
    if kept:
        # The time of fetching says nothing of when it was taken.
        os.utime(path, (0, 0))
    else:
        path.unlink(missing_ok=True)
