"""Progress on standard error if it is a terminal; otherwise nothing is shown and Rich is not imported."""

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from inference_experiment_cli.output import console, spinner
from inference_experiment_cli.terminal import drawing

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress, ProgressColumn


@contextmanager
def counter(text: str) -> Iterator[Callable[[str], None]]:
    """Show a spinner and a count; give the function that counts one more and shows a note."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415 - see above

    screen = console(stderr=True).console
    columns = (
        SpinnerColumn(spinner(screen)),
        TextColumn("{task.description}", markup=False),
        TextColumn("{task.completed}"),
        TextColumn("{task.fields[note]}", style="dim", markup=False),
        TimeElapsedColumn(),
    )
    with _shown(screen, columns) as progress:
        task = progress.add_task(text, total=None, note="")
        yield lambda note: progress.update(task, advance=1, note=note)


@contextmanager
def bar(text: str, total: int) -> Iterator[Callable[[], None]]:
    """Show a bar; give the function that advances it by one. No thread draws it: processes are forked meanwhile."""
    if not sys.stderr.isatty():
        yield lambda: None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn  # noqa: PLC0415 - see above

    name = TextColumn("{task.description}", markup=False)
    columns = (name, BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with _shown(console(stderr=True).console, columns, auto_refresh=False) as progress:
        task = progress.add_task(text, total=total)
        yield lambda: progress.update(task, advance=1, refresh=True)


@contextmanager
def _shown(
    screen: "Console", columns: "Iterable[ProgressColumn]", *, auto_refresh: bool = True
) -> "Iterator[Progress]":
    from rich.progress import Progress  # noqa: PLC0415 - see above

    progress = Progress(
        *columns,
        console=screen,
        transient=True,
        auto_refresh=auto_refresh,
        disable=not screen.is_interactive,
        redirect_stdout=False,  # Rich would write to standard error what is written to standard output meanwhile
        redirect_stderr=False,
    )
    with progress, drawing(progress.stop):
        yield progress
