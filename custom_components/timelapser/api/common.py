"""What the views share."""

from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp import web
from homeassistant.helpers.http import KEY_HASS

from ..const import DOMAIN
from ..engine.errors import DatabaseUnavailableError, NotFoundError, OutsideStorageError
from ..hub import TimelapserHub


def loaded_hub(request: web.Request) -> TimelapserHub:
    """Answer the running hub; raise 503 while there is none."""
    entries = request.app[KEY_HASS].config_entries.async_loaded_entries(DOMAIN)
    if not entries:
        raise web.HTTPServiceUnavailable
    hub = entries[0].runtime_data
    if not isinstance(hub, TimelapserHub):
        raise web.HTTPServiceUnavailable
    return hub


@contextmanager
def http_errors() -> Iterator[None]:
    """Answer what is not there with 404, and 503 while the database is away."""
    try:
        yield
    except (NotFoundError, OutsideStorageError) as error:
        raise web.HTTPNotFound from error
    except DatabaseUnavailableError as error:
        raise web.HTTPServiceUnavailable from error


def number(text: str) -> int:
    """Answer an id of a path; raise 404 when it is none."""
    if not (text.isascii() and text.isdecimal()) or len(text) > 18:
        raise web.HTTPNotFound
    return int(text)
