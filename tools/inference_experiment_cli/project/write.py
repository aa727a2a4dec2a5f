"""Writes a project completely, or not at all if a file with different content exists."""

import os
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from inference_experiment_cli.errors import Place, UsageError, unwritable

REPLACEABLE: Final = frozenset({".cfnlintrc", ".gitignore", "LICENSE", "README.md"})
"""Files that a project works without: an existing one is kept. Any other existing file is an error."""
MAX_NAMED: Final = 3


@dataclass(frozen=True)
class Written:
    """What was written, and the existing files that were kept; paths in the project."""

    files: tuple[str, ...]
    kept: tuple[str, ...]


def write_files(folder: Path, contents: Mapping[str, bytes], *, force: bool = False) -> Written:
    """Write files below a folder, by their paths; those that have their content already are left alone.

    Raises UsageError, and then nothing is written, where another file exists, unless `force` is set, or where the
    folder cannot be written.
    """
    changed = [name for name, content in contents.items() if _differs(folder / name, content)]
    present = [] if force else [name for name in changed if os.path.lexists(folder / name)]
    kept = [name for name in present if name in REPLACEABLE]
    refused = [name for name in present if name not in REPLACEABLE]
    if refused:
        more = f" and {len(refused) - MAX_NAMED} more" if len(refused) > MAX_NAMED else ""
        named = ", ".join(refused[:MAX_NAMED])
        verb = "exists" if len(refused) == 1 else "exist"
        raise UsageError(f"{named}{more} {verb} with different content; --force overwrites", Place(str(folder)))
    written = [name for name in changed if name not in kept]
    made: list[Path] = []
    try:
        for name in written:
            _write(folder / name, contents[name], made)
    except BaseException:
        _undo(made)
        raise
    return Written(tuple(written), tuple(kept))


def _differs(path: Path, content: bytes) -> bool:
    try:
        return path.is_symlink() or path.read_bytes() != content
    except OSError:
        return True


def _write(path: Path, content: bytes, made: list[Path]) -> None:
    """Write a file through a temporary one, so that a link is replaced and not followed; record what is new.

    Raises UsageError.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        for folder in reversed([folder for folder in path.parents if not os.path.lexists(folder)]):
            folder.mkdir()
            made.append(folder)
        is_new = not os.path.lexists(path)
        part.write_bytes(content)
        if content.startswith(b"#!"):
            part.chmod(0o755)
        part.replace(path)
    except BaseException as error:
        with suppress(OSError):
            part.unlink()
        if isinstance(error, OSError):
            raise unwritable(path, error) from error
        raise
    if is_new:
        made.append(path)


def _undo(made: Iterable[Path]) -> None:
    for path in reversed(list(made)):
        with suppress(OSError):
            path.rmdir() if path.is_dir() else path.unlink()
