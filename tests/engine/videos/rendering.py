"""A renderer with pictures to render, for its tests."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction
import hashlib
from pathlib import Path
import subprocess
from typing import Any

from custom_components.timelapser.engine.database.segment_operations import SegmentOperations
from custom_components.timelapser.engine.models import Quality, Timelapse
from custom_components.timelapser.engine.models.encoding import Codec, Encoding, Hardware
from custom_components.timelapser.engine.models.render import (
    Card,
    Rendered,
    RenderImage,
    RenderPlan,
    RenderProgress,
    Shot,
)
from custom_components.timelapser.engine.videos.cache import FOLDER, SegmentCache
from custom_components.timelapser.engine.videos.encoders import Encoders
from custom_components.timelapser.engine.videos.renderer import Renderer
from tests.engine.conftest import BEGIN, Engine
from tests.engine.videos.numbered import SIZE, jpeg, numbered

GIGABYTE = 10**9


def image_of(
    timelapse: Timelapse, seq: int, content: bytes = b"", luma: float | None = None
) -> RenderImage:
    """The row of an image, one a minute."""
    return RenderImage(
        id=seq + 1,
        timelapse_id=timelapse.id,
        folder=timelapse.folder,
        seq=seq,
        captured_at=BEGIN + timedelta(minutes=seq),
        width=SIZE[0],
        height=SIZE[1],
        byte_count=len(content),
        content_hash=hashlib.sha256(content).hexdigest() if content else None,
        luma=luma,
    )


def plan_of(pictures: Iterable[RenderImage | Card | Shot], **changes: Any) -> RenderPlan:
    """A plan that shows pictures for a frame each."""
    shots = tuple(each if isinstance(each, Shot) else Shot(each) for each in pictures)
    encoding = Encoding(Codec.H264, Quality.LOW, Hardware.OFF, *SIZE)
    plan = RenderPlan(shots, Fraction(24), encoding, title="Spring", camera="Garden")
    return replace(plan, **{"created_at": datetime(2026, 11, 24, 10, tzinfo=UTC)} | changes)


@dataclass
class Studio:
    """A renderer on an engine, and what it was seen doing."""

    engine: Engine
    timelapse: Timelapse
    encoders: Encoders
    limit: int = GIGABYTE
    options: dict[str, Any] = field(default_factory=dict)
    encodes: int = 0
    """How often FFmpeg was started on pictures."""
    progress: list[RenderProgress] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.rows = SegmentOperations(self.engine.database)
        self.cache = SegmentCache(
            self.rows, self.engine.storage, self.engine.pool, self.now, lambda: self.limit
        )
        self.clock = datetime.now(UTC)
        self.renderer = self.new_renderer()
        self.output = self.engine.storage.resolve(f"{self.timelapse.folder}/videos/out.mp4")

    def new_renderer(self) -> Renderer:
        options: dict[str, Any] = {
            "storage": self.engine.storage,
            "cache": self.cache,
            "encoders": self.encoders,
            "executor": self.engine.pool,
            "ffmpeg": "ffmpeg",
            "spawn": self.spawn,
        }
        return Renderer(**options | self.options)

    def now(self) -> datetime:
        self.clock += timedelta(seconds=1)
        return self.clock

    async def spawn(self, *command: str, **options: Any) -> asyncio.subprocess.Process:
        self.encodes += "pipe:0" in command
        return await asyncio.create_subprocess_exec(*command, **options)

    def take(self, numbers: Iterable[int]) -> list[RenderImage]:
        """Put images on disk that show their number."""
        return [self.put(number, jpeg(numbered(number % 256))) for number in numbers]

    def put(self, seq: int, content: bytes) -> RenderImage:
        image = image_of(self.timelapse, seq, content)
        path = self.path(image)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return image

    def path(self, image: RenderImage) -> Path:
        storage = self.engine.storage
        return storage.image_path(image.folder, image.captured_at, quarantined=False)

    async def render(self, plan: RenderPlan) -> Rendered:
        self.encodes = 0
        return await self.renderer.render(plan, self.output, self.progress.append)

    def segments(self) -> list[Path]:
        return sorted(self.engine.storage.resolve(FOLDER).rglob("*.seg"))

    def leftovers(self) -> list[str]:
        return [path.name for path in self.engine.storage.root.rglob("*.part*")]


def frame_hashes(videos: Sequence[Path]) -> list[str]:
    """The hashes of all decoded frames, in order; decoding must be clean."""
    found: list[str] = []
    for video in videos:
        command = ["ffmpeg", "-v", "error", "-xerror", "-i", str(video)]
        command += ["-fps_mode", "passthrough", "-f", "framemd5", "-"]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        assert not done.stderr
        lines = done.stdout.splitlines()
        found += [line.rpartition(",")[2] for line in lines if not line.startswith("#")]
    return found
