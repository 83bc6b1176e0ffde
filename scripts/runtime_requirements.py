"""Prints the packages that Home Assistant would install while it starts for the demo.

Home Assistant installs what its integrations need when they are first set up. Done beforehand, the
demo and the tests start without waiting, and with the versions of the Home Assistant at hand.
"""

import json
from pathlib import Path
import sys

import homeassistant

COMPONENTS = Path(homeassistant.__path__[0]) / "components"
OURS = Path(__file__).parents[1] / "custom_components"

# The integrations of the demo's configuration.
ROOTS = (
    "timelapser",
    "api",
    "config",
    "frontend",
    "generic",
    "history",
    "logbook",
    "recorder",
    "sun",
    "system_health",
)


def manifest(domain: str) -> dict[str, list[str]]:
    """Answer an integration's manifest, ours before Home Assistant's."""
    for folder in (OURS, COMPONENTS):
        path = folder / domain / "manifest.json"
        if path.is_file():
            found: dict[str, list[str]] = json.loads(path.read_text())
            return found
    sys.exit(f"There is no integration {domain}.")


def requirements() -> set[str]:
    """Answer the requirements of the roots and of all they depend on."""
    seen: set[str] = set()
    found: set[str] = set()
    waiting = list(ROOTS)
    while waiting:
        domain = waiting.pop()
        if domain in seen:
            continue
        seen.add(domain)
        described = manifest(domain)
        found.update(described.get("requirements", []))
        waiting.extend(described.get("dependencies", []))
    return found


if __name__ == "__main__":
    print("\n".join(sorted(requirements())))
