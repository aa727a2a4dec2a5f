"""What happens first in a Python process that runs a function: ministack's worker script begins with `prepare()`."""

import importlib
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

from awslambdaric.bootstrap import init_logging  # type: ignore[import-untyped]

from inference_experiment_local.clock import seconds_ahead
from inference_experiment_local.ministack.environment import CLOCK_FILE
from inference_experiment_local.native import HEADER_BYTES, foreign_build

_import = importlib.import_module
_real_time = time.time


def prepare() -> None:
    """Log as Lambda's runtime client does, share the local AWS's clock, and say why native code cannot be imported."""
    init_logging()
    time.time = _local_time
    importlib.import_module = _imported


def _local_time() -> float:
    return _real_time() + seconds_ahead(os.environ.get(CLOCK_FILE, ""))


def _imported(name: str, package: str | None = None) -> ModuleType:
    try:
        return _import(name, package)
    except ImportError as error:
        # ministack puts the function's code first.
        reason = foreign_build(_extensions(Path(sys.path[0])))
        if reason is None:
            raise
        raise ImportError(f"{error}: the function was {reason}") from error


def _extensions(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*.so")):
        with path.open("rb") as file:
            yield path.relative_to(folder).as_posix(), file.read(HEADER_BYTES)
