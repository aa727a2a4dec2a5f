"""The files to lint among the paths of a command line.

A named file is linted in any case. In a folder, a template is recognised by the suffix of its name and a top-level
`Resources`; hidden folders, virtual environments and node_modules are skipped.
"""

import glob
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from inference_experiment_cli.errors import Place, UsageError

SUFFIXES: Final = frozenset({".json", ".template", ".yaml", ".yml"})
SKIPPED_FOLDERS: Final = frozenset({"__pycache__", "node_modules"})
_RESOURCES: Final = re.compile(rb"""(?:^|[{,\s]|\A\xef\xbb\xbf)["']?Resources["']?\s*:""", re.MULTILINE)
_MAX_BYTES: Final = 1_000_000  # of a template that CloudFormation accepts


def templates_in(paths: Iterable[str]) -> list[str]:
    """Return the templates that files, folders and patterns name, each once. Raises UsageError for a missing one."""
    templates: dict[str, None] = {}
    for path in paths:
        if path == "-":
            templates[path] = None
        elif Path(path).is_dir():
            templates.update(dict.fromkeys(_in_folder(path)))
        elif Path(path).exists():
            templates[str(Path(path))] = None
        else:
            files = [each for each in glob.glob(path, recursive=True) if Path(each).is_file()]  # noqa: PTH207 - ** as cfn-lint reads it
            if not files:
                raise UsageError("no such file", Place(path))
            templates.update(dict.fromkeys(sorted(files)))
    return list(templates)


def _in_folder(folder: str) -> Iterator[str]:
    for here, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not _is_skipped(Path(here, name)))
        for name in sorted(files):
            path = Path(here, name)
            if path.suffix.lower() in SUFFIXES and not name.startswith(".") and _is_template(path):
                yield str(path)


def _is_skipped(folder: Path) -> bool:
    hidden = folder.name.startswith(".") or folder.name in SKIPPED_FOLDERS
    return hidden or (folder / "pyvenv.cfg").exists()


def _is_template(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return _RESOURCES.search(file.read(_MAX_BYTES)) is not None
    except OSError:
        return False
