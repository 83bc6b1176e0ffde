"""The `settings` table: what a timelapse overrides. Hub and camera keep theirs in their entries."""

from collections import defaultdict
from collections.abc import Collection, Mapping

from sqlalchemy import Connection, delete, select

from .database import Database, upsert
from .tables import settings


class SettingsOperations:
    """Reads and writes the settings of timelapses."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, timelapse_id: int) -> Mapping[str, object]:
        """The settings that a timelapse overrides."""
        return await self._database.read(
            lambda connection: fetch_settings(connection, [timelapse_id])[timelapse_id]
        )

    async def change(self, timelapse_id: int, changes: Mapping[str, object]) -> None:
        """Set values; None takes an override back."""
        await self._database.write(
            lambda connection: store_settings(connection, timelapse_id, changes)
        )


def fetch_settings(
    connection: Connection, timelapse_ids: Collection[int]
) -> Mapping[int, Mapping[str, object]]:
    """Answer the overrides of some timelapses within a transaction."""
    found: dict[int, dict[str, object]] = defaultdict(dict)
    query = select(settings).where(settings.c.timelapse_id.in_(timelapse_ids))
    for timelapse_id, name, value in connection.execute(query):
        found[timelapse_id][name] = value
    return found


def store_settings(
    connection: Connection, timelapse_id: int, changes: Mapping[str, object]
) -> None:
    """Set or, where None, take back overrides within a transaction."""
    for name, value in changes.items():
        if value is None:
            connection.execute(
                delete(settings).where(
                    settings.c.timelapse_id == timelapse_id, settings.c.name == name
                )
            )
            continue
        insert = upsert(connection, settings).values(
            timelapse_id=timelapse_id, name=name, value=value
        )
        connection.execute(
            insert.on_conflict_do_update(
                index_elements=["timelapse_id", "name"], set_={"value": insert.excluded.value}
            )
        )
