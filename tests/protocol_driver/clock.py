"""The clock of the protocol driver, which only its users move."""

import mmap
import struct
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from inference_experiment_local.clock import Clock

_FORM = struct.Struct("d")


class SteppedClock(Clock):
    """The clock of the protocol driver: it stands still, and only sleeping or a test moves it.

    The function, SageMaker, the queue and CloudFormation share it, so that an hour of waiting passes in milliseconds
    and nothing depends on how fast the machine is. It is the first eight bytes of a file, created if missing: a
    function in a process of its own reads and moves the same one.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.path = path
        if not path.exists():
            path.write_bytes(_FORM.pack(time.time()))
        with path.open("r+b") as file:
            self._memory = mmap.mmap(file.fileno(), _FORM.size)

    def now(self) -> float:
        """Return epoch seconds."""
        return float(_FORM.unpack_from(self._memory)[0])

    def _skip(self, seconds: float) -> None:
        _FORM.pack_into(self._memory, 0, self.now() + seconds)

    def advance_to(self, moment: float) -> None:
        """Skip to an epoch time; one that is past already changes nothing."""
        self.advance(max(0.0, moment - self.now()))

    def restart(self) -> None:
        """Say the real time again."""
        _FORM.pack_into(self._memory, 0, time.time())

    @contextmanager
    def ruling(self) -> Iterator[None]:
        """Be the clock of the operating system inside the with statement.

        `time.time` returns this clock's time; `time.sleep` of the calling thread moves it instead of waiting. Monotonic
        time, on which the timeouts of sockets rest, stays real.
        """
        functions = vars(time)
        real = {name: functions[name] for name in ("time", "sleep")}
        thread = threading.get_ident()

        def sleep(seconds: float) -> None:
            if threading.get_ident() == thread:
                self.advance(seconds)
            else:
                real["sleep"](seconds)

        functions.update(time=self.now, sleep=sleep)
        try:
            yield
        finally:
            functions.update(real)
