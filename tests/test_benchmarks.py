"""Benchmarks run, and say what they measured in the form that programs read."""

import json
from pathlib import Path
import subprocess
import sys

import pytest

ROOT = Path(__file__).parents[1]
NAMES = sorted(
    path.stem for path in (ROOT / "benchmarks").glob("*.py") if "__main__" in path.read_text()
)


@pytest.mark.parametrize("name", NAMES)
def test_quick_run(name: str) -> None:
    run = subprocess.run(
        [sys.executable, ROOT / f"benchmarks/{name}.py", "--quick"],
        check=True,
        capture_output=True,
        cwd="/",
        text=True,
        timeout=110,
    )
    *table, last = run.stdout.splitlines()
    found = json.loads(last)
    assert found["benchmark"] == name
    assert len(table) >= len(found["figures"]) > 0
    for figure in found["figures"].values():
        assert set(figure) == {"value", "unit", "goal", "reached"}
        assert isinstance(figure["value"], int | float)
        assert isinstance(figure["reached"], bool)
        assert figure["goal"] is not None or figure["reached"]
