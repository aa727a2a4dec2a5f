"""Work in progress, on the standard error of a terminal; nothing is shown elsewhere."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from inference_experiment_cli.output import console


@contextmanager
def counter(text: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner and a count; give the function that counts one more and shows a note."""
    screen = console(stderr=True)
    if not screen.is_terminal:
        yield lambda _: None
        return
    columns = (
        SpinnerColumn(),
        TextColumn(text),
        TextColumn("{task.completed}"),
        TextColumn("{task.fields[note]}", style="dim"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=screen, transient=True) as progress:
        task = progress.add_task(text, total=None, note="")
        yield lambda note: progress.update(task, advance=1, note=note)


@contextmanager
def bar(text: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar; give the function that advances it by one. No thread draws it: processes are forked meanwhile."""
    screen = console(stderr=True)
    if not screen.is_terminal or os.environ.get("TERM") == "dumb":
        yield lambda: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=screen, transient=True, auto_refresh=False) as progress:
        task = progress.add_task(text, total=total)

        def advance() -> None:
            progress.update(task, advance=1, refresh=True)

        yield advance
