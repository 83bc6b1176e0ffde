"""The repository keeps its own rules."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
import json
from pathlib import Path
import re
import shutil

import hass_frontend
from PIL import Image, ImageChops
import pytest

from scripts.check_repository import problems
from scripts.draw_brand import draw_icon, draw_logo
from scripts.write_reference import pages

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "custom_components/timelapser"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_LINES = 400
HUB_FORM = ["options", "step", "init", "sections", "video"]
PLACEHOLDER = "github.com/timelapser/timelapser"


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Everything that runs or may run; not what is for type checkers only."""
    for child in ast.iter_child_nodes(node):
        match child:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), orelse=orelse):
                for statement in orelse:
                    yield statement
                    yield from statements(statement)
            case _:
                yield child
                yield from statements(child)


def dotted(path: Path) -> str:
    """The name of a module of ours from the integration's folder on; its own is empty."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imports(path: Path) -> Iterator[str]:
    """Every module that a module imports; ours with a leading dot, as seen from the folder."""
    package = path.relative_to(PACKAGE).parent.parts
    for node in statements(ast.parse(path.read_bytes())):
        match node:
            case ast.Import(names=aliases):
                yield from (alias.name for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases, level=0):
                yield from (f"{module}.{alias.name}" for alias in aliases)
            case ast.ImportFrom(module=module, names=aliases, level=level):
                base = [
                    *package[: len(package) - level + 1],
                    *(module.split(".") if module else []),
                ]
                yield from ("." + ".".join([*base, alias.name]) for alias in aliases)


def graph() -> dict[str, set[str]]:
    """Which modules of ours each one imports by its own words."""
    names = {dotted(path) for path in MODULES}
    found: dict[str, set[str]] = {}
    for path in MODULES:
        used = {name.removeprefix(".") for name in imports(path) if name.startswith(".")}
        # `from .a import b` names the module a.b, or b in a.
        modules = {name if name in names else name.rpartition(".")[0] for name in used}
        found[dotted(path)] = modules - {dotted(path)}
    return found


def test_metadata_is_right() -> None:
    assert problems() == []


def test_engine_knows_no_home_assistant() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}: {name}"
        for path in (PACKAGE / "engine").rglob("*.py")
        for name in imports(path)
        if name.split(".")[0] in {"homeassistant", "probatio", "voluptuous"}
        or (name.startswith(".") and not name.startswith(".engine"))
    ]
    assert wrong == []


def test_modules_import_in_one_direction() -> None:
    try:
        TopologicalSorter(graph()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_import_graph_is_seen() -> None:
    found = graph()
    assert "hub" in found[""]
    assert any(name.startswith("engine.") for name in found["hub"])


def test_icons_exist() -> None:
    """Home Assistant shows nothing for a name that its frontend does not have."""
    icons = json.loads((Path(hass_frontend.where()) / "static/mdi/iconList.json").read_text())
    known = {icon["name"] for icon in icons}
    used = set(re.findall(r"mdi:([a-z0-9-]+)", (PACKAGE / "icons.json").read_text()))
    assert used - known == set()


@pytest.mark.parametrize("folder", ["custom_components", "scripts", "tests", "benchmarks"])
def test_files_are_short(folder: str) -> None:
    long = [
        str(path.relative_to(ROOT))
        for path in (ROOT / folder).rglob("*.py")
        if len(path.read_text().splitlines()) > MAX_LINES
    ]
    assert long == []


def test_placeholder_address_is_only_where_releasing_says() -> None:
    listed = (ROOT / "docs/RELEASING.md").read_text()
    files = [*ROOT.glob("*"), *PACKAGE.rglob("*"), *ROOT.glob("docs/*"), *ROOT.glob("scripts/**/*")]
    for path in files:
        if path.is_file() and PLACEHOLDER.encode() in path.read_bytes():
            assert path.relative_to(ROOT).as_posix() in listed


@pytest.mark.parametrize(("suffix", "side"), [("", 256), ("@2x", 512)])
def test_brand_is_what_its_script_draws(suffix: str, side: int) -> None:
    # Nearly: a later Pillow may round a pixel otherwise.
    for kind, drawn in (("icon", draw_icon(side)), ("logo", draw_logo(side))):
        with Image.open(PACKAGE / f"brand/{kind}{suffix}.png") as kept:
            difference = ImageChops.difference(kept.convert("RGBA"), drawn)
        assert max(high for _, high in difference.getextrema()) <= 8


def edit(path: Path, *keys: str, value: object = None) -> None:
    """Set a value of a JSON file, or take its key out."""
    content = branch = json.loads(path.read_text())
    for key in keys[:-1]:
        branch = branch[key]
    if value is None:
        del branch[keys[-1]]
    else:
        branch[keys[-1]] = value
    path.write_text(json.dumps(content))


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of what the checks read."""
    shutil.copytree(PACKAGE, tmp_path / "custom_components/timelapser")
    shutil.copy(ROOT / "hacs.json", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "keys", "value", "problem"),
    [
        ("manifest.json", ["version"], "one", "version is not like"),
        ("manifest.json", ["documentation"], "http://example.org", "no https address"),
        ("manifest.json", ["zzz"], "x", "unknown key zzz"),
        ("manifest.json", ["iot_class"], None, "no iot_class"),
        ("manifest.json", ["requirements"], ["numpy"], "numpy has no version"),
        ("manifest.json", ["dependencies"], [], "does not depend on"),
        ("translations/en.json", ["entity", "sensor", "health"], None, "no health"),
        ("translations/en.json", ["exceptions", "timeout"], None, "exceptions: no timeout"),
        ("translations/en.json", ["exceptions", "stale"], {"message": "?"}, "stale is not known"),
        ("translations/en.json", ["selector", "transport"], None, "no selector.transport"),
        ("translations/en.json", ["services", "capture_now", "name"], None, "has no name"),
        ("translations/en.json", ["config", "abort", "x"], "<b>x</b>", "holds HTML"),
        ("translations/en.json", ["config", "abort", "x"], "https://x.org", "holds an address"),
        ("translations/en.json", ["config", "abort", "x"], "[%key:common%]", "a reference"),
        ("translations/en.json", ["config", "abort", "X"], "text", "lower case"),
        ("translations/en.json", ["config", "abort", "x"], 3, "is no text"),
        ("translations/en.json", [*HUB_FORM, "data", "fps"], None, "video.data: no fps"),
        ("translations/en.json", [*HUB_FORM, "data_description", "fps"], "?", "not tell its value"),
        ("translations/en.json", [*HUB_FORM, "name"], None, "video has no name"),
        (
            "translations/en.json",
            ["selector", "quality", "options", "low"],
            None,
            "quality: no low",
        ),
        ("icons.json", ["services", "capture_now"], None, "no capture_now"),
        ("icons.json", ["entity", "sensor", "zzz"], {"default": "mdi:x"}, "zzz is not known"),
    ],
)
def test_checks_find(copy: Path, file: str, keys: list[str], value: object, problem: str) -> None:
    edit(copy / "custom_components/timelapser" / file, *keys, value=value)
    assert any(problem in line for line in problems(copy)), problems(copy)


