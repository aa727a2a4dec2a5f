"""Keeps ministack's data: ministack itself saves at an orderly end only.

Runs in ministack's process, and leans on private names of this version as the launcher does.
"""

import threading
import time
from collections.abc import Iterator
from typing import Any, Final

_SAVE_SECONDS: Final = 2.0
_SETTLE_SECONDS: Final = 10.0
"""How long after a request its effects may go on: a stack operation, a message on its way to a function."""
_INTERRUPTED: Final = "The local AWS was stopped during this operation"
_lock = threading.Lock()


class Saver:
    """Saves every two seconds while there is something to save."""

    def __init__(self) -> None:
        self._last_request = time.monotonic()

    def note_request(self) -> None:
        """Remember that data may be changing."""
        self._last_request = time.monotonic()

    def start(self) -> None:
        """Save from a thread from now on."""
        threading.Thread(target=self._run, name="saver", daemon=True).start()

    def _run(self) -> None:
        while True:
            time.sleep(_SAVE_SECONDS)
            if time.monotonic() - self._last_request < _SETTLE_SECONDS:
                save()


def save() -> None:
    """Write the data of every service that has any."""
    from ministack import app  # type: ignore[import-untyped] # noqa: PLC0415 - takes a third of a second
    from ministack.core.persistence import save_all  # type: ignore[import-untyped] # noqa: PLC0415 - the same

    with _lock:
        save_all(app._build_persistence_save_dict())  # noqa: SLF001 - no public hook exists


def fail_interrupted_stacks() -> None:
    """Let the stacks whose operation a stop has interrupted fail, so that they can be deleted or deployed again."""
    from ministack.services import cloudformation  # type: ignore[import-untyped] # noqa: PLC0415 - as in save

    for stack in _all(cloudformation._stacks):  # noqa: SLF001 - as in save
        status = str(stack.get("StackStatus", ""))
        if status.endswith("_IN_PROGRESS"):
            verb = "ROLLBACK" if "ROLLBACK" in status else status.partition("_")[0]
            failed = "UPDATE_ROLLBACK_FAILED" if status.startswith("UPDATE_ROLLBACK") else f"{verb}_FAILED"
            stack.update(StackStatus=failed, StackStatusReason=_INTERRUPTED)


def _all(store: Any) -> Iterator[Any]:  # noqa: ANN401 - a store of ministack, of every account and region
    yield from list(store._data.values())  # noqa: SLF001 - as in save
