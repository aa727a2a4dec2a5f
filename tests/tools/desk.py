"""The command line in this process: as fast as a function, and through the real main() to the exit code."""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from stack_server import StackServer

from inference_experiment_tools import cli
from inference_experiment_tools.local.sagemaker import LocalSageMaker

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "examples" / "shadow-test.yaml"
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
SECONDS = re.compile(r" *\d+\.\d s")
PORT = re.compile(r"127\.0\.0\.1:\d+")
STACK_TAG = {"Key": "cfn-inference-experiment:owner", "Value": "0f9c8a1e-0000-4000-8000-000000000001/Shadow/request"}


def steady(text: str) -> str:
    """Return a text with what differs from run to run made equal, at the same width where columns are aligned."""
    text = TIME.sub("2026-01-01T00:00:00Z", UUID.sub("00000000-0000-4000-8000-000000000000", text))
    return PORT.sub("127.0.0.1:PORT", SECONDS.sub("   0.0 s", text))


@dataclass
class Answer:
    """How a command ended."""

    code: int
    out: str
    err: str

    def data(self) -> Any:
        """Return the output as JSON."""
        return json.loads(self.out)


@dataclass
class Desk:
    """Runs commands in the present folder against the simulated services."""

    sagemaker: LocalSageMaker
    stacks: StackServer
    patch: pytest.MonkeyPatch
    capsys: pytest.CaptureFixture[str]

    def run(self, *arguments: str) -> Answer:
        """Run a command to its exit code."""
        self.capsys.readouterr()
        self.patch.setattr(sys, "argv", ["inference-experiment", *arguments])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        captured = self.capsys.readouterr()
        assert "Traceback" not in captured.err
        return Answer(int(ended.value.code or 0), captured.out, captured.err)

    def ok(self, *arguments: str) -> Answer:
        """Run a command that has to succeed."""
        answer = self.run(*arguments)
        assert answer.code == 0, answer.err + answer.out
        return answer

    def refused(self, code: int, *arguments: str) -> str:
        """Run a command that has to be refused; return the one line that says why."""
        answer = self.run(*arguments)
        assert answer.code == code, answer.err + answer.out
        lines = [line for line in answer.err.splitlines() if line.startswith("inference-experiment: ")]
        assert len(lines) == 1, answer.err
        return lines[0].removeprefix("inference-experiment: ")

    def write(self, name: str, value: Any) -> str:
        """Write a file, JSON unless it is a text; return its name."""
        text = value if isinstance(value, str) else json.dumps(value, indent=2)
        Path(name).write_text(text, encoding="utf-8")
        return name

    def changes(self) -> list[str]:
        """Return the operations that were called and change something."""
        reads = ("Describe", "List")
        return [call.operation for call in self.sagemaker.calls if not call.operation.startswith(reads)]
