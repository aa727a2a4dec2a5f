"""Which files of the paths that a user gives are to be linted.

A file that is named is linted whatever it is. In a folder, a file is taken for a template by its name's suffix and
by a top-level `Resources`; what lies in hidden folders, virtual environments and node_modules is left out.
"""

import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from inference_experiment_cli.errors import Place, UsageError

SUFFIXES: Final = frozenset({".json", ".template", ".yaml", ".yml"})
FOREIGN_FOLDERS: Final = frozenset({"__pycache__", "node_modules"})
_RESOURCES: Final = re.compile(rb"""(?:^|[{,\s])["']?Resources["']?\s*:""", re.MULTILINE)
_LEADING: Final = 1_000_000  # bytes in which a template shows what it is: CloudFormation takes no more


def templates_in(paths: Iterable[str]) -> list[str]:
    """Return the templates that files, folders and patterns name, each once. Raises UsageError for what is missing."""
    found: dict[str, None] = {}
    for path in paths:
        if Path(path).is_dir():
            found.update(dict.fromkeys(_in_folder(path)))
        elif Path(path).exists():
            found[path] = None
        else:
            found.update(dict.fromkeys(_matching(path)))
    return list(found)


def _matching(pattern: str) -> list[str]:
    files = sorted(path for path in glob.glob(pattern, recursive=True) if Path(path).is_file())  # noqa: PTH207 - ** as cfn-lint reads it
    if not files:
        raise UsageError("no such file", Place(pattern))
    return files


def _in_folder(folder: str) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_foreign(Path(here, name)))
        for name in sorted(files):
            path = Path(here, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith(".") and _looks_like_template(path):
                yield str(path)


def _is_foreign(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in FOREIGN_FOLDERS
    return hidden or (folder / "pyvenv.cfg").exists()


def _looks_like_template(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _RESOURCES.search(file.read(_LEADING)) is not None
    except OSError:
        return False
