"""Fifty cameras, each every 10 s, in a real Home Assistant with its database and web server.

First all are still cameras, then some of them streams: 1080p, from a server in another process,
whose CPU is not counted, though it wants the same cores. A tick is lost when its image is not
there afterwards. An image is as late as its frame was taken after the tick. CPU is that of Home
Assistant's process, of one core, and includes what it does without captures ("at rest") and the
watch for stalls, about a hundredth. A stall counts without the time that the kernel let the event
loop wait for a core. A full collection of garbage goes over all objects of Home Assistant, so
there is also the longest stall without any. The control is an idle process, watched meanwhile.

Needs Linux, and for each run of 5 minutes about 1 GB in the folder for temporary files.
"""

import argparse
import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from datetime import UTC, datetime
import json
import os
from pathlib import Path
import signal
import sqlite3
from statistics import quantiles
import sys
from tempfile import TemporaryDirectory
import time
from typing import Any, override

if __package__ in (None, ""):  # started by its path
    sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.camera_farm import Farm, camera_farm
from benchmarks.process_usage import MEGABYTE, Usage, cpu_seconds, machine_seconds
from benchmarks.report import Figure, report
from tests.harness.home_assistant import HomeAssistant
from tests.harness.journey import find_cameras, free_port

WATCH = Path(__file__).with_name("stall_watch")
INTERVAL = 10
AT_REST = 15.0
SHOWN_THREADS = 6

TICKS = """SELECT camera_id, planned_at, outcome,
    (SELECT min(captured_at) FROM images
        WHERE images.camera_id = ticks.camera_id AND captured_at >= planned_at) - planned_at
    FROM ticks WHERE planned_at >= ? AND planned_at < ?"""


@dataclass(frozen=True, slots=True)
class Size:
    """How many cameras are watched for how long, and how long they run before."""

    cameras: int
    streams: int
    seconds: int
    warm_up: int
    quick: bool


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of Home Assistant in the time between two moments, in seconds since 1970."""

    begin: int
    end: int
    cpu_at_rest: float
    before: Usage
    after: Usage
    farm_cpu: float
    machine_cpu: float
    stolen: float
    stalls: dict[str, Any]
    control: dict[str, Any]


class Watched(HomeAssistant):
    """Home Assistant with the watch for stalls, and the log as people have it."""

    @override
    async def start(self) -> None:
        """Start as always."""
        await asyncio.to_thread(self._set_up_watch)
        await super().start()

    def _set_up_watch(self) -> None:
        file = self.config / "configuration.yaml"
        file.write_text(file.read_text().replace(": debug", ": warning") + "stall_watch:\n")
        (self.config / "custom_components" / WATCH.name).symlink_to(WATCH)


def prepare(config: Path, farm: Farm, streams: int, stills: int) -> None:
    """Leave the folder as if all cameras had been added in their flows.

    Each flow sets up the hub anew, which takes a while by the time there are fifty.
    """
    storage = config / "media" / "timelapser"
    storage.mkdir(parents=True)
    access = {"username": None, "password": None, "verify_ssl": True}
    sources = [
        *({"source": "still", "url": url, **access} for url in farm.stills[:stills]),
        *(
            {"source": "stream", "url": url, "transport": "tcp", **access}
            for url in farm.streams[:streams]
        ),
    ]
    created_at = datetime.now(UTC).isoformat()
    entry = {
        "entry_id": "fifty",
        "domain": "timelapser",
        "title": "Timelapser",
        "data": {"storage": str(storage.absolute())},
        "options": {},
        "subentries": [
            {
                "subentry_id": f"camera-{number}",
                "subentry_type": "camera",
                "title": f"Camera {number}",
                "unique_id": source["url"],
                "data": source,
            }
            for number, source in enumerate(sources)
        ],
        "source": "user",
        "unique_id": None,
        "version": 1,
        "minor_version": 1,
        "created_at": created_at,
        "modified_at": created_at,
        "disabled_by": None,
        "discovery_keys": {},
        "pref_disable_new_entities": False,
        "pref_disable_polling": False,
    }
    file = config / ".storage" / "core.config_entries"
    file.parent.mkdir()
    content = {"version": 1, "minor_version": 5, "key": file.name, "data": {"entries": [entry]}}
    file.write_text(json.dumps(content))


async def watch(hass: HomeAssistant, farm: Farm, size: Size) -> Seen:
    """Let all cameras capture, and see what that takes."""
    at_rest_for = 2.0 if size.quick else AT_REST
    await asyncio.sleep(at_rest_for)
    pid = (await hass.action("stall_watch", "read"))["pid"]
    at_rest = cpu_seconds(pid)
    await asyncio.sleep(at_rest_for)
    at_rest = cpu_seconds(pid) - at_rest
    for camera in await find_cameras(hass, size.cameras):
        await hass.action(
            "timelapser", "start_timelapse", device_id=camera.device_id, interval=INTERVAL
        )
    # Between two ticks, so that whatever belongs to a tick is seen.
    begin = (int(time.time()) + size.warm_up) // INTERVAL * INTERVAL + INTERVAL // 2
    end = begin + size.seconds
    await asyncio.sleep(begin - time.time())
    async with control() as stalls_of_control:
        await hass.action("stall_watch", "read")
        before, farm_cpu, machine = Usage.of(pid), cpu_seconds(farm.pid), machine_seconds()
        await asyncio.sleep(end - time.time())
        after, farm_cpu = Usage.of(pid), cpu_seconds(farm.pid) - farm_cpu
        busy, stolen = (now - then for now, then in zip(machine_seconds(), machine, strict=True))
        stalls = await hass.action("stall_watch", "read")
    # What came late is late, but not lost.
    await asyncio.sleep(INTERVAL)
    return Seen(
        *(begin, end, at_rest / at_rest_for, before, after),
        *(farm_cpu, busy, stolen, stalls, stalls_of_control),
    )


@asynccontextmanager
async def control() -> AsyncIterator[dict[str, Any]]:
    """Watch an idle process; what it saw is there at the end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(WATCH / "watch.py")), stdout=asyncio.subprocess.PIPE
    )
    seen: dict[str, Any] = {}
    try:
        yield seen
    finally:
        process.terminate()
        output, _ = await process.communicate()
    seen |= json.loads(output)


