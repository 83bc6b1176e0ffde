"""What is kept for some days only."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from unittest.mock import patch

import pytest

from custom_components.timelapser.engine.database.corruption_operations import CorruptionOperations
from custom_components.timelapser.engine.database.log_operations import LogOperations
from custom_components.timelapser.engine.database.statistics_operations import StatisticsOperations
from custom_components.timelapser.engine.errors import DatabaseUnavailableError
from custom_components.timelapser.engine.models import LogLevel, NewLogRow
from custom_components.timelapser.engine.monitoring import housekeeping
from custom_components.timelapser.engine.monitoring.housekeeping import Housekeeping
from custom_components.timelapser.engine.monitoring.statistics import StatisticsService
from custom_components.timelapser.engine.settings import Level, resolve
from tests.engine.conftest import BEGIN, Engine
from tests.engine.database.test_operations import new_image

NOW = BEGIN + timedelta(days=40)
OLD = NewLogRow(BEGIN, LogLevel.INFO, "reconcile", "Started")


class House:
    """Housekeeping with rows that are 40 and 5 days old, and options that may change."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.options: dict[str, object] = {}
        self.logs = LogOperations(engine.database)
        self.judgements = CorruptionOperations(engine.database)
        self.service = Housekeeping(
            self.logs,
            self.judgements,
            StatisticsService(
                StatisticsOperations(engine.database), engine.storage, engine.pool, lambda: NOW
            ),
            lambda: resolve({Level.HUB: self.options}).settings,
            lambda: NOW,
        )

    async def fill(self) -> None:
        timelapse = await self.engine.timelapse()
        recent = NOW - timedelta(days=5)
        await self.logs.add(OLD, replace(OLD, logged_at=recent))
        for number, moment in enumerate((BEGIN, recent)):
            new = new_image(timelapse.id, number)
            await self.engine.image_rows.record(replace(new, captured_at=moment))

    async def count(self) -> tuple[int, int]:
        return len(await self.logs.find()), len(await self.judgements.find())


@pytest.mark.parametrize(
    ("options", "left"),
    [
        ({}, (1, 1)),
        ({"log_retention": 41}, (2, 1)),
        ({"corruption_log_retention": 41}, (1, 2)),
        ({"log_retention": 4, "corruption_log_retention": 4}, (0, 0)),
    ],
)
async def test_purge_keeps_as_many_days_as_the_settings_say(
    either: Engine, options: dict[str, object], left: tuple[int, int]
) -> None:
    house = House(either)
    await house.fill()
    house.options = options
    await house.service.purge()
    assert await house.count() == left
    # Images stay when their judgements go.
    assert (await either.timelapses.get(1)).image_count == 2


async def test_purging_goes_on_after_the_database_was_away(engine: Engine) -> None:
    house = House(engine)
    await house.fill()
    done = asyncio.Event()
    purge, away = house.logs.purge, [True]

    async def sometimes(before: object) -> int:
        if away:
            away.pop()
            raise DatabaseUnavailableError(reason="away")
        done.set()
        return await purge(NOW - timedelta(days=30))

    with (
        patch.object(housekeeping, "EVERY", 0),
        patch.object(house.logs, "purge", sometimes),
    ):
        work = asyncio.create_task(house.service.run())
        async with asyncio.timeout(10):
            await done.wait()
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
    assert not away
