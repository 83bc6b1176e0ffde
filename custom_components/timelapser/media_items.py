"""What the media browser shows of rows: folders, images and videos with titles and thumbnails."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from homeassistant.components.media_player import MediaClass, MediaType
from homeassistant.components.media_source import BrowseMediaSource
from homeassistant.core import HomeAssistant
from homeassistant.helpers.translation import async_get_cached_translations
from homeassistant.util import dt as dt_util

from .api.images import IMAGE_URL
from .api.videos import POSTER_URL
from .const import DOMAIN
from .engine.database.browse_operations import ImageEntry
from .engine.database.search_operations import TimelapseEntry, VideoEntry
from .engine.images.service import ImageSize
from .engine.models import Camera
from .media_identifier import (
    CameraIdentifier,
    DayIdentifier,
    Identifier,
    ImageIdentifier,
    PeriodIdentifier,
    QuarantineIdentifier,
    TimelapseIdentifier,
    VideoIdentifier,
    VideosIdentifier,
    text_of,
)

type Children = Sequence[BrowseMediaSource] | None
"""What is in a folder; nothing is said of it where the folder itself is in a list."""

SEARCHED = [MediaClass.DIRECTORY, MediaClass.IMAGE, MediaClass.VIDEO]
REASONS_SHOWN = 2


class MediaItems:
    """Makes items; `path` names what a search result lies in, which a folder's place tells."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._texts = async_get_cached_translations(hass, hass.config.language, "common", DOMAIN)

    def root(self, title: str, children: Children) -> BrowseMediaSource:
        """The folder of all cameras."""
        return _folder(None, title, None, children, media_class=MediaClass.APP, **_SEARCHABLE)

    def camera(self, camera: Camera, children: Children = None) -> BrowseMediaSource:
        """A camera's folder."""
        identifier = CameraIdentifier(camera.id)
        return _folder(identifier, camera.name, camera.last_image_id, children, **_SEARCHABLE)

    def timelapse(
        self, entry: TimelapseEntry, children: Children = None, path: str = ""
    ) -> BrowseMediaSource:
        """A timelapse's folder."""
        empty = not (entry.image_count or entry.quarantine_count or entry.video_count)
        note = self.text("media_empty") if empty and children is None else ""
        return _folder(
            TimelapseIdentifier(entry.id),
            _joined(path, entry.name, note),
            entry.sample_id,
            children,
            **_SEARCHABLE,
        )

    def videos(
        self, entry: TimelapseEntry, children: Children = None, path: str = ""
    ) -> BrowseMediaSource:
        """The folder of a timelapse's videos."""
        title = _joined(path, _counted(self.text("media_videos"), entry.video_count))
        return _folder(VideosIdentifier(entry.id), title, entry.sample_id, children)

    def quarantine(
        self, entry: TimelapseEntry, children: Children = None, path: str = ""
    ) -> BrowseMediaSource:
        """The folder of what a timelapse put aside."""
        title = _joined(path, _counted(self.text("media_quarantine"), entry.quarantine_count))
        return _folder(QuarantineIdentifier(entry.id), title, None, children)

    def day(
        self,
        identifier: DayIdentifier,
        count: int,
        image_id: int | None = None,
        children: Children = None,
        path: str = "",
    ) -> BrowseMediaSource:
        """The folder of a day."""
        kind = self.text("media_quarantine") if path and identifier.album.quarantined else ""
        title = _joined(path, kind, _counted(identifier.day.isoformat(), count))
        return _folder(identifier, title, image_id, children, not_shown=_rest(count, children))

    def period(
        self,
        identifier: PeriodIdentifier,
        count: int,
        image_id: int | None = None,
        children: Children = None,
    ) -> BrowseMediaSource:
        """The folder of an hour or of some minutes."""
        title = _counted(_clock(identifier.begin, "%H:%M"), count)
        return _folder(identifier, title, image_id, children, not_shown=_rest(count, children))

    def image(
        self, entry: ImageEntry, path: str = "", *, quarantined: bool = False
    ) -> BrowseMediaSource:
        """An image; one that was put aside says why."""
        title = _clock(entry.captured_at, "%Y-%m-%d %H:%M:%S" if path else "%H:%M:%S")
        reasons = entry.reasons[:REASONS_SHOWN] if quarantined else ()
        return _file(
            ImageIdentifier(entry.id),
            MediaClass.IMAGE,
            MediaType.IMAGE,
            _joined(path, title, ", ".join(map(self._reason, reasons))),
            _thumbnail(entry.id),
        )

    def video(self, entry: VideoEntry, path: str = "") -> BrowseMediaSource:
        """A video."""
        title = _joined(path, _clock(entry.created_at, "%Y-%m-%d %H:%M"), f"{entry.duration:.1f} s")
        # An image of the timelapse stands for one that has no picture of its own.
        poster = POSTER_URL.format(video_id=entry.id) if entry.has_poster else None
        return _file(
            VideoIdentifier(entry.id),
            MediaClass.VIDEO,
            MediaType.VIDEO,
            title,
            poster or _thumbnail(entry.sample_id),
        )

    def text(self, key: str) -> str:
        """A word in the language of the system."""
        return self._texts.get(f"component.{DOMAIN}.common.{key}", key.partition("_")[2])

    def _reason(self, code: str) -> str:
        return self.text(f"reason_{code}").replace("_", " ")


_SEARCHABLE: dict[str, Any] = {"can_search": True, "search_media_classes": SEARCHED}


def _folder(
    identifier: Identifier | None,
    title: str,
    image_id: int | None,
    children: Children,
    media_class: MediaClass = MediaClass.DIRECTORY,
    **more: Any,
) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=None if identifier is None else text_of(identifier),
        media_class=media_class,
        media_content_type="",
        title=title,
        can_play=False,
        can_expand=True,
        thumbnail=_thumbnail(image_id),
        children=children,
        **more,
    )


def _file(
    identifier: Identifier,
    media_class: MediaClass,
    media_type: MediaType,
    title: str,
    thumbnail: str | None,
) -> BrowseMediaSource:
    return BrowseMediaSource(
        domain=DOMAIN,
        identifier=text_of(identifier),
        media_class=media_class,
        media_content_type=media_type,
        title=title,
        can_play=True,
        can_expand=False,
        thumbnail=thumbnail,
    )


def _thumbnail(image_id: int | None) -> str | None:
    if image_id is None:
        return None
    return IMAGE_URL.format(image_id=image_id, size=ImageSize.THUMB)


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))


def _counted(title: str, count: int) -> str:
    return f"{title} ({count})"


def _rest(count: int, children: Children) -> int:
    """How many of the images in a folder are not shown; folders in it hold all of theirs."""
    if not children or children[0].can_expand:
        return 0
    return count - len(children)


def _clock(moment: datetime, form: str) -> str:
    """The local time; where clocks are put back, with the zone, because an hour comes twice."""
    local = dt_util.as_local(moment)
    twice = local.utcoffset() != local.replace(fold=1 - local.fold).utcoffset()
    return local.strftime(f"{form} %Z" if twice else form)
