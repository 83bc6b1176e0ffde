"""An RTSP 1.0 camera: loops video files in real time, over TCP and UDP, with faults to order.

Faults are asked for in the query of the URL:

- `fault=stall`: PLAY is answered, but after `after` packets (0) no more come.
- `fault=drop`: the connection is cut after `after` packets (20).
- `fault=503`, or any status: that is the answer to DESCRIBE.
- `fault=slow`: DESCRIBE is answered after `delay` seconds (3).
- `fault=garbage`: a `share` of the packets (0.1) carries a broken payload.
- `fault=loss`: after `after` packets (0), a `share` of those that follow (0.02) never arrives.
- `fault=novideo`: the session holds sound only.
- `start=late`: the first picture is no keyframe, as with most real cameras.

Which packets are struck follows from `seed`, and how often the stream was played before.
"""

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
import random
import secrets
import time
from typing import Literal, Self
from urllib.parse import quote

from .auth import basic_matches, digest_matches, parse_digest
from .rtp import CLOCK_RATE, AccessUnit, Clip, rtp_packet
from .rtsp_wire import Link, Request

REALM = "camera"
VIDEO_TYPE = 96
PCMU_TYPE = 0
PCMU_SAMPLES = 160
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
SHARES = {"garbage": 0.1, "loss": 0.02}


class RtspServer:
    """A server of looping video files by path; an async context manager.

    Who leaves it and enters it again has a camera that was away: it comes back at the same port.
    """

    def __init__(
        self,
        streams: Mapping[str, Path],
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        user: str | None = None,
        password: str | None = None,
        auth: Literal["basic", "digest"] = "basic",
    ) -> None:
        self.host = host
        self.port = port
        self.user = user
        self.password = password or ""
        self.auth = auth
        self.nonce = secrets.token_hex(16)
        self.requests: list[str] = []
        self.clips: dict[str, Clip] = {}
        self._streams = dict(streams)
        self._sessions: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        for path, file in self._streams.items():
            self.clips[path] = await asyncio.to_thread(Clip.load, file)
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_exc: object) -> None:
        if self._server is None:
            return
        self._server.close()
        for session in self._sessions:
            session.cancel()
        await asyncio.gather(*self._sessions, return_exceptions=True)
        await self._server.wait_closed()

    def url(self, path: str, *, credentials: bool = True) -> str:
        """Address of a stream; `path` may carry a query."""
        login = ""
        if credentials and self.user is not None:
            login = f"{quote(self.user, safe='')}:{quote(self.password, safe='')}@"
        return f"rtsp://{login}{self.host}:{self.port}{path}"

    async def switch(self, path: str, file: Path) -> None:
        """Let a stream go on with another video of its codec and size, also for who watches now.

        Sessions change over where their next group of pictures begins.
        """
        self.clips[path] = await asyncio.to_thread(Clip.load, file)

    @property
    def challenge(self) -> str:
        """What a client without credentials is told."""
        if self.auth == "basic":
            return f'Basic realm="{REALM}"'
        return f'Digest realm="{REALM}", nonce="{self.nonce}", algorithm=MD5'

    def allows(self, request: Request) -> bool:
        """Whether a request carries the right credentials."""
        if self.user is None:
            return True
        header = request.headers.get("authorization", "")
        if header.partition(" ")[0].lower() != self.auth:
            return False
        if self.auth == "basic":
            return basic_matches(header, user=self.user, password=self.password)
        return parse_digest(header).get("nonce") == self.nonce and digest_matches(
            header, method=request.method, realm=REALM, user=self.user, password=self.password
        )

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._sessions.add(task)
        try:
            await _Session(self, Link(reader, writer)).run()
        finally:
            self._sessions.discard(task)


