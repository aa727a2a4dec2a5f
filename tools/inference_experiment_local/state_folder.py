"""The folder in which a local AWS keeps its data between starts, and the record of the process that uses it.

The process holds a lock on the folder as long as it lives. So a record without a lock is one of a process that was
killed, whatever process has its number now.
"""

import contextlib
import fcntl
import json
import shutil
import socket
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import IntEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from inference_experiment_local.errors import LocalAwsError

CONTENT: Final = (
    "aws-config",
    "ca-bundle.pem",
    "ca.pem",
    "clock",
    "clock.part",
    "local.log",
    "ministack",
    "ministack.log",
    "port",
    "process.json",
    "process.part",
    "run",
    "s3",
    "sagemaker.jsonl",
    "server.key",
    "server.pem",
)
"""Everything that a local AWS writes to its folder, but for the lock: the only names that `empty` removes."""
PREFERRED_PORT: Final = 4566
"""The port at which emulators of AWS are usually found."""
_LOCK_SECONDS: Final = 30.0


class ServerExit(IntEnum):
    """Exit codes of a process in the background."""

    PORT_UNAVAILABLE = 2
    ALREADY_RUNNING = 3
    FAILED = 4


class AlreadyRunning(LocalAwsError):  # noqa: N818 - reads as its message does
    """A local AWS runs with this folder."""


@dataclass(frozen=True)
class RunningProcess:
    """The process that uses a folder: its id, the URLs of its services and of its control, and when it was ready."""

    process: int
    url: str
    control_url: str
    ready: str


def _answers(url: str) -> bool:
    """Whether something listens there: the process may have died and its PID been reused."""
    place = urlsplit(url)
    try:
        with socket.create_connection((str(place.hostname), place.port or 0), timeout=2):
            return True
    except OSError:
        return False


@dataclass(frozen=True)
class StateFolder:
    """A folder of its own, made when a local AWS first starts with it."""

    path: Path

    @property
    def log_file(self) -> Path:
        """The file that takes the output of a process in the background."""
        return self.path / "local.log"

    @property
    def ca_file(self) -> Path:
        """The authority to trust."""
        return self.path / "ca.pem"

    @property
    def config_file(self) -> Path:
        """A configuration file for AWS_CONFIG_FILE."""
        return self.path / "aws-config"

    def make(self) -> None:
        """Make the folder, for its user only. Raises LocalAwsError."""
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._lock_file.touch(mode=0o600)
        except OSError as error:
            raise LocalAwsError(f"{self.path}: cannot be used as state folder: {error.strerror}") from error

    @contextlib.contextmanager
    def locked(self) -> Iterator[int]:
        """Be the one process that uses the folder; gives the lock's descriptor. Raises AlreadyRunning, LocalAwsError.

        A process that inherits the descriptor holds the lock too.
        """
        self.make()
        with self._lock_file.open("rb") as file:
            self._wait_for_lock(file)
            self._record_file.unlink(missing_ok=True)
            yield file.fileno()
            self._record_file.unlink(missing_ok=True)

    def _wait_for_lock(self, file: Any) -> None:  # noqa: ANN401 - an open file
        deadline = time.monotonic() + _LOCK_SECONDS
        while True:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                # Held by a process that is ready, starting or stopping, or that only checks the lock.
                if self.running() is not None or time.monotonic() > deadline:
                    raise AlreadyRunning(f"a local AWS runs with {self.path}") from None
                time.sleep(0.05)
            else:
                return

    def is_locked(self) -> bool:
        """Whether a process uses the folder, also one that is not ready yet."""
        try:
            with self._lock_file.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        except OSError as error:
            raise LocalAwsError(f"{self.path}: cannot be used as state folder: {error.strerror}") from error
        return False

    def write_record(self, record: RunningProcess) -> None:
        """Record that the process is ready."""
        part = self._record_file.with_suffix(".part")
        part.write_text(json.dumps(asdict(record)), encoding="utf-8")
        part.replace(self._record_file)

    def record(self) -> RunningProcess | None:
        """Return the process that was ready last and has not ended in order."""
        try:
            return RunningProcess(**json.loads(self._record_file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def running(self) -> RunningProcess | None:
        """Return the process that is ready; None where none is."""
        record = self.record()
        # ministack holds the lock a little longer when the process was killed.
        return record if record is not None and self.is_locked() and _answers(record.control_url) else None

    @contextlib.contextmanager
    def run_directory(self) -> Iterator[Path]:
        """Make an empty directory for what one run needs, and remove it at the end."""
        directory = self.path / "run"
        shutil.rmtree(directory, ignore_errors=True)
        directory.mkdir(mode=0o700)
        try:
            yield directory
        finally:
            shutil.rmtree(directory, ignore_errors=True)

    def port(self) -> int | None:
        """Return the port of the last run."""
        try:
            return int((self.path / "port").read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None

    def keep_port(self, port: int) -> None:
        """Keep the port for later runs: queue URLs in stacks contain it."""
        (self.path / "port").write_text(str(port), encoding="ascii")

    def empty(self, *, keep_address: bool) -> None:
        """Remove what a local AWS has written, and the folder if nothing else is there.

        `keep_address` leaves what clients know: the port and the certificate. Raises LocalAwsError.
        """
        kept = {"ca.pem", "port", "server.key", "server.pem"} if keep_address else set()
        try:
            for name in set(CONTENT) - kept:
                path = self.path / name
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink(missing_ok=True)
            if not keep_address:
                self._lock_file.unlink(missing_ok=True)
                with contextlib.suppress(OSError):
                    self.path.rmdir()
        except OSError as error:
            raise LocalAwsError(f"{self.path}: cannot be emptied: {error.strerror}") from error

    @property
    def _lock_file(self) -> Path:
        return self.path / "lock"

    @property
    def _record_file(self) -> Path:
        return self.path / "process.json"
