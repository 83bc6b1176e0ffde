"""A process that purges until it is killed: `python -m tests.engine.kill.purge_victim FOLDER`."""

from datetime import timedelta
from pathlib import Path
import time

from custom_components.timelapser.engine.database.config import SqliteConfig
from custom_components.timelapser.engine.images import purging
from custom_components.timelapser.engine.models import Frame
from custom_components.timelapser.engine.settings import Settings
from tests.engine.conftest import BEGIN, ZONE, open_engine
from tests.engine.images.test_retention_purging import House
from tests.engine.kill import victim

OLD = "old"
NEW = "new"
AGE = {OLD: 40, NEW: 1}
AT_ONCE = 3
PATIENCE = 30.0
"""Seconds."""


async def keep_and_purge(folder: Path) -> None:
    """Keep images, some of them too old, purge, and begin again."""
    purging.IMAGES_AT_ONCE = AT_ONCE  # type: ignore[misc]  # in a process of its own
    journal = victim.Journal(folder)
    async with open_engine(folder, SqliteConfig(folder / victim.DATABASE)) as parts:
        timelapse = await parts.timelapses.unfinished("cam") or await parts.timelapse()
        house = House(parts, {"image_retention": 30}, now=BEGIN)
        # No moment comes twice: what is purged must not be there again.
        number = len((folder / victim.JOURNAL).read_text().splitlines())
        while True:
            for word in (OLD, OLD, NEW) * AT_ONCE:
                number += 1
                moment = BEGIN - AGE[word] * timedelta(days=1) + number * timedelta(seconds=1)
                new = await parts.images.keep(
                    Frame(moment, victim.JPEG), timelapse, Settings(), ZONE
                )
                await parts.image_rows.record(new)
                journal.write(word, new.captured_at.isoformat())
            planned = await house.service.plan()
            for removal in planned.images:
                journal.write("planned", removal.moment.isoformat())
            for removal in (await house.service.carry_out(planned)).images:
                journal.write("purged", removal.moment.isoformat())


def until_planned(folder: Path) -> None:
    """Wait until a purge begins: keeping images takes as long as the machine is busy."""
    journal, end = folder / victim.JOURNAL, time.monotonic() + PATIENCE
    seen = journal.stat().st_size if journal.exists() else 0
    while time.monotonic() < end:
        if journal.exists() and b"planned" in journal.read_bytes()[seen:]:
            return
        time.sleep(0.002)


if __name__ == "__main__":
    victim.WORKS["purge"] = keep_and_purge
    victim.main(until_planned)
