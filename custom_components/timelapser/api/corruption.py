"""Judging a picture that is sent to us."""

from datetime import UTC, datetime
from http import HTTPStatus

from aiohttp import web
from homeassistant.helpers.http import HomeAssistantView

from ..engine.capture.content import is_jpeg
from ..engine.models import Frame
from ..plain import judgement_data
from .common import loaded_hub

JUDGE_URL = "/api/timelapser/judge"
MAX_BYTES = 32 * 1024 * 1024


class JudgeView(HomeAssistantView):
    """Answers what corruption detection says of a JPEG, by itself; nothing is kept."""

    url = JUDGE_URL
    name = "api:timelapser:judge"

    async def post(self, request: web.Request) -> web.Response:
        """Judge the body of the request."""
        hub = loaded_hub(request)
        body = bytearray()
        async for chunk in request.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > MAX_BYTES:
                return self.json_message("Too large", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        if not is_jpeg(bytes(body[:16])):
            return self.json_message("Send a JPEG", HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        frame = Frame(datetime.now(UTC), bytes(body))
        ingested, judgement = await hub.images.examine(frame, hub.shared_settings)
        size = {"width": ingested.width, "height": ingested.height}
        return self.json({**size, **judgement_data(judgement)})
