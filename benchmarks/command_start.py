"""The start of inference-experiment: the list of commands, and commands that read AWS up to their first call.

Processor time of whole processes, whose modules have bytecode. A process ends where botocore would open a connection.
The peers are Python itself, and boto3 with the same call: the least that such a command can take.
"""

import os
import statistics
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.command_cost import children_seconds
from benchmarks.measure import Figure, Results, Work, compared, timed

MAX_HELP_RATIO: Final = 5.0
MAX_READ_RATIO: Final = 1.2
"""Relative to boto3, which alone takes about eleven starts of Python."""
MAX_QUERY_RATIO: Final = 2.0
"""The same with DuckDB and sqlglot, by which a statement says what is to be read."""
REPETITIONS: Final = 3
_STOP: Final = """\
import os, sys
import botocore.httpsession
botocore.httpsession.URLLib3Session.send = lambda *_: os._exit(77)
"""
COMMAND: Final = "from inference_experiment_cli.__main__ import run; run()"
BOTO3: Final = (
    _STOP + "import boto3; boto3.client('sagemaker', region_name='us-east-1').describe_inference_experiment(Name='x')"
)
STOPPED: Final = 77
PYTHON: Final = "python -c pass"
HELP: Final = "inference-experiment --help"
READS: Final = {
    ("get", "x"): MAX_READ_RATIO,
    ("list",): MAX_READ_RATIO,
    ("watch", "x"): MAX_READ_RATIO,
    ("report", "x"): MAX_READ_RATIO,
    ("export",): MAX_READ_RATIO,
    ("query", "SELECT name FROM inference_experiments"): MAX_QUERY_RATIO,
    ("manifest", "--from", "x"): MAX_READ_RATIO,
}


def measure(_: Path, rounds: int) -> Results:
    """Run everything in turn: a round of the peers serves all commands."""
    results = Results(
        "Start of a command",
        "Processor seconds of a process, with bytecode. A command that reads AWS ends before its first call; its peer "
        "is a process in which boto3 makes the same call.",
    )
    works: dict[str, Work] = {
        PYTHON: partial(_run, "pass"),
        "boto3": partial(_run, BOTO3, ends_with=STOPPED),
        HELP: partial(_run, COMMAND, "--help"),
        **{command[0]: partial(_run, _STOP + COMMAND, *command, ends_with=STOPPED) for command in READS},
    }
    for work in works.values():
        work()  # writes the bytecode
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds * REPETITIONS):
        for name in works if number % 2 else reversed(works):
            seconds[name].append(timed(works[name], children_seconds))

    def row(name: str, peer: str, title: str, floor: float | None) -> Figure:
        timings = list(zip(seconds[name], seconds[peer], strict=True))
        starts = statistics.median(ours / bare for ours, bare in zip(seconds[name], seconds[PYTHON], strict=True))
        return compared(title, timings, peer, floor, remark="" if peer == PYTHON else f"{starts:.1f} starts of Python")

    results.figures.append(row(HELP, PYTHON, HELP, MAX_HELP_RATIO))
    results.figures.append(row("boto3", PYTHON, "boto3 before its first call", None))
    for command, floor in READS.items():
        results.figures.append(row(command[0], "boto3", f"{command[0]} before its first call", floor))
    return results


def _run(code: str, *arguments: str, ends_with: int = 0) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    environment |= {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    command = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if ended.returncode != ends_with:
        raise RuntimeError(f"{' '.join(arguments)}: exit code {ended.returncode}: {ended.stderr}")
