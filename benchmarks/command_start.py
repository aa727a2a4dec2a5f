"""The start of inference-experiment: the list of commands, and commands that read AWS up to their first call.

Processor time of whole processes, whose modules have bytecode. A process ends where botocore would open a connection.
The peers are Python itself, and boto3 with the same call: the least that such a command can take.
"""

import os
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Final

from benchmarks.measure import Results, Work, compared, pairs

MAX_HELP_RATIO: Final = 5.0
MAX_READ_RATIO: Final = 1.4
"""Relative to boto3, which alone takes about twelve starts of Python."""
MAX_QUERY_RATIO: Final = 2.2
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
    """Measure the list of commands, and each command that reads."""
    results = Results(
        "Start of a command",
        "Processor seconds of a process, with bytecode. A command that reads AWS ends before its first call; its peer "
        "is a process in which boto3 makes the same call.",
    )
    python, boto3 = partial(_run, "pass"), partial(_run, BOTO3, ends_with=STOPPED)

    def add(name: str, ours: Work, peer: Work, peer_name: str, floor: float | None) -> None:
        for each in (ours, peer):
            each()  # writes the bytecode
        timings = pairs(ours, peer, rounds * REPETITIONS, _spent)
        results.figures.append(compared(name, timings, peer_name, floor))

    listed = partial(_run, COMMAND, "--help")
    add("inference-experiment --help", listed, python, "python -c pass", MAX_HELP_RATIO)
    add("boto3 before its first call", boto3, python, "python -c pass", None)
    for command, floor in READS.items():
        reads = partial(_run, _STOP + COMMAND, *command, ends_with=STOPPED)
        add(f"{command[0]} before its first call", reads, boto3, "boto3", floor)
    return results


def _run(code: str, *arguments: str, ends_with: int = 0) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "PYTHON"))}
    environment |= {"AWS_REGION": "us-east-1", "AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    command = [sys.executable, "-c", code, *arguments]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if ended.returncode != ends_with:
        raise RuntimeError(f"{' '.join(arguments)}: exit code {ended.returncode}: {ended.stderr}")


def _spent() -> float:
    """Return the processor seconds of the processes that have ended."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
