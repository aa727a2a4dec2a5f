"""What a command does when the reader of its output has gone, as in `list | head`."""

import os
import sys


def discard_output() -> None:
    """Let what is still to be printed go nowhere, so that Python does not fail at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
