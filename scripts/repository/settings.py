"""The schema of settings against texts and actions: read from its syntax, nothing is imported."""

import ast
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from .integration import Integration, Json, Tree, branch, differences
from .texts import flat, placeholders

SCHEMA = "engine/settings/schema.py"
MODELS = "engine/models/"

# Where each level has its form, with a section for a group.
FORMS = {
    "hub": ("options", "step", "init"),
    "camera": ("config_subentries", "camera", "step", "settings"),
}
# The group that has a step of its own, and the field in it that is no setting.
STEP = ("config_subentries", "camera", "step", "picture")
STEP_GROUP, STEP_FIELD = "picture", "save"


EVERY_LEVEL = "EVERY_LEVEL"


@dataclass(frozen=True, slots=True)
class Setting:
    """What the schema says of a setting; `bounds` are minimum, maximum and perhaps a unit."""

    name: str
    group: str
    levels: str
    bounds: tuple[object, ...] = ()
    words: frozenset[str] = frozenset()


def settings(integration: Integration) -> Iterator[str]:
    """Each setting has a label and a help text in every form, and the same bounds in actions."""
    found = [*read(integration)]
    if not found:
        yield f"{SCHEMA}: no SCHEMA"
    for level, path in FORMS.items():
        shown = [
            item
            for item in found
            if item.group != STEP_GROUP and item.levels in {EVERY_LEVEL, f"{level.upper()}_ONLY"}
        ]
        yield from form(shown, branch(integration.english, *path), ".".join(path))
    step = branch(integration.english, *STEP)
    wanted = {item.name for item in found if item.group == STEP_GROUP}
    yield from group({"name": "", **step}, wanted, ".".join(STEP), {STEP_FIELD})
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
    for name, section in sections.items():
        wanted = {item.name for item in shown if item.group == name}
        yield from group(branch(section), wanted, f"{where}: {name}")


def group(texts: Tree, wanted: set[str], where: str, others: Collection[str] = ()) -> Iterator[str]:
    """The texts of a group: a name, and for each setting a label and a help text."""
    if "name" not in texts:
        yield f"en.json: {where} has no name"
    for part in ("data", "data_description"):
        yield from differences(
            f"en.json: {where}.{part}", {*wanted, *others}, {*branch(texts, part)}
        )
    for name, text in branch(texts, "data_description").items():
        if name in wanted and name not in placeholders(text):
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
    section = str(ast.literal_eval(args[0]))
    match args[2:]:
        case [ast.Call(func=ast.Name(id=kind), args=values), *levels]:
            named = [at.id for at in levels if isinstance(at, ast.Name)]
            found = Setting(name, section, named[0] if named else EVERY_LEVEL)
            if kind == "Number":
                return replace(found, bounds=tuple(ast.literal_eval(value) for value in values))
            if kind in {"Choice", "Choices"} and isinstance(values[0], ast.Name):
                return replace(found, words=members(integration, values[0].id))
            return found
    raise ValueError(f"{SCHEMA}: {name} is not written as the others are")


def members(integration: Integration, enum: str) -> frozenset[str]:
    """The values of an enum of the models."""
    modules = [module for path, module in integration.modules.items() if path.startswith(MODELS)]
    for node in [node for module in modules for node in module.body]:
        if isinstance(node, ast.ClassDef) and node.name == enum:
            return frozenset(
                str(line.value.value)
                for line in node.body
                if isinstance(line, ast.Assign) and isinstance(line.value, ast.Constant)
            )
    return frozenset()
