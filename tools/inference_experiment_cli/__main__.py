"""The entry point: signals and the standard streams first, then the program, whose import takes a tenth of a second."""

import gc
import os
import sys
from typing import Final

from inference_experiment_cli.interrupts import Interrupted, exit_now, note_arrival, raise_on_signals, restore_signals
from inference_experiment_cli.streams import open_streams

OBJECTS_BETWEEN_COLLECTIONS: Final = 200_000
"""Python's default of 700 suits long-running programs; a short run spent a tenth of its time on collections."""


def run() -> None:
    """Run a command to its exit code."""
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 50, 50)
    open_streams()
    if os.path.expanduser("~") == "~":  # noqa: PTH111 - Path.home() would raise, in libraries too
        os.environ["HOME"] = os.sep  # as containers set it for a user without an entry in /etc/passwd
    try:
        raise_on_signals()
        from inference_experiment_cli.main import main  # noqa: PLC0415 - see above

        main()
    except Interrupted as interrupt:  # while it was imported
        note_arrival()
        sys.stderr.write("inference-experiment: interrupted\n")
        raise SystemExit(interrupt.code) from None
    except SystemExit as ended:
        exit_now(ended.code if isinstance(ended.code, int) else 0)
        raise
    finally:
        restore_signals()
        # Python would look through all objects of cfn-lint twice before it ends; DuckDB reports what is not collected.
        if "cfnlint" in sys.modules and "duckdb" not in sys.modules:
            gc.freeze()


if __name__ == "__main__":
    run()
