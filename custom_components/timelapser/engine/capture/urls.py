"""Camera URLs: which are allowed, and how credentials are kept out of them."""

from collections.abc import Collection
from dataclasses import dataclass
import re
from urllib.parse import SplitResult, quote, unquote, urlsplit, urlunsplit

from ..errors import UrlNotAllowedError

STREAM_SCHEMES = frozenset({"rtsp", "rtsps", "http", "https"})
STILL_SCHEMES = frozenset({"http", "https"})

# What FFmpeg may open on the way to a camera's picture. Without file, concat, pipe and data, no
# playlist that a camera hands out can make it read the machine it runs on.
PROTOCOLS = ("rtsp", "rtsps", "rtp", "udp", "tcp", "tls", "http", "https", "crypto", "hls")

DEFAULT_PORTS = {"rtsp": 554, "rtsps": 322, "http": 80, "https": 443}

_CREDENTIALS = re.compile(r"(?<=://)[^/\s?#'\"]*@")
_SECRET_QUERY = re.compile(
    r"([?&](?:user|username|usr|login|pass|password|passwd|pwd|token|auth|key|apikey)=)[^&\s'\"]*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class CameraUrl:
    """A camera's URL with its credentials apart, so that it can be shown and stored."""

    url: str
    user: str | None = None
    password: str | None = None


def parse_url(text: str, schemes: Collection[str]) -> CameraUrl:
    """Take a URL apart; raise UrlNotAllowedError when it is malformed or not for cameras."""
    text = text.strip()
    if re.search(r"[\s\x00-\x1f\x7f\\]", text):
        raise UrlNotAllowedError(scheme="?")
    try:
        parts = urlsplit(text)
        scheme, host, _ = parts.scheme, parts.hostname, parts.port
    except ValueError as error:
        raise UrlNotAllowedError(scheme="?") from error
    if scheme not in schemes or not host:
        raise UrlNotAllowedError(scheme=scheme or "?")
    return CameraUrl(
        urlunsplit(parts._replace(netloc=_place(parts))),
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
    )


def with_credentials(url: str, user: str | None, password: str | None) -> str:
    """Answer the URL with credentials in it, for libraries that want them there."""
    if not user:
        return url
    parts = urlsplit(url)
    credentials = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    return urlunsplit(parts._replace(netloc=f"{credentials}@{_place(parts)}"))


def normalized(url: str) -> str:
    """Answer a form in which the same camera always looks the same."""
    parts = urlsplit(url)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname or ""
    port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    return urlunsplit((parts.scheme, f"{host}:{port}", parts.path or "/", parts.query, ""))


def host_label(url: str) -> str:
    """Answer host and port, for people."""
    return _place(urlsplit(url))


def address(url: str) -> tuple[str, int]:
    """Answer host and port, the scheme's own port where none is given."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or DEFAULT_PORTS.get(parts.scheme, 0)


def redact(text: str) -> str:
    """Take credentials out of all URLs in a text."""
    return _SECRET_QUERY.sub(r"\1**", _CREDENTIALS.sub("**@", text))


def _place(parts: SplitResult) -> str:
    return parts.netloc.rpartition("@")[2]
