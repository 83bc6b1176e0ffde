"""Images by id, in three sizes, and test frames of the camera flow."""

from aiohttp import web
from homeassistant.helpers.http import HomeAssistantView

from ..engine.images.service import ImageSize
from ..preview import PREVIEW_URL
from .common import http_errors, loaded_hub, number

IMAGE_URL = "/api/timelapser/images/{image_id}/{size}"

# An image never changes under its id.
CACHE = {"Cache-Control": "private, max-age=31536000, immutable"}


class ImageView(HomeAssistantView):
    """Serves an image: full, small or thumb."""

    url = IMAGE_URL
    name = "api:timelapser:image"

    async def get(self, request: web.Request, image_id: str, size: str) -> web.StreamResponse:
        """Answer the file, found by its row and never by a path of the request."""
        hub = loaded_hub(request)
        if size not in ImageSize:
            raise web.HTTPNotFound
        with http_errors():
            image = await hub.rows.images.get(number(image_id))
        path = await hub.images.path(image, ImageSize(size))
        if path is None:
            raise web.HTTPNotFound
        return web.FileResponse(path, headers=CACHE)


class PreviewView(HomeAssistantView):
    """Serves a test frame of the camera flow."""

    url = PREVIEW_URL
    name = "api:timelapser:preview"

    async def get(self, request: web.Request, token: str) -> web.Response:
        """Answer the picture while it is kept."""
        jpeg = loaded_hub(request).previews.get(token)
        if jpeg is None:
            raise web.HTTPNotFound
        return web.Response(
            body=jpeg, content_type="image/jpeg", headers={"Cache-Control": "no-store"}
        )
