"""A file that a command writes: complete, or as it was before."""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from inference_experiment_cli.errors import unwritable


def is_standard_output(path: Path | None) -> bool:
    """Return whether --output means the standard output: it was not given, or is `-` or the device."""
    return path is None or str(path) in {"-", "/dev/stdout"}


@contextmanager
def replaced(path: Path) -> Iterator[Path]:
    """Yield the path of a new file, which replaces `path` once it is written. Raises UsageError.

    Devices and pipes are written as they are, and so is a file whose folder cannot be written.
    """
    try:
        is_device = path.exists() and not (path.is_file() or path.is_dir())
        target = path if is_device else Path(os.path.realpath(path))  # a link stays a link
        partial = _new_file(target)
        try:
            yield partial or target
            if partial:
                partial.replace(target)
        finally:
            if partial:
                with suppress(OSError):
                    partial.unlink(missing_ok=True)
    except OSError as error:
        raise unwritable(path, error) from error


def _new_file(target: Path) -> Path | None:
    """Create the file that will replace a target; None where the target itself is to be written. Raises OSError."""
    if target.is_dir():
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    exists = target.exists()
    if exists and not target.is_file():
        return None
    if exists and not os.access(target, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    new = target.with_name(f".inference-experiment-{os.getpid()}.partial")
    try:
        new.touch()
    except PermissionError:
        if exists:
            return None
        raise
    if exists:
        shutil.copymode(target, new)
        with suppress(OSError):
            os.chown(new, target.stat().st_uid, target.stat().st_gid)
    return new
