"""Videos by id."""

from aiohttp import web
from homeassistant.helpers.http import KEY_HASS, HomeAssistantView

from .common import http_errors, loaded_hub, number

VIDEO_URL = "/api/timelapser/videos/{video_id}"


class VideoView(HomeAssistantView):
    """Serves a video; players may ask for ranges of it."""

    url = VIDEO_URL
    name = "api:timelapser:video"

    async def get(self, request: web.Request, video_id: str) -> web.StreamResponse:
        """Answer the file, found by its row and never by a path of the request."""
        hub = loaded_hub(request)
        with http_errors():
            video = await hub.rows.videos.get_video(number(video_id))
            path = hub.storage.resolve(video.path)
        if not await request.app[KEY_HASS].async_add_executor_job(path.is_file):
            raise web.HTTPNotFound
        return web.FileResponse(path, headers={"Content-Type": "video/mp4"})
