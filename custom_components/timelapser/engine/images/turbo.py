"""The library libturbojpeg: JPEGs to planes of luma and chroma and back, and cut without a decode.

It is called by itself, not through PyTurboJPEG: that one only prints what the library warns of,
which is how most damage is told, and has no way from planes to RGB.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from ctypes import (
    CDLL,
    POINTER,
    Array,
    Structure,
    byref,
    c_char_p,
    c_int,
    c_ulong,
    c_void_p,
    string_at,
)
from functools import cache
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ..models import Picture

type Planes = Sequence[NDArray[np.uint8]]
"""Luma alone, or luma, blue and red chroma; each of shape (rows, columns), in JPEG's full range.

Outside of `Turbo.decoded` chroma has half the rows and columns of luma, rounded up.
"""

_NAMES: Final = ("libturbojpeg.so.0", "libturbojpeg.so", "libturbojpeg.dylib")

# Of turbojpeg.h, where they are TJSAMP_420, TJSAMP_GRAY and so on.
_HALVED: Final = 2
_GREY: Final = 3
_SUBSAMPLINGS: Final = range(6)
_YCBCR_COLOURS: Final = 1
_GREY_COLOURS: Final = 2
_RGB_PIXELS: Final = 0
_CROP: Final = 4
_COPY_NO_NOTES: Final = 64
_STOP_ON_WARNING: Final = 8192
_ONLY_A_WARNING: Final = 0


class _Region(Structure):
    _fields_ = (("x", c_int), ("y", c_int), ("width", c_int), ("height", c_int))


class _Transform(Structure):
    _fields_ = (
        ("region", _Region),
        ("operation", c_int),
        ("options", c_int),
        ("data", c_void_p),
        ("filter", c_void_p),
    )


_SIZE: Final = (c_int, c_int)
_PLANES: Final = (POINTER(c_void_p), POINTER(c_int))
_BUFFER: Final = (POINTER(c_void_p), POINTER(c_ulong))
_JPEG: Final = (c_char_p, c_ulong)
_FUNCTIONS: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "tjInitDecompress": (c_void_p, ()),
    "tjInitCompress": (c_void_p, ()),
    "tjInitTransform": (c_void_p, ()),
    "tjDestroy": (c_int, (c_void_p,)),
    "tjFree": (None, (c_void_p,)),
    "tjGetErrorCode": (c_int, (c_void_p,)),
    "tjGetErrorStr2": (c_char_p, (c_void_p,)),
    "tjPlaneWidth": (c_int, (c_int, c_int, c_int)),
    "tjPlaneHeight": (c_int, (c_int, c_int, c_int)),
    "tjDecompressHeader3": (c_int, (c_void_p, *_JPEG, *[POINTER(c_int)] * 4)),
    "tjDecompressToYUVPlanes": (
        c_int,
        (c_void_p, *_JPEG, POINTER(c_void_p), c_int, POINTER(c_int), c_int, c_int),
    ),
    "tjDecodeYUVPlanes": (
        c_int,
        (c_void_p, *_PLANES, c_int, c_void_p, c_int, c_int, c_int, c_int, c_int),
    ),
    "tjEncodeYUVPlanes": (
        c_int,
        (c_void_p, c_void_p, c_int, c_int, c_int, c_int, *_PLANES, c_int, c_int),
    ),
    "tjCompressFromYUVPlanes": (
        c_int,
        (c_void_p, POINTER(c_void_p), c_int, POINTER(c_int), c_int, c_int, *_BUFFER, c_int, c_int),
    ),
    "tjTransform": (c_int, (c_void_p, *_JPEG, c_int, *_BUFFER, POINTER(_Transform), c_int)),
}


class BrokenJpegError(OSError):
    """A JPEG that can be decoded, but whose data do not make sense all the way."""


@cache
def turbojpeg() -> Turbo | None:
    """Load the library, at the first call; None where there is none, or none that is new enough.

    Two threads may come first at the same time: then it is loaded twice, which does no harm.
    """
    for name in _NAMES:
        try:
            return Turbo(CDLL(name))
        except OSError, AttributeError:
            continue
    return None


class Turbo:
    """What is used of libturbojpeg 2.0 and newer; any thread may call it at any time."""

    def __init__(self, library: CDLL) -> None:
        self._library: Any = library  # its functions have no types
        for name, (answer, arguments) in _FUNCTIONS.items():
            function = getattr(library, name)
            function.restype, function.argtypes = answer, arguments

    def decoded(self, jpeg: bytes, reduction: int) -> Planes:
        """Decode a JPEG, 1, 2, 4 or 8 times smaller, rounded up; chroma is as large as it comes.

        Raises BrokenJpegError for the least damage, and OSError where it cannot be decoded, or
        for colours that are neither YCbCr nor grey.
        """
        with self._handle("tjInitDecompress") as handle:
            width, height, subsampling = self._header(handle, jpeg)
            size = -(-width // reduction), -(-height // reduction)
            planes = [
                np.empty(self._shape(number, size, subsampling), np.uint8)
                for number in range(1 if subsampling == _GREY else 3)
            ]
            pointers, strides = _addressed(planes)
            status = self._library.tjDecompressToYUVPlanes(
                handle, jpeg, len(jpeg), pointers, size[0], strides, size[1], _STOP_ON_WARNING
            )
            self._check(handle, status)
        # Luma comes with as many pixels as whole ones of chroma cover.
        planes[0] = planes[0][: size[1], : size[0]]
        return planes

    def rgb(self, planes: Planes) -> Picture:
        """Answer the picture that planes show, grey where luma is alone."""
        height, width = planes[0].shape
        if len(planes) == 1:
            return planes[0]
        picture = np.empty((height, width, 3), np.uint8)
        planes = _filled_up(planes)
        pointers, strides = _addressed(planes)
        with self._handle("tjInitDecompress") as handle:
            status = self._library.tjDecodeYUVPlanes(
                handle,
                pointers,
                strides,
                _HALVED,
                picture.ctypes.data,
                width,
                0,
                height,
                _RGB_PIXELS,
                0,
            )
            self._check(handle, status)
        return picture

    def separated(self, picture: Picture) -> Planes:
        """Answer the planes of a picture in RGB or grey."""
        picture = np.ascontiguousarray(picture)
        if picture.ndim == 2:
            return [picture]
        height, width = picture.shape[:2]
        planes = [
            np.empty(self._shape(number, (width, height), _HALVED), np.uint8) for number in range(3)
        ]
        pointers, strides = _addressed(planes)
        with self._handle("tjInitCompress") as handle:
            status = self._library.tjEncodeYUVPlanes(
                handle,
                picture.ctypes.data,
                width,
                0,
                height,
                _RGB_PIXELS,
                pointers,
                strides,
                _HALVED,
                0,
            )
            self._check(handle, status)
        planes[0] = planes[0][:height, :width]
        return planes

    def encoded(self, planes: Planes, quality: int) -> bytes:
        """Encode planes as a JPEG; raise OSError where they are larger than a JPEG can be."""
        height, width = planes[0].shape
        planes = _filled_up(planes)
        pointers, strides = _addressed(planes)
        subsampling = _GREY if len(planes) == 1 else _HALVED
        with self._handle("tjInitCompress") as handle, self._output() as (start, length):
            status = self._library.tjCompressFromYUVPlanes(
                handle,
                pointers,
                width,
                strides,
                height,
                subsampling,
                byref(start),
                byref(length),
                quality,
                0,
            )
            self._check(handle, status)
            return string_at(start.value or 0, length.value)

    def cut(self, jpeg: bytes, box: tuple[int, int, int, int]) -> bytes:
        """Cut a JPEG without a decode, and without its notes.

        The box is left, top, right and bottom, the first two on the JPEG's grid. Raises OSError
        where that cannot be done; lesser damage stays in what is cut out.
        """
        left, top, right, bottom = box
        region = _Region(left, top, right - left, bottom - top)
        wanted = _Transform(region, 0, _CROP | _COPY_NO_NOTES)
        with self._handle("tjInitTransform") as handle, self._output() as (start, length):
            status = self._library.tjTransform(
                handle, jpeg, len(jpeg), 1, byref(start), byref(length), byref(wanted), 0
            )
            if self._library.tjGetErrorCode(handle) != _ONLY_A_WARNING:
                self._check(handle, status)
            return string_at(start.value or 0, length.value)

    @contextmanager
    def _handle(self, init: str) -> Iterator[int]:
        handle = getattr(self._library, init)()
        if not handle:
            raise MemoryError
        try:
            yield handle
        finally:
            self._library.tjDestroy(handle)

    @contextmanager
    def _output(self) -> Iterator[tuple[c_void_p, c_ulong]]:
        """Room for a JPEG, which the library makes."""
        start, length = c_void_p(), c_ulong()
        try:
            yield start, length
        finally:
            self._library.tjFree(start)

    def _header(self, handle: int, jpeg: bytes) -> tuple[int, int, int]:
        width, height, subsampling, colours = c_int(), c_int(), c_int(), c_int()
        status = self._library.tjDecompressHeader3(
            handle,
            jpeg,
            len(jpeg),
            byref(width),
            byref(height),
            byref(subsampling),
            byref(colours),
        )
        self._check(handle, status)
        supported = colours.value in (_YCBCR_COLOURS, _GREY_COLOURS)
        if not supported or subsampling.value not in _SUBSAMPLINGS:
            raise OSError("colours that have no planes")
        return width.value, height.value, subsampling.value

    def _shape(self, number: int, size: tuple[int, int], subsampling: int) -> tuple[int, int]:
        """Rows and columns of one of a picture's planes."""
        width, height = size
        return (
            self._library.tjPlaneHeight(number, height, subsampling),
            self._library.tjPlaneWidth(number, width, subsampling),
        )

    def _check(self, handle: int, status: int) -> None:
        if status != 0:
            warned = self._library.tjGetErrorCode(handle) == _ONLY_A_WARNING
            words = self._library.tjGetErrorStr2(handle).decode(errors="replace")
            raise (BrokenJpegError if warned else OSError)(words)


def _addressed(planes: Planes) -> tuple[Array[c_void_p], Array[c_int]]:
    """Where planes are in memory, and how long their rows are; they must outlive the call."""
    count = len(planes)
    addresses = (c_void_p * count)(*(plane.ctypes.data for plane in planes))
    return addresses, (c_int * count)(*(plane.shape[1] for plane in planes))


def _filled_up(planes: Planes) -> Planes:
    """Repeat the last row and column of luma where its chroma covers more."""
    luma, *chroma = planes
    height, width = luma.shape
    if chroma and (height % 2 or width % 2):
        luma = np.pad(luma, ((0, height % 2), (0, width % 2)), "edge")
    return [np.ascontiguousarray(plane) for plane in (luma, *chroma)]
