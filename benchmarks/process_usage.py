"""What processes use, as Linux counts it."""

from collections import defaultdict
from dataclasses import dataclass
import os
from pathlib import Path
import re
from typing import Self

MEGABYTE = 1_000_000
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds so far, of the process without its children and of each group of its threads."""

    cpu: float
    threads: dict[str, float]
    rss: int

    @classmethod
    def of(cls, pid: int) -> Self:
        """Read what a process has used so far."""
        process = Path("/proc") / str(pid)
        threads = defaultdict[str, float](float)
        for thread in (process / "task").iterdir():
            try:
                name = (thread / "comm").read_text().strip()
                ran = int((thread / "schedstat").read_text().split()[0]) / 1e9
            except FileNotFoundError, ProcessLookupError:  # it has ended meanwhile
                continue
            # The first thread has the name of the program.
            threads["event loop" if thread.name == str(pid) else _group(name)] += ran
        pages = int((process / "statm").read_text().split()[1])
        return cls(cpu_seconds(pid), threads, pages * _PAGE)


def cpu_seconds(pid: int) -> float:
    """User and system time of a process, without its children."""
    # The name, in brackets, may hold anything.
    fields = (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def machine_seconds() -> tuple[float, float]:
    """What all cores together have computed, and what the machine's host has taken from them."""
    fields = Path("/proc/stat").read_text().partition("\n")[0].split()[1:]
    user, nice, system, _idle, _io, irq, soft_irq, steal = map(int, fields[:8])
    return (user + nice + system + irq + soft_irq) / _TICKS, steal / _TICKS


def _group(name: str) -> str:
    """The pool that a thread belongs to; Linux knows the first 15 characters of a name."""
    return re.sub(r"[_-]\d*$", "", name)