@pytest.mark.parametrize(
    ("text", "other", "problem"),
    [
        ("max: 86400", "max: 86401", "start_timelapse: interval has other bounds"),
        ("- ultra", "- best", "render_video: quality has other choices"),
    ],
)
def test_checks_compare_actions_with_settings(
    copy: Path, text: str, other: str, problem: str
) -> None:
    path = copy / "custom_components/timelapser/services.yaml"
    path.write_text(path.read_text().replace(text, other))
    assert [line for line in problems(copy) if problem in line]


def test_checks_want_texts_for_a_new_setting(copy: Path) -> None:
    path = copy / "custom_components/timelapser/engine/settings/schema.py"
    entry = '    "shine": Setting("video", "fps", Number(1, 2)),\n    "fps":'
    path.write_text(path.read_text().replace('    "fps":', entry))
    assert len([line for line in problems(copy) if "no shine" in line]) == 4


def test_checks_compare_languages(copy: Path) -> None:
    folder = copy / "custom_components/timelapser/translations"
    (folder / "de.json").write_text(
        '{"config": {"error": {"storage_not_allowed": "Nein: {path}"}}}'
    )
    assert [line for line in problems(copy) if "other placeholders" in line]


@pytest.mark.parametrize("file", ["services.yaml", "icons.json", "translations/en.json"])
def test_checks_name_a_missing_file(copy: Path, file: str) -> None:
    (copy / "custom_components/timelapser" / file).unlink()
    assert any(file in line for line in problems(copy))


@pytest.mark.parametrize("page", ["actions.md", "settings.md"])
def test_the_reference_is_current(page: str) -> None:
    assert (ROOT / "docs" / page).read_text("utf-8") == pages()[page], (
        "scripts/write_reference.py writes it"
    )
