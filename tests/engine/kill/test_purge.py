"""SIGKILL in the middle of a purge: nothing goes that was not planned, nothing comes back."""

from pathlib import Path
import random

from custom_components.timelapser.engine.database.config import SqliteConfig
from tests.engine.conftest import open_engine
from tests.engine.images.test_retention_purging import House
from tests.engine.kill.purge_victim import NEW
from tests.engine.kill.test_kill import Victim, check_files
from tests.engine.kill.victim import DATABASE, JOURNAL
from tests.engine.monitoring.test_reconciliation import create_service

ROUNDS = 8


async def test_purges(tmp_path: Path) -> None:
    chance = random.Random(20261124)
    victim = Victim(tmp_path, "tests.engine.kill.purge_victim")
    cut_off = 0
    try:
        for _ in range(ROUNDS):
            victim.work("purge", chance.uniform(0, 0.15))
            words = [line.split() for line in (tmp_path / JOURNAL).read_text().splitlines()]
            cut_off += bool(words) and words[-1][0] in {"planned", "purged"}
            async with open_engine(tmp_path, SqliteConfig(tmp_path / DATABASE)) as parts:
                parts.storage.check_writable()
                await create_service(parts).run()
                rows = await parts.image_rows.find(quarantined=None, limit=10_000)
                left = {row.captured_at.isoformat() for row in rows}
                assert left.isdisjoint(moment for word, moment in words if word == "purged")
                planned = {moment for word, moment in words if word == "planned"}
                kept = {moment for word, moment in words if word != "purged"} - planned
                assert kept <= left
                assert {moment for word, moment in words if word == NEW} <= left
                await check_files(parts, await parts.timelapses.find())
                assert await House(parts).rows.counters.verify(repair=False) == []
    finally:
        victim.close()
    assert cut_off
