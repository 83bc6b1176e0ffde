"""What the benchmarks share: measuring by CPU time, and the form of what they print."""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import dataclass
import json
import resource
from statistics import median
import time


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value; `goal` is a bound, which the value reaches from above or below."""

    value: float
    unit: str
    goal: float | None = None
    at_most: bool = False

    @property
    def reached(self) -> bool:
        """Whether the goal, if there is one, is reached."""
        if self.goal is None:
            return True
        return self.value <= self.goal if self.at_most else self.value >= self.goal

    @property
    def verdict(self) -> str:
        """The goal, and whether it is reached, for people."""
        if self.goal is None:
            return ""
        sign = "at most" if self.at_most else "at least"
        return f"{sign} {self.goal:g}: {'reached' if self.reached else 'MISSED'}"


@dataclass(frozen=True, slots=True)
class Cost:
    """Medians of several runs: CPU seconds of this process, all threads, and wall seconds."""

    cpu: float
    wall: float


def parse(description: str | None) -> bool:
    """Read the command line; answer whether a quick run is wanted."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="a small version, for a try")
    quick: bool = parser.parse_args().quick
    return quick


def compare(ways: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, Cost]:
    """Run all ways in turn, so that noise on the machine meets them all; one run is a warm-up."""
    samples: dict[str, list[Cost]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, run in ways.items():
            cpu, wall = cpu_seconds(), time.perf_counter()
            run()
            if number:
                samples[name].append(Cost(cpu_seconds() - cpu, time.perf_counter() - wall))
    return {
        name: Cost(median(cost.cpu for cost in costs), median(cost.wall for cost in costs))
        for name, costs in samples.items()
    }


def cpu_seconds() -> float:
    """CPU time of this process so far, user and system, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def report(name: str, figures: Mapping[str, Figure]) -> None:
    """Print a table for people and, as the last line, JSON for programs."""
    width = max(map(len, figures))
    for title, figure in figures.items():
        row = f"{title:<{width}}  {figure.value:>10.3f} {figure.unit:<8} {figure.verdict}"
        print(row.rstrip())
    content = {
        title: {
            "value": figure.value,
            "unit": figure.unit,
            "goal": figure.goal,
            "reached": figure.reached,
        }
        for title, figure in figures.items()
    }
    print(json.dumps({"benchmark": name, "figures": content}), flush=True)