def figures_of_ticks(database: Path, seen: Seen, cameras: int) -> dict[str, Figure]:
    """What became of the ticks, and how late their frames were taken."""
    planned = cameras * (seen.end - seen.begin) // INTERVAL
    with closing(sqlite3.connect(database)) as connection:
        rows = connection.execute(TICKS, (seen.begin * 1000, seen.end * 1000)).fetchall()
    outcomes = Counter({(camera, at): outcome for camera, at, outcome, _ in rows}.values())
    late = [late for *_, outcome, late in rows if outcome == "captured"]
    if len(late) < 2:
        raise RuntimeError("next to nothing was captured", outcomes)
    percent = quantiles(late, n=100, method="inclusive")
    captured = outcomes.pop("captured")
    figures = {
        "planned": Figure(planned, "ticks"),
        "captured": Figure(captured, "ticks"),
        "lost": Figure(planned - captured, "ticks", 0, at_most=True),
        "lost, without a row": Figure(planned - captured - outcomes.total(), "ticks"),
    }
    figures |= {f"lost, {outcome}": Figure(count, "ticks") for outcome, count in outcomes.items()}
    return figures | {
        "late, p50": Figure(percent[49], "ms"),
        "late, p99": Figure(percent[98], "ms"),
        "late, longest": Figure(max(late), "ms"),
    }


