"""Real processes of the command: signals, descriptors and limits that only they have."""

import http.server
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from command_line import COMMAND, Finished, environment_of

HANG_SECONDS = 60
"""A guard against hanging on a busy machine; everything is expected to take less than a tenth of it."""


@dataclass
class Running:
    """A process of the command, the leader of its own group."""

    process: subprocess.Popen[str]

    def interrupt(self, *signals: signal.Signals, group: bool = True) -> Finished:
        """Send signals, to the group as a terminal does; return how the process ended, with none of its group left."""
        for number in signals:
            (os.killpg if group else os.kill)(self.process.pid, number)
            time.sleep(0.05)
        ended = self.wait()
        # A process that was killed takes an instant to end on a busy machine.
        until = time.monotonic() + HANG_SECONDS
        while left := group_of(self.process.pid):
            assert time.monotonic() < until, f"processes are left: {left}"
            time.sleep(0.02)
        return ended

    def wait(self) -> Finished:
        """Wait for the end."""
        try:
            out, err = self.process.communicate(timeout=HANG_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise
        assert "Traceback" not in err, err
        assert "Exception ignored" not in err, err
        return Finished(self.process.returncode, out, err)


def start(*arguments: str, settings: Mapping[str, str], **options: Any) -> Running:
    """Start the installed command."""
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return Running(
        subprocess.Popen(
            [COMMAND, *arguments],
            env=environment_of(settings),
            text=True,
            start_new_session=True,
            **{**streams, **options},
        )
    )


def shell(script: str, *arguments: str, settings: Mapping[str, str], stdin: bytes = b"") -> Finished:
    """Run a script of bash, in which "$@" is the command with its arguments; code and output are the script's."""
    ended = subprocess.run(
        ["bash", "-c", script, "bash", COMMAND, *arguments],
        env=environment_of(settings),
        input=stdin,
        capture_output=True,
        check=False,
        timeout=HANG_SECONDS,
    )
    return Finished(ended.returncode, ended.stdout.decode(), ended.stderr.decode())


def group_of(leader: int) -> list[int]:
    """Return the processes of a group that still run."""
    states = {}
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = status.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:
            continue
        states[int(status.parent.name)] = (fields[0], int(fields[2]))
    return [number for number, (state, group) in states.items() if group == leader and state != "Z"]


def wait_until(condition: Callable[[], object], running: Running) -> None:
    """Wait until something is so; the process must still run."""
    until = time.monotonic() + HANG_SECONDS
    while not condition():
        assert running.process.poll() is None, running.wait()
        assert time.monotonic() < until
        time.sleep(0.02)


class Impostor(http.server.ThreadingHTTPServer):
    """Answers every request with the same text, or never; `requests` counts them."""

    daemon_threads = True

    def __init__(self, body: bytes, status: int, content_type: str, *, silent: bool) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = (body, status, content_type)
        self.silent = silent
        self.requests = 0
        self.over = threading.Event()

    @property
    def url(self) -> str:
        """The endpoint."""
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(http.server.BaseHTTPRequestHandler):
    server: Impostor

    def do_POST(self) -> None:
        """Answer."""
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.requests += 1
        if self.server.silent:
            self.server.over.wait()
            return
        body, status, content_type = self.server.answer
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST  # noqa: N815 - the library's name

    def log_message(self, *_: object) -> None:  # type: ignore[override]
        """Print nothing."""


@contextmanager
def impostor(
    body: bytes = b"", status: int = 200, content_type: str = "text/html", *, silent: bool = False
) -> Iterator[Impostor]:
    """Run a server that is not AWS."""
    server = Impostor(body, status, content_type, silent=silent)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.over.set()
        server.shutdown()
        server.server_close()


def names(folder: Path) -> Sequence[str]:
    """Return all that is in a folder and below."""
    return sorted(str(each.relative_to(folder)) for each in folder.rglob("*"))
