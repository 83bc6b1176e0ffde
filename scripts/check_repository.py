"""Check the metadata of the integration: what hassfest does for core, and more of our own.

Prints one line for each problem and exits 1 when there are any.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
import sys

if __package__ in (None, ""):  # started by its path
    sys.path.insert(0, str(Path(__file__).parents[1]))

from scripts.repository import code, metadata, settings, texts
from scripts.repository.integration import Integration, UnreadableFileError

ROOT = Path(__file__).parents[1]

CHECKS: tuple[Callable[[Integration], Iterator[str]], ...] = (
    metadata.manifest,
    metadata.hacs,
    metadata.brand,
    texts.strings,
    texts.other_languages,
    texts.actions,
    texts.icons,
    code.entities,
    code.exceptions,
    code.selectors,
    code.dependencies,
    settings.settings,
)


def problems(root: Path = ROOT) -> list[str]:
    """Everything that is wrong with the repository's metadata."""
    try:
        integration = Integration.load(root)
    except UnreadableFileError as error:
        return [str(error)]
    return [problem for check in CHECKS for problem in check(integration)]


def main() -> None:
    """Print the problems."""
    found = problems()
    for problem in found:
        print(problem, file=sys.stderr)
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
