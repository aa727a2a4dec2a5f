"""Lints many templates in several processes.

They are forked once cfn-lint is loaded and has linted a template, so each starts warm and shares that memory. Results
come in the order of the templates.
"""

import gc
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Final

from inference_experiment_cli.errors import UsageError
from inference_experiment_cli.interrupts import SIGNALS, signals_held
from inference_experiment_cli.lint.results import TemplateResult

MAX_CHUNK_TEMPLATES: Final = 8

# How to lint one template, for the forked processes: what cannot be pickled reaches them in memory only.
_lint_in_fork: list[Callable[[str], TemplateResult]] = []


def lint_in_forks(
    paths: Sequence[str], lint: Callable[[str], TemplateResult], processes: int
) -> Iterator[TemplateResult]:
    """Yield the result of each template, in their order. Raises UsageError."""
    _lint_in_fork[:] = [lint]
    gc.collect()
    gc.freeze()  # the collector would write into the pages that all processes share
    context = multiprocessing.get_context("fork")
    chunk = max(1, min(MAX_CHUNK_TEMPLATES, len(paths) // (processes * 4)))
    try:
        with signals_held(_begin) as begin:
            pool = ProcessPoolExecutor(processes, mp_context=context, initializer=begin)
            # Forks. Not pool.map, which cancels what is left after an exception: the thread of the pool trips over it.
            waiting = [pool.submit(_lint_some, paths[at : at + chunk]) for at in range(0, len(paths), chunk)]
        with pool, _killed_unless_done():
            for each in waiting:
                yield from each.result()
    except BrokenProcessPool as error:
        raise UsageError("a worker process was killed (out of memory?); retry with --jobs 1") from error
    finally:
        gc.unfreeze()


def _begin() -> None:
    """Prepare a worker: it leaves Ctrl-C to its parent, and ends with it."""
    for number in SIGNALS:
        signal.signal(number, signal.SIG_IGN if number == signal.SIGINT else signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


@contextmanager
def _killed_unless_done() -> Iterator[None]:
    """Kill the processes when their results are no longer needed."""
    try:
        yield
    except BaseException:
        for process in multiprocessing.active_children():
            process.kill()
        raise


def _lint_some(paths: Sequence[str]) -> list[TemplateResult]:
    return [_lint_in_fork[0](path) for path in paths]
