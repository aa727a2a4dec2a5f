"""The standard streams when they fail: closed at the start, a reader that has gone, a full disk."""

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Any, Final

STANDARD_ERROR: Final = 2  # the last of the three descriptors


class Output(io.TextIOWrapper):
    """Standard output, which remembers why it could not be written."""

    failure: OSError | None = None

    def write(self, text: str) -> int:
        """Write. Raises OSError."""
        try:
            return super().write(text)
        except OSError as error:
            self.failure = error
            raise

    def flush(self) -> None:
        """Flush. Raises OSError."""
        try:
            super().flush()
        except OSError as error:
            self.failure = error
            raise


class Remarks(Output):
    """Standard error: where it cannot be written, the run goes on without it."""

    def write(self, text: str) -> int:
        """Write, or discard."""
        try:
            return super().write(text)
        except OSError:
            discard(self)
            return len(text)

    def flush(self) -> None:
        """Flush, or discard."""
        try:
            super().flush()
        except OSError:
            discard(self)


def open_streams() -> None:
    """Let all three streams exist: the next file that is opened would get the descriptor of a closed one."""
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= STANDARD_ERROR:
        os.set_inheritable(descriptor, True)  # noqa: FBT003 - as the standard streams are
    os.close(descriptor)
    sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115 - a descriptor, open to the end
    sys.stdout = sys.stdout or open(1, "w", encoding="utf-8")  # noqa: SIM115
    sys.stderr = sys.stderr or open(STANDARD_ERROR, "w", encoding="utf-8")  # noqa: PTH123, SIM115
    sys.stdout = _wrapped(sys.stdout, Output)
    sys.stderr = _wrapped(sys.stderr, Remarks)


def _wrapped(stream: Any, kind: type[Output]) -> Output:  # noqa: ANN401 - its type says nothing about encodings
    settings = {name: getattr(stream, name) for name in ("encoding", "errors", "line_buffering", "write_through")}
    return kind(stream.detach(), **settings)


def discard(stream: IO[str]) -> None:
    """Let what is still to be written go nowhere, so that Python does not fail at its end."""
    target = os.open(os.devnull, os.O_WRONLY)
    os.dup2(target, stream.fileno())
    os.close(target)


def failure_of_output() -> OSError | None:
    """Return why standard output could not be written."""
    return getattr(sys.stdout, "failure", None)


@contextmanager
def early_end() -> Iterator[None]:
    """Let the reader of the output have seen enough, as in `list | head`."""
    try:
        yield
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
    except SystemExit as ended:
        # Rich and Typer make this of it.
        if not isinstance(ended.__context__, BrokenPipeError):
            raise
        discard(sys.stdout)
