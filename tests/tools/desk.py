"""A desk: the command line with the simulated services, and what a test asks of its answers."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command_line import Finished, run
from stack_server import StackServer

from protocol_driver.controlled import ControlledSageMaker

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
class Desk:
    """Runs commands in the present folder against the simulated services."""

    sagemaker: ControlledSageMaker
    stacks: StackServer
    settings: dict[str, str]

    def run(self, *arguments: str, stdin: str = "") -> Finished:
        """Run a command to its exit code."""
        return run(*arguments, settings=self.settings, stdin=stdin)

    def ok(self, *arguments: str) -> Finished:
        """Run a command that has to succeed."""
        answer = self.run(*arguments)
        assert answer.returncode == 0, answer.stderr + answer.stdout
        return answer

    def refused(self, code: int, *arguments: str) -> str:
        """Run a command that has to be refused; return the one line that says why."""
        answer = self.run(*arguments)
        assert answer.returncode == code, answer.stderr + answer.stdout
        lines = [line for line in answer.stderr.splitlines() if line.startswith("inference-experiment: ")]
        assert len(lines) == 1, answer.stderr
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
