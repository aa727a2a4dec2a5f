"""inference-experiment lint relative to cfn-lint -a, for 1, 100 and 300 templates.

Whole commands are timed, including their start. Both outputs are compared: a run with different findings fails. 300
templates are measured once.
"""

import itertools
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from benchmarks import templates
from benchmarks.measure import Curve, Figure, Results, compared
from inference_experiment_cli.lint.results import RULES

FLOORS: Final = {
    ("lint", 300): 1.7,
    ("changed", 1): 1.0,
    ("unchanged", 1): 6.0,
    ("unchanged", 100): 50.0,
    ("unchanged", 300): 50.0,
    ("only", 300): 4.0,
}
"""Least ratios, by the row and the number of templates."""
MOST_TEMPLATES: Final = 300
ONE_IN: Final = 10
BIN: Final = Path(sys.executable).parent


@dataclass(frozen=True)
class CommandResult:
    """Seconds, output and exit code of a command."""

    seconds: float
    output: str
    code: int


@dataclass
class Corpus:
    """Templates in a folder, with their own cache."""

    folder: Path
    count: int
    one_in: int = 1
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        templates.write(self.folder, self.count, self.one_in)

    def stock(self) -> CommandResult:
        """Run cfn-lint on all templates."""
        names = sorted(str(path.relative_to(self.folder.parent)) for path in self.folder.iterdir())
        return self._run([str(BIN / "cfn-lint"), "-a", RULES, "--format", "parseable", "-t", *names])

    def change(self) -> None:
        """Append a comment to the first template."""
        with min(self.folder.iterdir()).open("a", encoding="utf-8") as file:
            file.write("# changed\n")

    def lint(self, *options: str, cache: str | None = None) -> CommandResult:
        """Run our command on all templates, with an empty cache unless one is named."""
        folder = self.folder.parent / (cache or f"cache-{next(self._numbers)}")
        command = [str(BIN / "inference-experiment"), "lint", self.folder.name, "--format", "parseable"]
        result = self._run([*command, "--cache-dir", str(folder), *options])
        if cache is None:
            shutil.rmtree(folder, ignore_errors=True)
        return result

    def _run(self, command: Sequence[str]) -> CommandResult:
        start = time.perf_counter()
        finished = subprocess.run(command, cwd=self.folder.parent, capture_output=True, text=True, check=False)  # noqa: S603
        seconds = time.perf_counter() - start
        if finished.returncode & 1:
            raise RuntimeError(finished.stderr)
        return CommandResult(seconds, finished.stdout, finished.returncode)


def measure(scratch: Path, rounds: int) -> Results:
    """Measure the three sizes."""
    results = Results(
        "inference-experiment lint",
        "Seconds of whole commands. Every template has an experiment; with --only-experiments one in ten has. The "
        "cache is empty before each run, except in the rows with unchanged and changed. Processes: one per core "
        f"({len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count()}).",
    )
    points: dict[str, list[tuple[float, float]]] = {
        name: [] for name in ("cfn-lint", "lint", "lint, unchanged", "lint, one changed")
    }
    for count, times in ((1, rounds + 1), (100, max(1, rounds // 2)), (MOST_TEMPLATES, 1)):
        corpus = Corpus(scratch / f"templates-{count}" / "templates", count)
        timings = [_round(corpus, number) for number in range(times)]
        rows = ((1, "lint", "lint"), (2, "lint, unchanged", "unchanged"), (3, "lint, one changed", "changed"))
        for column, name, which in rows:
            label = f"{name}: {count} template{'s' if count > 1 else ''}"
            both = [(row[column], row[0]) for row in timings]
            figure = compared(label, both, "cfn-lint -a", FLOORS.get((which, count)), faster=True)
            results.figures.append(figure)
            points[name].append((count, figure.ours))
        points["cfn-lint"].append((count, statistics.median(row[0] for row in timings)))
    results.figures.append(_only(scratch))
    results.curves.append(Curve("lint and templates", "templates", "s", points))
    return results


def _round(corpus: Corpus, number: int) -> tuple[float, ...]:
    """Return the seconds of cfn-lint, of our command, of it with a full cache, and of it after a change."""
    cache = f"cache-of-round-{number}"

    def own() -> list[CommandResult]:
        results = [corpus.lint(cache=cache), corpus.lint(cache=cache)]
        corpus.change()
        return [*results, corpus.lint(cache=cache)]

    if number % 2:
        ours = own()
        stock = corpus.stock()
    else:
        stock = corpus.stock()
        ours = own()
    for result in ours:
        if (result.output, result.code) != (stock.output, stock.code):
            raise RuntimeError("the findings differ from cfn-lint's")
    return stock.seconds, *(result.seconds for result in ours)


def _only(scratch: Path) -> Figure:
    corpus = Corpus(scratch / "mixed" / "templates", MOST_TEMPLATES, ONE_IN)
    stock, ours = corpus.stock(), corpus.lint("--only-experiments")
    expected = [line for line in stock.output.splitlines() if _is_ours(line)]
    if [line for line in ours.output.splitlines() if _is_ours(line)] != expected:
        raise RuntimeError("the findings of our rules differ from cfn-lint's")
    name = f"lint --only-experiments: {MOST_TEMPLATES} templates"
    ratio = stock.seconds / ours.seconds
    return Figure(
        name, ours.seconds, stock.seconds, "s", "cfn-lint -a", ratio, FLOORS["only", MOST_TEMPLATES], at_least=True
    )


def _is_ours(line: str) -> bool:
    return line.split(":")[5][1:3] in {"95", "96", "97", "98"}
