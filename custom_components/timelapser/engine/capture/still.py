"""Still images over HTTP, JPEGs kept as the camera sent them."""

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Self, override

import aiohttp
from yarl import URL

from ..errors import (
    CannotResolveError,
    InvalidAuthError,
    NoJpegError,
    SourceError,
    SourceNotFoundError,
    SourceRefusedError,
    SourceServerError,
    SourceTimeoutError,
    UntrustedCertificateError,
)
from ..models import CameraSource, Frame
from .content import LONGEST_START, decode, is_jpeg, may_be_picture
from .urls import STILL_SCHEMES, host_label

MAX_BYTES = 32 * 1024 * 1024
MAX_REMEMBERED = 4 * 1024 * 1024
MAX_REDIRECTS = 5
REDIRECTS = frozenset({301, 302, 303, 307, 308})
HEADERS = {"Cache-Control": "no-cache", "Accept": "image/jpeg, image/*;q=0.8"}


@dataclass(frozen=True, slots=True)
class Answer:
    """A picture that need not be sent again while it is the same."""

    url: URL | None = None
    body: bytes = b""
    conditions: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, url: URL, body: bytes, headers: Mapping[str, str]) -> Self:
        """Remember a picture by its ETag or its date; one with neither, or a large one, is not."""
        validators = {"ETag": "If-None-Match", "Last-Modified": "If-Modified-Since"}
        known = {ask: headers[told] for told, ask in validators.items() if told in headers}
        return cls(url, body, known) if known and len(body) <= MAX_REMEMBERED else cls()


class StillSource(CameraSource):
    """A URL that answers with a picture; authentication is what the camera asks for."""

    def __init__(
        self,
        session: aiohttp.ClientSession,
        url: str,
        *,
        user: str | None,
        password: str | None,
        verify_tls: bool,
        now: Callable[[], datetime],
        executor: Executor | None = None,
    ) -> None:
        self._session = session
        self._url = URL(url)
        self._host = host_label(url)
        self._user = user
        self._password = password or ""
        self._verify_tls = verify_tls
        self._now = now
        self._executor = executor
        self._digest: aiohttp.DigestAuthMiddleware | None = None
        self._basic: dict[str, str] = {}
        self._last = Answer()

    @override
    async def grab(self, timeout: float) -> Frame:
        """Fetch the image as it is now."""
        try:
            # For all that it takes together: redirects, and asking for the password.
            async with asyncio.timeout(timeout):
                content = await self._fetch(aiohttp.ClientTimeout(total=timeout))
        except TimeoutError as error:
            raise SourceTimeoutError(host=self._host, seconds=f"{timeout:g}") from error
        except aiohttp.ClientConnectorDNSError as error:
            raise CannotResolveError(host=self._host) from error
        except aiohttp.ClientConnectorCertificateError as error:
            raise UntrustedCertificateError(host=self._host) from error
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, ConnectionRefusedError):
                raise SourceRefusedError(host=self._host) from error
            raise SourceError(host=self._host) from error
        except aiohttp.ClientError, OSError, ValueError:
            # Without the cause: its text may name the URL with what is secret in its query.
            raise SourceError(host=self._host) from None
        captured_at = self._now()
        if is_jpeg(content):
            return Frame(captured_at, content)
        loop = asyncio.get_running_loop()
        picture = await loop.run_in_executor(self._executor, decode, content, self._host)
        return Frame(captured_at, picture)

    @override
    async def close(self) -> None:
        """Forget the last picture, so that it is sent again; the session is not ours."""
        self._last = Answer()

    async def _fetch(self, timeout: aiohttp.ClientTimeout) -> bytes:
        url = self._url
        for _ in range(MAX_REDIRECTS):
            async with self._request(url, timeout) as response:
                if response.status == 401 and self._negotiate(url, response):
                    continue
                if response.status in REDIRECTS:
                    url = self._redirected(url, response)
                    continue
                if response.status == HTTPStatus.NOT_MODIFIED and self._last.url == url:
                    return self._last.body
                self._check_status(response.status)
                body = await self._body(response)
                self._last = Answer.of(url, body, response.headers)
                return body
        raise SourceError(host=self._host)

    def _request(
        self, url: URL, timeout: aiohttp.ClientTimeout
    ) -> aiohttp.client._RequestContextManager:
        own = url.origin() == self._url.origin()
        # Whether a picture is the same only its own address can tell.
        conditions = self._last.conditions if self._last.url == url else {}
        return self._session.get(
            url,
            timeout=timeout,
            # Credentials are for the camera, not for wherever it sends us.
            headers={**HEADERS, **(self._basic if own else {}), **conditions},
            allow_redirects=False,
            ssl=self._verify_tls,
            middlewares=(self._digest,) if own and self._digest else (),
        )

    def _negotiate(self, url: URL, response: aiohttp.ClientResponse) -> bool:
        """Take up the scheme that the camera asks for; answer whether trying again makes sense."""
        if not self._user or self._digest or self._basic or url.origin() != self._url.origin():
            return False
        challenges = response.headers.getall("WWW-Authenticate", [])
        schemes = {challenge.partition(" ")[0].lower() for challenge in challenges}
        if "digest" in schemes:
            self._digest = aiohttp.DigestAuthMiddleware(self._user, self._password)
        elif "basic" in schemes:
            credentials = aiohttp.encode_basic_auth(self._user, self._password, "utf-8")
            self._basic = {"Authorization": credentials}
        return bool(self._digest or self._basic)

    def _redirected(self, url: URL, response: aiohttp.ClientResponse) -> URL:
        target = url.join(URL(response.headers.get("Location", "")))
        if target.scheme not in STILL_SCHEMES or not target.host:
            raise SourceError(host=self._host)
        return target

    def _check_status(self, status: int) -> None:
        if status in (401, 403):
            raise InvalidAuthError(host=self._host)
        if status in (404, 410):
            raise SourceNotFoundError(host=self._host)
        if status >= 300:
            raise SourceServerError(host=self._host, status=status)

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = bytearray()
        async for chunk in response.content.iter_chunked(64 * 1024):
            body += chunk
            if len(body) > MAX_BYTES or not may_be_picture(bytes(body[:LONGEST_START])):
                raise NoJpegError(host=self._host)
        if not body:
            raise NoJpegError(host=self._host)
        return bytes(body)
