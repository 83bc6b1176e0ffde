"""The translations, and the files which have to match them."""

from collections.abc import Iterator
import re

from .integration import Integration, Json, Tree, branch, differences, leaves

# What Home Assistant refuses or would show as it is.
FORBIDDEN = {
    r"<[a-zA-Z/]": "HTML",
    r"\w+://": "an address, which belongs into a placeholder",
    r"\[%key:": "a reference, which only core resolves",
    r"'\{\w+\}'": "a placeholder in single quotes, which hides it",
    r"^\s|\s$": "blanks at an end",
}
KEY = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")
PLACEHOLDER = re.compile(r"\{(\w+)\}")


def strings(integration: Integration) -> Iterator[str]:
    """Every text of every language by itself."""
    for language, tree in integration.texts.items():
        for path, value in leaves(tree):
            where = f"translations/{language}.json: {path}"
            if not isinstance(value, str) or not value:
                yield f"{where}: is no text"
                continue
            for pattern, what in FORBIDDEN.items():
                if re.search(pattern, value):
                    yield f"{where}: holds {what}"
            for key in path.split("."):
                if not KEY.fullmatch(key):
                    yield f"{where}: the key {key} is not in lower case"


def other_languages(integration: Integration) -> Iterator[str]:
    """Languages say what English says, with its placeholders."""
    english = dict(leaves(integration.english))
    for language, tree in integration.texts.items():
        for path, value in leaves(tree):
            where = f"translations/{language}.json: {path}"
            if path not in english:
                yield f"{where}: is not in en.json"
            elif placeholders(value) != placeholders(english[path]):
                yield f"{where}: has other placeholders than en.json"


def actions(integration: Integration) -> Iterator[str]:
    """services.yaml against the texts: actions, and each one's fields."""
    declared = integration.actions
    described = branch(integration.english, "services")
    yield from differences("en.json: services", {*declared}, {*described})
    for name in declared:
        texts = branch(described, name)
        fields = branch(declared, name, "fields")
        yield from differences(
            f"en.json: services.{name}.fields", {*flat(fields)}, {*branch(texts, "fields")}
        )
        for where, text in {name: texts, **branch(texts, "fields")}.items():
            for part in ("name", "description"):
                if part not in branch(text):
                    yield f"en.json: services.{name}: {where} has no {part}"


def icons(integration: Integration) -> Iterator[str]:
    """icons.json has an icon for every entity and action, and for nothing else."""
    content = integration.icons
    if not is_sorted(content):
        yield "icons.json: keys are not sorted"
    wanted = {*integration.actions}
    yield from differences("icons.json: services", wanted, {*branch(content, "services")})
    platforms = {*branch(integration.english, "entity"), *branch(content, "entity")}
    for platform in sorted(platforms):
        named = {*branch(integration.english, "entity", platform)}
        drawn = {*branch(content, "entity", platform)}
        yield from differences(f"icons.json: entity.{platform}", named, drawn)
    for path, value in leaves(content):
        if not str(value).startswith("mdi:"):
            yield f"icons.json: {path}: is no mdi icon"


def placeholders(value: Json) -> set[str]:
    """The names in braces."""
    return set(PLACEHOLDER.findall(str(value)))


def flat(fields: Tree) -> Iterator[str]:
    """The fields of an action; those in a collapsible section count as well."""
    for name, field in fields.items():
        inner = branch(field, "fields")
        if inner:
            yield from inner
        else:
            yield name


def is_sorted(tree: Tree) -> bool:
    """Whether all keys are in order; numbers, as in ranges, by their value."""

    def order(key: str) -> tuple[float, str]:
        return (float(key), "") if re.fullmatch(r"-?\d+(\.\d+)?", key) else (0.0, key)

    return list(tree) == sorted(tree, key=order) and all(
        is_sorted(value) for value in tree.values() if isinstance(value, dict)
    )
