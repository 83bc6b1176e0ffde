"""Write docs/actions.md and docs/settings.md from what the integration says of itself.

Exits 1 with --check when they are not what it would write.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
import sys

if __package__ in (None, ""):  # started by its path
    sys.path.insert(0, str(Path(__file__).parents[1]))

import homeassistant  # noqa: F401  # goes first: it answers for voluptuous

from custom_components.timelapser.engine.settings import SCHEMA, Number, Setting, plain
from custom_components.timelapser.services import ACTIONS
from scripts.repository.integration import Integration, Tree, branch

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"

ACTIONS_HEAD = """\
# Actions

All actions of `timelapser`. A camera is named by its device (`device_id`). Actions marked *query*
always answer and must be called with a response variable; the others answer with what they made
when asked to. Those marked *admin* are for administrators. This page is written by
`scripts/write_reference.py`.
"""
SETTINGS_HEAD = """\
# Settings

The hub sets what all cameras share, a camera its own, a timelapse those that it is started with or
is given by `set_settings`; the most specific one counts. This page is written by
`scripts/write_reference.py`.
"""
SETTINGS_TABLE = "| Setting | Default | Values | What it does |\n|-|-|-|-|"
EVERYWHERE = 3
"""Levels that may set most settings."""


def actions_page(integration: Integration) -> str:
    """The page of the actions, in the order of their names."""
    texts = branch(integration.english, "services")
    parts = [ACTIONS_HEAD]
    for action in sorted(ACTIONS, key=lambda action: action.name):
        text = branch(texts, action.name)
        marks = [
            mark
            for mark, holds in (
                ("admin", action.admin),
                ("query", action.response.value == "only"),
            )
            if holds
        ]
        title = f"## {action.name}" + (f" ({', '.join(marks)})" if marks else "")
        parts += [title, f"{text['description']}", "\n".join(_fields(integration, action.name))]
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def settings_page(integration: Integration) -> str:
    """The page of the settings, by group."""
    sections = branch(integration.english, "options", "step", "init", "sections")
    own = branch(integration.english, "config_subentries", "camera", "step")
    parts = [SETTINGS_HEAD]
    for group in dict.fromkeys(setting.group for setting in SCHEMA.values()):
        here = branch(sections, group) if group in sections else branch(own, group)
        parts.append(f"## {here.get('name') or here['title']}")
        rows = [
            _setting(name, setting, here)
            for name, setting in SCHEMA.items()
            if setting.group == group
        ]
        parts.append(
            "\n".join(["| Setting | Default | Values | What it does |", "|-|-|-|-|", *rows])
        )
    return "\n\n".join(part.strip() for part in parts) + "\n"


def _fields(integration: Integration, name: str) -> Iterator[str]:
    fields = branch(integration.actions, name, "fields")
    if not fields:
        return
    texts = branch(integration.english, "services", name, "fields")
    yield "| Field | | What it is |"
    yield "|-|-|-|"
    for field, tree in _flat(fields):
        text = branch(texts, field)
        yield f"| `{field}` | {_need(tree)} | {_cell(str(text['description']))} |"


def _flat(fields: Tree) -> Iterator[tuple[str, Tree]]:
    """Answer the fields, also those that lie in sections of the form."""
    for name, described in fields.items():
        tree = branch(fields, name) if described else {}
        if "fields" in tree:
            yield from _flat(branch(tree, "fields"))
        else:
            yield name, tree


def _need(field: Tree) -> str:
    if field.get("required"):
        return "required"
    return f"`{_value(field['default'])}`" if field.get("default") is not None else ""


def _setting(name: str, setting: Setting, texts: Tree) -> str:
    description = str(branch(texts, "data_description")[name]).partition(" Default: {")[0]
    levels = sorted(level.value for level in setting.levels)
    only = "" if len(levels) == EVERYWHERE else f" Set by: {', '.join(levels)}."
    unit = f" {setting.values.unit or ''}" if isinstance(setting.values, Number) else ""
    shown = f"{_value(plain(setting.default))}{unit}".strip()
    values = f"{setting.values.expected}{unit}".strip()
    return f"| `{name}` | {_cell(shown)} | {_cell(values)} | {_cell(description + only)} |"


def _value(value: object) -> str:
    match value:
        case "" | []:
            return "none"
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(str(one) for one in value)
        case float():
            return f"{value:g}"
        case _:
            return str(value)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def pages(root: Path = ROOT) -> dict[str, str]:
    """What the pages have to be, by their names."""
    integration = Integration.load(root)
    return {"actions.md": actions_page(integration), "settings.md": settings_page(integration)}


def main() -> None:
    """Write the pages, or check them."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only say whether they are current")
    check: bool = parser.parse_args().check
    stale = []
    for name, text in pages().items():
        path = DOCS / name
        if not path.exists() or path.read_text("utf-8") != text:
            stale.append(name)
            if not check:
                path.write_text(text, "utf-8")
    for name in stale:
        print(f"docs/{name}: {'is not current' if check else 'written'}", file=sys.stderr)
    sys.exit(bool(check and stale))


if __name__ == "__main__":
    main()
