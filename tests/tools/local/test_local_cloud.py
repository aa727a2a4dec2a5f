"""The local AWS as a whole.

The chain from a SAM template to a custom resource, and what is left behind (nothing).
"""

import hashlib
import io
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from function_log import function_log

from inference_experiment_local.cloud import LocalCloud
from inference_experiment_local.errors import LocalAwsError, StackFailed
from inference_experiment_local.ministack import process
from inference_experiment_local.packaging import package
from inference_experiment_local.sagemaker.local_sagemaker import ACCOUNT

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import StackEventTypeDef

FIXTURES = Path(__file__).parent / "fixtures"
TEMPLATE = FIXTURES / "stack" / "template.yaml"


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    with LocalCloud() as running:
        yield running


def assert_emptied(cloud: LocalCloud, queue_url: str) -> None:
    """The function responds before it returns, and only then its message is deleted."""
    deadline = time.monotonic() + 20
    while cloud.queue_depth(queue_url) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert cloud.queue_depth(queue_url) == 0


@pytest.mark.slow
def test_the_whole_life_of_a_stack(cloud: LocalCloud) -> None:
    """Create through queue hops and a redelivery, no change, replacement, failure with rollback, deletion."""
    before = TEMPLATE.read_bytes()
    events: list[StackEventTypeDef] = []
    outputs = cloud.deploy("chain", TEMPLATE, {"ResourceName": "one"}, on_event=events.append)
    assert outputs["EchoId"] == "one"
    assert outputs["EndpointSeen"] == outputs["EndpointArn"]
    assert (events[-1]["LogicalResourceId"], events[-1]["ResourceStatus"]) == ("chain", "CREATE_COMPLETE")
    assert [event["EventId"] for event in cloud.stack_events("chain")] == [event["EventId"] for event in events]
    assert_emptied(cloud, outputs["QueueUrl"])
    log = function_log(cloud, outputs["FunctionName"])
    assert "hops left: 1 delivery: 2" in log

    assert cloud.deploy("chain", TEMPLATE, {"ResourceName": "one"}) == outputs

    # The instance type changes with the alarm's condition: a new configuration under the same endpoint.
    replaced = cloud.deploy("chain", TEMPLATE, {"ResourceName": "two", "WithAlarm": "false"})
    assert replaced["EchoId"] == "two"
    assert "deleted: one" in function_log(cloud, outputs["FunctionName"])
    assert cloud.sagemaker.endpoint_variants("chain")["production"].instance_type == "ml.m6i.xlarge"
    assert len(cloud.sagemaker.client().list_endpoint_configs()["EndpointConfigs"]) == 1

    with pytest.raises(StackFailed, match="the template asked for a failure") as failed:
        cloud.deploy("chain", TEMPLATE, {"ResourceName": "two", "Outcome": "FAILED"})
    assert failed.value.status == "UPDATE_ROLLBACK_COMPLETE"
    assert cloud.stack_outputs("chain")["EchoId"] == "two"

    cloud.delete_stack("chain")
    cloud.delete_stack("chain")
    assert cloud.sagemaker.client().list_models()["Models"] == []
    with pytest.raises(LocalAwsError, match="there is no stack chain"):
        cloud.stack_outputs("chain")
    assert TEMPLATE.read_bytes() == before


@pytest.mark.slow
def test_failed_creation_can_be_deployed_again(cloud: LocalCloud) -> None:
    with pytest.raises(StackFailed) as failed:
        cloud.deploy("again", TEMPLATE, {"ResourceName": "one", "Outcome": "FAILED"})
    assert failed.value.status == "ROLLBACK_COMPLETE"

    assert cloud.deploy("again", TEMPLATE, {"ResourceName": "one"})["EchoId"] == "one"
    cloud.delete_stack("again")


def test_both_halves_are_one_account(cloud: LocalCloud) -> None:
    identity = cloud.client("sts").get_caller_identity()
    cloud.sagemaker.add_endpoint("account", "production", "model")

    arn = cloud.sagemaker.client().describe_endpoint(EndpointName="account")["EndpointArn"]

    assert arn.split(":")[4] == identity["Account"] == ACCOUNT


