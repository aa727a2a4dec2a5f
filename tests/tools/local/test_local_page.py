"""docs/local.md: its lines are run in their order, in the shell of a user, with the clients that it names.

Sections of clients that are not in the environment of the tests need CLIENTS_PATH, the folders with their programs:
make clients-check sets it.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[3]
PAGE = (ROOT / "docs" / "local.md").read_text(encoding="utf-8")
OWN = ("Start", "Deploy without the SAM CLI", "Time and metrics", "boto3", "Stop")
CLIENTS = {"AWS CLI": "aws", "SageMaker SDK": "aws", "SAM": "sam", "CDK": "cdk"}
PROGRAMS = os.environ.get("CLIENTS_PATH", "")
APP = """import aws_cdk as cdk
from aws_cdk import aws_sqs as sqs

app = cdk.App()
sqs.Queue(cdk.Stack(app, "queues"), "Queue")
app.synth()
"""


def sections() -> dict[str, list[tuple[str, str]]]:
    """Return the blocks of each section, as language and text."""
    parts = re.split(r"^## (.+)$", PAGE, flags=re.MULTILINE)[1:]
    found = {
        title: re.findall(r"```(sh|python)\n(.*?)```", text, re.DOTALL)
        for title, text in zip(*[iter(parts)] * 2, strict=True)
    }
    return {title: blocks for title, blocks in found.items() if blocks}


def script(titles: list[str], folder: Path) -> str:
    """Return the blocks as one shell script that stops at the first line which fails."""
    lines = ["set -e"]
    for title in titles:
        for number, (language, text) in enumerate(sections()[title]):
            if language == "sh":
                lines += [
                    f"echo '+ {title}'",
                    text,
                ]
            else:
                file = folder / f"block-{title.split()[0]}-{number}.py"
                file.write_text(text, encoding="utf-8")
                lines.append(f"python {file.name}")
    return "\n".join(lines)


def test_every_section_is_run() -> None:
    assert set(sections()) == {*OWN, *CLIENTS}


def run_page(titles: list[str], folder: Path, path: list[str]) -> str:
    for name in ("template.yaml", "samconfig.toml", "LICENSE", "README.md"):
        shutil.copy(ROOT / name, folder)
    for name in ("src", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "app.py").write_text(APP, encoding="utf-8")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "INFERENCE_EXPERIMENT"))}
    environment = {
        **clean,
        "INFERENCE_EXPERIMENT_LOCAL_STATE": str(folder / "state"),
        "PATH": os.pathsep.join([*path, str(Path(sys.executable).parent), os.environ["PATH"]]),
        "AWS_PAGER": "",
        "SAM_CLI_TELEMETRY": "0",
    }
    command = ["bash", "-c", script(titles, folder)]
    try:
        finished = subprocess.run(
            command, cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=280
        )
    finally:
        stop = ["inference-experiment", "local", "stop"]
        subprocess.run(stop, cwd=folder, env=environment, check=False, capture_output=True)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    return finished.stdout


def test_the_lines_of_this_project_and_of_boto3(tmp_path: Path) -> None:
    output = run_page(list(OWN), tmp_path, [])
    assert "Promote the shadow" in output
    assert "Keep production" in output
    assert output.index("Promote the shadow") < output.index("Keep production")


@pytest.mark.skipif(not PROGRAMS, reason="make clients-check runs it, with the clients")
@pytest.mark.parametrize("titles", [["AWS CLI"], ["SageMaker SDK"], ["SAM"], ["CDK"]], ids=lambda titles: titles[0])
def test_the_lines_of_other_clients(tmp_path: Path, titles: list[str]) -> None:
    before = (
        ["Start", "Deploy without the SAM CLI", "Time and metrics", "boto3"] if titles == ["AWS CLI"] else ["Start"]
    )
    run_page([*before, *titles, "Stop"], tmp_path, PROGRAMS.split(os.pathsep))
