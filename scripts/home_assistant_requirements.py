"""Print what Home Assistant would install by itself at the start of a demo.

Run by an interpreter that has the `homeassistant` package, whose own dependencies may be missing:
nothing of it is imported, its manifests are read.
"""

import ast
from collections.abc import Iterator
from importlib.util import find_spec
import json
from pathlib import Path
import sys

OURS = Path(__file__).parents[1] / "custom_components/timelapser/manifest.json"

# What the demo's configuration and the cameras in it set up.
DEMO = (
    "api",
    "config",
    "diagnostics",
    "frontend",
    "generic",
    "history",
    "image",
    "isal",
    "logbook",
    "media_source",
    "recorder",
    "sun",
    "system_log",
    "websocket_api",
)

type Manifest = dict[str, object]


def home_assistant() -> Path:
    """The folder of the installed package."""
    spec = find_spec("homeassistant")
    if spec is None or spec.origin is None:
        sys.exit("the homeassistant package is not installed for this interpreter")
    return Path(spec.origin).parent


def names(manifest: Manifest, key: str) -> list[str]:
    """A list of strings in a manifest, which may be absent."""
    value = manifest.get(key, [])
    return [str(item) for item in value] if isinstance(value, list) else []


def read_manifests(components: Path) -> dict[str, Manifest]:
    """Every integration's manifest, by domain."""
    return {
        path.parent.name: json.loads(path.read_bytes())
        for path in components.glob("*/manifest.json")
    }


def always_set_up(bootstrap: Path) -> Iterator[str]:
    """The integrations which bootstrap.py names as its defaults."""
    for node in ast.parse(bootstrap.read_bytes()).body:
        match node:
            case ast.Assign(
                targets=[ast.Name(id="DEFAULT_INTEGRATIONS")], value=ast.Set() as chosen
            ):
                for element in chosen.elts:
                    if isinstance(element, ast.Constant):
                        yield str(element.value)


def entity_platforms(manifests: dict[str, Manifest]) -> Iterator[str]:
    """The integrations like `sensor` and `tts`, which are set up whatever the configuration."""
    for domain, manifest in manifests.items():
        if manifest.get("integration_type") == "entity":
            yield domain


def second_factor(module: Path) -> Iterator[str]:
    """What the one-time passwords need that are on offer unless a configuration says otherwise."""
    for node in ast.parse(module.read_bytes()).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="REQUIREMENTS")], value=ast.List() as listed):
                yield from (str(ast.literal_eval(element)) for element in listed.elts)


def requirements(manifests: dict[str, Manifest], roots: set[str]) -> set[str]:
    """What the integrations need, and those that they depend on."""
    seen: set[str] = set()
    waiting = list(roots)
    found: set[str] = set()
    while waiting:
        domain = waiting.pop()
        if domain in seen or domain not in manifests:
            continue
        seen.add(domain)
        found.update(names(manifests[domain], "requirements"))
        waiting.extend(names(manifests[domain], "dependencies"))
    return found


def main() -> None:
    """Print one requirement a line."""
    package = home_assistant()
    manifests = read_manifests(package / "components")
    ours: Manifest = json.loads(OURS.read_bytes())
    roots = {
        *DEMO,
        *names(ours, "dependencies"),
        *always_set_up(package / "bootstrap.py"),
        *entity_platforms(manifests),
    }
    wanted = {
        *requirements(manifests, roots),
        *second_factor(package / "auth/mfa_modules/totp.py"),
        *names(ours, "requirements"),
    }
    print("\n".join(sorted(wanted)))


if __name__ == "__main__":
    main()
