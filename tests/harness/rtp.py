"""Video files as RTP: access units of H.264 and H.265, and the packets that carry them."""

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
import struct
from typing import Literal

import av
from av.bitstream import BitStreamFilterContext

# What fits an Ethernet frame after the IP, UDP and RTP headers, with room to spare.
MAX_PAYLOAD = 1400
CLOCK_RATE = 90_000

type Codec = Literal["H264", "H265"]


@dataclass(frozen=True, slots=True)
class AccessUnit:
    """One picture: when it is sent and shown (seconds in the file), and its NAL units."""

    sent_at: float
    shown_at: float
    is_keyframe: bool
    nals: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Clip:
    """A short video file, ready to be sent."""

    codec: Codec
    units: tuple[AccessUnit, ...]
    duration: float

    @classmethod
    def load(cls, path: Path) -> Clip:
        """Read a whole file; blocks."""
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            codec: Codec = "H264" if stream.codec_context.name == "h264" else "H265"
            to_annexb = BitStreamFilterContext(
                "h264_mp4toannexb" if codec == "H264" else "hevc_mp4toannexb", stream
            )
            units = tuple(
                _access_unit(filtered)
                for packet in container.demux(stream)
                if packet.size
                for filtered in to_annexb.filter(packet)
            )
        step = units[1].sent_at - units[0].sent_at if len(units) > 1 else 1.0
        return cls(codec, units, units[-1].sent_at - units[0].sent_at + step)

    @property
    def format_parameters(self) -> str:
        """The `a=fmtp` value of SDP: the parameter sets, and what depends on them."""
        sets = self._parameter_sets()
        texts = {kind: base64.b64encode(nal).decode() for kind, nal in sets.items()}
        if self.codec == "H264":
            return (
                f"packetization-mode=1;profile-level-id={sets[7][1:4].hex()};"
                f"sprop-parameter-sets={texts[7]},{texts[8]}"
            )
        return f"sprop-vps={texts[32]};sprop-sps={texts[33]};sprop-pps={texts[34]}"

    def keyframe_before(self, position: float) -> int:
        """Index of the last keyframe at a position (seconds, wraps around) or before it."""
        at = self.units[0].sent_at + position % self.duration
        keys = [i for i, unit in enumerate(self.units) if unit.is_keyframe and unit.sent_at <= at]
        return keys[-1] if keys else 0

    def middle_of_gop(self, keyframe: int) -> int:
        """Index half-way between a keyframe and the next one."""
        after = range(keyframe + 1, len(self.units))
        following = next((i for i in after if self.units[i].is_keyframe), len(self.units))
        return (keyframe + following) // 2

    def from_unit(self, start: int) -> Iterator[tuple[float, float, AccessUnit]]:
        """Access units for ever: when to send and to show each (seconds since start)."""
        origin = self.units[start].sent_at
        elapsed = 0.0
        while True:
            for unit in self.units[start:]:
                yield unit.sent_at - origin + elapsed, unit.shown_at - origin + elapsed, unit
            elapsed += self.duration
            start = 0

    def payloads(self, unit: AccessUnit) -> Iterator[tuple[bytes, bool]]:
        """RTP payloads of an access unit, each with whether it is the last."""
        for index, nal in enumerate(unit.nals):
            is_last_nal = index == len(unit.nals) - 1
            pieces = [nal] if len(nal) <= MAX_PAYLOAD else list(self._fragments(nal))
            for number, piece in enumerate(pieces, 1):
                yield piece, is_last_nal and number == len(pieces)

    def _fragments(self, nal: bytes) -> Iterator[bytes]:
        # FU-A of RFC 6184 5.8, FU of RFC 7798 4.4.3
        if self.codec == "H264":
            kind, body = nal[0] & 0x1F, nal[1:]
            header = bytes([(nal[0] & 0xE0) | 28])
        else:
            kind, body = (nal[0] >> 1) & 0x3F, nal[2:]
            header = bytes([(nal[0] & 0x81) | (49 << 1), nal[1]])
        size = MAX_PAYLOAD - len(header) - 1
        for offset in range(0, len(body), size):
            is_first, is_last = offset == 0, offset + size >= len(body)
            flags = (0x80 if is_first else 0) | (0x40 if is_last else 0)
            yield header + bytes([flags | kind]) + body[offset : offset + size]

    def _parameter_sets(self) -> dict[int, bytes]:
        wanted = (7, 8) if self.codec == "H264" else (32, 33, 34)
        found: dict[int, bytes] = {}
        for unit in self.units:
            for nal in unit.nals:
                kind = nal[0] & 0x1F if self.codec == "H264" else (nal[0] >> 1) & 0x3F
                if kind in wanted:
                    found.setdefault(kind, nal)
            if len(found) == len(wanted):
                break
        return found


def rtp_packet(
    payload: bytes, payload_type: int, sequence: int, timestamp: int, marker: bool
) -> bytes:
    """An RTP packet (RFC 3550 5.1) with a fixed source."""
    header = struct.pack(
        ">BBHII",
        0x80,
        payload_type | (0x80 if marker else 0),
        sequence & 0xFFFF,
        timestamp & 0xFFFFFFFF,
        0x54494D45,
    )
    return header + payload


def split_annexb(data: bytes) -> tuple[bytes, ...]:
    """NAL units between the start codes of an Annex B stream."""
    units = []
    start = data.find(b"\0\0\1")
    while start >= 0:
        following = data.find(b"\0\0\1", start + 3)
        end = following if following >= 0 else len(data)
        # A NAL unit never ends with a zero byte: those belong to the next start code.
        if nal := data[start + 3 : end].rstrip(b"\0"):
            units.append(nal)
        start = following
    return tuple(units)


def _access_unit(packet: av.Packet[av.VideoStream]) -> AccessUnit:
    shown_at = packet.pts if packet.pts is not None else 0
    sent_at = packet.dts if packet.dts is not None else shown_at
    base = packet.time_base
    return AccessUnit(
        sent_at=float(sent_at * base),
        shown_at=float(shown_at * base),
        is_keyframe=packet.is_keyframe,
        nals=split_annexb(bytes(packet)),
    )
