"""Images in three sizes, by id or as the latest of a camera, and test frames of the camera flow."""

from http import HTTPStatus
from typing import Final

from aiohttp import web
from homeassistant.helpers.http import HomeAssistantView

from ..engine.images.service import ImageSize
from ..engine.images.thumbnails import PLACEHOLDER
from ..engine.models import Image
from ..hub import TimelapserHub
from ..preview import PREVIEW_URL
from .common import http_errors, loaded_hub, number

IMAGE_URL: Final = "/api/timelapser/images/{image_id}/{size}"
LATEST_URL: Final = "/api/timelapser/cameras/{camera_id}/latest/{size}"

# An image never changes under its id.
FOR_EVER: Final = {"Cache-Control": "private, max-age=31536000, immutable"}
# May be kept, but is asked for again each time; the ETag spares sending what is the same.
ASK_AGAIN: Final = {"Cache-Control": "private, no-cache"}


class ImageView(HomeAssistantView):
    """Serves an image: full, small or thumb."""

    url = IMAGE_URL
    name = "api:timelapser:image"

    async def get(self, request: web.Request, image_id: str, size: str) -> web.StreamResponse:
        """Answer the file, found by its row and never by a path of the request."""
        hub = loaded_hub(request)
        wanted = _size(size)
        with http_errors():
            image = await hub.rows.images.get(number(image_id))
            return await _answer(hub, image, wanted, FOR_EVER)


class LatestView(HomeAssistantView):
    """Serves the newest image that a camera kept: full, small or thumb."""

    url = LATEST_URL
    name = "api:timelapser:latest"

    async def get(self, request: web.Request, camera_id: str, size: str) -> web.StreamResponse:
        """Answer the file; the camera may be one that is not captured any more."""
        hub = loaded_hub(request)
        wanted = _size(size)
        if not (camera_id.isascii() and camera_id.isalnum()):
            raise web.HTTPNotFound
        with http_errors():
            await hub.rows.cameras.get(camera_id)
            image = await hub.rows.images.latest(camera_id)
            return await _answer(hub, image, wanted, ASK_AGAIN)


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


def _size(text: str) -> ImageSize:
    if text not in ImageSize:
        raise web.HTTPNotFound
    return ImageSize(text)


async def _answer(
    hub: TimelapserHub, image: Image | None, size: ImageSize, cache: dict[str, str]
) -> web.StreamResponse:
    """Answer a file, with ETag and ranges; or a grey picture in place of a copy."""
    served = await hub.thumbnails.find(image, size) if image else None
    if served is not None:
        return web.FileResponse(served.path, headers=cache if served.exact else ASK_AGAIN)
    if size is ImageSize.FULL:
        raise web.HTTPNotFound
    return web.Response(
        body=PLACEHOLDER, status=HTTPStatus.OK, content_type="image/jpeg", headers=ASK_AGAIN
    )
