"""The demonstration as a user runs it: what it shows, what it leaves, how it refuses."""

import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [str(Path(sys.executable).parent / "inference-experiment")]


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    from os import environ  # noqa: PLC0415 - read when the test runs

    settings = {**environ, "COLUMNS": "200", "NO_COLOR": "1", **environment}
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, env=settings, check=False, timeout=200
    )


def test_demo_shows_the_whole_life_and_leaves_nothing(tmp_path: Path) -> None:
    finished = run("demo", TMPDIR=str(tmp_path))
    assert finished.returncode == 0, finished.stderr
    lines = [line.split() for line in finished.stdout.splitlines()]
    statuses = [line[4] for line in lines if len(line) > 4 and line[2] == "status"]
    expected = ["Creating", "Starting", "Running", "Updating", "Running", "Stopping", "Completed"]
    assert statuses == expected
    assert "E9503" in finished.stdout
    assert "0 experiments, 0 messages, 0 stacks" in finished.stdout
    assert "shadow is production" in finished.stdout
    assert list(tmp_path.iterdir()) == []
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in running


@pytest.mark.parametrize("option", ["--template", "--example"])
def test_missing_file_is_one_line_and_exit_2(option: str) -> None:
    finished = run("demo", option, "nowhere.yaml")
    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert "nowhere.yaml: no such file" in finished.stderr


def test_port_in_use_is_one_line_and_exit_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        finished = run("demo", "--port", str(port))
    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert f"port {port} cannot be used" in finished.stderr


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Resources: [", "E0000"),
        ("Resources: {}\n", "E1001"),
        ("", "E1001"),
    ],
)
def test_broken_template_is_one_line_with_its_place_and_exit_2(text: str, words: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "broken.yaml"
        path.write_text(text)
        finished = run("demo", "--example", str(path))
    assert finished.returncode == 2
    assert finished.stderr.count("\n") == 1
    assert f"{path}:" in finished.stderr
    assert words in finished.stderr or "no" in finished.stderr


def test_example_that_fails_to_deploy_is_told_with_its_reason(tmp_path: Path) -> None:
    """A template that lints but cannot be deployed ends in the stack's reason, not in a traceback."""
    text = (ROOT / "examples" / "shadow-test.yaml").read_text()
    path = tmp_path / "example.yaml"
    path.write_text(
        text.replace("EndpointName: !GetAtt Endpoint.EndpointName\n      ModelV", "EndpointName: nowhere\n      ModelV")
    )
    finished = run("demo", "--example", str(path))
    assert finished.returncode == 2
    assert "nowhere" in finished.stderr
    assert "Traceback" not in finished.stderr + finished.stdout


def test_version_and_help() -> None:
    assert run("--version").stdout.strip() == "0.1.0"
    assert "demo" in run("--help").stdout
    assert run("no-such-command").returncode == 2
