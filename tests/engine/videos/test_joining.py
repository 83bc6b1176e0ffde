"""Joining: exact times at any rate, nothing decoded anew, and cuts that decoders can live with."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import pytest

from custom_components.timelapser.engine.errors import RenderError
from custom_components.timelapser.engine.models import Quality
from custom_components.timelapser.engine.models.encoding import Codec, Encoding, Hardware
from custom_components.timelapser.engine.videos.codecs import SOFTWARE, Encoder, software_encoder
from custom_components.timelapser.engine.videos.command import segment_command
from custom_components.timelapser.engine.videos.ffmpeg import encode
from custom_components.timelapser.engine.videos.joining import (
    ConcatJoiner,
    Contents,
    Joiner,
    ParametersDifferError,
    Piece,
    PyAvJoiner,
    SegmentError,
    make_joiner,
)
from custom_components.timelapser.engine.videos.segments import SEGMENT_FPS
from tests.engine.videos.numbered import SIZE, given, jpegs, moments, numbers
from tests.engine.videos.rendering import frame_hashes

NAME = "it's.mp4"


@pytest.fixture(params=["pyav", "ffmpeg"])
async def joiner(request: pytest.FixtureRequest) -> AsyncIterator[Joiner]:
    """Both ways."""
    with ThreadPoolExecutor(1) as pool:
        if request.param == "pyav":
            yield PyAvJoiner(pool)
        else:
            yield ConcatJoiner(pool, "ffmpeg", asyncio.create_subprocess_exec)


def encoder_of(codec: Codec, size: tuple[int, int] = SIZE) -> tuple[Encoder, Encoding]:
    encoding = Encoding(codec, Quality.LOW, Hardware.OFF, *size)
    return software_encoder(SOFTWARE[codec][0], encoding), encoding


async def segment(
    path: Path, pictures: Sequence[bytes], codec: Codec = Codec.H264, size: tuple[int, int] = SIZE
) -> Path:
    encoder, encoding = encoder_of(codec, size)
    command = segment_command(
        "ffmpeg", encoder, encoding, (), path, fps=SEGMENT_FPS, frames=len(pictures)
    )
    await encode(command, given(pictures))
    return path


async def join(
    joiner: Joiner, paths: Sequence[Path], output: Path, fps: Fraction, container: str = "mp4"
) -> None:
    inspected = [(path, await joiner.inspect(path)) for path in paths]
    pieces = [Piece(path, contents, len(contents.order)) for path, contents in inspected]
    metadata = {"title": "A title", "creation_time": "2026-11-24T10:00:00Z"}
    await joiner.join(pieces, output, container=container, fps=fps, metadata=metadata)


def names_in(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


@pytest.mark.parametrize("fps", [*map(Fraction, ("24", "60", "1/2", "24000/1001", "997/30"))])
async def test_times_are_exact_and_frames_the_segments_own(
    joiner: Joiner, tmp_path: Path, fps: Fraction
) -> None:
    pictures = jpegs(75)
    bounds = [(0, 60), (60, 61), (61, 63), (63, 75)]
    paths = [
        await segment(tmp_path / f"{begin} {NAME}", pictures[begin:end]) for begin, end in bounds
    ]
    output = tmp_path / "out.mp4"
    await join(joiner, paths, output, fps)
    assert numbers(output) == list(range(75))
    assert moments(output) == [number / fps for number in range(75)]
    assert frame_hashes([output]) == frame_hashes(paths)
    data = output.read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")
    assert b"A title" in data
    assert names_in(tmp_path) == {output.name, *(path.name for path in paths)}


@pytest.mark.parametrize("codec", Codec)
async def test_every_codec(joiner: Joiner, tmp_path: Path, codec: Codec) -> None:
    encoder, _ = encoder_of(codec)
    pictures = jpegs(20)
    paths = [
        await segment(tmp_path / f"{begin}", pictures[begin : begin + 10], codec)
        for begin in (0, 10)
    ]
    output = tmp_path / "out"
    await join(joiner, paths, output, Fraction(10), encoder.container)
    assert numbers(output) == list(range(20))
    assert moments(output) == [Fraction(number, 10) for number in range(20)]
    assert frame_hashes([output]) == frame_hashes(paths)
    assert (b"hvc1" in output.read_bytes()) is (codec is Codec.HEVC)


@pytest.mark.parametrize("codec", Codec)
async def test_every_clean_cut_plays_as_the_whole_does(tmp_path: Path, codec: Codec) -> None:
    path = await segment(tmp_path / "whole", jpegs(40), codec)
    following = await segment(tmp_path / "following", jpegs(2), codec)
    encoder, _ = encoder_of(codec)
    with ThreadPoolExecutor(1) as pool:
        joiner = make_joiner(pool, "ffmpeg", asyncio.create_subprocess_exec)
        contents, after = await joiner.inspect(path), await joiner.inspect(following)
        whole, end = frame_hashes([path]), frame_hashes([following])
        cuts = {contents.cut(most) for most in range(41)}
        assert {0, 1, 40} <= cuts
        assert all(cut - contents.cut(cut - 1) <= 8 for cut in cuts if cut)
        for cut in sorted(cuts - {0})[::5]:
            pieces = [Piece(path, contents, cut), Piece(following, after, 2)]
            output = tmp_path / "out"
            await joiner.join(
                pieces, output, container=encoder.container, fps=Fraction(24), metadata={}
            )
            assert frame_hashes([output]) == whole[:cut] + end


@pytest.mark.parametrize(
    ("order", "most", "cut"),
    [
        ((0, 1, 2), 3, 3),
        ((0, 1, 2), 2, 2),
        ((0, 3, 1, 2, 4), 5, 5),
        ((0, 3, 1, 2, 4), 4, 4),
        ((0, 3, 1, 2, 4), 3, 1),
        ((0, 3, 1, 2, 4), 0, 0),
        ((0, 1), 9, 2),
    ],
)
def test_where_a_segment_can_be_cut(order: tuple[int, ...], most: int, cut: int) -> None:
    assert Contents(order).cut(most) == cut


@pytest.mark.parametrize("content", [b"", b"no video", b"\0" * 5000])
async def test_what_is_no_segment(joiner: Joiner, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad"
    path.write_bytes(content)
    with pytest.raises(SegmentError):
        await joiner.inspect(path)
    with pytest.raises(SegmentError):
        await joiner.inspect(tmp_path / "nothing")


async def test_segments_of_other_parameters_are_refused(tmp_path: Path) -> None:
    paths = [
        await segment(tmp_path / f"{width}", jpegs(3, (width, 96)), size=(width, 96))
        for width in (160, 320)
    ]
    with ThreadPoolExecutor(1) as pool, pytest.raises(ParametersDifferError):
        await join(PyAvJoiner(pool), paths, tmp_path / "out.mp4", Fraction(24))
    assert not (tmp_path / "out.mp4").exists()


async def test_segment_that_went_away(joiner: Joiner, tmp_path: Path) -> None:
    path = await segment(tmp_path / "one", jpegs(3))
    contents = await joiner.inspect(path)
    path.unlink()
    with pytest.raises((SegmentError, RenderError)):
        await joiner.join(
            [Piece(path, contents, 3)],
            tmp_path / "out.mp4",
            container="mp4",
            fps=Fraction(24),
            metadata={},
        )


async def test_no_room_for_the_video(joiner: Joiner, tmp_path: Path) -> None:
    path = await segment(tmp_path / "one", jpegs(3))
    with pytest.raises(RenderError):
        await join(joiner, [path], tmp_path / "no folder" / "out.mp4", Fraction(24))


async def test_nobody_writes_after_a_cancelled_join(joiner: Joiner, tmp_path: Path) -> None:
    path = await segment(tmp_path / "one", jpegs(60))
    contents = await joiner.inspect(path)
    output = tmp_path / "out.mp4"
    pieces = [Piece(path, contents, 60)] * 200
    task = asyncio.create_task(
        joiner.join(pieces, output, container="mp4", fps=Fraction(24), metadata={})
    )
    while not output.exists():
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    output.unlink()
    assert names_in(tmp_path) == {"one"}
