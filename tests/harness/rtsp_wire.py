"""What goes over the wire of an RTSP session: requests, replies, and RTP by TCP or UDP."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
import struct
from typing import Self
from urllib.parse import parse_qsl, urlsplit

# 16 packets a millisecond: a keyframe in one burst overflows the receive buffer of a UDP client.
UDP_BURST = 16


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
    def carrier(self) -> str:
        """TCP or UDP, where the client asks for one of them."""
        transport = self.headers.get("transport", "")
        return ("TCP" if "TCP" in transport else "UDP") if transport else ""

    @property
    def options(self) -> dict[str, str]:
        """The query: faults and their numbers."""
        return dict(parse_qsl(urlsplit(self.stream_uri).query))


class Link:
    """The way to a client: its control connection, and the UDP sockets it may have asked for."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._channel = 0
        self._udp: tuple[asyncio.DatagramTransport, ...] = ()
        self._sent = 0

    async def next_request(self) -> Request:
        """Wait for a request; what clients tell by RTCP is passed over."""
        while (first := await self._reader.readexactly(1)) == b"$":
            _channel, length = struct.unpack(">BH", await self._reader.readexactly(3))
            await self._reader.readexactly(length)
        request = Request.parse((first + await self._reader.readuntil(b"\r\n\r\n")).decode())
        await self._reader.readexactly(int(request.headers.get("content-length", 0)))
        return request

    async def reply(
        self,
        request: Request,
        headers: Mapping[str, str] | None = None,
        *,
        status: str = "200 OK",
        body: str = "",
    ) -> None:
        """Answer a request."""
        lines = [f"RTSP/1.0 {status}", f"CSeq: {request.headers.get('cseq', '0')}"]
        lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
        if body:
            lines.append(f"Content-Length: {len(body.encode())}")
        self._writer.write("\r\n".join([*lines, "", body]).encode())
        await self._writer.drain()

    async def set_up(self, transport: str, host: str) -> str:
        """Open what the client asks for; returns the `Transport` header of the reply."""
        parameters = dict(part.partition("=")[::2] for part in transport.split(";"))
        if "TCP" in transport:
            self._channel = int(parameters.get("interleaved", "0-1").split("-")[0])
            return transport
        ports = [int(port) for port in parameters["client_port"].split("-")]
        client = self._writer.get_extra_info("peername")[0]
        self._udp = await _udp_pair(host, client, ports)
        port = self._udp[0].get_extra_info("sockname")[1]
        return f"{transport};server_port={port}-{port + 1}"

    async def send(self, packet: bytes) -> None:
        """Send an RTP packet."""
        if not self._udp:
            self._writer.write(b"$" + struct.pack(">BH", self._channel, len(packet)) + packet)
            await self._writer.drain()
            return
        self._udp[0].sendto(packet)
        self._sent += 1
        if self._sent % UDP_BURST == 0:
            await asyncio.sleep(0.001)

    def abort(self) -> None:
        """Cut the connection, as a camera that loses its power does."""
        self._writer.transport.abort()

    def close(self) -> None:
        """Close everything."""
        for transport in self._udp:
            transport.close()
        self._writer.close()


async def _udp_pair(
    host: str, client: str, ports: list[int]
) -> tuple[asyncio.DatagramTransport, ...]:
    """Sockets for RTP and RTCP: an even port and the next one, as RFC 3550 11 wants."""
    while True:
        first = await _udp_socket((host, 0), (client, ports[0]))
        port = first.get_extra_info("sockname")[1]
        if port % 2 == 0:
            try:
                return first, await _udp_socket((host, port + 1), (client, ports[-1]))
            except OSError:  # somebody else has the next one
                pass
        first.close()


async def _udp_socket(local: tuple[str, int], remote: tuple[str, int]) -> asyncio.DatagramTransport:
    loop = asyncio.get_running_loop()
    transport, _protocol = await loop.create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=local, remote_addr=remote
    )
    return transport
