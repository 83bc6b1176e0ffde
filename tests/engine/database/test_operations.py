"""Rows and counters, one transaction at a time."""

from datetime import timedelta
from pathlib import Path

import pytest

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
from tests.engine.conftest import BEGIN, Engine


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
    return Tick("cam", timelapse_id, BEGIN, outcome, error)


async def test_counters_follow_images(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    for number in range(30):
        new = new_image(timelapse.id, number, quarantined=number % 10 == 9)
        image = await engine.image_rows.record(new, tick(timelapse.id, TickOutcome.CAPTURED))
    camera, timelapse = await engine.camera(), await engine.timelapses.get(timelapse.id)
    assert (camera.image_count, camera.quarantine_count) == (27, 3)
    assert (timelapse.image_count, timelapse.quarantine_count) == (27, 3)
    assert timelapse.byte_count == 30_000
    assert timelapse.score_mean == pytest.approx((27 * 90 + 3 * 20) / 30)
    assert timelapse.first_image_at == BEGIN
    assert timelapse.last_image_at == BEGIN + timedelta(hours=28)
    assert camera.last_image_id == timelapse.last_image_id == image.id - 1
    assert image.reasons == ("truncated",)
    latest = await engine.image_rows.latest("cam")
    assert latest is not None
    assert latest.id == camera.last_image_id


async def test_failures_and_recovery(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    for _ in range(3):
        await engine.image_rows.record_miss(tick(timelapse.id, TickOutcome.FAILED, "timeout"))
    await engine.image_rows.record_miss(tick(timelapse.id, TickOutcome.SKIPPED))
    camera, timelapse = await engine.camera(), await engine.timelapses.get(timelapse.id)
    assert (camera.consecutive_failures, camera.last_error) == (3, "timeout")
    assert (timelapse.failed_count, timelapse.skipped_count) == (3, 1)
    await engine.image_rows.record(new_image(timelapse.id, 1))
    camera = await engine.camera()
    assert (camera.consecutive_failures, camera.last_error) == (0, None)


async def test_nothing_is_written_when_part_of_it_fails(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    await engine.image_rows.record(new_image(timelapse.id, 1))
    with pytest.raises(DatabaseError):
        await engine.image_rows.record(new_image(timelapse.id, 1))
    assert (await engine.camera()).image_count == 1


async def test_one_unfinished_timelapse_per_camera(engine: Engine) -> None:
    first = await engine.timelapse()
    with pytest.raises(TimelapseExistsError):
        await engine.timelapse()
    await engine.timelapses.change_state(first.id, {TimelapseState.RUNNING}, TimelapseState.PAUSED)
    with pytest.raises(TimelapseExistsError):
        await engine.timelapse()
    await engine.timelapses.change_state(
        first.id, {TimelapseState.PAUSED}, TimelapseState.COMPLETED, BEGIN
    )
    second = await engine.timelapse()
    assert second.folder == f"garden-cam/{second.id}"
    assert [found.id for found in await engine.timelapses.find("cam")] == [second.id, first.id]
    with pytest.raises(TimelapseStateError):
        await engine.timelapses.change_state(
            first.id, {TimelapseState.RUNNING}, TimelapseState.PAUSED
        )


async def test_pages_and_days(engine: Engine) -> None:
    timelapse = await engine.timelapse()
    for number in range(30):
        await engine.image_rows.record(new_image(timelapse.id, number))
    page = await engine.image_rows.find(timelapse_id=timelapse.id, limit=12)
    rest = await engine.image_rows.find(timelapse_id=timelapse.id, before=page[-1].captured_at)
    moments = [image.captured_at for image in [*page, *rest]]
    assert moments == sorted(set(moments), reverse=True)
    assert len(moments) == 30
    days = await engine.image_rows.days(timelapse.id)
    assert [day.image_count for day in days] == [14, 16]
    of_day = await engine.image_rows.find(timelapse_id=timelapse.id, day=days[1].day)
    assert len(of_day) == 16
    ordered = await engine.image_rows.for_render(timelapse.id)
    assert [image.captured_at for image in ordered] == moments[::-1]


async def test_renamed_camera_keeps_its_folder(engine: Engine) -> None:
    await engine.camera()
    camera = await engine.cameras.ensure("cam", "Orchard", "orchard-cam")
    assert (camera.name, camera.folder) == ("Orchard", "garden-cam")


async def test_what_is_not_there_is_named(engine: Engine) -> None:
    for missing, kind in (
        (engine.cameras.get("x"), "camera"),
        (engine.timelapses.get(99), "timelapse"),
        (engine.image_rows.get(99), "image"),
        (engine.videos.get_job(99), "render job"),
        (engine.videos.get_video(99), "video"),
    ):
        with pytest.raises(NotFoundError) as caught:
            await missing
        assert caught.value.placeholders["kind"] == kind


async def test_rows_survive_a_restart(engine: Engine, tmp_path: Path) -> None:
    timelapse = await engine.timelapse()
    image = await engine.image_rows.record(new_image(timelapse.id, 1))
    await engine.database.close()
    database = Database(tmp_path / "timelapser.db")
    await database.open()
    again = type(engine)(database, engine.storage, engine.pool, engine.images)
    assert await again.image_rows.get(image.id) == image
    assert (await again.timelapses.get(timelapse.id)).image_count == 1
    await database.close()


async def test_database_that_cannot_be_opened(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"this is no database" * 100)
    with pytest.raises(DatabaseError):
        await Database(tmp_path / "broken.db").open()
