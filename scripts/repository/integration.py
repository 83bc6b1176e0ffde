"""The files of the integration that the checks look at, read once."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
import json
from pathlib import Path
from typing import Self

import yaml

type Json = str | int | float | bool | list["Json"] | dict[str, "Json"] | None
type Tree = dict[str, Json]

DOMAIN = "timelapser"


class UnreadableFileError(Exception):
    """A file is missing or is not what its name says."""


@dataclass(frozen=True, slots=True)
class Integration:
    """What the repository says about the integration, and its code."""

    root: Path
    folder: Path
    manifest: Tree
    hacs: Tree
    icons: Tree
    actions: Tree
    texts: dict[str, Tree]
    modules: dict[str, ast.Module]

    @classmethod
    def load(cls, root: Path) -> Self:
        """Read everything. Raises UnreadableFileError."""
        folder = root / "custom_components" / DOMAIN
        languages = {path.stem: path for path in sorted((folder / "translations").glob("*.json"))}
        if "en" not in languages:
            raise UnreadableFileError(f"{folder / 'translations/en.json'}: is missing")
        return cls(
            root=root,
            folder=folder,
            manifest=read_json(folder / "manifest.json"),
            hacs=read_json(root / "hacs.json"),
            icons=read_json(folder / "icons.json"),
            actions=read_yaml(folder / "services.yaml"),
            texts={language: read_json(path) for language, path in languages.items()},
            modules={
                path.relative_to(folder).as_posix(): read_python(path)
                for path in sorted(folder.rglob("*.py"))
            },
        )

    @property
    def english(self) -> Tree:
        """The texts that every other language follows."""
        return self.texts["en"]


def read_json(path: Path) -> Tree:
    """A JSON object without a key given twice. Raises UnreadableFileError."""

    def unique(pairs: list[tuple[str, Json]]) -> Tree:
        keys = [key for key, _ in pairs]
        if twice := {key for key in keys if keys.count(key) > 1}:
            raise ValueError(f"given twice: {', '.join(sorted(twice))}")
        return dict(pairs)

    try:
        content: Json = json.loads(path.read_bytes(), object_pairs_hook=unique)
    except (OSError, ValueError) as error:
        raise UnreadableFileError(f"{path}: {error}") from error
    return expect_object(path, content)


def read_yaml(path: Path) -> Tree:
    """A YAML mapping. Raises UnreadableFileError."""
    try:
        content: Json = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError) as error:
        raise UnreadableFileError(f"{path}: {error}") from error
    return expect_object(path, content)


def read_python(path: Path) -> ast.Module:
    """The syntax tree of a module. Raises UnreadableFileError."""
    try:
        return ast.parse(path.read_bytes())
    except (OSError, SyntaxError) as error:
        raise UnreadableFileError(f"{path}: {error}") from error


def expect_object(path: Path, content: Json) -> Tree:
    """The content, which has to have keys. Raises UnreadableFileError."""
    if not isinstance(content, dict):
        raise UnreadableFileError(f"{path}: is no object")
    return content


def branch(tree: Json, *keys: str) -> Tree:
    """What a tree holds below some keys: empty where there is nothing."""
    for key in keys:
        tree = tree.get(key) if isinstance(tree, dict) else None
    return tree if isinstance(tree, dict) else {}


def leaves(tree: Tree, path: str = "") -> Iterator[tuple[str, Json]]:
    """Every value which is no object, with its dotted path."""
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from leaves(value, f"{path}{key}.")
        else:
            yield f"{path}{key}", value


def differences(what: str, wanted: set[str], found: set[str]) -> Iterator[str]:
    """A line for each thing that is missing or too much."""
    for name in sorted(wanted - found):
        yield f"{what}: no {name}"
    for name in sorted(found - wanted):
        yield f"{what}: {name} is not known elsewhere"
