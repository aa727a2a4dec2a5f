"""Starts ministack with our additions, in a process of its own.

`python -m inference_experiment_local.ministack.launcher DIR`.

It ends, and takes its Lambda workers and the directory DIR with it, when the pipe on its standard input
breaks: that is how a parent that was killed outright leaves nothing behind, on every system that has pipes.
"""

import os
import shutil
import signal
import sys
import threading
from functools import partial

from inference_experiment_local.ministack.sagemaker_types import TYPES, handlers_of


def main() -> None:
    """Run ministack in the foreground; never returns normally."""
    directory = sys.argv.pop(1)
    threading.Thread(target=_end_with_parent, args=(directory,), name="parent-watch", daemon=True).start()
    _extend_ministack()
    from ministack.app import main as run_ministack  # type: ignore[import-untyped] # noqa: PLC0415

    run_ministack()


def _end_with_parent(directory: str) -> None:
    # The descriptor and not the file object: a reader of sys.stdin holds a lock that stops the interpreter's exit.
    while os.read(0, 1024):
        pass
    shutil.rmtree(directory, ignore_errors=True)
    # This process leads its own group, in which its Lambda workers are.
    os.killpg(os.getpgrp(), signal.SIGKILL)


def _extend_ministack() -> None:
    """Register the SageMaker types and keep port 443 free. Leans on private names of the pinned version."""
    from ministack import app  # type: ignore[import-untyped] # noqa: PLC0415 - takes a third of a second
    from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped] # noqa: PLC0415

    for kind in TYPES:
        name = partial(provisioners._physical_name, max_len=63)  # noqa: SLF001 - no public hook exists
        provisioners._RESOURCE_HANDLERS[kind.resource_type] = dict(handlers_of(kind, name))  # noqa: SLF001
        provisioners._REPLACING_PROPERTIES[kind.resource_type] = kind.replacing  # noqa: SLF001
        # As in CloudFormation, a resource with a name of its own is not replaced while it keeps that name.
        provisioners._CUSTOM_NAME_REPLACEMENT[kind.resource_type] = {"name": kind.name_property}  # noqa: SLF001
    # With TLS it also takes 127.0.0.1:443 if it can, for Cognito, which is not used here.
    app._port_is_bindable = lambda *_: False  # noqa: SLF001


if __name__ == "__main__":
    main()
