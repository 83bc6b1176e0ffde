"""Images as a ZIP archive, written while it is sent."""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import aclosing
from datetime import date, datetime
import logging
from typing import Final

from aiohttp import web
from homeassistant.helpers.http import HomeAssistantView
from homeassistant.util import dt as dt_util
from slugify import slugify

from ..engine.errors import TimelapserError
from ..engine.images.archive import archive
from ..engine.models import Image
from ..hub import TimelapserHub
from .common import http_errors, loaded_hub, number

DOWNLOAD_URL: Final = "/api/timelapser/download"
MAX_IDS: Final = 500
PAGE: Final = 500

_LOGGER = logging.getLogger(__name__)


class DownloadView(HomeAssistantView):
    """Serves images by their ids (`ids=1,2,3`), or the kept ones of a timelapse or of its day.

    For those, `timelapse_id=3`, and perhaps `day=2026-11-24`, which is a local day.
    """

    url = DOWNLOAD_URL
    name = "api:timelapser:download"

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Answer the archive; 400 for what makes no sense, 404 for what is not there."""
        hub = loaded_hub(request)
        with http_errors():
            title, images = await _asked(hub, request.query)
        answer = web.StreamResponse(
            headers={
                "Content-Type": "application/zip",
                "Content-Disposition": f'attachment; filename="{slugify(title)}.zip"',
                "Cache-Control": "no-store",
            }
        )
        await answer.prepare(request)
        zone = dt_util.get_default_time_zone()
        try:
            async with aclosing(archive(hub.storage, images, zone)) as pieces:
                async for piece in pieces:
                    await answer.write(piece)
        except TimelapserError as error:
            # Too late for a status; an archive that ends early is not mistaken for a whole one.
            _LOGGER.warning("A download was cut off: %s", error)
            if request.transport is not None:
                request.transport.abort()
            return answer
        await answer.write_eof()
        return answer


async def _asked(hub: TimelapserHub, query: Mapping[str, str]) -> tuple[str, AsyncIterator[Image]]:
    """Answer a title and the images; raise where there is not even a first one."""
    # A signed path has its signature among the parameters.
    asked = {name: query[name] for name in ("ids", "timelapse_id", "day") if name in query}
    match asked:
        case {"ids": ids} if len(asked) == 1:
            return "timelapser images", _each(await _selected(hub, ids))
        case {"timelapse_id": timelapse_id} if "ids" not in asked:
            timelapse = await hub.rows.timelapses.get(number(timelapse_id))
            day = _day(asked["day"]) if "day" in asked else None
            first = await _page(hub, timelapse.id, day)
            if not first:
                raise web.HTTPNotFound
            title = f"timelapser {timelapse.name} {day or ''}"
            return title, _pages(hub, timelapse.id, day, first)
    raise web.HTTPBadRequest(text="Ask for ids, or for a timelapse_id and perhaps a day")


async def _selected(hub: TimelapserHub, ids: str) -> list[Image]:
    numbers = dict.fromkeys(number(text) for text in ids.split(","))
    if len(numbers) > MAX_IDS:
        raise web.HTTPBadRequest(text=f"Ask for at most {MAX_IDS} images")
    return [await hub.rows.images.get(image_id) for image_id in numbers]


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise web.HTTPBadRequest(text="The day is no date such as 2026-11-24") from error


async def _each(images: Iterable[Image]) -> AsyncIterator[Image]:
    for image in images:
        yield image


async def _pages(
    hub: TimelapserHub, timelapse_id: int, day: date | None, page: list[Image]
) -> AsyncIterator[Image]:
    while page:
        for image in page:
            yield image
        page = await _page(hub, timelapse_id, day, page[-1].captured_at)


async def _page(
    hub: TimelapserHub, timelapse_id: int, day: date | None, before: datetime | None = None
) -> list[Image]:
    return await hub.rows.images.find(timelapse_id=timelapse_id, day=day, before=before, limit=PAGE)
