"""The independent oracle as a process of its own, installed outside of version control."""

import json
import shutil
import subprocess
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
BUILD = HERE.parents[2] / "build" / "iam-oracle"
PACKAGE = "@cloud-copilot/iam-simulate"
VERSION = "0.1.173"

Ask = Callable[[Iterable[dict[str, Any]]], list[dict[str, Any]]]


def _installed() -> bool:
    manifest = BUILD / "node_modules" / PACKAGE / "package.json"
    return manifest.is_file() and json.loads(manifest.read_text())["version"] == VERSION


def _install() -> None:
    """Install the oracle (AGPL-3.0, so used as a program and never shipped) or skip with the reason."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        pytest.skip("the oracle needs node and npm, which are not on PATH")
    BUILD.mkdir(parents=True, exist_ok=True)
    (BUILD / "package.json").write_text('{"private": true}')
    command = ["npm", "install", "--ignore-scripts", "--no-audit", "--no-fund", f"{PACKAGE}@{VERSION}"]
    done = subprocess.run(command, cwd=BUILD, capture_output=True, text=True, timeout=240, check=False)
    if done.returncode:
        pytest.skip(f"{PACKAGE}@{VERSION} cannot be installed: {done.stderr.strip()[-200:]}")


def oracle() -> Ask:
    """Return a function that asks @cloud-copilot/iam-simulate, one process for all questions of a call; or skip."""
    if not _installed():
        _install()

    def ask(questions: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
        lines = "".join(json.dumps(question) + "\n" for question in questions)
        done = subprocess.run(
            ["node", str(HERE / "oracle.mjs")],
            input=lines,
            capture_output=True,
            text=True,
            cwd=BUILD,
            timeout=280,
            check=True,
        )
        return [json.loads(line) for line in done.stdout.splitlines()]

    return ask
