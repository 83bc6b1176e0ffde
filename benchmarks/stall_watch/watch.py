"""How long an event loop leaves what is due waiting, and whose fault it is.

As a program, it is the control: an idle process that prints what it saw when it is terminated.
What it finds late, the machine alone has made late.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass
import gc
import json
import os
from pathlib import Path
import signal
import threading
import time
from typing import Any

PERIOD = 0.005
LONG = 0.05


@dataclass(slots=True)
class Stalls:
    """What was seen, the longest each, in seconds, and how many were longer than LONG.

    `own` stalls are without the time that the kernel let the loop's thread wait for a core, of
    which up to PERIOD may lie before the stall; `own_cpu` is what the thread itself computed in
    the longest of them, and what remains are locks, Python's own first of all. `other` stalls are
    also without Python's collections of garbage, which stop all threads, whichever they run in.
    """

    all: float = 0
    own: float = 0
    own_cpu: float = 0
    other: float = 0
    collection: float = 0
    long_all: int = 0
    long_own: int = 0
    long_other: int = 0

    def add(self, late: float, cpu: float, queued: float, collected: float) -> None:
        """Count one more round."""
        own = max(0.0, late - queued)
        # A collection may itself have waited for a core: the two are not added up.
        other = max(0.0, late - max(queued, collected))
        if own > self.own:
            self.own_cpu = min(cpu, own)
        self.all, self.own = max(self.all, late), max(self.own, own)
        self.other = max(self.other, other)
        self.collection = max(self.collection, collected)
        self.long_all += late > LONG
        self.long_own += own > LONG
        self.long_other += other > LONG


class StallWatch:
    """Sleeps a little again and again, and sees how late it wakes."""

    def __init__(self) -> None:
        self._stalls = Stalls()
        self._collecting_since = 0.0
        self._collected = 0.0

    async def run(self) -> None:
        """Watch until cancelled; belongs to the loop's thread."""
        gc.callbacks.append(self._collecting)
        thread = Path(f"/proc/self/task/{threading.get_native_id()}")
        with (thread / "schedstat").open() as file:
            cpu, queued = _used(file.fileno())
            while True:
                collected = self._collected
                due = time.monotonic() + PERIOD
                await asyncio.sleep(PERIOD)
                late = time.monotonic() - due
                cpu_before, queued_before = cpu, queued
                cpu, queued = _used(file.fileno())
                self._stalls.add(
                    late, cpu - cpu_before, queued - queued_before, self._collected - collected
                )

    def read(self) -> dict[str, Any]:
        """Answer what was seen since the last time."""
        stalls, self._stalls = self._stalls, Stalls()
        return asdict(stalls)

    def _collecting(self, phase: str, _info: Mapping[str, int]) -> None:
        if phase == "start":
            self._collecting_since = time.monotonic()
        else:
            self._collected += time.monotonic() - self._collecting_since


def _used(schedstat: int) -> tuple[float, float]:
    """Seconds that a thread ran and that it waited for a core."""
    ran, waited, _slices = os.pread(schedstat, 64, 0).split()
    return int(ran) / 1e9, int(waited) / 1e9


async def main() -> None:
    """Watch an idle loop until SIGTERM."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    watch = StallWatch()
    watching = asyncio.create_task(watch.run())
    await stopped.wait()
    watching.cancel()
    print(json.dumps(watch.read()))


if __name__ == "__main__":
    asyncio.run(main())
