"""Videos by id, with their pictures."""

import mimetypes
from pathlib import Path
from typing import Final, override

from aiohttp import web
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from ..engine.models import Video
from .common import http_errors, loaded_hub, number

VIDEO_URL: Final = "/api/timelapser/videos/{video_id}"
POSTER_URL: Final = "/api/timelapser/videos/{video_id}/poster"
PREVIEW_URL: Final = "/api/timelapser/videos/{video_id}/preview"

# A video never changes under its id.
CACHE: Final = {"Cache-Control": "private, max-age=31536000, immutable"}


class VideoView(HomeAssistantView):
    """Serves a video; players may ask for ranges of it."""

    url = VIDEO_URL
    name = "api:timelapser:video"

    async def get(self, request: web.Request, video_id: str) -> web.StreamResponse:
        """Answer the file, found by its row and never by a path of the request."""
        return await self._serve(request, video_id)

    async def _serve(self, request: web.Request, video_id: str) -> web.StreamResponse:
        hub = loaded_hub(request)
        with http_errors():
            video = await hub.rows.videos.get_video(number(video_id))
            paths = [hub.storage.resolve(path) for path in self.paths(video)]
        path = await request.app[KEY_HASS].async_add_executor_job(_first, paths)
        if path is None:
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return web.FileResponse(path, headers={**CACHE, "Content-Type": kind})

    def paths(self, video: Video) -> tuple[str, ...]:
        """Which files may be answered, the first that is there."""
        return (video.path,)


class PosterView(VideoView):
    """Serves the picture that stands for a video."""

    url = POSTER_URL
    name = "api:timelapser:video:poster"

    @override
    def paths(self, video: Video) -> tuple[str, ...]:
        """The poster, if the video has one."""
        return (video.poster_path,) if video.poster_path else ()


class VideoPreviewView(VideoView):
    """Serves the animation that was made beside a video."""

    url = PREVIEW_URL
    name = "api:timelapser:video:preview"

    @override
    def paths(self, video: Video) -> tuple[str, ...]:
        """The animation of either format."""
        return video.previews


def _first(paths: list[Path]) -> Path | None:
    return next((path for path in paths if path.is_file()), None)
