"""The Lambda runtime driver with AWS's runtime client."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from inference_experiment_local.errors import LocalAwsError
from lambda_runtime.runtime import LambdaRuntime

TASK_ROOT = Path(__file__).parent / "fixtures" / "runtime"


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[LambdaRuntime]:
    monkeypatch.setenv("LEAKED", "from the caller")
    with LambdaRuntime(TASK_ROOT, "app.handler", {"VARIABLE": "set"}, timeout=5) as running:
        yield running


def is_alive(pid: int) -> bool:
    """Whether a process exists and is more than a zombie that nobody has reaped."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not (stat.exists() and stat.read_text().rpartition(")")[2].split()[0] == "Z")


def test_result_and_context(runtime: LambdaRuntime) -> None:
    """The function sees its settings, its own variables and nothing of the caller's."""
    invocation = runtime.invoke({"do": "answer"}, request_id="4d6c1c5e-0000-0000-0000-000000000001")

    assert 0 < invocation.result.pop("remaining") <= 5000
    assert invocation.result == {
        "name": "function",
        "memory": "128",
        "request": "4d6c1c5e-0000-0000-0000-000000000001",
        "process": runtime.pid,
        "variable": "set",
        "leaked": None,
    }
    assert (invocation.error, invocation.crashed, invocation.timed_out) == (None, False, False)
    assert invocation.log == "event: answer\n"
    assert runtime.init_duration is not None


def test_exception_keeps_the_process(runtime: LambdaRuntime) -> None:
    runtime.start()
    before = runtime.pid
    invocation = runtime.invoke({"do": "raise"})

    assert invocation.error is not None
    assert (invocation.error["errorType"], invocation.error["errorMessage"]) == ("ValueError", "as asked")
    assert (invocation.crashed, invocation.result) == (False, None)
    assert "Traceback" in invocation.log
    assert runtime.invoke({"do": "answer"}).result["process"] == before


def test_crash_is_followed_by_a_cold_start(runtime: LambdaRuntime) -> None:
    runtime.start()
    before = runtime.pid
    invocation = runtime.invoke({"do": "crash"})

    assert (invocation.crashed, invocation.timed_out) == (True, False)
    assert invocation.error == {"errorType": "Runtime.ExitError", "errorMessage": "Runtime exited with status 3"}
    again = runtime.invoke({"do": "answer"})
    assert again.result["process"] != before
    assert again.log == "event: answer\n"


def test_time_limit_kills(runtime: LambdaRuntime) -> None:
    runtime.start()
    before = runtime.pid
    runtime.timeout = 0.2
    invocation = runtime.invoke({"do": "sleep"})

    assert (invocation.crashed, invocation.timed_out) == (False, True)
    assert invocation.error is not None
    assert "Task timed out after 0.20 seconds" in invocation.error["errorMessage"]
    assert before is not None
    assert not is_alive(before)
    assert runtime.pid is None


def test_function_that_cannot_be_imported() -> None:
    with LambdaRuntime(TASK_ROOT, "missing.handler", {}, timeout=5) as runtime:
        invocation = runtime.invoke({})
        with pytest.raises(LocalAwsError, match="No module named 'missing'"):
            runtime.start()

    assert invocation.crashed
    assert invocation.error is not None
    assert invocation.error["errorType"] == "Runtime.ImportModuleError"


def test_leaving_the_context_ends_the_process() -> None:
    with LambdaRuntime(TASK_ROOT, "app.handler", {}, timeout=5) as runtime:
        runtime.start()
        pid = runtime.pid

    assert pid is not None
    assert not is_alive(pid)


def test_no_orphan_when_the_parent_is_killed() -> None:
    code = (
        "import pathlib, sys, time; from lambda_runtime.runtime import LambdaRuntime\n"
        "with LambdaRuntime(pathlib.Path(sys.argv[1]), 'app.handler', {}, 5) as runtime:\n"
        "    runtime.start(); print(runtime.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", code, str(TASK_ROOT)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as parent:
        assert parent.stdout is not None
        pid = int(parent.stdout.readline())
        parent.send_signal(signal.SIGKILL)

    deadline = time.monotonic() + 20
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_alive(pid)
