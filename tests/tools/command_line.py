"""Runs the command as a user does: with its own settings, to its exit code; in this process unless asked otherwise."""

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

from no_repr import assert_no_repr

from inference_experiment_cli import main as cli

COMMAND = str(Path(sys.executable).parent / "inference-experiment")
REPORTS = (("validate",), ("plan",), ("policy",))
FOREIGN = ("AWS_", "COLUMNS", "NO_COLOR", "FORCE_COLOR", "TTY_")


@dataclass
class Finished:
    """How a command ended."""

    returncode: int
    stdout: str
    stderr: str

    def data(self) -> Any:
        """Return the output as JSON."""
        return json.loads(self.stdout)


def environment_of(settings: Mapping[str, str] | None) -> dict[str, str]:
    """Return the machine's environment without what could change the outcome, and with these settings."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    return {**clean, "COLUMNS": "200", "NO_COLOR": "1", **(settings or {})}


def run(*arguments: str, settings: Mapping[str, str] | None = None, stdin: str = "", encoding: str = "") -> Finished:
    """Run through the real main() with these settings and none of the machine's own that could change the outcome.

    Both outputs are texts, or with an `encoding` streams that lack other characters, as Python opens them.
    """
    out, err, code = _stream(encoding), _stream(encoding), 0
    with (
        mock.patch.dict(os.environ, environment_of(settings), clear=True),
        mock.patch.object(sys, "argv", ["inference-experiment", *arguments]),
        mock.patch.object(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin.encode()))),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    finished = Finished(code, _written(out), _written(err))
    assert "Traceback" not in finished.stderr, finished.stderr
    # So every error path that any test takes is a test of its message.
    assert_no_repr(finished.stderr)
    if arguments[:1] in REPORTS:
        assert_no_repr(finished.stdout)
    return finished


def _stream(encoding: str) -> io.StringIO | io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n") if encoding else io.StringIO()


def _written(stream: io.StringIO | io.TextIOWrapper) -> str:
    if isinstance(stream, io.StringIO):
        return stream.getvalue()
    stream.seek(0)
    return stream.read()


def run_process(*arguments: str, settings: Mapping[str, str] | None = None) -> Finished:
    """Run the installed command in a process of its own."""
    environment = environment_of(settings)
    ended = subprocess.run(
        [COMMAND, *arguments], capture_output=True, text=True, env=environment, check=False, timeout=120
    )
    return Finished(ended.returncode, ended.stdout, ended.stderr)


def assert_one_line(finished: Finished, code: int, *words: str) -> None:
    """One line that says what is wrong, the exit code, and no traceback."""
    assert finished.returncode == code, finished.stderr
    assert finished.stderr.count("\n") == 1, finished.stderr
    assert "Traceback" not in finished.stderr + finished.stdout
    for word in words:
        assert word in finished.stderr
