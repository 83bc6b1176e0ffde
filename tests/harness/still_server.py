"""An HTTP camera: the scene as fresh JPEGs, behind Basic or Digest, and what else a URL may answer.

- `/still.jpg`, and `/slow?delay=`, which takes that many seconds (3); `/mjpeg`, a live stream.
- `/hls/index.m3u8` is a good playlist; the segment of `/hls/evil.m3u8?to=` is a local file.
- `/html`, `/missing`, `/forbidden`, `/error`: no pictures. `/redirect-to-file?to=`: a redirect.
- `/truncated.jpg`, `/empty.jpg`: broken pictures. `/png` and `/png-named.jpg`: another format.
- `/stall` sends headers only, `/huge` a picture that never ends.
- `?stale=1` on any path makes every nonce good for one request only (RFC 7616 3.3).
"""

import asyncio
from collections.abc import Awaitable, Callable
import io
from pathlib import Path
import secrets
import tempfile
import time
from typing import Literal, Self
from urllib.parse import quote

from aiohttp import web
from PIL import Image

from . import scene
from .auth import DigestAlgorithm, basic_matches, digest_matches, parse_digest
from .certificate import self_signed_context

REALM = "camera"
BOUNDARY = "frame"
MJPEG_INTERVAL = 0.2
HLS_SECONDS = 2
JPEG = "image/jpeg"
PLAYLIST = "application/vnd.apple.mpegurl"

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class StillServer:
    """A server of still images of the scene; an async context manager."""

    def __init__(
        self,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        user: str | None = None,
        password: str | None = None,
        auth: Literal["none", "basic", "digest"] = "none",
        algorithm: DigestAlgorithm = "MD5",
        tls: bool = False,
        size: tuple[int, int] = (1280, 720),
        seconds_per_day: float = 40.0,
    ) -> None:
        self.host = host
        self.port = port
        self.user = user or ""
        self.password = password or ""
        self.auth = auth
        self.algorithm: DigestAlgorithm = algorithm
        self.tls = tls
        self.size = size
        self.seconds_per_day = seconds_per_day
        self.requests = 0
        self.paths: list[str] = []
        self._nonces: dict[str, bool] = {}  # and whether it was used
        self._hls_segment: asyncio.Task[bytes] | None = None
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        context = await asyncio.to_thread(self_signed_context, self.host) if self.tls else None
        app = web.Application(middlewares=[self._count, self._authorize])
        app.add_routes([web.get(path, handler) for path, handler in self._routes().items()])
        # Answers that never end on purpose are cut off when the client or the server goes.
        self._runner = web.AppRunner(
            app, shutdown_timeout=0.05, handler_cancellation=True, access_log=None
        )
        await self._runner.setup()
        site = web.TCPSite(self._runner, self.host, self.port, ssl_context=context)
        await site.start()
        self.port = self._runner.addresses[0][1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._hls_segment is not None:
            self._hls_segment.cancel()
            await asyncio.gather(self._hls_segment, return_exceptions=True)
        if self._runner is not None:
            await self._runner.cleanup()

    def url(self, path: str = "/still.jpg", *, credentials: bool = False) -> str:
        """Address of a path; `path` may carry a query."""
        login = ""
        if credentials and self.auth != "none":
            login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@"
        return f"{'https' if self.tls else 'http'}://{login}{self.host}:{self.port}{path}"

    def _routes(self) -> dict[str, Handler]:
        return {
            "/still.jpg": self._still,
            "/html": _answer(text="<h1>Camera</h1>", content_type="text/html"),
            "/missing": _answer(status=404),
            "/forbidden": _answer(status=403),
            "/error": _answer(status=503),
            "/empty.jpg": _answer(content_type=JPEG),
            "/slow": self._slow,
            "/stall": self._stall,
            "/huge": self._huge,
            "/truncated.jpg": self._truncated,
            "/png": self._png,
            "/png-named.jpg": self._png,
            "/mjpeg": self._mjpeg,
            "/redirect-to-file": self._redirect,
            "/hls/index.m3u8": self._playlist,
            "/hls/evil.m3u8": self._playlist,
            "/hls/segment.ts": self._segment,
        }

    @web.middleware
    async def _count(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        self.requests += 1
        self.paths.append(request.path)
        try:
            return await handler(request)
        except ConnectionError:  # the client has seen enough of an endless answer
            return web.Response()

    @web.middleware
    async def _authorize(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        if challenge := self._challenge(request):
            return web.Response(status=401, headers={"WWW-Authenticate": challenge})
        return await handler(request)

    def _challenge(self, request: web.Request) -> str | None:
        """What to ask of a client, or None when its credentials are right."""
        if self.auth == "none":
            return None
        header = request.headers.get("Authorization", "")
        known = header.partition(" ")[0].lower() == self.auth
        if self.auth == "basic":
            right = known and basic_matches(header, user=self.user, password=self.password)
            return None if right else f'Basic realm="{REALM}", charset="UTF-8"'
        if not (known and self._digest_is_right(request, header)):
            return self._digest_challenge(stale=False)
        nonce = parse_digest(header)["nonce"]
        used = self._nonces.get(nonce)
        if used is None or ("stale" in request.query and used):
            return self._digest_challenge(stale=True)
        self._nonces[nonce] = True
        return None

    def _digest_is_right(self, request: web.Request, header: str) -> bool:
        fields = parse_digest(header)
        return (
            fields.get("uri") == request.raw_path
            and fields.get("qop") == "auth"
            and digest_matches(
                header,
                method=request.method,
                realm=REALM,
                user=self.user,
                password=self.password,
                algorithm=self.algorithm,
            )
        )

    def _digest_challenge(self, *, stale: bool) -> str:
        nonce = secrets.token_hex(16)
        self._nonces[nonce] = False
        return (
            f'Digest realm="{REALM}", qop="auth", algorithm={self.algorithm}, '
            f'nonce="{nonce}", opaque="{secrets.token_hex(4)}", stale={str(stale).lower()}'
        )

    async def _picture(self) -> bytes:
        t = time.time() / self.seconds_per_day % 1
        return await asyncio.to_thread(scene.jpeg, t, self.size)

    async def _still(self, _request: web.Request) -> web.StreamResponse:
        return web.Response(
            body=await self._picture(), content_type=JPEG, headers={"Cache-Control": "no-store"}
        )

    async def _slow(self, request: web.Request) -> web.StreamResponse:
        await asyncio.sleep(float(request.query.get("delay", "3")))
        return await self._still(request)

    async def _stall(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": JPEG, "Content-Length": "100000"})
        await response.prepare(request)
        await asyncio.Event().wait()
        return response

    async def _huge(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": JPEG})
        await response.prepare(request)
        await response.write(await self._picture())
        filler = bytes(65536)
        while True:
            await response.write(filler)

    async def _truncated(self, _request: web.Request) -> web.StreamResponse:
        picture = await self._picture()
        return web.Response(body=picture[: len(picture) // 2], content_type=JPEG)

    async def _png(self, _request: web.Request) -> web.StreamResponse:
        body = io.BytesIO(await self._picture())
        return web.Response(body=await asyncio.to_thread(_to_png, body), content_type="image/png")

    async def _mjpeg(self, request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse(
            headers={"Content-Type": f"multipart/x-mixed-replace; boundary={BOUNDARY}"}
        )
        await response.prepare(request)
        while True:
            picture = await self._picture()
            head = f"--{BOUNDARY}\r\nContent-Type: {JPEG}\r\nContent-Length: {len(picture)}\r\n\r\n"
            await response.write(head.encode() + picture + b"\r\n")
            await asyncio.sleep(MJPEG_INTERVAL)

    async def _redirect(self, request: web.Request) -> web.StreamResponse:
        to = request.query.get("to", "file:///etc/hostname")
        return web.Response(status=302, headers={"Location": to})

    async def _playlist(self, request: web.Request) -> web.StreamResponse:
        evil = request.query.get("to", "file:///etc/hostname")
        segment = evil if "evil" in request.path else "segment.ts"
        lines = [
            *["#EXTM3U", "#EXT-X-VERSION:3", f"#EXT-X-TARGETDURATION:{HLS_SECONDS}"],
            *["#EXT-X-MEDIA-SEQUENCE:0", f"#EXTINF:{HLS_SECONDS}.0,", segment, "#EXT-X-ENDLIST"],
        ]
        return web.Response(text="\n".join([*lines, ""]), content_type=PLAYLIST)

    async def _segment(self, _request: web.Request) -> web.StreamResponse:
        # Made once, by the first who asks.
        self._hls_segment = self._hls_segment or asyncio.create_task(
            asyncio.to_thread(_transport_stream, self.size)
        )
        return web.Response(body=await asyncio.shield(self._hls_segment), content_type="video/mp2t")


def _answer(*, status: int = 200, text: str = "", content_type: str = "text/plain") -> Handler:
    async def handler(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=status, text=text, content_type=content_type)

    return handler


def _to_png(picture: io.BytesIO) -> bytes:
    output = io.BytesIO()
    Image.open(picture).save(output, "png", compress_level=1)
    return output.getvalue()


def _transport_stream(size: tuple[int, int]) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "segment.ts"
        scene.clip(file, size=size, seconds=HLS_SECONDS, fps=10)
        return file.read_bytes()
