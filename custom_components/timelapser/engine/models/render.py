"""What a video is made of: its pictures in order, and how they are shown."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from fractions import Fraction

from .encoding import Encoding
from .video import VideoFile


@dataclass(frozen=True, slots=True)
class RenderImage:
    """What a render has to know of an image; `folder` is that of its timelapse."""

    id: int
    timelapse_id: int
    folder: str
    seq: int
    captured_at: datetime
    width: int
    height: int
    byte_count: int
    content_hash: str | None = None
    luma: float | None = None
    """Mean, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Card:
    """A dark picture with a line of text, for a gap."""

    text: str


@dataclass(frozen=True, slots=True)
class Mosaic:
    """Images that are shown at once, the leading one first; None is a dark tile.

    `gains` are what to multiply the brightness of each with; none where there is nothing to do.
    """

    tiles: tuple[RenderImage | None, ...]
    gains: tuple[float, ...] = ()

    def without(self, bad: Collection[RenderImage]) -> Mosaic:
        """Answer the mosaic with dark tiles instead of some images."""
        return replace(self, tiles=tuple(None if tile in bad else tile for tile in self.tiles))


type Shown = RenderImage | Card | Mosaic
"""What a frame can show."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture of a video, and for how many frames it is shown."""

    image: Shown
    repeat: int = 1


def tiles_of(shown: Shown) -> tuple[RenderImage | None, ...]:
    """Answer the images of a frame, with None for dark tiles; a card has none at all."""
    match shown:
        case Mosaic():
            return shown.tiles
        case RenderImage():
            return (shown,)
    return ()


def leading(shown: Shown) -> RenderImage | None:
    """Answer the image that gives a frame its place in the video; a card has none."""
    return next(iter(tiles_of(shown)), None)


@dataclass(frozen=True, slots=True)
class Looks:
    """What is done to the pictures; `blend` is how many neighbours are mixed into each frame."""

    deflicker: bool = False
    blend: int = 0


@dataclass(frozen=True, slots=True)
class RenderPlan:
    """A video that is to be made; `created_at` and the names are told by the file itself."""

    shots: tuple[Shot, ...]
    fps: Fraction
    encoding: Encoding
    looks: Looks = Looks()
    title: str = ""
    camera: str = ""
    created_at: datetime | None = None
    threads: int = 1

    @property
    def frames(self) -> int:
        """How many frames the video will have if every image can be read."""
        return sum(shot.repeat for shot in self.shots)


@dataclass(frozen=True, slots=True)
class RenderProgress:
    """How far a render is; `fps` and `eta` (seconds) are None while unknown."""

    frames_total: int
    frames_done: int
    fps: float | None = None
    eta: float | None = None

    @property
    def percent(self) -> float:
        """0 to 100."""
        return 100 * self.frames_done / self.frames_total if self.frames_total else 0.0


@dataclass(frozen=True, slots=True)
class Rendered:
    """A finished video.

    `cpu_seconds` are those of FFmpeg and of joining. `left_out` are images that could not be
    read, by reason. `encoder` is the one that FFmpeg used, `reason` why not another.
    """

    file: VideoFile
    encoder: str
    reason: str | None
    cpu_seconds: float
    frames_from_cache: int
    left_out: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a render will probably need; of its frames, so many are there already."""

    frames: int
    byte_count: int
    cpu_seconds: float
    frames_from_cache: int

    @property
    def from_cache(self) -> float:
        """Share of the frames that are there already, 0 to 1."""
        return self.frames_from_cache / self.frames if self.frames else 0.0
