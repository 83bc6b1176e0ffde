"""Rows and counters, one transaction at a time."""

from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.timelapser.engine.database.config import DatabaseConfig, SqliteConfig
from custom_components.timelapser.engine.database.database import Database
from custom_components.timelapser.engine.errors import (
    DatabaseError,
    NotFoundError,
    TimelapseExistsError,
    TimelapseStateError,
)
from custom_components.timelapser.engine.models import (
    Judgement,
    NewImage,
    Tick,
    TickOutcome,
    TimelapseState,
)
from tests.engine.conftest import BEGIN, Engine, open_engine


def new_image(timelapse_id: int, number: int, *, quarantined: bool = False) -> NewImage:
    moment = BEGIN + timedelta(hours=number)
    return NewImage(
        "cam",
        timelapse_id,
        moment,
        moment.date(),
        640,
        480,
        1000,
        Judgement(20 if quarantined else 90, ("truncated",) if quarantined else ()),
        quarantined=quarantined,
        flagged=quarantined,
    )


def tick(timelapse_id: int, outcome: TickOutcome, error: str | None = None) -> Tick:
    return Tick("cam", timelapse_id, BEGIN, BEGIN.date(), outcome, error)


async def test_counters_follow_images(either: Engine) -> None:
    timelapse = await either.timelapse()
    for number in range(30):
        new = new_image(timelapse.id, number, quarantined=number % 10 == 9)
        image = await either.image_rows.record(new, tick(timelapse.id, TickOutcome.CAPTURED))
    camera, timelapse = await either.camera(), await either.timelapses.get(timelapse.id)
    assert (camera.image_count, camera.quarantine_count) == (27, 3)
    assert (timelapse.image_count, timelapse.quarantine_count) == (27, 3)
    assert timelapse.byte_count == 30_000
    assert timelapse.score_mean == pytest.approx((27 * 90 + 3 * 20) / 30)
    assert timelapse.first_image_at == BEGIN
    assert timelapse.last_image_at == BEGIN + timedelta(hours=28)
    assert camera.last_image_id == timelapse.last_image_id == image.id - 1
    assert image.reasons == ("truncated",)
    latest = await either.image_rows.latest("cam")
    assert latest is not None
    assert latest.id == camera.last_image_id


async def test_failures_and_recovery(either: Engine) -> None:
    timelapse = await either.timelapse()
    for _ in range(3):
        await either.image_rows.record_miss(tick(timelapse.id, TickOutcome.FAILED, "timeout"))
    await either.image_rows.record_miss(tick(timelapse.id, TickOutcome.SKIPPED))
    camera, timelapse = await either.camera(), await either.timelapses.get(timelapse.id)
    assert (camera.consecutive_failures, camera.last_error) == (3, "timeout")
    assert (timelapse.failed_count, timelapse.skipped_count) == (3, 1)
    await either.image_rows.record(new_image(timelapse.id, 1))
    camera = await either.camera()
    assert (camera.consecutive_failures, camera.last_error) == (0, None)


async def test_nothing_is_written_when_part_of_it_fails(either: Engine) -> None:
    timelapse = await either.timelapse()
    await either.image_rows.record(new_image(timelapse.id, 1))
    with pytest.raises(DatabaseError):
        await either.image_rows.record(new_image(timelapse.id, 1))
    assert (await either.camera()).image_count == 1


async def test_one_unfinished_timelapse_per_camera(either: Engine) -> None:
    first = await either.timelapse()
    with pytest.raises(TimelapseExistsError):
        await either.timelapse()
    await either.timelapses.change_state(
        first.id, {TimelapseState.RUNNING}, TimelapseState.PAUSED, BEGIN
    )
    with pytest.raises(TimelapseExistsError):
        await either.timelapse()
    await either.timelapses.change_state(
        first.id, {TimelapseState.PAUSED}, TimelapseState.COMPLETED, BEGIN
    )
    second = await either.timelapse()
    assert second.folder == f"garden-cam/{second.id}"
    assert [found.id for found in await either.timelapses.find("cam")] == [second.id, first.id]
    with pytest.raises(TimelapseStateError):
        await either.timelapses.change_state(
            first.id, {TimelapseState.RUNNING}, TimelapseState.PAUSED, BEGIN
        )


async def test_pages_and_days(either: Engine) -> None:
    timelapse = await either.timelapse()
    for number in range(30):
        await either.image_rows.record(new_image(timelapse.id, number))
    page = await either.image_rows.find(timelapse_id=timelapse.id, limit=12)
    rest = await either.image_rows.find(timelapse_id=timelapse.id, before=page[-1].captured_at)
    moments = [image.captured_at for image in [*page, *rest]]
    assert moments == sorted(set(moments), reverse=True)
    assert len(moments) == 30
    days = sorted({image.local_day for image in [*page, *rest]}, reverse=True)
    of_day = [await either.image_rows.find(timelapse_id=timelapse.id, day=day) for day in days]
    assert [len(images) for images in of_day] == [14, 16]
    ordered = await either.image_rows.for_render(timelapse.id)
    assert [image.captured_at for image in ordered] == moments[::-1]


async def test_renamed_camera_keeps_its_folder(either: Engine) -> None:
    await either.camera()
    camera = await either.cameras.ensure("cam", "Orchard", "orchard-cam")
    assert (camera.name, camera.folder) == ("Orchard", "garden-cam")


async def test_what_is_not_there_is_named(either: Engine) -> None:
    for missing, kind in (
        (either.cameras.get("x"), "camera"),
        (either.timelapses.get(99), "timelapse"),
        (either.image_rows.get(99), "image"),
        (either.videos.get_job(99), "render job"),
        (either.videos.get_video(99), "video"),
    ):
        with pytest.raises(NotFoundError) as caught:
            await missing
        assert caught.value.placeholders["kind"] == kind


async def test_rows_survive_a_restart(database_config: DatabaseConfig, tmp_path: Path) -> None:
    async with open_engine(tmp_path, database_config) as parts:
        timelapse = await parts.timelapse()
        image = await parts.image_rows.record(new_image(timelapse.id, 1))
    async with open_engine(tmp_path, database_config) as parts:
        assert await parts.image_rows.get(image.id) == image
        assert (await parts.timelapses.get(timelapse.id)).image_count == 1


async def test_database_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(DatabaseError):
        await Database(SqliteConfig(tmp_path / "broken.db")).open()


async def test_ids_are_never_given_again(either: Engine) -> None:
    """Browsers keep images by their id, for a year."""
    timelapse = await either.timelapse()
    image = await either.image_rows.record(new_image(timelapse.id, 1))
    await either.timelapses.delete(timelapse.id, timelapse.started_at)
    again = await either.timelapse()
    assert again.id > timelapse.id
    assert (await either.image_rows.record(new_image(again.id, 1))).id > image.id
