"""The JPEGs of a video: which can be read, and their bytes in time for FFmpeg."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from concurrent.futures import Executor
from contextlib import closing
from io import BytesIO
from itertools import batched
from pathlib import Path
from typing import Final

from PIL import Image as Pillow
from PIL import ImageDraw, ImageFont

from ..errors import RenderError
from ..images.files import Storage
from ..images.orientation import upright
from ..models.render import Card, Mosaic, RenderImage, Shown, tiles_of
from .mosaic import compose
from .segments import Still, runs

BATCH: Final = 4
"""Files read in one hop off the event loop; as many again are read ahead."""
MISSING, EMPTY, UNREADABLE = "missing", "empty", "unreadable"
CARD_BACKGROUND, CARD_TEXT = (16, 16, 16), (190, 190, 190)
CARD_QUALITY: Final = 92


class Pictures:
    """Reads pictures on the threads of an executor, never more than a few at a time."""

    def __init__(self, storage: Storage, executor: Executor) -> None:
        self._storage = storage
        self._executor = executor

    async def unusable(self, stills: Sequence[Still]) -> dict[RenderImage, str]:
        """Answer the images that show nothing, and why: missing, empty or unreadable.

        A picture that is cut off later than in its header counts as one.
        """
        images = [image for shown, _ in runs(stills) for image in tiles_of(shown) if image]
        return await self._run(lambda: self._check(images))

    async def jpegs(self, stills: Sequence[Still], size: tuple[int, int]) -> AsyncIterator[bytes]:
        """Answer the bytes of each frame's picture; `size` is that of cards and mosaics.

        Raises RenderError when an image has vanished meanwhile.
        """
        batches = batched(runs(stills), BATCH, strict=False)
        ahead: asyncio.Future[list[tuple[bytes, int]]] | None = None
        try:
            while (batch := next(batches, None)) or ahead is not None:
                following = self._start(batch, size) if batch else None
                ready, ahead = ahead, following
                for jpeg, count in await ready if ready is not None else ():
                    for _ in range(count):
                        yield jpeg
        finally:
            if ahead is not None:
                ahead.cancel()

    def _start(
        self, batch: Sequence[tuple[Shown, int]], size: tuple[int, int]
    ) -> asyncio.Future[list[tuple[bytes, int]]]:
        def work() -> list[tuple[bytes, int]]:
            return [(self._read(image, size), count) for image, count in batch]

        return asyncio.get_running_loop().run_in_executor(self._executor, work)

    def _read(self, shown: Shown, size: tuple[int, int]) -> bytes:
        match shown:
            case Card():
                return card(shown, size)
            case Mosaic():
                tiles = (self._bytes(tile) if tile else None for tile in shown.tiles)
                return compose(tiles, len(shown.tiles), size, shown.gains)
        return upright(self._bytes(shown))

    def _bytes(self, image: RenderImage) -> bytes:
        try:
            return self._path(image).read_bytes()
        except OSError as error:
            raise RenderError(reason="an image vanished during the render") from error

    def _check(self, images: Iterable[RenderImage]) -> dict[RenderImage, str]:
        found = {image: self._reason(image) for image in images}
        return {image: reason for image, reason in found.items() if reason is not None}

    def _reason(self, image: RenderImage) -> str | None:
        path = self._path(image)
        try:
            if not path.stat().st_size:
                return EMPTY
            with closing(Pillow.open(path, formats=("JPEG",))):
                return None
        except FileNotFoundError:
            return MISSING
        except OSError, SyntaxError, ValueError, Pillow.DecompressionBombError:
            return UNREADABLE

    def _path(self, image: RenderImage) -> Path:
        return self._storage.image_path(image.folder, image.captured_at, quarantined=False)

    async def _run[T](self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._executor, work)


def card(text: Card, size: tuple[int, int]) -> bytes:
    """Answer a JPEG that shows a card."""
    picture = Pillow.new("RGB", size, CARD_BACKGROUND)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(max(10, min(size) // 14))
    middle = (size[0] / 2, size[1] / 2)
    draw.multiline_text(middle, text.text, CARD_TEXT, font, anchor="mm", align="center")
    buffer = BytesIO()
    picture.save(buffer, "JPEG", quality=CARD_QUALITY)
    return buffer.getvalue()
