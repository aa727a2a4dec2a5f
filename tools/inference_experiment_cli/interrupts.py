"""Signals that end a run: one exception leaves every with statement, so that nothing stays behind."""

import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from concurrent.futures import ThreadPoolExecutor
    from types import FrameType

SIGNALS: Final = tuple(
    getattr(signal, name)
    for name in ("SIGINT", "SIGTERM", "SIGHUP")
    if hasattr(signal, name)  # no SIGHUP on Windows
)
CLEANUP_SECONDS: Final = 30.0
"""Seconds that the end of a run may take: temporary tables in Athena are dropped, the local AWS is stopped."""
HURRIED_SECONDS: Final = 5.0
"""The same after a second signal."""
_LOOK_SECONDS: Final = 0.25

_arrived = threading.Event()
"""Set once Interrupted has reached the code that prints it."""


class Interrupted(BaseException):
    """A signal has ended the run. Not an Exception: nothing that handles errors may handle it."""

    def __init__(self, code: int) -> None:
        self.code = code
        """Exit code, as a shell has it: 130 for SIGINT, 143 for SIGTERM, 129 for SIGHUP."""
        super().__init__()


def raise_on_signals() -> None:
    """Raise Interrupted on the first signal; a signal that is ignored, as with nohup, stays so."""
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _first)


def restore_signals() -> None:
    """Let signals end the process at once, as before a run."""
    for number in SIGNALS:
        if signal.getsignal(number) in {_first, _later}:
            signal.signal(number, signal.SIG_DFL)


def note_arrival() -> None:
    """Record that Interrupted has reached the code that prints it, so that it is not raised again."""
    _arrived.set()


def _first(number: int, _frame: "FrameType | None") -> None:
    for other in SIGNALS:
        if signal.getsignal(other) is _first:
            signal.signal(other, _later)
    _exit_in(CLEANUP_SECONDS, 128 + number)
    if hasattr(signal, "pthread_kill"):  # not on Windows
        threading.Thread(target=_raise_again, args=(number,), daemon=True).start()
    raise Interrupted(128 + number)


def _later(number: int, _frame: "FrameType | None") -> None:
    """Let the cleanup finish, within a time limit."""
    if _is_lost():
        raise Interrupted(128 + number)
    _exit_in(HURRIED_SECONDS, 128 + number)


def _is_lost() -> bool:
    """Return whether the main thread carries on as if there had been no signal.

    An exception that a signal raises is lost where Python ignores exceptions: a file that is closed as it is collected.
    """
    # Python up to 3.11 has the three values of sys.exc_info() here.
    active: Any = sys._current_exceptions().get(threading.main_thread().ident or 0)  # noqa: SLF001 - its documented name
    error = active[1] if isinstance(active, tuple) else active
    while error is not None and not isinstance(error, Interrupted):
        error = error.__context__
    return error is None and not _arrived.is_set()


def _raise_again(number: int) -> None:
    # Between two blocks that clean up no exception is active for an instant.
    looks = 0
    while not _arrived.wait(_LOOK_SECONDS):
        looks = looks + 1 if _is_lost() else 0
        if looks > 1:
            signal.pthread_kill(threading.main_thread().ident or 0, number)


def _exit_in(seconds: float, code: int) -> None:
    timer = threading.Timer(seconds, _give_up, (code,))
    timer.daemon = True
    timer.start()


def _give_up(code: int) -> None:
    with suppress(OSError):
        os.write(2, b"inference-experiment: interrupted; the cleanup did not finish in time\n")
    os._exit(code)


def exit_now(code: int) -> None:
    """Exit at once after a signal, and where threads still wait for an answer that is no longer needed."""
    others = (each for each in threading.enumerate() if each is not threading.main_thread())
    came = any(signal.getsignal(number) is _later for number in SIGNALS)
    if not came and all(each.daemon for each in others):
        return
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(code)


@contextmanager
def signals_held(prepare: Callable[[], None]) -> "Iterator[Callable[[], None]]":
    """Hold signals back while processes are forked; yield what each of them calls first: it runs `prepare`."""
    if not hasattr(signal, "pthread_sigmask"):
        yield prepare
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)

    def begin() -> None:
        prepare()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield begin
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def thread_pool(threads: int) -> "Iterator[ThreadPoolExecutor]":
    """Run threads; after an exception, do not wait for them."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow to import, and few commands use it

    pool = ThreadPoolExecutor(threads)
    try:
        yield pool
    except BaseException:
        pool.shutdown(wait=False, cancel_futures=True)
        raise
    pool.shutdown()
