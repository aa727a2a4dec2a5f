"""make bench."""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks import (
    captured_predictions,
    command_cost,
    command_start,
    decisions,
    dump,
    growth,
    lint_cost,
    local_start,
    memory,
    rule_cost,
    start_cost,
    waiting,
)
from benchmarks.measure import Results
from benchmarks.writing import broken, disturbances, machine, row, stolen_seconds, write

ALL: Final[dict[str, Callable[[Path, int], Results]]] = {
    "rules": rule_cost.measure,
    "growth": growth.measure,
    "lint": lint_cost.measure,
    "files": command_cost.measure,
    "start": start_cost.measure,
    "commands": command_start.measure,
    "decisions": decisions.measure,
    "dump": dump.measure,
    "waiting": waiting.measure,
    "memory": memory.measure,
    "local": local_start.measure,
    "captures": captured_predictions.measure,
}
LONG: Final[Mapping[str, Callable[[Path, int], Results]]] = {
    "captures": partial(captured_predictions.measure, curve=captured_predictions.LONG_CURVE)
}
"""With --long, instead of the benchmarks of these names."""
ROUNDS: Final = 5


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write the results; return 1 when a floor is broken."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Benchmarks relative to peers.")
    parser.add_argument(
        "--only",
        nargs="+",
        choices=ALL,
        metavar="NAME",
        default=list(ALL),
        help=f"benchmarks to run: {', '.join(ALL)} (default: all)",
    )
    parser.add_argument("--rounds", type=int, default=ROUNDS, help=f"pairs per measurement (default: {ROUNDS})")
    parser.add_argument("--long", action="store_true", help="also ten million captured lines: minutes, 5 GB of disk")
    parser.add_argument("--output", type=Path, help="folder for benchmarks.md, benchmarks.json and the charts")
    options = parser.parse_args(arguments)
    output = options.output.resolve() if options.output else None
    environment = machine()
    began, before = time.perf_counter(), stolen_seconds()
    results = measured(options.only, options.rounds, LONG if options.long else {})
    withheld = stolen_seconds()
    if before is not None and withheld is not None:
        environment["stolen"] = (withheld - before) / ((time.perf_counter() - began) * (environment["cores"] or 1))
    sys.stdout.write("".join(f"\nnot a quiet machine: {each}" for each in disturbances(environment)))
    if output:
        write(output, environment, results)
    lines = broken(results)
    sys.stdout.write("".join(f"\nfloor broken: {line}" for line in lines) + "\n")
    return 1 if lines else 0


def measured(names: Sequence[str], rounds: int, instead: Mapping[str, Callable[[Path, int], Results]]) -> list[Results]:
    """Run benchmarks, and print the results of each as it ends."""
    results = []
    # Outside the repository, whose .cfnlintrc would load our rules for the peer too.
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, contextlib.chdir(scratch):
        for name in names:
            start = time.perf_counter()
            folder = Path(scratch, name)
            folder.mkdir()
            result = instead.get(name, ALL[name])(folder, rounds)
            result.seconds = time.perf_counter() - start
            results.append(result)
            sys.stdout.write(f"\n{result.title} ({result.seconds:.0f} s)\n{''.join(map(row, result.figures))}")
            sys.stdout.flush()
    return results


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
