"""Thumbnails: made when somebody looks, once; checked, repaired and removed."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from custom_components.timelapser.engine.errors import (
    OutsideStorageError,
    ThumbnailsBusyError,
)
from custom_components.timelapser.engine.images import copies as copies_module
from custom_components.timelapser.engine.images.copies import MAX_BYTES
from custom_components.timelapser.engine.images.files import ThumbSize
from custom_components.timelapser.engine.images.ingest import ingest, opened
from custom_components.timelapser.engine.images.service import ImageSize
from custom_components.timelapser.engine.images.thumbnails import (
    Care,
    ThumbnailService,
    Wanted,
    wanted_copies,
)
from custom_components.timelapser.engine.models import (
    Frame,
    Image,
    Timelapse,
    TimelapseState,
)
from custom_components.timelapser.engine.settings.groups import ThumbnailSettings
from tests.engine.conftest import BEGIN, Engine
from tests.harness import scene

BOTH = tuple(ThumbSize)
JPEG = scene.jpeg(0.4, (1280, 720))


async def no_pause(_seconds: float) -> None:
    await asyncio.sleep(0)


@pytest.fixture
async def service(engine: Engine) -> AsyncIterator[ThumbnailService]:
    service = ThumbnailService(engine.image_rows, engine.storage, engine.pool, no_pause)
    yield service
    await service.close()


@pytest.fixture
async def image(engine: Engine) -> Image:
    return await engine.add(await engine.timelapse(), JPEG, 0)


def full(engine: Engine, image: Image) -> Path:
    return engine.storage.image_path(image.folder, image.captured_at, image.quarantined)


def copy(engine: Engine, image: Image, size: ThumbSize) -> Path:
    return engine.storage.thumb_path(image.folder, image.captured_at, size)


def whole(path: Path) -> bool:
    picture, origin = opened(path.read_bytes())
    return picture is not None and not origin.truncated


async def some(engine: Engine, count: int) -> tuple[Timelapse, list[Image]]:
    timelapse = await engine.timelapse()
    images = [await engine.add(timelapse, JPEG, number) for number in range(count)]
    return await engine.timelapses.get(timelapse.id), images


# Served


@pytest.mark.parametrize(("size", "width"), [("full", 1280), ("small", 800), ("thumb", 200)])
async def test_copy_that_is_missing_is_made(
    engine: Engine, service: ThumbnailService, image: Image, size: str, width: int
) -> None:
    for kind in ThumbSize:
        copy(engine, image, kind).unlink()
    served = await service.find(image, ImageSize(size))
    assert served is not None
    assert served.exact
    found = ingest(Frame(BEGIN, served.path.read_bytes()), 90)
    assert found.width == width
    assert not found.origin.truncated
    # The other one is not asked for, and not made.
    there = {kind for kind in ThumbSize if copy(engine, image, kind).exists()}
    assert there == {size} - {"full"}


@pytest.mark.parametrize("size", list(ThumbSize))
async def test_empty_copy_is_made_again(
    engine: Engine, service: ThumbnailService, image: Image, size: ThumbSize
) -> None:
    """A power cut leaves some: they are written without waiting for the disk."""
    copy(engine, image, size).write_bytes(b"")
    served = await service.find(image, ImageSize(size))
    assert served is not None
    assert whole(served.path)


async def test_many_who_look_have_it_made_once(
    engine: Engine, service: ThumbnailService, image: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []

    def counted(frame: Frame, quality: int) -> object:
        made.append(frame.captured_at)
        return ingest(frame, quality)

    monkeypatch.setattr(copies_module, "ingest", counted)
    copy(engine, image, ThumbSize.THUMB).unlink()
    served = await asyncio.gather(*(service.find(image, ImageSize.THUMB) for _ in range(50)))
    assert made == [image.captured_at]
    assert {found.path for found in served if found} == {copy(engine, image, ThumbSize.THUMB)}


async def test_who_stops_looking_takes_it_from_nobody(
    engine: Engine, service: ThumbnailService, image: Image
) -> None:
    copy(engine, image, ThumbSize.SMALL).unlink()
    first, second = (asyncio.create_task(service.find(image, ImageSize.SMALL)) for _ in range(2))
    await asyncio.sleep(0)
    first.cancel()
    served = await second
    assert served is not None
    assert whole(served.path)


async def test_thumbnail_is_made_of_the_small_copy_where_the_image_is_gone(
    engine: Engine, service: ThumbnailService, image: Image
) -> None:
    full(engine, image).unlink()
    copy(engine, image, ThumbSize.THUMB).unlink()
    served = await service.find(image, ImageSize.THUMB)
    assert served is not None
    assert served.path == copy(engine, image, ThumbSize.THUMB)
    assert await service.find(image, ImageSize.FULL) is None


async def test_larger_one_stands_in_where_nothing_can_be_written(
    engine: Engine, service: ThumbnailService, image: Image
) -> None:
    day = copy(engine, image, ThumbSize.THUMB).parent
    for kind in ThumbSize:
        copy(engine, image, kind).unlink()
    day.rmdir()
    day.write_text("a file where the folder was")
    served = await service.find(image, ImageSize.THUMB)
    assert served is not None
    assert (served.path, served.exact) == (full(engine, image), False)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def text(path: Path) -> None:
    path.write_text("no picture")


def huge(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(MAX_BYTES + 1)


def linked_out(path: Path) -> None:
    outside = path.parents[6] / "secret.jpg"
    path.rename(outside)
    path.symlink_to(outside)


def linked_in_a_circle(path: Path) -> None:
    path.unlink()
    path.symlink_to(path)


@pytest.mark.parametrize("damage", [Path.unlink, empty, text, huge, linked_out, linked_in_a_circle])
async def test_nothing_to_show(
    engine: Engine, service: ThumbnailService, image: Image, damage: Callable[[Path], None]
) -> None:
    for kind in ThumbSize:
        copy(engine, image, kind).unlink()
    damage(full(engine, image))
    assert await service.find(image, ImageSize.THUMB) is None
    assert await service.find(image, ImageSize.SMALL) is None


@pytest.mark.parametrize("size", list(ImageSize))
async def test_links_lead_nowhere(
    engine: Engine, service: ThumbnailService, image: Image, tmp_path: Path, size: ImageSize
) -> None:
    outside = tmp_path / "outside"
    day = (full(engine, image) if size == "full" else copy(engine, image, ThumbSize.SMALL)).parent
    day.rename(outside)
    day.symlink_to(outside)
    before = sorted(path.name for path in outside.iterdir())
    try:
        served = await service.find(image, size)
    except OutsideStorageError:
        served = None
    assert served is None or served.path.is_relative_to(engine.storage.root)
    assert sorted(path.name for path in outside.iterdir()) == before


# Cared for


async def damaged(engine: Engine) -> tuple[Timelapse, list[Image]]:
    """Five images: one without copies, one with bad ones, one whose file is gone as well."""
    timelapse, images = await some(engine, 5)
    for kind in ThumbSize:
        copy(engine, images[0], kind).unlink()
        copy(engine, images[2], kind).unlink()
    copy(engine, images[1], ThumbSize.THUMB).write_bytes(b"")
    small = copy(engine, images[1], ThumbSize.SMALL)
    small.write_bytes(small.read_bytes()[:2000])
    full(engine, images[2]).unlink()
    return timelapse, images


@pytest.mark.parametrize(
    ("options", "made", "failed"),
    [
        ({"dry_run": True}, 0, 0),
        ({}, 2, 1),
        ({"only_missing": False}, 4, 1),
        ({"only_missing": False, "dry_run": True}, 0, 0),
    ],
)
async def test_regenerate(
    engine: Engine,
    service: ThumbnailService,
    options: dict[str, bool],
    made: int,
    failed: int,
) -> None:
    timelapse, images = await damaged(engine)
    told: list[tuple[int, int]] = []
    care = await service.regenerate(
        [Wanted(timelapse)],
        progress=lambda care: told.append((care.total, care.expected)),
        **options,
    )
    assert care == Care(5, 5, missing=2, unreadable=1, made=made, failed=failed)
    assert told == [(number, 5) for number in range(1, 6)]
    repaired = not options.get("dry_run")
    for number in (0, 1):
        for kind in ThumbSize:
            path = copy(engine, images[number], kind)
            assert (path.exists() and whole(path)) is repaired


async def test_what_is_repaired_needs_nothing(engine: Engine, service: ThumbnailService) -> None:
    timelapse, _images = await some(engine, 3)
    for path in engine.storage.root.rglob("*.thumb.jpg"):
        path.unlink()
    assert (await service.regenerate([Wanted(timelapse)])).made == 3
    again = await service.regenerate([Wanted(timelapse)])
    assert again == Care(3, 3)


async def test_quarantined_images_have_thumbnails_too(
    engine: Engine, service: ThumbnailService
) -> None:
    timelapse = await engine.timelapse()
    image = await engine.add(timelapse, JPEG[: len(JPEG) // 2], 0)
    assert image.quarantined
    copy(engine, image, ThumbSize.THUMB).unlink()
    care = await service.regenerate([Wanted(await engine.timelapses.get(timelapse.id))])
    assert care == Care(1, 1, missing=1, made=1)


async def test_one_run_at_a_time_which_can_be_cancelled(
    engine: Engine, service: ThumbnailService
) -> None:
    timelapse, _images = await some(engine, 4)
    assert not service.cancel()
    refused: list[dict[str, str]] = []

    def progress(care: Care) -> None:
        if care.total == 2:
            asyncio.get_running_loop().create_task(second())
            assert service.cancel()

    async def second() -> None:
        with pytest.raises(ThumbnailsBusyError) as caught:
            await service.regenerate([Wanted(timelapse)])
        refused.append(caught.value.placeholders)

    care = await service.regenerate([Wanted(timelapse)], progress=progress)
    assert care == Care(4, 2, cancelled=True)
    assert refused == [{"done": "2", "total": "4"}]
    # The next one begins anew.
    assert (await service.regenerate([Wanted(timelapse)])).total == 4


async def test_run_that_fails_does_not_stand_in_the_way(
    engine: Engine, service: ThumbnailService
) -> None:
    timelapse, _images = await some(engine, 1)

    def progress(_care: Care) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await service.regenerate([Wanted(timelapse)], progress=progress)
    assert (await service.regenerate([Wanted(timelapse)])).total == 1


async def test_closing_ends_the_run(engine: Engine) -> None:
    service = ThumbnailService(engine.image_rows, engine.storage, engine.pool, no_pause)
    timelapse, _images = await some(engine, 6)
    begun = asyncio.Event()
    run = asyncio.create_task(
        service.regenerate([Wanted(timelapse)], progress=lambda _care: begun.set())
    )
    await begun.wait()
    await service.close()
    care = await run
    assert care.cancelled
    assert care.total < 6


# Removed


async def test_small_copies_are_purged_and_come_back(
    engine: Engine, service: ThumbnailService, tmp_path: Path
) -> None:
    timelapse, images = await some(engine, 3)
    other = copy(engine, images[0], ThumbSize.SMALL).parent.parent / "notes.small.jpg"
    other.write_text("not in a day's folder")
    assert await service.purge_small(timelapse) == 3
    assert [path.name for path in engine.storage.root.rglob("*.small.jpg")] == [other.name]
    assert len([*engine.storage.root.rglob("*.thumb.jpg")]) == 3
    # They are not missed by the care of what is left ...
    done = replace(timelapse, state=TimelapseState.COMPLETED)
    purged = ThumbnailSettings(purge_small=True)
    assert await service.regenerate([wanted_copies(done, purged)]) == Care(3, 3)
    # ... but there for who looks.
    assert await service.find(images[1], ImageSize.SMALL) is not None
    assert copy(engine, images[1], ThumbSize.SMALL).exists()
    assert await service.purge_small(timelapse) == 1
