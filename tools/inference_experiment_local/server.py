"""A local AWS that runs until it is stopped, and keeps its data in a state folder.

`python -m inference_experiment_local.server FOLDER [PORT]` runs it in a process that leads a session of its own.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from inference_experiment_local.cloud import LocalCloud
from inference_experiment_local.control import Control
from inference_experiment_local.errors import LocalAwsError, PortUnavailable
from inference_experiment_local.ministack.process import ENDING_SIGNALS, usable_port
from inference_experiment_local.state_folder import (
    PREFERRED_PORT,
    AlreadyRunning,
    RunningProcess,
    ServerExit,
    StateFolder,
)

_CHECK_SECONDS: Final = 0.2


def serve(
    folder: StateFolder, port: int | None, on_ready: Callable[[RunningProcess], None], *, until_exit: bool = False
) -> None:
    """Run until Ctrl-C, SIGTERM or SIGHUP; `on_ready` is called once it answers.

    `until_exit` holds the lock on the folder until this process has gone.
    Without a port it is that of the last run, else 4566, else a free one. Raises AlreadyRunning, PortUnavailable, and
    LocalAwsError also when ministack ends by itself.
    """
    with folder.locked() as lock, _ended_by_signals(), ExitStack() as running:
        if until_exit:
            os.dup(lock)
        cloud = running.enter_context(LocalCloud(_port(folder, port), folder, lock))
        control = running.enter_context(Control(cloud.sagemaker))
        chosen = int(cloud.url.rpartition(":")[2])
        folder.keep_port(chosen)
        ready = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
        record = RunningProcess(os.getpid(), f"https://127.0.0.1:{chosen}", control.url, ready)
        folder.write_record(record)
        on_ready(record)
        while cloud.is_running():
            time.sleep(_CHECK_SECONDS)
        raise LocalAwsError(f"ministack has ended; its log is {folder.path / 'ministack.log'}")


def _port(folder: StateFolder, wanted: int | None) -> int:
    known = wanted or folder.port()
    if known is not None:
        return usable_port(known)
    try:
        return usable_port(PREFERRED_PORT)
    except PortUnavailable:
        return usable_port(0)


@contextmanager
def _ended_by_signals() -> Iterator[None]:
    """Leave the with statement at the first signal, and let none disturb that."""

    def leave(_number: int, _frame: FrameType | None) -> None:
        for each in ENDING_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise _Stopped

    before = {each: signal.signal(each, leave) for each in ENDING_SIGNALS}
    try:
        yield
    except _Stopped:
        pass
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


class _Stopped(BaseException):
    """A signal has ended the local AWS."""


def main() -> None:
    """Run in the background: the output is a log, the exit code says what went wrong."""
    path, *port = sys.argv[1:]
    try:
        serve(
            StateFolder(Path(path)),
            int(port[0]) if port else None,
            lambda running: _log(f"ready at {running.url}"),
            until_exit=True,
        )
    except AlreadyRunning as error:
        _end(error, ServerExit.ALREADY_RUNNING)
    except PortUnavailable as error:
        _end(error, ServerExit.PORT_UNAVAILABLE)
    except LocalAwsError as error:
        _end(error, ServerExit.FAILED)


def _end(error: LocalAwsError, code: ServerExit) -> None:
    _log(str(error))
    sys.exit(code)


def _log(text: str) -> None:
    sys.stdout.write(f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
