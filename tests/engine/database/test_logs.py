"""Logs and judgements: written, filtered, paged and purged."""

from dataclasses import replace
from datetime import timedelta

from custom_components.timelapser.engine.database.corruption_operations import CorruptionOperations
from custom_components.timelapser.engine.database.log_operations import LogOperations
from custom_components.timelapser.engine.models import CorruptionAction, LogLevel, NewLogRow
from tests.engine.conftest import BEGIN, Engine
from tests.engine.database.test_operations import new_image


async def test_log_rows(either: Engine) -> None:
    logs = LogOperations(either.database)
    camera = await either.camera()
    row = NewLogRow(BEGIN, LogLevel.INFO, "reconcile", "Started", data={"files": 3})
    await logs.add(
        row,
        replace(row, level=LogLevel.ERROR, message="x" * 5000, camera_id=camera.id),
        replace(row, level=LogLevel.DEBUG, source="render", logged_at=BEGIN + timedelta(days=1)),
    )
    newest, long, first = await logs.find()
    assert (first.message, first.data, first.logged_at) == ("Started", {"files": 3}, BEGIN)
    assert (len(long.message), long.camera_id) == (2000, camera.id)
    assert [found.id for found in await logs.find(level=LogLevel.WARNING)] == [long.id]
    assert [found.id for found in await logs.find(source="render")] == [newest.id]
    assert [found.id for found in await logs.find(camera_id=camera.id)] == [long.id]
    assert [found.id for found in await logs.find(before_id=long.id)] == [first.id]
    assert await logs.purge(BEGIN + timedelta(hours=1)) == 2
    assert len(await logs.find()) == 1


async def test_every_judgement_is_kept(either: Engine) -> None:
    judgements = CorruptionOperations(either.database)
    timelapse = await either.timelapse()
    for number in range(3):
        new = new_image(timelapse.id, number, quarantined=number == 2)
        image = await either.image_rows.record(replace(new, flagged=number > 0))
    newest, flagged, kept = await judgements.find(camera_id="cam")
    assert (newest.action, newest.image_id) == (CorruptionAction.QUARANTINED, image.id)
    assert (newest.score, newest.reasons) == (20, ("truncated",))
    assert (flagged.action, kept.action) == (CorruptionAction.FLAGGED, CorruptionAction.KEPT)
    assert [found.id for found in await judgements.find(below=50)] == [newest.id]
    assert await judgements.find(timelapse_id=99) == []
    assert await judgements.purge(BEGIN + timedelta(minutes=1)) == 1
