"""The pool: bounds, figures, and what they advise."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
import threading

import pytest
from sqlalchemy import Connection, text

from custom_components.timelapser.engine.database import pool_manager
from custom_components.timelapser.engine.database.config import DatabaseConfig, SqliteConfig
from custom_components.timelapser.engine.database.pool_advice import (
    TEXTS,
    Advice,
    Recommendation,
    recommend,
)
from custom_components.timelapser.engine.database.pool_manager import (
    Lane,
    LaneStatus,
    PoolManager,
    PoolStatus,
    Probe,
)
from custom_components.timelapser.engine.errors import (
    DatabaseBusyError,
    DatabaseError,
    DatabaseUnavailableError,
)


@pytest.fixture
async def pool(database_config: DatabaseConfig) -> AsyncIterator[PoolManager]:
    manager = PoolManager(database_config)
    yield manager
    await manager.close()


def one(connection: Connection) -> int:
    return int(connection.execute(text("SELECT 1")).scalar_one())


async def test_figures(pool: PoolManager) -> None:
    for _ in range(5):
        assert await pool.run(Lane.READ, one) == 1
    with pytest.raises(DatabaseError):
        await pool.run(Lane.READ, lambda c: c.execute(text("SELECT nonsense")).all())
    probe = await pool.probe()
    await asyncio.sleep(0)  # a slot is given back in the loop's next turn
    status = pool.status()
    assert probe.error is None
    assert status.last_probe is probe
    assert (status.open, status.in_use, status.overflow) == (1, 0, 0)
    lane = status.lanes[Lane.READ]
    assert (lane.calls, lane.busy, lane.waiting) == (7, 0, 0)
    assert lane.run_mean > 0
    assert recommend(status) == []


async def test_too_much_is_refused_and_order_is_kept(
    pool: PoolManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pool_manager, "MAX_WAITING", 3)
    gate, order = threading.Event(), []

    def work(number: int) -> None:
        gate.wait(10)
        order.append(number)

    calls = [
        asyncio.create_task(pool.run(Lane.WRITE, lambda _, number=number: work(number)))
        for number in range(4)
    ]
    while pool.metrics[Lane.WRITE].waiting < 3:
        await asyncio.sleep(0)
    with pytest.raises(DatabaseBusyError):
        await pool.run(Lane.WRITE, one)
    # Readers have threads of their own.
    assert await pool.run(Lane.READ, one) == 1
    gate.set()
    await asyncio.gather(*calls)
    assert order == [0, 1, 2, 3]
    lane = pool.status().lanes[Lane.WRITE]
    assert (lane.waits, lane.peak_waiting, lane.refused_last_hour) == (3, 3, 1)


async def test_waiting_ends(pool: PoolManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pool_manager, "WAIT_SECONDS", 0.05)
    gate = threading.Event()
    first = asyncio.create_task(pool.run(Lane.WRITE, lambda _: gate.wait(10)))
    await asyncio.sleep(0)
    with pytest.raises(DatabaseBusyError):
        await pool.run(Lane.WRITE, one)
    gate.set()
    await first
    assert await pool.run(Lane.WRITE, one) == 1


async def test_cancelled_call_keeps_its_slot_until_its_thread_is_free(pool: PoolManager) -> None:
    started, gate, done = threading.Event(), threading.Event(), []

    def work(_connection: Connection) -> None:
        started.set()
        gate.wait(10)
        done.append(1)

    call = asyncio.create_task(pool.run(Lane.WRITE, work))
    await asyncio.to_thread(started.wait, 10)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert pool.status().lanes[Lane.WRITE].busy == 1
    gate.set()
    assert await pool.run(Lane.WRITE, lambda _: list(done)) == [1]


async def test_database_that_is_away(tmp_path: Path) -> None:
    pool = PoolManager(SqliteConfig(tmp_path / "nowhere" / "timelapser.db"))
    with pytest.raises(DatabaseUnavailableError):
        await pool.run(Lane.READ, one)
    assert (await pool.probe()).error == "database_unavailable"
    assert [found.advice for found in recommend(pool.status())] == [Advice.AWAY]
    await pool.close()


IDLE = LaneStatus(2, 0, 0, 0, 1000, 0, 0.0, 0.001, 0, 0, 0)


@pytest.mark.parametrize(
    ("read", "write", "probe", "advice"),
    [
        ({}, {}, Probe(0, 1), []),
        ({"refused_last_hour": 7}, {"refused_last_hour": 5}, None, [Advice.RAISE_CONNECTIONS]),
        ({"refused_last_hour": 9}, {}, None, []),
        ({"waits": 10, "wait_mean": 0.5}, {}, None, [Advice.READERS_WAIT]),
        ({}, {"waits": 10, "wait_mean": 0.3}, None, [Advice.WRITER_WAITS]),
        ({}, {"waits": 1, "wait_mean": 9.0, "calls": 3}, None, []),
        ({"slow_last_hour": 41}, {}, None, [Advice.SLOW_DATABASE]),
        ({}, {}, Probe(0, 1500), [Advice.SLOW_DATABASE]),
        ({"errors": 50}, {}, None, [Advice.FAILING_DATABASE]),
        ({}, {}, Probe(0, 3, "database_unavailable"), [Advice.AWAY]),
    ],
)
def test_advice(
    read: dict[str, float], write: dict[str, float], probe: Probe | None, advice: list[Advice]
) -> None:
    lanes = {Lane.READ: replace(IDLE, **read), Lane.WRITE: replace(IDLE, **write)}
    status = PoolStatus(3, 3, 0, 0, lanes, probe)
    assert [found.advice for found in recommend(status)] == advice


def test_advice_says_what_to_do() -> None:
    found = Recommendation(Advice.RAISE_CONNECTIONS, 12)
    assert found.text == "refused 12 calls in the last hour: raise the connections"
    assert {*TEXTS} == {*Advice}


async def test_closed_database_is_away(tmp_path: Path) -> None:
    pool = PoolManager(SqliteConfig(tmp_path / "timelapser.db"))
    await pool.close()
    with pytest.raises(DatabaseUnavailableError):
        await pool.run(Lane.READ, one)
