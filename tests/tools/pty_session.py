"""Runs the installed command on a terminal of its own: a pseudo terminal of a given size."""

import contextlib
import fcntl
import os
import pty
import re
import struct
import subprocess
import termios
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from command_line import COMMAND, environment_of
from rich.cells import cell_len

# What the program itself sends: colours, erased lines, a moved or hidden cursor.
OWN_SEQUENCES = re.compile(r"\x1b\[[0-9;]*m|\x1b\[[0-2]?K|\x1b\[\d*A|\x1b\[\?25[lh]")
CONTROL = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]")
TIMEOUT_SECONDS = 120


@dataclass
class Screen:
    """What a terminal got: `raw` as it came, `lines` without the program's own sequences."""

    returncode: int
    raw: str

    @property
    def lines(self) -> list[str]:
        """The lines, also those that were drawn over: a spinner, a bar."""
        return [part for line in OWN_SEQUENCES.sub("", self.raw).split("\r\n") for part in line.split("\r")]

    @property
    def text(self) -> str:
        """The lines as one text."""
        return "\n".join(self.lines)

    @property
    def words(self) -> str:
        """The text as if it had not been divided."""
        return " ".join(self.text.split())

    def assert_fits(self, columns: int) -> None:
        """No line is longer than the terminal, and it obeys nothing but what the program itself sends."""
        long = [line for line in self.lines if cell_len(line) > columns]
        assert not long, long
        obeyed = [line for line in self.lines if CONTROL.search(line)]
        assert not obeyed, obeyed
        assert "Traceback" not in self.raw, self.text


def run_on_terminal(
    *arguments: str | bytes,
    settings: Mapping[str, str],
    columns: int = 80,
    rows: int = 24,
    stdout: IO[bytes] | None = None,
    typed: str = "",
    **more: str,
) -> Screen:
    """Run with all streams on a terminal, but a given `stdout`; what is `typed` answers its question.

    `more` is the environment that the test is about.
    """
    settings = {key: value for key, value in settings.items() if key != "COLUMNS"}
    environment = environment_of(settings)
    del environment["COLUMNS"], environment["NO_COLOR"]
    environment |= {"TERM": "xterm-256color", **more}
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    process = subprocess.Popen(
        [COMMAND, *arguments],
        stdin=slave,
        stdout=stdout or slave,
        stderr=slave,
        env=environment,
        start_new_session=True,
    )
    os.close(slave)
    try:
        received = _everything(master, typed)
        code = process.wait(TIMEOUT_SECONDS)
    finally:
        os.close(master)
        process.kill()
        process.wait()
    return Screen(code, received.decode(errors="backslashreplace"))


def _everything(master: int, typed: str) -> bytes:
    received = bytearray()
    with contextlib.suppress(OSError):  # Linux reports the end as an error
        while part := os.read(master, 65536):
            received += part
            if typed and b"[y/N]" in received:
                os.write(master, typed.encode())
                typed = ""
    return bytes(received)
