"""Small copies of images: which are kept as images are captured, and how they go."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.timelapser.engine.errors import OutsideStorageError, StorageError
from custom_components.timelapser.engine.images.copies import Copies
from custom_components.timelapser.engine.images.files import ThumbSize
from custom_components.timelapser.engine.images.ingest import opened
from custom_components.timelapser.engine.images.thumbnails import PLACEHOLDER, wanted_copies
from custom_components.timelapser.engine.models import Frame, ThumbnailMode, TimelapseState
from custom_components.timelapser.engine.settings import Settings
from custom_components.timelapser.engine.settings.groups import ThumbnailSettings
from tests.engine.conftest import BEGIN, ZONE, Engine
from tests.harness import scene

BOTH = tuple(ThumbSize)
JPEG = scene.jpeg(0.4, (320, 240))


@pytest.mark.parametrize(("mode", "kept"), [("all", [0, 1, 2, 3]), ("latest", [3]), ("off", [])])
def test_modes(engine: Engine, mode: str, kept: list[int]) -> None:
    copies = Copies(engine.storage)
    # The third comes on the next day.
    moments = [BEGIN + timedelta(hours=hours) for hours in (0, 1, 24, 25)]
    for moment in moments:
        copies.keep("garden/1", moment, dict.fromkeys(BOTH, JPEG), ThumbnailMode(mode))
    there = [
        number
        for number, moment in enumerate(moments)
        for size in BOTH
        if engine.storage.thumb_path("garden/1", moment, size).exists()
    ]
    assert there == [number for number in kept for _size in BOTH]


def test_latest_takes_only_the_one_before(engine: Engine) -> None:
    """Who changes the mode keeps what there was; the disk is not swept in a capture."""
    copies = Copies(engine.storage)
    moments = [BEGIN + timedelta(hours=hours) for hours in (0, 1, 2)]
    for moment, mode in zip(
        moments, (ThumbnailMode.ALL, ThumbnailMode.ALL, ThumbnailMode.LATEST), strict=True
    ):
        copies.keep("garden/1", moment, {ThumbSize.THUMB: JPEG}, mode)
    there = [
        engine.storage.thumb_path("garden/1", moment, ThumbSize.THUMB).exists()
        for moment in moments
    ]
    assert there == [True, False, True]


def test_what_is_in_the_way_of_removing_costs_no_image(engine: Engine) -> None:
    copies = Copies(engine.storage)
    path = engine.storage.thumb_path("garden/1", BEGIN, ThumbSize.THUMB)
    path.parent.parent.mkdir(parents=True)
    (path.parent.parent / "2026-11-23").write_text("a file where a day's folder should be")
    copies.keep("garden/1", BEGIN, {ThumbSize.THUMB: JPEG}, ThumbnailMode.LATEST)
    assert path.exists()


def test_picture_that_cannot_be_decoded_has_no_copies(engine: Engine) -> None:
    Copies(engine.storage).keep("garden/1", BEGIN, dict.fromkeys(BOTH, None), ThumbnailMode.LATEST)
    assert [*engine.storage.root.rglob("*.jpg")] == []


def test_full_disk_is_told(engine: Engine) -> None:
    engine.storage.root.mkdir(parents=True)
    (engine.storage.root / "garden").write_text("a file where the folder was")
    with pytest.raises(StorageError):
        Copies(engine.storage).keep("garden/1", BEGIN, {ThumbSize.THUMB: JPEG}, ThumbnailMode.ALL)


async def test_quarantined_image_does_not_take_the_place_of_the_one_that_is_shown(
    engine: Engine,
) -> None:
    settings = Settings(thumbnails=ThumbnailSettings(ThumbnailMode.LATEST))
    timelapse = await engine.timelapse()
    for seconds, jpeg in enumerate((JPEG, JPEG[: len(JPEG) // 2])):
        frame = Frame(BEGIN + timedelta(seconds=seconds), jpeg)
        new = await engine.images.keep(frame, timelapse, settings, ZONE)
        assert new.quarantined is (seconds == 1)
    there = [path.name for path in engine.storage.root.rglob("*.thumb.jpg")]
    assert there == ["20261124T080000000Z.thumb.jpg"]


async def test_removal_follows_no_link(engine: Engine, tmp_path: Path) -> None:
    copies, outside = Copies(engine.storage), tmp_path / "outside"
    copies.keep("garden/1", BEGIN, dict.fromkeys(BOTH, JPEG), ThumbnailMode.ALL)
    (day,) = copies.days("garden/1")
    folder = engine.storage.thumb_path("garden/1", BEGIN, ThumbSize.SMALL).parent
    folder.rename(outside)
    folder.symlink_to(outside)
    with pytest.raises(OutsideStorageError):
        copies.remove_small("garden/1", day)
    assert len([*outside.iterdir()]) == 2


def test_nothing_to_remove(engine: Engine) -> None:
    copies = Copies(engine.storage)
    assert copies.days("garden/1") == []
    assert copies.remove_small("garden/1", BEGIN.date()) == 0


@pytest.mark.parametrize("state", list(TimelapseState))
@pytest.mark.parametrize("purge", [True, False])
async def test_wanted_copies(engine: Engine, state: TimelapseState, *, purge: bool) -> None:
    timelapse = replace(await engine.timelapse(), state=state)
    wanted = wanted_copies(timelapse, ThumbnailSettings(purge_small=purge))
    only = purge and state is TimelapseState.COMPLETED
    assert set(wanted.sizes) == ({ThumbSize.THUMB} if only else set(ThumbSize))


def test_placeholder_is_a_picture() -> None:
    picture, origin = opened(PLACEHOLDER)
    assert picture is not None
    assert not origin.truncated
