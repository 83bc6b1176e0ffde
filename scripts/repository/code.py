"""What the code names in texts and manifest: read from its syntax, nothing is imported."""

import ast
from collections.abc import Iterator
from itertools import chain
from pathlib import PurePath

from .integration import Integration, branch, differences
from .metadata import strings
from .texts import placeholders

ENTITY_PLATFORMS = {
    "binary_sensor",
    "button",
    "camera",
    "event",
    "image",
    "media_player",
    "number",
    "select",
    "sensor",
    "switch",
    "text",
    "time",
    "update",
}
ERRORS = "engine/errors/"


def calls(tree: ast.AST) -> Iterator[tuple[str, dict[str, ast.expr]]]:
    """Every call: the last part of what is called, and its keyword arguments."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        keywords = {item.arg: item.value for item in node.keywords if item.arg}
        match node.func:
            case ast.Name(id=name) | ast.Attribute(attr=name):
                yield name, keywords


def text(integration: Integration, value: ast.expr | None) -> str | None:
    """The string that an expression is: a literal, or a name of const.py."""
    match value:
        case ast.Constant(value=str(literal)):
            return literal
        case ast.Name(id=name):
            return constants(integration).get(name)
    return None


def constants(integration: Integration) -> dict[str, str]:
    """The strings that const.py names."""
    found = {}
    for node in integration.modules["const.py"].body:
        match node:
            case (
                ast.AnnAssign(target=ast.Name(id=name), value=ast.Constant(value=str(value)))
                | ast.Assign(targets=[ast.Name(id=name)], value=ast.Constant(value=str(value)))
            ):
                found[name] = value
    return found


def entities(integration: Integration) -> Iterator[str]:
    """Each entity has its name in en.json, which names no other."""
    platforms = {stem for path in integration.modules if (stem := PurePath(path).stem) == path[:-3]}
    platforms = (platforms & ENTITY_PLATFORMS) | {*branch(integration.english, "entity")}
    for platform in sorted(platforms):
        named = {*branch(integration.english, "entity", platform)}
        used = set()
        if module := integration.modules.get(f"{platform}.py"):
            used = entity_keys(integration, module)
        yield from differences(f"en.json: entity.{platform}", used, named)


def entity_keys(integration: Integration, module: ast.Module) -> set[str]:
    """The translation keys of a platform's descriptions and classes."""
    found = {
        text(integration, keywords["translation_key"])
        for name, keywords in calls(module)
        if "translation_key" in keywords and name.endswith("Description")
    }
    for node in ast.walk(module):
        match node:
            case ast.Assign(targets=[ast.Name(id="_attr_translation_key")], value=value):
                found.add(text(integration, value))
    return {key for key in found if key}


def error_codes(integration: Integration) -> dict[str, str]:
    """The code of each error class of the engine, its own or its base's."""
    found: dict[str, str] = {}
    modules = (module for name, module in integration.modules.items() if name.startswith(ERRORS))
    for node in chain.from_iterable(module.body for module in modules):
        if isinstance(node, ast.ClassDef):
            found[node.name] = next(
                (
                    found[base.id]
                    for base in node.bases
                    if isinstance(base, ast.Name) and base.id in found
                ),
                "",
            )
            for line in node.body:
                match line:
                    case (
                        ast.Assign(targets=[ast.Name(id="code")], value=ast.Constant(value=code))
                        | ast.AnnAssign(target=ast.Name(id="code"), value=ast.Constant(value=code))
                    ):
                        found[node.name] = str(code)
    return found


def exceptions(integration: Integration) -> Iterator[str]:
    """Each error has a message, all of whose placeholders are given where it is raised."""
    codes = error_codes(integration)
    messages = branch(integration.english, "exceptions")
    used = {*codes.values()}
    for path, module in integration.modules.items():
        for name, keywords in calls(module):
            if name in codes:
                yield from missing_placeholders(integration, path, codes[name], keywords)
            elif "translation_domain" in keywords and name.endswith("Error"):
                used.add(text(integration, keywords.get("translation_key")) or "")
    yield from differences("en.json: exceptions", used - {""}, {*messages})
    for key in messages:
        if "message" not in branch(messages, key):
            yield f"en.json: exceptions.{key}: has no message"


def missing_placeholders(
    integration: Integration, path: str, code: str, given: dict[str, ast.expr]
) -> Iterator[str]:
    """The placeholders of an error's message which a call does not give."""
    message = branch(integration.english, "exceptions", code).get("message", "")
    if given:
        for name in sorted(placeholders(message) - {*given}):
            yield f"{path}: {code} is raised without {name}, which its message shows"


def selectors(integration: Integration) -> Iterator[str]:
    """Each list to choose from that the code translates, and names outright, is in en.json."""
    named = branch(integration.english, "selector")
    for path, module in integration.modules.items():
        for name, keywords in calls(module):
            if name == "SelectSelectorConfig" and "translation_key" in keywords:
                key = text(integration, keywords["translation_key"])
                if key is not None and key not in named:
                    yield f"{path}: en.json has no selector.{key}"


def dependencies(integration: Integration) -> Iterator[str]:
    """Integrations that the code imports are in the manifest, but for those it is a platform of."""
    declared = {
        name
        for key in ("dependencies", "after_dependencies")
        for name in strings(integration.manifest.get(key))
    }
    for path, module in integration.modules.items():
        own = {PurePath(path).stem, *ENTITY_PLATFORMS}
        for used in sorted(imported_integrations(module) - declared - own):
            yield f"{path}: imports {used}, which manifest.json does not depend on"


def imported_integrations(module: ast.Module) -> set[str]:
    """The names after `homeassistant.components` in the imports of a module."""
    found: set[str] = set()
    for node in ast.walk(module):
        match node:
            case ast.ImportFrom(module="homeassistant.components", names=aliases):
                found.update(alias.name for alias in aliases)
            case ast.ImportFrom(module=str(name)) if name.startswith("homeassistant.components."):
                found.add(name.split(".")[2])
    return found
