"""The schema of settings against texts and actions: read from its syntax, nothing is imported."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .integration import Integration, Json, Tree, branch, differences
from .texts import flat, placeholders

SCHEMA = "engine/settings/schema.py"
MODELS = "engine/models"

# Where each level has its form.
FORMS = {
    "hub": ("options", "step", "init"),
    "camera": ("config_subentries", "camera", "step", "settings"),
}


@dataclass(frozen=True, slots=True)
class Setting:
    """What the schema says of a setting; `bounds` are minimum, maximum and perhaps a unit."""

    name: str
    group: str
    hub_only: bool
    bounds: tuple[object, ...] = ()
    words: frozenset[str] = frozenset()


def settings(integration: Integration) -> Iterator[str]:
    """Each setting has a label and a help text in every form, and the same bounds in actions."""
    found = [*read(integration)]
    if not found:
        yield f"{SCHEMA}: no SCHEMA"
    for level, path in FORMS.items():
        shown = [item for item in found if level == "hub" or not item.hub_only]
        yield from form(shown, branch(integration.english, *path), ".".join(path))
    for item in found:
        if item.words:
            yield from differences(
                f"en.json: selector.{item.name}",
                {*item.words},
                {*branch(integration.english, "selector", item.name, "options")},
            )
    for name, action in integration.actions.items():
        for item in found:
            yield from field(item, branch(action, "fields"), f"services.yaml: {name}")


def form(shown: list[Setting], texts: Tree, where: str) -> Iterator[str]:
    """The sections of a form; each help text tells the value that counts otherwise."""
    sections = branch(texts, "sections")
    yield from differences(f"en.json: {where}", {item.group for item in shown}, {*sections})
    for group, section in sections.items():
        wanted = {item.name for item in shown if item.group == group}
        if "name" not in branch(section):
            yield f"en.json: {where}: {group} has no name"
        for part in ("data", "data_description"):
            yield from differences(
                f"en.json: {where}: {group}.{part}", wanted, {*branch(section, part)}
            )
        for name, text in branch(section, "data_description").items():
            if name not in placeholders(text):
                yield f"en.json: {where}: the help of {name} does not tell its value"


def field(item: Setting, fields: Tree, where: str) -> Iterator[str]:
    """A field of an action that is named like a setting allows what the setting does."""
    if item.name not in flat(fields):
        return
    selector = branch(fields, item.name, "selector")
    number = branch(selector, "number")
    given: tuple[Json, ...] = (number.get("min"), number.get("max"))
    if unit := number.get("unit_of_measurement"):
        given += (unit,)
    if item.bounds and given != item.bounds:
        yield f"{where}: {item.name} has other bounds than the setting"
    options = branch(selector, "select").get("options")
    if item.words and (not isinstance(options, list) or {*map(str, options)} != item.words):
        yield f"{where}: {item.name} has other choices than the setting"


def read(integration: Integration) -> Iterator[Setting]:
    """The entries of the schema."""
    for node in integration.modules[SCHEMA].body:
        match node:
            case ast.AnnAssign(target=ast.Name(id="SCHEMA"), value=ast.Dict() as entries):
                for key, value in zip(entries.keys, entries.values, strict=True):
                    match key, value:
                        case ast.Constant(value=str(name)), ast.Call(args=args):
                            yield entry(integration, name, args)


def entry(integration: Integration, name: str, args: list[ast.expr]) -> Setting:
    """One entry, from the arguments of its `Setting`."""
    group = str(ast.literal_eval(args[0]))
    match args[2:]:
        case [ast.Call(func=ast.Name(id=kind), args=values), *levels]:
            hub_only = any(isinstance(at, ast.Name) and at.id == "HUB_ONLY" for at in levels)
            if kind == "Number":
                bounds = tuple(ast.literal_eval(value) for value in values)
                return Setting(name, group, hub_only, bounds=bounds)
            if kind == "Choice" and isinstance(values[0], ast.Name):
                return Setting(name, group, hub_only, words=members(integration, values[0].id))
            return Setting(name, group, hub_only)
    raise ValueError(f"{SCHEMA}: {name} is not written as the others are")


def members(integration: Integration, enum: str) -> frozenset[str]:
    """The values of an enum of the models."""
    for node in integration.modules[MODELS].body:
        if isinstance(node, ast.ClassDef) and node.name == enum:
            return frozenset(
                str(line.value.value)
                for line in node.body
                if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant)
            )
    return frozenset()
