"""The pre-commit hook and the steps of the GitHub Action that can run locally."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from linting import FIXTURES

ROOT = FIXTURES.parents[1]
BAD = FIXTURES / "E9503" / "fail-case.yaml"
GOOD = ROOT / "examples" / "shadow-test.yaml"


def run(command: list[str], folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder without configuration, with our environment's commands first on the path."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ["PATH"]))
    environment = {**os.environ, "PATH": path, **variables}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.slow
def test_the_hook_reports_findings_in_its_files(tmp_path: Path) -> None:
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))

    wrong = run([*hook["entry"].split(), str(BAD), str(GOOD)], tmp_path)
    right = run([*hook["entry"].split(), str(GOOD)], tmp_path)

    assert (wrong.returncode, wrong.stdout.count("E9503 '")) == (2, 1)
    assert (right.returncode, right.stdout) == (0, "")


def script() -> str:
    action: Any = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (step,) = (step for step in action["runs"]["steps"] if step.get("name") == "Lint")
    assert set(step["env"]) == {"TEMPLATES", "REGIONS", "FORMAT", "OUTPUT_FILE"}
    text: str = step["run"]
    return text


@pytest.mark.skipif(shutil.which("bash") is None, reason="the action's shell")
@pytest.mark.parametrize(
    ("given", "code", "found"),
    [
        ({"TEMPLATES": "bad.yaml good.yaml"}, 2, "bad.yaml:"),
        ({"TEMPLATES": "*.yaml", "REGIONS": "us-east-1 eu-central-1"}, 2, "bad.yaml:"),
        ({"TEMPLATES": "good.yaml"}, 0, ""),
        ({"TEMPLATES": "good.yaml; touch broken-into"}, 2, ""),
    ],
    ids=["two", "a glob, regions", "no findings", "an input is not executed"],
)
def test_the_action_lints_the_templates_of_its_inputs(
    tmp_path: Path, given: dict[str, str], code: int, found: str
) -> None:
    shutil.copy(BAD, tmp_path / "bad.yaml")
    shutil.copy(GOOD, tmp_path / "good.yaml")
    variables = {"REGIONS": "", "FORMAT": "parseable", "OUTPUT_FILE": "", **given}

    finished = run(["bash", "-e", "-o", "pipefail", "-c", script()], tmp_path, **variables)

    assert finished.returncode == code, finished.stderr
    assert found in finished.stdout
    assert not (tmp_path / "broken-into").exists()


@pytest.mark.skipif(shutil.which("bash") is None, reason="the action's shell")
def test_the_action_writes_the_file_for_a_later_upload(tmp_path: Path) -> None:
    pytest.importorskip("sarif_om", reason="cfn-lint[sarif] is not installed")
    shutil.copy(BAD, tmp_path / "bad.yaml")
    variables = {"TEMPLATES": "bad.yaml", "REGIONS": "", "FORMAT": "sarif", "OUTPUT_FILE": "lint.sarif"}

    finished = run(["bash", "-e", "-o", "pipefail", "-c", script()], tmp_path, **variables)

    assert finished.returncode == 2
    assert '"ruleId": "E9503"' in (tmp_path / "lint.sarif").read_text(encoding="utf-8")
