"""make bench."""

import argparse
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from benchmarks import decisions, growth, lint_cost, local_start, memory, rule_cost, start_cost, waiting
from benchmarks.measure import Results
from benchmarks.writing import broken, machine, row, write

ALL: Final[dict[str, Callable[[Path, int], Results]]] = {
    "rules": rule_cost.measure,
    "growth": growth.measure,
    "lint": lint_cost.measure,
    "start": start_cost.measure,
    "decisions": decisions.measure,
    "waiting": waiting.measure,
    "memory": memory.measure,
    "local": local_start.measure,
}
ROUNDS: Final = 5


def main(arguments: Sequence[str]) -> int:
    """Measure, print, write; 1 when a floor is not kept."""
    parser = argparse.ArgumentParser(prog="make bench", description="Measure against peers.")
    parser.add_argument("--only", nargs="+", choices=ALL, default=list(ALL), help="some of them, without writing docs")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--output", type=Path, help="folder for benchmarks.md, .json and drawings")
    options = parser.parse_args(arguments)
    output = options.output.resolve() if options.output else None
    where, results = machine(), []
    # Not in a project: its .cfnlintrc would lend our rules to the peer as well.
    with tempfile.TemporaryDirectory(prefix="bench-") as scratch, contextlib.chdir(scratch):
        for name in options.only:
            began = time.perf_counter()
            own = Path(scratch, name)
            own.mkdir()
            result = ALL[name](own, options.rounds)
            result.seconds = time.perf_counter() - began
            results.append(result)
            sys.stdout.write(f"\n{result.title} ({result.seconds:.0f} s)\n{''.join(map(row, result.figures))}")
            sys.stdout.flush()
    if output:
        write(output, where, results)
    found = broken(results)
    sys.stdout.write("".join(f"\nfloor broken: {line}" for line in found) + "\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
