"""An RTSP 1.0 camera: loops video files in real time, over TCP and UDP, with faults to order.

Faults are asked for in the query of the URL:

- `fault=stall`: PLAY is answered, but after `after` packets (0) no more come.
- `fault=drop`: the connection is cut after `after` packets (20).
- `fault=503`, or any status: that is the answer to DESCRIBE.
- `fault=slow`: DESCRIBE is answered after `delay` seconds (3).
- `fault=garbage`: one packet in ten carries a broken payload.
- `fault=novideo`: the session holds sound only.
- `start=late`: the first picture is no keyframe, as with most real cameras.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
import random
import secrets
import struct
import time
from typing import Literal, Self
from urllib.parse import parse_qsl, quote, urlsplit

from .auth import basic_matches, digest_matches, parse_digest
from .rtp import CLOCK_RATE, Clip, rtp_packet

REALM = "camera"
VIDEO_TYPE = 96
PCMU_TYPE = 0
METHODS = "OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER, TEARDOWN"
# 16 packets a millisecond: a keyframe in one burst overflows the receive buffer of a UDP client.
UDP_BURST = 16


class RtspServer:
    """A server of looping video files by path; an async context manager."""

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
            await _Session(self, reader, writer).run()
        finally:
            self._sessions.discard(task)


@dataclass(frozen=True, slots=True)
class Request:
    """A request of a client; header names are in lower case."""

    method: str
    uri: str
    headers: Mapping[str, str]

    @classmethod
    def parse(cls, head: str) -> Self:
        """Read the request line and the headers."""
        line, *rest = head.strip().split("\r\n")
        method, uri, _version = line.split(" ", 2)
        pairs = (header.partition(":") for header in rest)
        return cls(method, uri, {name.strip().lower(): value.strip() for name, _, value in pairs})

    @property
    def stream_uri(self) -> str:
        """The URI without the track that SETUP adds to it."""
        return self.uri.rstrip("/").removesuffix("/track0").rstrip("/")

    @property
    def path(self) -> str:
        """The path of the stream."""
        return urlsplit(self.stream_uri).path.rstrip("/")

    @property
    def options(self) -> dict[str, str]:
        """The query: faults and their numbers."""
        return dict(parse_qsl(urlsplit(self.stream_uri).query))


@dataclass(slots=True)
class _Session:
    """One connection of a client, from its first request to its last."""

    server: RtspServer
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    id: str = field(default_factory=lambda: secrets.token_hex(4))
    channel: int = 0
    udp: tuple[asyncio.DatagramTransport, ...] = ()
    playing: asyncio.Task[None] | None = None

    async def run(self) -> None:
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while (request := await self._next_request()).method != "TEARDOWN":
                    await self._answer(request)
                self._reply(request, {"Session": self.id})
                await self.writer.drain()
        finally:
            if self.playing is not None:
                self.playing.cancel()
                await asyncio.gather(self.playing, return_exceptions=True)
            for transport in self.udp:
                transport.close()
            self.writer.close()

    async def _next_request(self) -> Request:
        while (first := await self.reader.readexactly(1)) == b"$":  # RTCP of the client
            _channel, length = struct.unpack(">BH", await self.reader.readexactly(3))
            await self.reader.readexactly(length)
        request = Request.parse((first + await self.reader.readuntil(b"\r\n\r\n")).decode())
        await self.reader.readexactly(int(request.headers.get("content-length", 0)))
        return request

    async def _answer(self, request: Request) -> None:
        transport = request.headers.get("transport", "")
        kind = ("TCP" if "TCP" in transport else "UDP") if transport else ""
        self.server.requests.append(f"{request.method} {request.path} {kind}".rstrip())
        session = {"Session": f"{self.id};timeout=60"}
        if request.method == "OPTIONS":
            self._reply(request, {"Public": METHODS})
        elif not self.server.allows(request):
            unauthorized = {"WWW-Authenticate": self.server.challenge}
            self._reply(request, unauthorized, status="401 Unauthorized")
        elif request.path not in self.server.clips:
            self._reply(request, status="404 Not Found")
        elif request.method == "DESCRIBE":
            await self._describe(request)
        elif request.method == "SETUP":
            self._reply(request, session | {"Transport": await self._set_up(transport)})
        elif request.method == "PLAY":
            self._reply(request, session | {"Range": "npt=0.000-"})
            self.playing = self.playing or asyncio.create_task(self._play(request))
        else:
            self._reply(request, session)
        await self.writer.drain()

    def _reply(
        self,
        request: Request,
        headers: Mapping[str, str] | None = None,
        *,
        status: str = "200 OK",
        body: str = "",
    ) -> None:
        lines = [f"RTSP/1.0 {status}", f"CSeq: {request.headers.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body.encode())}")
        self.writer.write("\r\n".join([*lines, "", body]).encode())

    async def _describe(self, request: Request) -> None:
        fault = request.options.get("fault", "")
        if fault.isdigit():
            self._reply(request, status=f"{fault} Fault")
            return
        if fault == "slow":
            await asyncio.sleep(float(request.options.get("delay", 3)))
        clip = self.server.clips[request.path]
        if fault == "novideo":
            media = [f"m=audio 0 RTP/AVP {PCMU_TYPE}", f"a=rtpmap:{PCMU_TYPE} PCMU/8000"]
        else:
            media = [
                f"m=video 0 RTP/AVP {VIDEO_TYPE}",
                f"a=rtpmap:{VIDEO_TYPE} {clip.codec}/{CLOCK_RATE}",
                f"a=fmtp:{VIDEO_TYPE} {clip.format_parameters}",
            ]
        session = ["v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=camera", "c=IN IP4 0.0.0.0", "t=0 0"]
        lines = [*session, "a=control:*", *media, f"a=control:{request.stream_uri}/track0", ""]
        headers = {"Content-Base": f"{request.uri}/", "Content-Type": "application/sdp"}
        self._reply(request, headers, body="\r\n".join(lines))

    async def _set_up(self, transport: str) -> str:
        """Open what the client asks for; returns the `Transport` header of the reply."""
        parameters = dict(part.partition("=")[::2] for part in transport.split(";"))
        if "TCP" in transport:
            self.channel = int(parameters.get("interleaved", "0-1").split("-")[0])
            return transport
        ports = parameters["client_port"].split("-")
        client = self.writer.get_extra_info("peername")[0]
        self.udp = await _udp_pair(self.server.host, client, int(ports[0]), int(ports[-1]))
        port = self.udp[0].get_extra_info("sockname")[1]
        return f"{transport};server_port={port}-{port + 1}"

    async def _play(self, request: Request) -> None:
        options = request.options
        if options.get("fault") == "novideo":
            await self._play_silence()
            return
        clip = self.server.clips[request.path]
        start = clip.keyframe_before(time.time())
        if options.get("start") == "late":
            start = clip.middle_of_gop(start)
        fault, after = options.get("fault"), int(options.get("after", 0))
        noise = random.Random(request.path)
        clock = asyncio.get_running_loop().time
        began, sequence = clock(), 0
        for send_at, show_at, unit in clip.from_unit(start):
            await asyncio.sleep(max(0.0, began + send_at - clock()))
            for payload, is_last in clip.payloads(unit):
                if fault == "stall" and sequence >= after:
                    return
                if fault == "drop" and sequence >= (after or 20):
                    self.writer.transport.abort()
                    return
                broken = fault == "garbage" and noise.random() < 0.1
                await self._send(
                    rtp_packet(
                        payload[:2] + noise.randbytes(len(payload) - 2) if broken else payload,
                        payload_type=VIDEO_TYPE,
                        sequence=sequence,
                        timestamp=round(show_at * CLOCK_RATE),
                        marker=is_last,
                    )
                )
                sequence += 1
                if self.udp and sequence % UDP_BURST == 0:
                    await asyncio.sleep(0.001)

    async def _play_silence(self) -> None:
        sequence, samples = 0, 160
        while True:
            await self._send(
                rtp_packet(
                    b"\xff" * samples,
                    payload_type=PCMU_TYPE,
                    sequence=sequence,
                    timestamp=sequence * samples,
                    marker=sequence == 0,
                )
            )
            sequence += 1
            await asyncio.sleep(samples / 8000)

    async def _send(self, packet: bytes) -> None:
        if self.udp:
            self.udp[0].sendto(packet)
            return
        self.writer.write(b"$" + struct.pack(">BH", self.channel, len(packet)) + packet)
        await self.writer.drain()


async def _udp_pair(
    host: str, client: str, rtp_port: int, rtcp_port: int
) -> tuple[asyncio.DatagramTransport, ...]:
    """Sockets for RTP and RTCP: an even port and the next one, as RFC 3550 11 wants."""
    loop = asyncio.get_running_loop()
    while True:
        probe, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, local_addr=(host, 0)
        )
        port = probe.get_extra_info("sockname")[1] & ~1
        probe.close()
        await asyncio.sleep(0)  # the transport lets go of its port in the next turn of the loop
        opened: list[asyncio.DatagramTransport] = []
        try:
            for local, remote in ((port, rtp_port), (port + 1, rtcp_port)):
                transport, _ = await loop.create_datagram_endpoint(
                    asyncio.DatagramProtocol, local_addr=(host, local), remote_addr=(client, remote)
                )
                opened.append(transport)
        except OSError:
            for transport in opened:
                transport.close()
        else:
            return tuple(opened)
