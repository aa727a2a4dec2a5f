"""python -m benchmarks.make_runs: how long make demo and make test take in a new clone, for docs/benchmarks.md.

By hand, since the two together take longer than all the benchmarks; `make bench` shows what the last run has written.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from benchmarks.writing import MAKE_RUNS, machine, make_section

ROOT: Final = Path(__file__).resolve().parents[1]
FILE: Final = ROOT / "docs" / "benchmarks" / MAKE_RUNS
TARGETS: Final = ("demo", "test")


def main() -> int:
    """Clone, run both targets with everything that they install, and write the file."""
    facts = machine()
    with tempfile.TemporaryDirectory(prefix="make-") as scratch:
        clone = Path(scratch, "clone")
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)  # noqa: S603, S607
        runs = [timed_run(target, ["make", target], clone) for target in TARGETS]
    document = {name: facts[name] for name in ("time", "commit", "processor", "cores")} | {"runs": runs}
    FILE.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    sys.stdout.write(make_section(document))
    return 0


def timed_run(name: str, command: Sequence[str], folder: Path) -> dict[str, Any]:
    """Return the wall time and CPU time of a command that succeeds, and the load before it."""
    load, before, start = os.getloadavg()[0], _children_seconds(), time.perf_counter()
    subprocess.run(command, cwd=folder, check=True)  # noqa: S603 - our own commands
    wall = time.perf_counter() - start
    return {"name": name, "wall": wall, "cpu": _children_seconds() - before, "load": round(load, 1)}


def _children_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


if __name__ == "__main__":
    sys.exit(main())
