"""manifest.json, hacs.json and the pictures of the brand."""

from collections.abc import Iterator
import re
import struct
from urllib.parse import urlsplit

from .integration import DOMAIN, Integration, Json

REQUIRED = {
    "codeowners",
    "config_flow",
    "documentation",
    "domain",
    "integration_type",
    "iot_class",
    "issue_tracker",
    "name",
    "requirements",
    "version",
}
OPTIONAL = {
    "after_dependencies",
    "dependencies",
    "import_executor",
    "loggers",
    "quality_scale",
    "single_config_entry",
}
CHOICES = {
    "domain": {DOMAIN},
    "integration_type": {"device", "hub", "service"},
    "iot_class": {"calculated", "local_polling", "local_push"},
}
VERSION = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")
HOME_ASSISTANT = re.compile(r"20\d\d\.\d{1,2}\.\d+")
HACS = {"filename", "homeassistant", "name", "zip_release"}

# Pixels, as Home Assistant's brands folder wants them; a logo is only held to its height.
PICTURES = {
    "icon.png": (256, 256),
    "icon@2x.png": (512, 512),
    "logo.png": (None, 256),
    "logo@2x.png": (None, 512),
}
PNG = b"\x89PNG\r\n\x1a\n"


def manifest(integration: Integration) -> Iterator[str]:
    """Keys, their order, and their values."""
    content = integration.manifest
    keys = list(content)
    if keys != ["domain", "name", *sorted({*keys} - {"domain", "name"})]:
        yield "manifest.json: keys are not in the order domain, name, then alphabetical"
    for key in sorted(REQUIRED - {*keys}):
        yield f"manifest.json: no {key}"
    for key in sorted({*keys} - REQUIRED - OPTIONAL):
        yield f"manifest.json: unknown key {key}"
    for key, choices in CHOICES.items():
        if content.get(key) not in choices:
            yield f"manifest.json: {key} is not one of {', '.join(sorted(choices))}"
    for key in ("documentation", "issue_tracker"):
        if urlsplit(str(content.get(key))).scheme != "https":
            yield f"manifest.json: {key} is no https address"
    if not VERSION.fullmatch(str(content.get("version"))):
        yield "manifest.json: version is not like 1.2.3 or 1.2.3b4"
    yield from manifest_lists(integration)


def manifest_lists(integration: Integration) -> Iterator[str]:
    """The values that are lists."""
    for owner in strings(integration.manifest.get("codeowners")):
        if not owner.startswith("@"):
            yield f"manifest.json: code owner {owner} has no @"
    for requirement in strings(integration.manifest.get("requirements")):
        if not re.search(r"[=<>~]=", requirement):
            yield f"manifest.json: requirement {requirement} has no version"
    for key in ("dependencies", "after_dependencies", "loggers"):
        names = strings(integration.manifest.get(key))
        if names != sorted(names):
            yield f"manifest.json: {key} is not sorted"
    has_flow = (integration.folder / "config_flow.py").exists()
    if has_flow != (integration.manifest.get("config_flow") is True):
        yield "manifest.json: config_flow does not say whether there is a config_flow.py"


def hacs(integration: Integration) -> Iterator[str]:
    """What HACS and the Marketplace read."""
    content = integration.hacs
    if list(content) != sorted(content):
        yield "hacs.json: keys are not sorted"
    for key in sorted({*content} - HACS):
        yield f"hacs.json: unknown key {key}"
    if content.get("name") != integration.manifest.get("name"):
        yield "hacs.json: name is not the manifest's"
    if not HOME_ASSISTANT.fullmatch(str(content.get("homeassistant"))):
        yield "hacs.json: homeassistant is no version such as 2026.10.0"


def brand(integration: Integration) -> Iterator[str]:
    """Home Assistant shows the pictures of a custom integration from its own brand folder."""
    for name, wanted in PICTURES.items():
        path = integration.folder / "brand" / name
        head = path.read_bytes()[:24] if path.exists() else b""
        if not head.startswith(PNG):
            yield f"brand/{name}: is missing or no PNG"
            continue
        size = struct.unpack(">2I", head[16:24])
        if any(want not in (None, have) for want, have in zip(wanted, size, strict=True)):
            yield f"brand/{name}: has a size of {size[0]} x {size[1]}"


def strings(value: Json | None) -> list[str]:
    """A list of strings, which may be absent."""
    return [str(item) for item in value] if isinstance(value, list) else []
