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
from typing import Any

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
    """Register the SageMaker types, log as Lambda does, keep port 443 free. Leans on private names of this version."""
    from ministack import app  # type: ignore[import-untyped] # noqa: PLC0415 - takes a third of a second
    from ministack.core import lambda_runtime  # type: ignore[import-untyped] # noqa: PLC0415
    from ministack.services.cloudformation import provisioners  # type: ignore[import-untyped] # noqa: PLC0415

    for kind in TYPES:
        name = partial(provisioners._physical_name, max_len=63)  # noqa: SLF001 - no public hook exists
        provisioners._RESOURCE_HANDLERS[kind.resource_type] = dict(handlers_of(kind, name))  # noqa: SLF001
        provisioners._REPLACING_PROPERTIES[kind.resource_type] = kind.replacing  # noqa: SLF001
        # As in CloudFormation, a resource with a name of its own is not replaced while it keeps that name.
        provisioners._CUSTOM_NAME_REPLACEMENT[kind.resource_type] = {"name": kind.name_property}  # noqa: SLF001
    begin = lambda_runtime.Worker.__init__
    first = "from awslambdaric.bootstrap import init_logging\ninit_logging()\n"  # as the runtime client does
    lambda_runtime._PYTHON_WORKER_SCRIPT = first + lambda_runtime._PYTHON_WORKER_SCRIPT  # noqa: SLF001
    lambda_runtime.Worker.__init__ = lambda worker, name, config, code: begin(worker, name, _with_log(config), code)
    # With TLS it also takes 127.0.0.1:443 if it can, for Cognito, which is not used here.
    app._port_is_bindable = lambda *_: False  # noqa: SLF001


def _with_log(config: dict[str, Any]) -> dict[str, Any]:
    """Return a function's configuration with the variables that Lambda derives from LoggingConfig."""
    log, own = config.get("LoggingConfig", {}), config.get("Environment", {}).get("Variables", {})
    level = log.get("ApplicationLogLevel", "")
    variables = {**own, "AWS_LAMBDA_LOG_FORMAT": log.get("LogFormat", ""), "AWS_LAMBDA_LOG_LEVEL": level}
    return {**config, "Environment": {"Variables": variables}}


if __name__ == "__main__":
    main()
