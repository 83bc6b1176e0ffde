"""Renders of images, segments and programs that are not what they should be."""

import asyncio
from collections.abc import Callable, Iterator
import os
from pathlib import Path
import subprocess
from typing import Any

from PIL import Image as Pillow
import pytest

from custom_components.timelapser.engine.errors import (
    DiskFullError,
    FrameCountError,
    NoImagesError,
    RenderError,
    StorageError,
    TimelapserError,
)
from custom_components.timelapser.engine.models.render import Looks
from custom_components.timelapser.engine.videos.cache import FOLDER
from tests.engine.videos.numbered import jpeg, numbered, numbers
from tests.engine.videos.rendering import Studio, frame_hashes, plan_of

BAD: dict[str, bytes | None] = {
    "missing": None,
    "empty": b"",
    "unreadable": b"no picture at all",
    "only a head": b"\xff\xd8\xff\xe0 and then nothing",
}


@pytest.mark.parametrize("position", [0, 4, 9])
@pytest.mark.parametrize("kind", BAD)
@pytest.mark.parametrize("looks", [Looks(), Looks(blend=2)], ids=["segments", "single pass"])
async def test_images_that_show_nothing_are_left_out(
    studio: Studio, kind: str, position: int, looks: Looks
) -> None:
    images = studio.take(range(10))
    content = BAD[kind]
    if content is None:
        studio.path(images[position]).unlink()
    else:
        studio.path(images[position]).write_bytes(content)
    rendered = await studio.render(plan_of(images, looks=looks))
    assert rendered.file.frames == 9
    reason = "unreadable" if kind == "only a head" else kind
    assert rendered.left_out == {reason: 1}
    if looks == Looks():
        assert numbers(studio.output) == [n for n in range(10) if n != position]
        again = await studio.render(plan_of(images))
        assert (again.frames_from_cache, again.left_out) == (9, {reason: 1})


@pytest.mark.parametrize("position", [0, 4, 9])
@pytest.mark.parametrize("kind", ["truncated", "larger", "on its side", "grey"])
async def test_odd_images_are_one_frame(studio: Studio, kind: str, position: int) -> None:
    exif = Pillow.Exif()
    exif[0x0112] = 6
    odd = {
        "truncated": jpeg(numbered(position))[:-200],
        "larger": jpeg(numbered(position, (320, 192))),
        "on its side": jpeg(numbered(position).transpose(Pillow.Transpose.ROTATE_90), exif=exif),
        "grey": jpeg(numbered(position).convert("L")),
    }
    images = studio.take(range(10))
    images[position] = studio.put(position, odd[kind])
    rendered = await studio.render(plan_of(images))
    assert (rendered.file.frames, rendered.left_out) == (10, {})
    shown = numbers(studio.output)
    if kind == "truncated":
        del shown[position]
    assert shown == [n for n in range(10) if kind != "truncated" or n != position]


async def test_nothing_can_be_read(studio: Studio) -> None:
    images = studio.take(range(3))
    for image in images:
        studio.path(image).unlink()
    for looks in (Looks(), Looks(blend=2)):
        with pytest.raises(NoImagesError):
            await studio.render(plan_of(images, looks=looks))
    assert studio.leftovers() == []


@pytest.mark.parametrize(
    "damage",
    [
        lambda path: path.unlink(),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(path.read_bytes()[:-100]),
        lambda path: path.write_bytes(path.read_bytes()[:-100] + b"\0" * 100),
        lambda path: path.write_bytes(b"x" * path.stat().st_size),
    ],
    ids=["gone", "empty", "shorter", "end overwritten", "garbage"],
)
async def test_damaged_segment_is_made_anew(
    studio: Studio, damage: Callable[[Any], object]
) -> None:
    images = studio.take(range(105))
    await studio.render(plan_of(images))
    sound = frame_hashes([studio.output])
    damage(studio.segments()[0])
    rendered = await studio.render(plan_of(images))
    assert 0 < rendered.frames_from_cache < 105
    assert frame_hashes([studio.output]) == sound
    assert (await studio.render(plan_of(images))).frames_from_cache == 105


async def test_cache_that_vanishes_before_the_end(studio: Studio) -> None:
    images = studio.take(range(105))
    await studio.render(plan_of(images))
    gone = False

    def vanish(_: object) -> None:
        nonlocal gone
        for path in [] if gone else studio.segments():
            path.unlink()
        gone = True

    rendered = await studio.renderer.render(plan_of(images), studio.output, vanish)
    assert rendered.file.frames == 105
    assert numbers(studio.output) == list(range(105))


async def test_file_that_falls_short_is_not_published(studio: Studio) -> None:
    async def short(*command: str, **options: Any) -> asyncio.subprocess.Process:
        arguments = list(command)
        if "pipe:0" in arguments:
            arguments[-1:-1] = ["-frames:v", "2"]
        return await asyncio.create_subprocess_exec(*arguments, **options)

    studio.options["spawn"] = short
    studio.renderer = studio.new_renderer()
    images = studio.take(range(5))
    for looks in (Looks(), Looks(blend=2)):
        with pytest.raises(FrameCountError):
            await studio.render(plan_of(images, looks=looks))
    assert (studio.leftovers(), studio.segments(), studio.output.exists()) == ([], [], False)


async def test_ffmpeg_that_dies_leaves_nothing(studio: Studio) -> None:
    async def dying(*command: str, **options: Any) -> asyncio.subprocess.Process:
        process = await asyncio.create_subprocess_exec(*command, **options)
        if "pipe:0" in command:
            process.kill()
        return process

    studio.options["spawn"] = dying
    studio.renderer = studio.new_renderer()
    with pytest.raises(TimelapserError):
        await studio.render(plan_of(studio.take(range(5))))
    assert (studio.leftovers(), studio.segments(), studio.output.exists()) == ([], [], False)


async def test_image_that_vanishes_in_mid_render(studio: Studio) -> None:
    images = studio.take(range(60))

    async def spawn(*command: str, **options: Any) -> asyncio.subprocess.Process:
        if "pipe:0" in command:
            studio.path(images[50]).unlink(missing_ok=True)
        return await asyncio.create_subprocess_exec(*command, **options)

    studio.options["spawn"] = spawn
    studio.renderer = studio.new_renderer()
    with pytest.raises(RenderError):
        await studio.render(plan_of(images))
    assert studio.leftovers() == []
    assert (await studio.render(plan_of(images))).left_out == {"missing": 1}


@pytest.fixture
def small_cache(studio: Studio) -> Iterator[Path]:
    """A real disk for the cache, with room for hardly more than one segment."""
    folder = studio.engine.storage.resolve(FOLDER)
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    if os.geteuid() or subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


async def test_disk_that_runs_full_in_mid_render(studio: Studio, small_cache: Path) -> None:
    images = studio.take(range(230))
    (small_cache / "filler").write_bytes(b"x" * 40_000)
    with pytest.raises((DiskFullError, StorageError)):
        await studio.render(plan_of(images))
    assert studio.leftovers() == []
    assert not studio.output.exists()
    (small_cache / "filler").unlink()
    await studio.render(plan_of(images[:100]))
    assert numbers(studio.output) == list(range(100))


async def test_two_renders_of_the_same_at_once(studio: Studio) -> None:
    images = studio.take(range(120))
    first, second = studio.output, studio.output.with_name("second.mp4")
    await asyncio.gather(
        *(studio.renderer.render(plan_of(images), path, lambda _: None) for path in (first, second))
    )
    for path in (first, second):
        assert numbers(path) == list(range(120))
    assert studio.leftovers() == []
