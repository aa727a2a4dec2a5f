"""The demonstration as a user runs it: what it shows, what it leaves, how it refuses."""

import re
import socket
import subprocess
from pathlib import Path

import pytest
from command_line import assert_one_line, run, run_process

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.slow
def test_demo_shows_the_whole_life_and_leaves_nothing(tmp_path: Path) -> None:
    finished = run_process("demo", settings={"TMPDIR": str(tmp_path)})
    assert finished.returncode == 0, finished.stderr
    lines = [line.split() for line in finished.stdout.splitlines()]
    statuses = [line[4] for line in lines if len(line) > 4 and line[2] == "status"]
    expected = ["Creating", "Starting", "Running", "Updating", "Running", "Stopping", "Completed"]
    assert statuses == expected
    assert "E9503" in finished.stdout
    assert "0 experiments, 0 messages, 0 stacks" in finished.stdout
    assert "shadow is production" in finished.stdout
    text = " ".join(finished.stdout.replace("│", " ").split())
    captured = re.search(r"production (\d+) lines, shadow (\d+) lines, synthetic", text)
    assert captured
    production, shadow = map(int, captured.groups())
    # Half of the requests at 10 %, half of them at 50 %.
    assert 0.25 * production < shadow < 0.35 * production
    # Every request of the shadow has its partner, and the models differ a little.
    agreement = re.search(rf"agreement (\d+\.\d+)% .*?, pairs {shadow}, by inferenceId", text)
    assert agreement
    assert 80 < float(agreement[1]) < 100
    assert re.search(r"captured data +s3://shop-capturebucket\S+/shadow-test/\S+\n", finished.stdout)
    assert list(tmp_path.iterdir()) == []
    running = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    assert str(tmp_path) not in running


@pytest.mark.parametrize("option", ["--template", "--example"])
def test_missing_file_is_one_line_and_exit_2(option: str) -> None:
    assert_one_line(run("demo", option, "nowhere.yaml"), 2, "nowhere.yaml: no such file")


@pytest.mark.slow
def test_port_in_use_is_one_line_and_exit_2() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        finished = run("demo", "--port", str(port))
    assert_one_line(finished, 2, f"port {port} cannot be used")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("Resources: [", 1, "E0000"),
        ("Resources: {}\n", 2, "has no output EndpointName and ExperimentStatus"),
        ("", 1, "E1001"),
    ],
)
def test_broken_template_is_one_line_with_its_place(tmp_path: Path, text: str, code: int, words: str) -> None:
    path = tmp_path / "broken.yaml"
    path.write_text(text)
    finished = run("demo", "--example", str(path))
    assert_one_line(finished, code, f"{path}:", words)


@pytest.mark.slow
def test_example_that_fails_to_deploy_is_told_with_its_reason(tmp_path: Path) -> None:
    """A template that lints but cannot be deployed ends in the stack's reason, not in a traceback."""
    text = (ROOT / "examples" / "shadow-test.yaml").read_text()
    path = tmp_path / "example.yaml"
    path.write_text(
        text.replace("EndpointName: !GetAtt Endpoint.EndpointName\n      ModelV", "EndpointName: nowhere\n      ModelV")
    )
    finished = run_process("demo", "--example", str(path))
    assert finished.returncode == 1
    assert "nowhere" in finished.stderr
    assert "Traceback" not in finished.stderr + finished.stdout


def test_version_and_help() -> None:
    assert run_process("--version").stdout.strip() == "0.1.0"
    assert "demo" in run("--help").stdout
    assert run("no-such-command").returncode == 2