def figures_of_stalls(seen: Seen) -> dict[str, Figure]:
    """How long the event loop was blocked, in all and by what."""
    names = {
        "own": "stall",
        "other": "stall but for garbage collection",
        "all": "stall with waits for a core",
    }
    figures = {}
    for key, name in names.items():
        goal = None if key == "all" else 50
        figures[name] = Figure(seen.stalls[key] * 1000, "ms", goal, at_most=True)
        figures[f"{name}, over 50 ms"] = Figure(seen.stalls[f"long_{key}"], "times")
    return figures | {
        "stall, computed in the loop": Figure(seen.stalls["own_cpu"] * 1000, "ms"),
        "garbage collection": Figure(seen.stalls["collection"] * 1000, "ms"),
        "stall of the control": Figure(seen.control["all"] * 1000, "ms"),
        "stall of the control, over 50 ms": Figure(seen.control["long_all"], "times"),
    }


def figures_of_usage(seen: Seen, goal: float | None) -> dict[str, Figure]:
    """CPU as parts of one core, of Home Assistant and of who else was there, and memory."""
    seconds = seen.end - seen.begin
    used = seen.after.cpu - seen.before.cpu
    threads = {
        f"CPU of {name}": cpu - seen.before.threads.get(name, 0)
        for name, cpu in seen.after.threads.items()
    }
    shares = {
        **dict(sorted(threads.items(), key=lambda item: -item[1])[:SHOWN_THREADS]),
        "CPU at rest": seen.cpu_at_rest * seconds,
        "CPU of the cameras": seen.farm_cpu,
        "CPU of all others": seen.machine_cpu - used - seen.farm_cpu,
        "CPU that the host took": seen.stolen,
    }
    grown = seen.after.rss - seen.before.rss
    return {
        "CPU": Figure(used / seconds * 100, "%", goal, at_most=True),
        **{name: Figure(cpu / seconds * 100, "%") for name, cpu in shares.items()},
        "memory": Figure(seen.after.rss / MEGABYTE, "MB"),
        "memory, grown": Figure(grown / MEGABYTE, "MB"),
    }


async def run(farm: Farm, size: Size, streams: int) -> dict[str, Figure]:
    """Run a new Home Assistant once."""
    with TemporaryDirectory(prefix="timelapser-") as folder:
        config = Path(folder)
        prepare(config, farm, streams, size.cameras - streams)
        async with Watched(config, port=free_port()) as hass:
            seen = await watch(hass, farm, size)
        ticks = figures_of_ticks(config / "timelapser.db", seen, size.cameras)
    return ticks | figures_of_stalls(seen) | figures_of_usage(seen, None if streams else 60)


def parse(arguments: Sequence[str] | None = None) -> Size:
    """Read the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a small version, for a try")
    parser.add_argument("--cameras", type=int, help="50, or 4 of a quick run")
    parser.add_argument("--streams", type=int, help="of them in the second run: 10, or 1; 0: none")
    parser.add_argument("--seconds", type=int, help="of each run: 300, or 10")
    options = parser.parse_args(arguments)
    usual = Size(4, 1, 10, 2, True) if options.quick else Size(50, 10, 300, 60, False)
    cameras = usual.cameras if options.cameras is None else options.cameras
    streams = usual.streams if options.streams is None else options.streams
    seconds = usual.seconds if options.seconds is None else options.seconds
    return Size(
        cameras=cameras,
        streams=min(streams, cameras),
        seconds=max(seconds // INTERVAL, 1) * INTERVAL,
        warm_up=usual.warm_up,
        quick=options.quick,
    )


def main() -> None:
    """Measure."""
    size = parse()
    # As Ctrl-C does: Home Assistant would otherwise go on without us.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    figures: dict[str, Figure] = {}
    with (
        TemporaryDirectory(prefix="timelapser-") as folder,
        camera_farm(Path(folder), stills=size.cameras, streams=size.streams) as farm,
    ):
        # A quick run is one for both.
        for streams in dict.fromkeys((size.streams,) if size.quick else (0, size.streams)):
            name = f"{streams} streams" if streams else "stills"
            print(f"{name}: {size.cameras} cameras ...", file=sys.stderr, flush=True)
            found = asyncio.run(run(farm, size, streams))
            figures |= {f"{name}: {title}": figure for title, figure in found.items()}
    figures["load of the machine"] = Figure(os.getloadavg()[1], "")
    report("fifty_cameras", figures)


if __name__ == "__main__":
    main()