@dataclass(slots=True)
class _Session:
    """One connection of a client, from its first request to its last."""

    server: RtspServer
    link: Link
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    playing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while (request := await self.link.next_request()).method != "TEARDOWN":
                    await self._answer(request)
                await self.link.reply(request, {"Session": self.id})
        finally:
            if self.playing is not None:
                self.playing.cancel()
                await asyncio.gather(self.playing, return_exceptions=True)
            self.link.close()

    async def _answer(self, request: Request) -> None:
        reply, session = self.link.reply, {"Session": f"{self.id};timeout=60"}
        self.server.requests.append(f"{request.method} {request.path} {request.carrier}".rstrip())
        if request.method == "OPTIONS":
            await reply(request, {"Public": METHODS})
        elif not self.server.allows(request):
            challenge = {"WWW-Authenticate": self.server.challenge}
            await reply(request, challenge, status="401 Unauthorized")
        elif request.path not in self.server.clips:
            await reply(request, status="404 Not Found")
        elif request.method == "DESCRIBE":
            await self._describe(request)
        elif request.method == "SETUP":
            transport = await self.link.set_up(request.headers["transport"], self.server.host)
            await reply(request, session | {"Transport": transport})
        else:
            await reply(request, session)
        if request.method == "PLAY" and self.playing is None:
            self.playing = asyncio.create_task(self._play(request))

    async def _describe(self, request: Request) -> None:
        fault = request.options.get("fault", "")
        if fault.isdigit():
            await self.link.reply(request, status=f"{fault} Fault")
            return
        if fault == "slow":
            await asyncio.sleep(float(request.options.get("delay", 3)))
        if fault == "novideo":
            media = [f"m=audio 0 RTP/AVP {PCMU_TYPE}", f"a=rtpmap:{PCMU_TYPE} PCMU/8000"]
        else:
            clip = self.server.clips[request.path]
            media = [
                f"m=video 0 RTP/AVP {VIDEO_TYPE}",
                f"a=rtpmap:{VIDEO_TYPE} {clip.codec}/{CLOCK_RATE}",
                f"a=fmtp:{VIDEO_TYPE} {clip.format_parameters}",
            ]
        session = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=camera", "c=IN IP4 0.0.0.0", "t=0 0"]
        lines = [*session, "a=control:*", *media, f"a=control:{request.stream_uri}/track0", ""]
        headers = {"Content-Base": f"{request.uri}/", "Content-Type": "application/sdp"}
        await self.link.reply(request, headers, body="\r\n".join(lines))

    async def _play(self, request: Request) -> None:
        if request.options.get("fault") == "novideo":
            await self._play_silence()
        else:
            await self._play_clip(request.path, request.options)

    async def _play_clip(self, path: str, options: Mapping[str, str]) -> None:
        clip = self.server.clips[path]
        start = clip.keyframe_before(time.time())
        if options.get("start") == "late":
            start = clip.middle_of_gop(start)
        fault = options.get("fault", "")
        after = int(options.get("after", 20 if fault == "drop" else 0))
        share = float(options.get("share", SHARES.get(fault, 0)))
        played = self.server.requests.count(f"PLAY {path}")
        noise = random.Random(f"{options.get('seed', 1865)} {played}")
        clock = asyncio.get_running_loop().time
        began, sequence = clock(), 0
        for send_at, show_at, unit in self._units(path, start):
            await asyncio.sleep(max(0.0, began + send_at - clock()))
            for payload, is_last in clip.payloads(unit):
                if fault in {"stall", "drop"} and sequence >= after:
                    if fault == "drop":
                        self.link.abort()
                    return
                struck = sequence >= after and noise.random() < share
                broken = struck and fault == "garbage"
                body = payload[:2] + noise.randbytes(len(payload) - 2) if broken else payload
                timestamp = round(show_at * CLOCK_RATE)
                if not (struck and fault == "loss"):
                    await self.link.send(rtp_packet(body, VIDEO_TYPE, sequence, timestamp, is_last))
                sequence += 1

    def _units(self, path: str, start: int) -> Iterator[tuple[float, float, AccessUnit]]:
        """Access units for ever, as `Clip.from_unit`, of what the path shows at the time."""
        elapsed = 0.0
        while True:
            clip = self.server.clips[path]
            for send_at, show_at, unit in clip.from_unit(start):
                if unit.is_keyframe and self.server.clips[path] is not clip:
                    elapsed += send_at
                    start = 0
                    break
                yield elapsed + send_at, elapsed + show_at, unit

    async def _play_silence(self) -> None:
        for sequence in count():
            timestamp = sequence * PCMU_SAMPLES
            packet = rtp_packet(b"\xff" * PCMU_SAMPLES, PCMU_TYPE, sequence, timestamp, False)
            await self.link.send(packet)
            await asyncio.sleep(PCMU_SAMPLES / 8000)
