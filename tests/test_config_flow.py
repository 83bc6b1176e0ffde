"""The hub's flow: every error, and the way out of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

from homeassistant.config_entries import SOURCE_USER, ConfigEntryState
from homeassistant.core import HomeAssistant
from homeassistant.data_entry_flow import FlowResultType
from homeassistant.helpers import issue_registry as ir
from homeassistant.requirements import RequirementsNotFound
import pytest
from pytest_homeassistant_custom_component.common import MockConfigEntry
from sqlalchemy import Connection, text

from custom_components.timelapser.const import DOMAIN
from custom_components.timelapser.database_setup import postgres_config
from custom_components.timelapser.engine.database.database import Database
from custom_components.timelapser.engine.database.migrations import revisions
from custom_components.timelapser.engine.database.pool_manager import Lane
from tests.harness.postgres import PASSWORD, USER, PostgresServer
from tests.helpers import set_up


async def test_hub_leads_into_the_first_camera(home: HomeAssistant, storage: Path) -> None:
    flow = await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert flow["type"] is FlowResultType.FORM
    suggested = {str(key): key.description for key in flow["data_schema"].schema}
    assert suggested["storage"] == {"suggested_value": str(storage)}
    created = await home.config_entries.flow.async_configure(
        flow["flow_id"], {"storage": str(storage)}
    )
    assert created["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()
    assert await home.async_add_executor_job(storage.is_dir)
    (camera_flow,) = home.config_entries.subentries.async_progress()
    assert created["next_flow"][1] == camera_flow["flow_id"]
    assert camera_flow["step_id"] == "user"


@pytest.mark.parametrize(
    ("folder", "error"),
    [
        ("/nowhere/timelapser", "storage_not_allowed"),
        ("relative/folder", "storage_not_allowed"),
        ("{media}/../../etc", "storage_not_allowed"),
        ("{media}/link", "storage_not_allowed"),
        ("{media}/file/timelapser", "storage_not_writable"),
    ],
)
async def test_folder_that_cannot_be_used(
    home: HomeAssistant, storage: Path, folder: str, error: str
) -> None:
    storage.parent.mkdir()
    (storage.parent / "file").write_text("no folder")
    (storage.parent / "link").symlink_to("/etc")
    flow = await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    refused = await home.config_entries.flow.async_configure(
        flow["flow_id"], {"storage": folder.format(media=storage.parent)}
    )
    assert refused["type"] is FlowResultType.FORM
    assert refused["errors"] == {"storage": error}
    assert str(storage.parent) in refused["description_placeholders"]["allowed"]
    created = await home.config_entries.flow.async_configure(
        flow["flow_id"], {"storage": str(storage)}
    )
    assert created["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()


@pytest.fixture
def server(postgres: PostgresServer, socket_enabled: None) -> dict[str, Any]:
    """What a person would enter for a new database."""
    return {
        "host": "127.0.0.1",
        "port": postgres.port,
        "database": postgres.new_database().database,
        "username": USER,
        "password": PASSWORD,
        "tls": "disable",
        "connections": 4,
    }


async def choose_postgres(hass: HomeAssistant, storage: Path) -> str:
    flow = await hass.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    form = await hass.config_entries.flow.async_configure(
        flow["flow_id"], {"storage": str(storage), "database": "postgres"}
    )
    assert (form["type"], form["step_id"]) == (FlowResultType.FORM, "postgres")
    flow_id: str = flow["flow_id"]
    return flow_id


@pytest.mark.usefixtures("no_such_host")
@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ({"port": 1}, "postgres_unreachable"),
        ({"host": "no-such-host.invalid"}, "postgres_unreachable"),
        ({"password": "wrong"}, "postgres_auth"),
        ({"database": "nothing"}, "postgres_missing"),
        ({"tls": "require"}, "postgres_tls"),
        ({"username": "guest"}, "postgres_rights"),
    ],
)
async def test_server_that_cannot_be_used(  # noqa: PLR0917
    home: HomeAssistant,
    storage: Path,
    postgres: PostgresServer,
    server: dict[str, Any],
    wrong: dict[str, Any],
    error: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    if "username" in wrong:
        wrong = {"username": postgres.new_user()}
    flow_id = await choose_postgres(home, storage)
    form = await home.config_entries.flow.async_configure(flow_id, server | wrong)
    assert form["errors"] == {"base": error}
    assert PASSWORD not in caplog.text
    created = await home.config_entries.flow.async_configure(flow_id, server)
    assert created["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()
    hub = created["result"].runtime_data
    assert hub.database.pool.engine.dialect.name == "postgresql"


async def test_newer_database_is_refused_with_a_repair(
    home: HomeAssistant, storage: Path, postgres: PostgresServer, server: dict[str, Any]
) -> None:
    flow_id = await choose_postgres(home, storage)
    created = await home.config_entries.flow.async_configure(flow_id, server)
    await home.async_block_till_done()
    entry = created["result"]
    await entry.runtime_data.database.write(set_revision("9999"))
    await home.config_entries.async_reload(entry.entry_id)
    assert entry.state is ConfigEntryState.SETUP_ERROR
    issues = ir.async_get(home)
    issue = issues.async_get_issue(DOMAIN, "database_too_new")
    assert issue is not None
    assert (issue.translation_placeholders or {})["revision"] == "9999"
    database = Database(postgres_config(server))
    await database.pool.run(Lane.WRITE, set_revision(revisions()[-1]))
    await database.close()
    assert await home.config_entries.async_reload(entry.entry_id)
    assert issues.async_get_issue(DOMAIN, "database_too_new") is None


def set_revision(revision: str) -> Callable[[Connection], None]:
    def work(connection: Connection) -> None:
        connection.execute(text("UPDATE alembic_version SET version_num = :r"), {"r": revision})

    return work


async def test_reconfigure_to_a_server_and_another_folder(
    home: HomeAssistant, entry: MockConfigEntry, storage: Path, server: dict[str, Any]
) -> None:
    before = await set_up(home, entry)
    flow = await entry.start_reconfigure_flow(home)
    assert flow["step_id"] == "reconfigure"
    configure = home.config_entries.flow.async_configure
    refused = await configure(flow["flow_id"], {"storage": "/etc/x", "database": "postgres"})
    assert refused["errors"] == {"storage": "storage_not_allowed"}
    folder = str(storage.with_name("elsewhere"))
    await configure(flow["flow_id"], {"storage": folder, "database": "postgres"})
    done = await configure(flow["flow_id"], server)
    assert (done["type"], done["reason"]) == (FlowResultType.ABORT, "reconfigure_successful")
    await home.async_block_till_done()
    after = entry.runtime_data
    assert after is not before
    assert str(after.storage.root) == folder
    assert after.database.pool.engine.dialect.name == "postgresql"
    assert after.database.pool.status().size == 4

    # The password stays where it is left empty, and is not shown.
    flow = await entry.start_reconfigure_flow(home)
    form = await configure(flow["flow_id"], {"storage": folder, "database": "postgres"})
    assert PASSWORD not in str([vars(key) for key in form["data_schema"].schema])
    again = {key: value for key, value in server.items() if key != "password"}
    done = await configure(flow["flow_id"], again)
    assert done["reason"] == "reconfigure_successful"
    assert entry.data["postgres"]["password"] == PASSWORD

    flow = await entry.start_reconfigure_flow(home)
    await configure(flow["flow_id"], {"storage": folder, "database": "sqlite"})
    await home.async_block_till_done()
    assert "postgres" not in entry.data
    assert entry.runtime_data.database.pool.engine.dialect.name == "sqlite"


async def test_driver_that_cannot_be_installed(
    home: HomeAssistant, storage: Path, server: dict[str, Any]
) -> None:
    flow_id = await choose_postgres(home, storage)
    with patch(
        "custom_components.timelapser.database_setup.async_process_requirements",
        side_effect=RequirementsNotFound("timelapser", ["psycopg"]),
    ):
        form = await home.config_entries.flow.async_configure(flow_id, server)
    assert form["errors"] == {"base": "postgres_driver"}
    created = await home.config_entries.flow.async_configure(flow_id, server)
    assert created["type"] is FlowResultType.CREATE_ENTRY
    await home.async_block_till_done()


async def test_only_one_hub(home: HomeAssistant, entry: MockConfigEntry) -> None:
    entry.add_to_hass(home)
    flow = await home.config_entries.flow.async_init(DOMAIN, context={"source": SOURCE_USER})
    assert flow["type"] is FlowResultType.ABORT
    assert flow["reason"] == "single_instance_allowed"
