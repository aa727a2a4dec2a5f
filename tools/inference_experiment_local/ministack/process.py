"""Starts and stops ministack as a process that leaves nothing behind.

Its settings, and why: local-aws section 4.
"""

import contextlib
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from inference_experiment_local.certificate import Certificates
from inference_experiment_local.errors import LocalAwsError, PortUnavailable
from inference_experiment_local.ministack.environment import CLOCK_FILE, METRICS_URL
from inference_experiment_local.sagemaker.local_sagemaker import ACCOUNT, REGION
from inference_experiment_local.sessions import isolated_environment

_CA_VARIABLES = ("CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "SSL_CERT_DIR", "SSL_CERT_FILE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")
ENDING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STARTUP_SECONDS = 30.0
_SAVING_SECONDS = 10.0
_KILL_AFTER_SECONDS = 1.0
"""Seconds between SIGTERM and SIGKILL: with open connections ministack can take over ten, and nothing needs them."""


@dataclass(frozen=True)
class MinistackSettings:
    """What one ministack needs.

    `directory` holds all that it writes, but for what it is to keep, which is in `kept` unless that is None; it then
    inherits the descriptor `lock`, so that nobody goes on with these data before it has saved them. SageMaker and its
    metrics are at `sagemaker_url` and `metrics_url`; `clock_file` has the seconds that their clock is ahead.
    """

    directory: Path
    port: int
    certificates: Certificates
    sagemaker_url: str
    metrics_url: str
    clock_file: Path
    kept: Path | None = None
    lock: int = -1

    @property
    def url(self) -> str:
        """The endpoint of all services."""
        return f"https://localhost:{self.port}"

    @property
    def log_file(self) -> Path:
        """The file that takes ministack's output."""
        return (self.kept or self.directory) / "ministack.log"

    def environment(self) -> dict[str, str]:
        """Return the environment of the process; Lambda functions inherit it, and so find SageMaker."""
        ca_file = str(self.certificates.ca_file)
        return {
            **_inherited(),
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "MINISTACK_HOST": "localhost",
            "MINISTACK_ACCOUNT_ID": ACCOUNT,
            "MINISTACK_REGION": REGION,
            "MINISTACK_SSL_CERT": str(self.certificates.server_certificate),
            "MINISTACK_SSL_KEY": str(self.certificates.server_key),
            "USE_SSL": "1",
            "AUTH": "true",
            "IOT_MTLS_ENABLED": "0",
            "SFTP_ENABLED": "0",
            **self._persistence(),
            "TMPDIR": str(self.directory),
            **isolated_environment(REGION),
            "AWS_ENDPOINT_URL_SAGEMAKER": self.sagemaker_url,
            # Clients of each kind read another one of these.
            "AWS_CA_BUNDLE": ca_file,
            "REQUESTS_CA_BUNDLE": ca_file,
            "SSL_CERT_FILE": ca_file,
            "PYTHONUNBUFFERED": "1",
            METRICS_URL: self.metrics_url,
            CLOCK_FILE: str(self.clock_file),
        }

    def _persistence(self) -> dict[str, str]:
        where = self.kept or self.directory
        on = "1" if self.kept else "0"
        folders = {"STATE_DIR": str(where / "ministack"), "S3_DATA_DIR": str(where / "s3")}
        return {"PERSIST_STATE": on, "S3_PERSIST": on, **folders}


def _inherited() -> dict[str, str]:
    """Return what the process may keep of the caller's environment: nothing that points to an AWS or a CA."""
    foreign = {*_CA_VARIABLES, *_PROXIES, *(name.lower() for name in _PROXIES), "PYTHONDONTWRITEBYTECODE"}
    return {
        name: value
        for name, value in os.environ.items()
        if name not in foreign and not name.startswith(("AWS_", "MINISTACK_", "LOCALSTACK_"))
    }


def usable_port(wanted: int) -> int:
    """Return a port of the loopback, for 0 one that is free at this moment. Raises PortUnavailable."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError as problem:
            raise PortUnavailable(f"port {wanted} cannot be used: {problem.strerror}") from problem
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def ministack(settings: MinistackSettings) -> Iterator[subprocess.Popen[bytes]]:
    """Run ministack for the length of a with statement; raises LocalAwsError if it does not come up in time.

    Where it keeps its data it writes them at the end.
    """
    command = [sys.executable, "-m", "inference_experiment_local.ministack.launcher", str(settings.directory)]
    with ExitStack() as running:
        with settings.log_file.open("wb") as log, _signals_deferred():
            process = subprocess.Popen(  # noqa: S603 - our own module
                command,
                env=settings.environment(),
                cwd=settings.directory,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                # Its own group: Ctrl-C on a terminal must not reach it before we stop it, and its workers end with it.
                start_new_session=True,
                pass_fds=() if settings.kept is None else (settings.lock,),
            )
            running.callback(_stop, process)
        _wait_until_up(settings, process)
        yield process
        if settings.kept is not None:
            _let_it_save(process)


@contextmanager
def _signals_deferred() -> Iterator[None]:
    """Deliver signals afterwards, so that an exception from a handler cannot leave a process running."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in ENDING_SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for each in came:
            signal.raise_signal(each)


def _wait_until_up(settings: MinistackSettings, process: subprocess.Popen[bytes]) -> None:
    context = ssl.create_default_context(cafile=settings.certificates.ca_file)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))
    deadline = time.monotonic() + _STARTUP_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            last = settings.log_file.read_text(errors="replace").strip().rpartition("\n")[2]
            raise LocalAwsError(f"ministack ended with status {process.returncode}: {last}")
        with contextlib.suppress(OSError), opener.open(f"{settings.url}/_ministack/health", timeout=2):
            return
        time.sleep(0.02)
    raise LocalAwsError(f"ministack did not come up on port {settings.port} within {_STARTUP_SECONDS:g} seconds")


def _let_it_save(process: subprocess.Popen[bytes]) -> None:
    """Close the pipe, upon which the launcher saves everything and ends."""
    if process.stdin is not None:
        process.stdin.close()
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(_SAVING_SECONDS)


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End ministack and its workers: they are the process group that it leads."""
    _signal_group(process, signal.SIGTERM)
    try:
        process.wait(_KILL_AFTER_SECONDS)
    except subprocess.TimeoutExpired:
        pass
    finally:
        # Also when the leader has gone: workers may have stayed.
        _signal_group(process, signal.SIGKILL)
        process.wait()
        if process.stdin is not None:
            process.stdin.close()


def _signal_group(process: subprocess.Popen[bytes], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, number)
