"""What happens first in a Python process that runs a function: ministack's worker script begins with `prepare()`."""

import os
import sys
import time
from collections.abc import Iterator, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType

from awslambdaric.bootstrap import init_logging  # type: ignore[import-untyped]

from inference_experiment_local.clock import seconds_ahead
from inference_experiment_local.ministack.environment import CLOCK_FILE
from inference_experiment_local.native import HEADER_BYTES, foreign_build

_real_time = time.time


def prepare() -> None:
    """Log as Lambda's runtime client does, share the local AWS's clock, and see to foreign native extensions."""
    init_logging()
    time.time = _local_time
    sys.meta_path.append(ForeignExtensions(tuple(sys.path)))


def _local_time() -> float:
    return _real_time() + seconds_ahead(os.environ.get(CLOCK_FILE, ""))


class ForeignExtensions(MetaPathFinder):
    """Finds native extensions that were built for another Python or processor, after everything else has failed.

    The same extension of this environment takes its place, with a line in the log; without one the import fails with
    the reason. `paths` is where this environment has its packages.
    """

    def __init__(self, paths: Sequence[str]) -> None:
        self._paths = paths

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return the extension to load instead; None where the module is not a foreign extension."""
        *packages, name = fullname.split(".")
        for folder in map(Path, sys.path if path is None else path):
            built = foreign_build(_extensions(folder, name))
            if built is None:
                continue
            own = PathFinder.find_spec(fullname, [str(Path(each, *packages)) for each in self._paths])
            if own is None:
                raise ImportError(f"{fullname}: the function was {built}", name=fullname)
            sys.stderr.write(f"{fullname}: the function was {built}; {own.origin} is used instead\n")
            return own
        return None


def _extensions(folder: Path, name: str) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.glob(f"{name}.*so")):
        with path.open("rb") as file:
            yield f"{folder.name}/{path.name}", file.read(HEADER_BYTES)
