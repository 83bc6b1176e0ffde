"""Deleting images: what a fault in the middle leaves, and what the quarantine gives back."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from custom_components.timelapser.engine.database.browse_operations import Album
from custom_components.timelapser.engine.database.retention_operations import (
    RetentionOperations,
)
from custom_components.timelapser.engine.errors import (
    DatabaseUnavailableError,
    NotFoundError,
    NotQuarantinedError,
    StorageError,
)
from custom_components.timelapser.engine.events import Purged
from custom_components.timelapser.engine.images import purging
from custom_components.timelapser.engine.models.retention import ImagePlace
from tests.engine.conftest import ZONE, Engine
from tests.engine.images.test_retention_purging import DAY, House
from tests.engine.monitoring.test_reconciliation import create_service


@pytest.fixture
async def house(either: Engine) -> House:
    return House(either)


async def test_list_of_images_whose_rows_are_still_there(house: House) -> None:
    """A crash before the transaction: nothing is deleted, and nothing is lost."""
    timelapse = await house.timelapse()
    image = await house.add(timelapse, DAY)
    house.trash.note([ImagePlace(timelapse.id, timelapse.folder, image.captured_at)])
    assert await house.deletion.finish() == 1
    assert await house.left() == [image.id]
    await house.check()


@pytest.mark.parametrize("quarantined", [False, True])
async def test_list_of_images_whose_rows_are_gone(house: House, quarantined: bool) -> None:
    """A crash after the transaction: reconciliation does not enter the files anew."""
    timelapse = await house.timelapse()
    gone = await house.add(timelapse, 2 * DAY, quarantined=quarantined)
    stays = await house.add(timelapse, DAY)
    house.trash.note(
        [ImagePlace(timelapse.id, timelapse.folder, image.captured_at) for image in (gone, stays)]
    )
    await house.rows.retention.delete([gone.id], spare_starred=True)
    house.parts.storage.check_writable()
    assert await create_service(house.parts).run() == {"deletions": 1}
    assert await house.left() == [stays.id]
    await house.check()


async def test_database_goes_away_in_between(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.options = {"image_retention": 1}
    timelapse = await house.timelapse()
    await house.add(timelapse, 2 * DAY)
    planned = await house.service.plan()

    async def fail(*_args: object, **_values: object) -> None:
        raise DatabaseUnavailableError(reason="gone")

    with monkeypatch.context() as away:
        away.setattr(RetentionOperations, "delete", fail)
        with pytest.raises(DatabaseUnavailableError):
            await house.service.carry_out(planned)
    assert len(await house.left()) == 1
    assert await house.service.carry_out(planned) == planned
    await house.check()


async def test_disk_fails_in_between(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The row is gone, its file cannot be removed: that is ended later."""
    house.options = {"image_retention": 1}
    await house.add(await house.timelapse(), 2 * DAY)
    with monkeypatch.context() as broken:

        def fail(self: Path, missing_ok: bool = False) -> None:
            raise OSError(5, "Input/output error")

        broken.setattr(Path, "unlink", fail)
        with pytest.raises(StorageError):
            await house.purge()
    assert await house.left() == []
    assert await house.deletion.finish() == 1
    await house.check()


@pytest.mark.parametrize(
    "content", [b"", b"[", b"{}", b"[[1]]", b'[[1, "../..", "20261124T080000000Z"]]', b"[[]]"]
)
async def test_lists_that_are_none_of_ours(house: House, content: bytes) -> None:
    image = await house.add(await house.timelapse(), DAY)
    trash = house.parts.storage.resolve(".trash")
    trash.mkdir()
    (trash / "images-1-20261124T080000000Z.json").write_bytes(content)
    assert await house.deletion.finish() == 1
    assert await house.left() == [image.id]
    await house.check()


async def test_day_folders_go_when_they_are_empty_and_old(house: House) -> None:
    house.now = datetime.now(UTC)
    timelapse = await house.timelapse()
    images = [await house.add(timelapse, age) for age in (9 * DAY, 8 * DAY, timedelta())]
    await house.deletion.delete_images(
        [images[0].id, images[2].id, 4711, images[0].id], spare_starred=True
    )
    folder = house.parts.storage.images_folder(timelapse.folder, quarantined=False)
    # Today's may be written to at this moment.
    days = {f"{image.captured_at:%Y-%m-%d}" for image in images[1:]}
    assert {path.name for path in folder.iterdir()} == days
    assert await house.deletion.delete_images([4711], spare_starred=True) == []
    await house.check()


async def test_purge_that_is_cut_off_is_due_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(purging, "IMAGES_AT_ONCE", 1)
    house.options = {"image_retention": 1}
    timelapse = await house.timelapse()
    for number in range(3):
        await house.add(timelapse, (2 + number) * DAY)

    async def stop(_seconds: float) -> None:
        raise DatabaseUnavailableError(reason="gone")

    with monkeypatch.context() as cut:
        cut.setattr(house.service, "_sleep", stop)
        with pytest.raises(DatabaseUnavailableError):
            await house.service.tick()
    assert len(await house.left()) == 2
    assert house.parts.events == [Purged("cam", 1, 0, 1000)]
    await house.check()
    assert len((await house.service.tick()).images) == 2


async def test_restored_image_counts_as_kept(house: House) -> None:
    timelapse = await house.timelapse()
    first = await house.add(timelapse, 3 * DAY, quarantined=True)
    await house.add(timelapse, 2 * DAY)
    last = await house.add(timelapse, DAY, quarantined=True)
    for image in (first, last):
        await house.rows.retention.restore(image.id)
        assert await house.rows.counters.verify(repair=False) == []
    found = await house.rows.timelapses.get(timelapse.id)
    assert (found.image_count, found.quarantine_count, found.flagged_count) == (3, 0, 0)
    assert (found.first_image_at, found.last_image_id) == (first.captured_at, last.id)
    camera = await house.parts.camera()
    assert (camera.image_count, camera.quarantine_count, camera.last_image_id) == (3, 0, last.id)
    order = [row.id for row in await house.rows.images.for_render(timelapse.id)]
    assert order == sorted(order)
    days = await house.rows.browse.days(Album(timelapse.id), ZONE)
    assert [(day.day, day.image_count) for day in days] == [
        (date(2026, 12, 31), 1),
        (date(2026, 12, 30), 1),
        (date(2026, 12, 29), 1),
    ]


async def test_only_what_is_in_quarantine_is_restored(house: House) -> None:
    image = await house.add(await house.timelapse(), DAY)
    with pytest.raises(NotQuarantinedError):
        await house.rows.retention.restore(image.id)
    with pytest.raises(NotFoundError):
        await house.rows.retention.restore(4711)
    await house.check()


async def test_starred_images_are_deleted_only_on_purpose(house: House) -> None:
    timelapse = await house.timelapse()
    image = await house.add(timelapse, DAY)
    await house.rows.timelapses.update(timelapse.id, {"starred": True})
    assert await house.deletion.delete_images([image.id], spare_starred=True) == []
    await house.check()
    gone = await house.deletion.delete_images([image.id], spare_starred=False)
    assert [found.id for found in gone] == [image.id]
    await house.check()
