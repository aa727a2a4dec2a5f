"""Decides which process lints which template: cached results first; the rest here or, if there are many, in forks."""

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Final

from inference_experiment_cli.lint.cache import Cache
from inference_experiment_cli.lint.results import TemplateResult

MAX_TEMPLATES_ALONE: Final = 4
"""Number of templates that one process lints faster than two."""


def cores() -> int:
    """Return the number of processes that can run at once."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def lint_all(
    paths: Sequence[str], lint: Callable[[str], TemplateResult], cache: Cache | None, jobs: int
) -> Iterator[TemplateResult]:
    """Yield the result of each template, in their order. Raises UsageError."""
    known = {path: cache.get(path) if cache else None for path in paths}
    fresh = _linted([path for path in paths if known[path] is None], lint, jobs)
    for path in paths:
        result = known[path]
        if result is None:
            result = next(fresh)
            if cache:
                cache.put(path, result)
        yield result


def _linted(paths: Sequence[str], lint: Callable[[str], TemplateResult], jobs: int) -> Iterator[TemplateResult]:
    alone = paths if len(paths) <= MAX_TEMPLATES_ALONE or jobs == 1 or not hasattr(os, "fork") else paths[:1]
    for path in alone:
        yield lint(path)
    rest = paths[len(alone) :]
    if rest:
        from inference_experiment_cli.lint.pool import lint_in_forks  # noqa: PLC0415 - processes are slow to import

        yield from lint_in_forks(rest, lint, min(jobs, len(rest)))
