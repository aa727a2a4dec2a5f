"""validate, policy check and plan relative to plain cfn-lint on the same file.

The CPU time of whole processes, with their start; wall time on a shared machine says more about its other users.
"""

import resource
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks import templates
from benchmarks.measure import Results, compared, timed

BIN: Final = Path(sys.executable).parent
REPETITIONS: Final = 2


class Command(NamedTuple):
    """A command and the highest ratio it may have."""

    name: str
    arguments: tuple[str, ...]
    floor: float


COMMANDS: Final = (
    Command("validate FILE", ("validate",), 1 / 5),
    Command("policy check FILE", ("policy", "check", "--for", "experiment"), 1 / 4),
    Command("plan FILE", ("plan",), 1 / 4),
)


def children_seconds() -> float:
    """Return the CPU seconds of the processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def measure(scratch: Path, rounds: int) -> Results:
    """Run the commands and cfn-lint in turn; a round of cfn-lint serves all of them."""
    results = Results(
        "Commands about a file",
        "CPU seconds of whole processes on a template with an experiment, its endpoint and two conditions; the peer is "
        "`cfn-lint -t FILE` without our rules.",
    )
    path = scratch / "template.yaml"
    path.write_text(templates.experiment(1, conditions=2), encoding="utf-8")
    works = {one.name: partial(_run, BIN / "inference-experiment", (*one.arguments, str(path))) for one in COMMANDS}
    works["cfn-lint"] = partial(_run, BIN / "cfn-lint", ("-t", str(path)))
    for work in works.values():
        work()  # writes bytecode, and fills the caches of the disk
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds * REPETITIONS):
        for name in works if number % 2 else reversed(works):
            seconds[name].append(timed(works[name], children_seconds))
    for one in COMMANDS:
        timings = list(zip(seconds[one.name], seconds["cfn-lint"], strict=True))
        results.figures.append(compared(one.name, timings, "cfn-lint -t", one.floor))
    return results


def _run(program: Path, arguments: Sequence[str]) -> None:
    finished = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)  # noqa: S603
    # 1 is an answer of policy check, and a failure of cfn-lint, which finds nothing in this template.
    if finished.returncode not in {0, 1} or (program.name == "cfn-lint" and finished.returncode):
        raise RuntimeError(f"{program.name} {' '.join(arguments)}: {finished.returncode}: {finished.stderr}")
