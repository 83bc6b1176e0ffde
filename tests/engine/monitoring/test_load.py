"""Captures pause while the disk or the memory is short, and go on when there is room again."""

from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from custom_components.timelapser.engine.errors import (
    MemoryLowError,
    StorageLowError,
    TimelapserError,
)
from custom_components.timelapser.engine.events import Event
from custom_components.timelapser.engine.monitoring.load import (
    GB,
    MB,
    Guard,
    LoadWatch,
    free_disk,
    free_memory,
)
from custom_components.timelapser.engine.settings import LoadSettings

PLENTY = 100 * GB


class Machine:
    """What the watch finds, and what it tells."""

    def __init__(self, pool: ThreadPoolExecutor, root: Path = Path("/media")) -> None:
        self.disk: int | None = PLENTY
        self.memory: int | None = PLENTY
        self.limits = LoadSettings(stop_below=1.0, resume_above=2.0)
        self.events: list[Event] = []
        self.asked: list[Path] = []
        self.watch = LoadWatch(
            root,
            lambda: self.limits,
            pool,
            self.events.append,
            disk=self._disk,
            memory=lambda: self.memory,
        )

    def _disk(self, root: Path) -> int | None:
        self.asked.append(root)
        return self.disk

    async def see(self, *, disk: int | None = PLENTY, memory: int | None = PLENTY) -> str | None:
        """Look at that much; answer why nothing may be captured."""
        self.disk, self.memory = disk, memory
        await self.watch.look()
        return self.watch.reason

    def told(self) -> list[str]:
        """The events since the last time."""
        events, self.events[:] = [event.type for event in self.events], []
        return events


@pytest.fixture
async def machine() -> AsyncIterator[Machine]:
    with ThreadPoolExecutor(1) as pool:
        yield Machine(pool)


@pytest.mark.parametrize(
    ("free", "expected"),
    [
        # Closed below the first limit, open from the second one.
        ([3, 1, 0.99, 1, 1.99, 2, 1], [False, False, True, True, True, False, False]),
        # What is not known changes nothing.
        ([None, 0.5, None, 3, None], [False, True, True, False, False]),
        ([0, 0, 5, 5], [True, True, False, False]),
    ],
)
def test_guard(free: list[float | None], expected: list[bool]) -> None:
    guard = Guard()
    before = False
    for value, closed in zip(free, expected, strict=True):
        assert guard.see(value, 1, 2) is (closed is not before)
        assert guard.closed is closed
        before = closed


def test_guard_with_limits_the_wrong_way_round() -> None:
    """It must not close and open at every look."""
    guard = Guard()
    assert [guard.see(value, 3, 2) for value in (2.5, 2.5, 2.5, 3)] == [True, False, False, True]


async def test_disk_runs_full_and_is_cleared(machine: Machine) -> None:
    assert await machine.see() is None
    machine.watch.check()
    assert machine.told() == []
    for free in (GB - 1, GB // 2, GB, 2 * GB - 1):
        assert await machine.see(disk=free) == "disk"
    assert machine.told() == ["storage_low"]
    assert await machine.see(disk=2 * GB) is None
    assert await machine.see(disk=GB) is None
    assert machine.told() == ["storage_ok"]
    assert set(machine.asked) == {Path("/media")}


async def test_memory_runs_short(machine: Machine) -> None:
    found = [await machine.see(memory=free * MB) for free in (64, 63, 64, 127, 128, 64)]
    assert found == [None, "memory", "memory", "memory", None, None]
    assert machine.told() == ["memory_low", "memory_ok"]


async def test_both_are_short(machine: Machine) -> None:
    """Each is told once; the disk is the reason for as long as it is short."""
    assert await machine.see(disk=0, memory=0) == "disk"
    assert machine.told() == ["storage_low", "memory_low"]
    assert await machine.see(memory=0) == "memory"
    assert machine.told() == ["storage_ok"]
    assert await machine.see() is None
    assert machine.told() == ["memory_ok"]


@pytest.mark.parametrize("closed", [False, True])
async def test_what_is_not_known_changes_nothing(machine: Machine, closed: bool) -> None:
    reason = await machine.see(disk=0 if closed else PLENTY)
    machine.told()
    assert await machine.see(disk=None, memory=None) == reason
    assert (machine.watch.disk_free, machine.watch.memory_free) == (None, None)
    assert machine.told() == []


@pytest.mark.parametrize(
    ("disk", "memory", "error", "placeholders"),
    [
        (740_000_000, PLENTY, StorageLowError, {"free": "0.7", "resume": "2"}),
        (0, PLENTY, StorageLowError, {"free": "0.0", "resume": "2"}),
        (PLENTY, 41_600_000, MemoryLowError, {"free": "42"}),
        (0, 0, StorageLowError, {"free": "0.0", "resume": "2"}),
    ],
)
async def test_check_names_the_numbers(
    machine: Machine,
    disk: int,
    memory: int,
    error: type[TimelapserError],
    placeholders: dict[str, str],
) -> None:
    await machine.see(disk=disk, memory=memory)
    with pytest.raises(error) as caught:
        machine.watch.check()
    assert caught.value.placeholders == placeholders


async def test_limits_are_those_in_effect(machine: Machine) -> None:
    """Whoever lowers the limit need not wait for room, nor for a restart."""
    assert await machine.see(disk=GB // 2) == "disk"
    machine.limits = LoadSettings(stop_below=0.1, resume_above=0.4)
    assert await machine.see(disk=GB // 2) is None
    machine.limits = LoadSettings(stop_below=10, resume_above=20)
    assert await machine.see(disk=GB // 2) == "disk"
    with pytest.raises(StorageLowError, match="resume 20"):
        machine.watch.check()


async def test_a_machine_without_limits(machine: Machine) -> None:
    machine.limits = LoadSettings(stop_below=0, resume_above=0)
    assert await machine.see(disk=0) is None


async def test_disk_and_memory_of_this_machine(tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as pool:
        watch = LoadWatch(tmp_path, LoadSettings, pool, lambda _event: None)
        await watch.look()
    assert watch.disk_free
    assert watch.memory_free is None or watch.memory_free > MB


def test_disk_that_is_away(tmp_path: Path) -> None:
    assert free_disk(tmp_path / "not" / "mounted") is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"MemTotal:  16000000 kB\nMemFree: 9 kB\nMemAvailable:    1000 kB\nA: 1\n", 1_024_000),
        (b"MemAvailable: 0 kB", 0),
        # Linux before 3.14 does not say, and others have no such file.
        (b"MemTotal:  16000000 kB\nMemFree: 9 kB\n", None),
        (b"", None),
        (b"MemAvailable:", None),
        (b"MemAvailable: many kB\n", None),
        (b"\xff\xfe\x00MemAvailable: 1000 kB\n", None),
        (None, None),
    ],
)
def test_memory_as_linux_tells_it(
    tmp_path: Path, content: bytes | None, expected: int | None
) -> None:
    meminfo = tmp_path / "meminfo"
    if content is not None:
        meminfo.write_bytes(content)
    assert free_memory(meminfo) == expected


def test_memory_file_that_is_a_folder(tmp_path: Path) -> None:
    assert free_memory(tmp_path) is None
