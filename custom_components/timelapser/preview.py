"""Test frames of the camera flow, kept for as long as somebody may look at them."""

from collections import OrderedDict
from datetime import timedelta
import secrets

from homeassistant.components.http.auth import async_sign_path
from homeassistant.core import HomeAssistant, callback

PREVIEW_URL = "/api/timelapser/preview/{token}"

KEPT = 8
VALID_FOR = timedelta(minutes=10)


class Previews:
    """The last few test frames, in memory, each behind a name that cannot be guessed."""

    def __init__(self, hass: HomeAssistant) -> None:
        self._hass = hass
        self._jpegs: OrderedDict[str, bytes] = OrderedDict()

    @callback
    def async_add(self, jpeg: bytes) -> str:
        """Keep a picture and answer a signed path to it."""
        token = secrets.token_urlsafe(16)
        self._jpegs[token] = jpeg
        while len(self._jpegs) > KEPT:
            self._jpegs.popitem(last=False)
        return async_sign_path(
            self._hass, PREVIEW_URL.format(token=token), VALID_FOR, use_content_user=True
        )

    def get(self, token: str) -> bytes | None:
        """Answer the picture of that name."""
        return self._jpegs.get(token)