def test_a_port_that_is_taken_is_said_in_one_line() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(LocalAwsError, match=rf"^port {port} cannot be used: .*$"), LocalCloud(port=port):
            pass


def test_ministack_that_does_not_come_up_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "_STARTUP_SECONDS", 0.01)
    with pytest.raises(LocalAwsError, match=r"^ministack did not come up"), LocalCloud():
        pass


def test_code_that_is_not_there(cloud: LocalCloud, tmp_path: Path) -> None:
    shutil.copy(TEMPLATE, tmp_path)
    with pytest.raises(LocalAwsError, match="does not exist"):
        cloud.deploy("missing", tmp_path / "template.yaml", {"ResourceName": "one"})


def test_a_package_holds_the_requirements_and_nothing_of_the_runtime() -> None:
    """Requirements are in, boto3 and bytecode are not, and the same content makes the same bytes."""
    archive = package(FIXTURES / "stack" / "function")

    names = zipfile.ZipFile(io.BytesIO(archive)).namelist()
    assert {"app.py", "crhelper/__init__.py"} <= set(names)
    assert not [name for name in names if name.startswith(("boto", "urllib3", "..")) or name.endswith(".pyc")]
    assert hashlib.sha256(archive).digest() == hashlib.sha256(package(FIXTURES / "stack" / "function")).digest()


def test_a_requirement_that_is_not_installed(tmp_path: Path) -> None:
    (tmp_path / "requirements.txt").write_text("# comment\n--no-binary :all:\nno-such-distribution==1\n")
    with pytest.raises(LocalAwsError, match="requires no-such-distribution, which is not installed"):
        package(tmp_path)


SCRIPT = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # what was started in the background ignores it
from inference_experiment_local.cloud import LocalCloud
with LocalCloud() as cloud:
    print(cloud.url.rpartition(":")[2], cloud.directory, flush=True)
    if "raise" in sys.argv:
        raise ValueError
    time.sleep(120)
"""


def run_cloud(environment: dict[str, str], *arguments: str) -> tuple[subprocess.Popen[str], int, Path]:
    """Start a LocalCloud in a process of its own; returns it with ministack's port and directory."""
    process = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdout is not None
    port, directory = process.stdout.readline().split()
    return process, int(port), Path(directory)


def assert_nothing_is_left(port: int, directory: Path, temporary: Path) -> None:
    """Wait until port, directory and processes are gone: after SIGKILL of the parent that takes a moment."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and (listens(port) or directory.exists() or processes_of(directory)):
        time.sleep(0.05)
    assert not listens(port)
    assert not directory.exists()
    assert processes_of(directory) == []
    assert list(temporary.iterdir()) == []


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def processes_of(directory: Path) -> list[str]:
    """Return the command lines, where /proc tells them, that mention a directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in text:
            found.append(text)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("ending", ["raise", "SIGTERM", "SIGINT", "SIGKILL"])
def test_nothing_is_left_behind(tmp_path: Path, ending: str) -> None:
    process, port, directory = run_cloud({**os.environ, "TMPDIR": str(tmp_path)}, ending)
    with process:
        if ending != "raise":
            process.send_signal(signal.Signals[ending])

    assert directory.parent == tmp_path
    assert_nothing_is_left(port, directory, tmp_path)


@pytest.mark.slow
def test_starts_without_openssl_with_foreign_variables_and_with_443_taken(tmp_path: Path) -> None:
    """What a machine may have set or lack does not matter."""
    environment = {
        **os.environ,
        "PATH": str(tmp_path / "empty"),
        "TMPDIR": str(tmp_path),
        "SSL_CERT_FILE": "/nowhere",
        "AWS_CA_BUNDLE": "/nowhere",
        "AWS_PROFILE": "nobody",
        "HTTPS_PROXY": "http://127.0.0.1:1",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    with socket.socket() as https:
        https.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            https.bind(("127.0.0.1", 443))
            https.listen()
        except PermissionError:
            pass  # An ordinary user cannot take the port; nor can ministack then.
        process, port, directory = run_cloud(environment)
        with process:
            assert listens(port)
            process.terminate()

    assert_nothing_is_left(port, directory, tmp_path)
