"""Starts and stops the local AWS, in the background or in this process."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from inference_experiment_cli.errors import Place, ServiceError, UsageError
from inference_experiment_cli.extras import require_extras
from inference_experiment_local.errors import LocalAwsError, PortUnavailable, UnusableInput
from inference_experiment_local.state_folder import AlreadyRunning, RunningProcess, ServerExit, StateFolder

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 20.0
_POLL_SECONDS: Final = 0.05
_OTHER_PORT: Final = "pass another one with --port"


@contextmanager
def local_errors() -> Iterator[None]:
    """Raise CommandError for an error of the local AWS."""
    try:
        yield
    except PortUnavailable as error:
        raise UsageError(f"{error}; {_OTHER_PORT}") from error
    except UnusableInput as error:
        raise UsageError(str(error)) from error
    except LocalAwsError as error:
        raise ServiceError(str(error)) from error


def start(folder: StateFolder, port: int | None) -> tuple[RunningProcess, bool]:
    """Run a local AWS in the background, unless one runs; returns it when it is ready, and whether it is new.

    Raises CommandError.
    """
    running = folder.running()
    if running is None:
        require_extras("local")
        with local_errors():
            folder.make()
        return _started(folder, port)
    _check_port(running, port)
    return running, False


def serve_here(folder: StateFolder, port: int | None, on_ready: Callable[[RunningProcess], None]) -> None:
    """Run a local AWS in this process until it is ended by a signal. Raises CommandError."""
    require_extras("local")
    from inference_experiment_local.server import serve  # noqa: PLC0415 - takes a second

    try:
        with local_errors():
            serve(folder, port, on_ready)
    except ServiceError as error:
        if isinstance(error.__cause__, AlreadyRunning):
            raise UsageError(f"{error}; stop it first: inference-experiment local stop") from error
        raise


def _check_port(running: RunningProcess, port: int | None) -> None:
    if port is not None and not running.url.endswith(f":{port}"):
        raise UsageError(
            f"--port {port}: the local AWS runs at {running.url}; stop it first: inference-experiment local stop"
        )


def _started(folder: StateFolder, port: int | None) -> tuple[RunningProcess, bool]:
    process = _spawned(folder, port)
    try:
        running = _wait_until_ready(folder, process)
    except BaseException:
        # Also after Ctrl-C: an abandoned start leaves nothing behind.
        process.terminate()
        process.wait()
        raise
    if running.process != process.pid:
        # Another start was first; ours would find that out by itself, and has nothing to do until then.
        process.terminate()
        process.wait()
    _check_port(running, port)
    return running, running.process == process.pid


def _spawned(folder: StateFolder, port: int | None) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "inference_experiment_local.server", str(folder.path)]
    try:
        with folder.log_file.open("ab") as log:
            return subprocess.Popen(  # noqa: S603 - our own module
                [*command, *([str(port)] if port else [])],
                cwd=folder.path,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Ctrl-C and the end of this terminal must not reach it.
                start_new_session=True,
            )
    except OSError as error:
        raise UsageError(f"cannot be used as state folder: {error.strerror}", Place(str(folder.path))) from error


def _wait_until_ready(folder: StateFolder, process: subprocess.Popen[bytes]) -> RunningProcess:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if (running := folder.running()) is not None:
            return running
        code = process.poll()
        if code == ServerExit.PORT_UNAVAILABLE:
            raise UsageError(f"{_last_line(folder)}; {_OTHER_PORT}")
        if code is not None and code != ServerExit.ALREADY_RUNNING:
            raise ServiceError(f"the local AWS did not start: {_last_line(folder)} (log: {folder.log_file})")
        time.sleep(_POLL_SECONDS)
    raise ServiceError(f"the local AWS was not ready within {_START_SECONDS:g} seconds (log: {folder.log_file})")


def _last_line(folder: StateFolder) -> str:
    """Return what the process said last, without the time."""
    line = folder.log_file.read_text(encoding="utf-8", errors="replace").strip().rpartition("\n")[2]
    return re.sub(r"^[0-9T:-]{19}Z ", "", line)


def stop(folder: StateFolder) -> bool:
    """End the local AWS; returns whether one ran. Raises ServiceError."""
    running = folder.running()
    if running is None:
        return False
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            # The lock proves that the recorded process is alive, so the PID has not been reused.
            os.kill(running.process, number)
        except ProcessLookupError:
            return True
        except PermissionError as error:
            raise ServiceError(f"process {running.process} belongs to another user") from error
        if _has_ended(folder, running):
            return True
    raise ServiceError(f"process {running.process} does not end")


def _has_ended(folder: StateFolder, running: RunningProcess) -> bool:
    deadline = time.monotonic() + _STOP_SECONDS
    while time.monotonic() < deadline:
        # The process holds the lock until it has gone; another record is that of the next one.
        if not folder.is_locked() or folder.record() not in {None, running}:
            return True
        time.sleep(_POLL_SECONDS)
    return False
