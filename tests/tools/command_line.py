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
    """Return these settings and none of the machine's own that could change the outcome."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(FOREIGN)}
    return {**clean, "COLUMNS": "200", "NO_COLOR": "1", **(settings or {})}


def run(*arguments: str, settings: Mapping[str, str] | None = None, stdin: str = "") -> Finished:
    """Run through the real main() with these settings and none of the machine's own that could change the outcome."""
    out, err, code = io.StringIO(), io.StringIO(), 0
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
    assert "Traceback" not in err.getvalue(), err.getvalue()
    # So every error path that any test takes is a test of its message.
    assert_no_repr(err.getvalue())
    if arguments[:1] in REPORTS:
        assert_no_repr(out.getvalue())
    return Finished(code, out.getvalue(), err.getvalue())


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
