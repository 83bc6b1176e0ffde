"""An outage of the database: captures go on, and every row comes in, once and in order."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from custom_components.timelapser.engine.errors import (
    DatabaseError,
    DatabaseUnavailableError,
    StorageError,
)
from custom_components.timelapser.engine.images.recorder import Recorder
from custom_components.timelapser.engine.images.spool import FOLDER, Spool
from custom_components.timelapser.engine.models import NewImage, Tick, TickOutcome, Timelapse
from custom_components.timelapser.engine.monitoring.database_watch import DatabaseWatch
from tests.engine.conftest import BEGIN, Engine, open_engine
from tests.engine.database.test_operations import new_image
from tests.harness.postgres import PostgresServer


def planned(timelapse: Timelapse, number: int, outcome: TickOutcome) -> Tick:
    moment = BEGIN + timedelta(hours=number)
    error = "timeout" if outcome is TickOutcome.FAILED else None
    return Tick("cam", timelapse.id, moment, moment.date(), outcome, error)


async def capture(recorder: Recorder, timelapse: Timelapse, number: int) -> int:
    """Record an image, or every fifth time a failure."""
    if number % 5 == 4:
        await recorder.record_miss(planned(timelapse, number, TickOutcome.FAILED))
        return 0
    tick = planned(timelapse, number, TickOutcome.CAPTURED)
    return (await recorder.record(timelapse, new_image(timelapse.id, number), tick)).id


def spooled(engine: Engine) -> list[str]:
    return sorted(path.name for path in (engine.storage.root / FOLDER).glob("*"))


@pytest.fixture
async def remote(
    tmp_path: Path, postgres: PostgresServer, socket_enabled: None
) -> AsyncIterator[Engine]:
    async with open_engine(tmp_path, postgres.new_database()) as parts:
        yield parts


async def test_server_that_goes_away_and_comes_back(
    remote: Engine, postgres: PostgresServer
) -> None:
    timelapse = await remote.timelapse()
    heard: list[bool] = []
    watch = DatabaseWatch(remote.database.pool, remote.recorder, heard.append)
    assert await capture(remote.recorder, timelapse, 0) == 1
    await asyncio.to_thread(postgres.stop)
    try:
        ids = [await capture(remote.recorder, timelapse, number) for number in range(1, 10)]
        assert not await watch.look()
    finally:
        await asyncio.to_thread(postgres.start)
    assert ids == [0] * 9
    assert (remote.recorder.waiting, heard) == (9, [True])
    # Behind those that wait, though the server is there again.
    assert await capture(remote.recorder, timelapse, 10) == 0
    assert await watch.look()
    assert (remote.recorder.waiting, heard, spooled(remote)) == (0, [True, False], [])
    images = await remote.image_rows.for_render(timelapse.id)
    assert [image.captured_at for image in images] == [
        BEGIN + timedelta(hours=number) for number in (0, 1, 2, 3, 5, 6, 7, 8, 10)
    ]
    assert [image.id for image in images] == sorted(image.id for image in images)
    found = await remote.timelapses.get(timelapse.id)
    assert (found.image_count, found.failed_count) == (9, 2)
    assert (await remote.cameras.get("cam")).consecutive_failures == 0
    assert await capture(remote.recorder, timelapse, 11) > 0


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, engine: Engine) -> pytest.MonkeyPatch:
    async def refuse(*_args: object) -> None:
        raise DatabaseUnavailableError(reason="disk I/O error")

    monkeypatch.setattr(engine.image_rows, "record", refuse)
    return monkeypatch


async def test_what_waits_survives_a_restart(engine: Engine, away: pytest.MonkeyPatch) -> None:
    timelapse = await engine.timelapse()
    new = new_image(timelapse.id, 3, quarantined=True)
    tick = planned(timelapse, 3, TickOutcome.QUARANTINED)
    shown = await engine.recorder.record(timelapse, new, tick)
    assert (shown.id, shown.captured_at, shown.folder) == (0, new.captured_at, timelapse.folder)
    away.undo()
    again = Recorder(engine.image_rows, Spool(engine.storage), engine.pool)
    await again.open()
    assert await again.drain() == 1
    (image,) = await engine.image_rows.find(timelapse_id=timelapse.id, quarantined=True)
    assert (image.captured_at, image.score) == (new.captured_at, 20)
    assert (image.reasons, image.local_day) == (("truncated",), new.local_day)


async def test_killed_between_row_and_file_enters_nothing_twice(
    engine: Engine, away: pytest.MonkeyPatch
) -> None:
    timelapse = await engine.timelapse()
    tick = planned(timelapse, 1, TickOutcome.CAPTURED)
    await engine.recorder.record(timelapse, new_image(timelapse.id, 1), tick)
    await engine.recorder.record_miss(planned(timelapse, 2, TickOutcome.FAILED))
    away.undo()
    files = {path: path.read_bytes() for path in (engine.storage.root / FOLDER).glob("*")}
    await engine.recorder.drain()
    for path, content in files.items():
        path.write_bytes(content)
    again = Recorder(engine.image_rows, Spool(engine.storage), engine.pool)
    await again.open()
    assert await again.drain() == 2
    found = await engine.timelapses.get(timelapse.id)
    assert (found.image_count, found.failed_count) == (1, 1)


async def test_what_cannot_be_entered_holds_up_nothing(
    engine: Engine, away: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    timelapse = await engine.timelapse()
    for number in range(4):
        await engine.recorder.record(timelapse, new_image(timelapse.id, number), None)
    gone = new_image(99, 5)
    await engine.recorder.record(timelapse, gone, None)
    away.undo()
    (engine.storage.root / FOLDER / "000000000001.json").write_text("{half")
    record_late = engine.image_rows.record_late

    async def refuse_second(new: NewImage | None, tick: Tick | None) -> None:
        if new and new.captured_at == BEGIN + timedelta(hours=1):
            raise DatabaseError(reason="value too long")
        await record_late(new, tick)

    away.setattr(engine.image_rows, "record_late", refuse_second)
    assert await engine.recorder.drain() == 3
    assert (await engine.timelapses.get(timelapse.id)).image_count == 2
    assert spooled(engine) == ["000000000001.refused", "000000000002.refused"]
    assert "cannot be read" in caplog.text
    assert "was refused" in caplog.text


async def test_storage_that_hiccups_loses_no_entry(
    engine: Engine, away: pytest.MonkeyPatch
) -> None:
    timelapse = await engine.timelapse()
    for number in range(3):
        await engine.recorder.record(timelapse, new_image(timelapse.id, number), None)
    away.undo()
    folder = engine.storage.root / FOLDER
    folder.rename(folder.with_name("elsewhere"))
    with pytest.raises(StorageError):
        await engine.recorder.drain()
    folder.with_name("elsewhere").rename(folder)
    await engine.recorder.record(timelapse, new_image(timelapse.id, 3), None)
    assert await engine.recorder.drain() == 4
    assert (await engine.timelapses.get(timelapse.id)).image_count == 4


async def test_drained_by_two_at_once_enters_everything_once(
    engine: Engine, away: pytest.MonkeyPatch
) -> None:
    timelapse = await engine.timelapse()
    for number in range(5):
        await engine.recorder.record(timelapse, new_image(timelapse.id, number), None)
    away.undo()
    assert sorted(await asyncio.gather(engine.recorder.drain(), engine.recorder.drain())) == [0, 5]
    assert (await engine.timelapses.get(timelapse.id)).image_count == 5


async def test_watch_wakes_up_when_something_waits(
    engine: Engine, away: pytest.MonkeyPatch
) -> None:
    timelapse = await engine.timelapse()
    watch = DatabaseWatch(engine.database.pool, engine.recorder, lambda _away: None)
    watching = asyncio.create_task(watch.run())
    await engine.recorder.record(timelapse, new_image(timelapse.id, 1), None)
    async with asyncio.timeout(5):
        while engine.recorder.waiting:
            await asyncio.sleep(0.01)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    assert (await engine.timelapses.get(timelapse.id)).image_count == 1
