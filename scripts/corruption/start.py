"""Start a program in the environment of scripts/setup; any Python 3 reads this file."""

import importlib.util
import os
from pathlib import Path
import subprocess
import sys

ROOT = Path(__file__).resolve().parents[2]


def in_environment(program: str) -> None:
    """Go on in the environment's Python where this one lacks Home Assistant."""
    if importlib.util.find_spec("homeassistant") is not None:
        return
    setup = subprocess.run(
        [str(ROOT / "scripts/setup")], check=True, stdout=subprocess.PIPE, text=True
    )
    python = setup.stdout.strip()
    os.execv(python, [python, program, *sys.argv[1:]])
