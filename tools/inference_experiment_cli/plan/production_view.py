"""The table of what changes for production, in the terminal."""

from collections.abc import Mapping, Sequence
from itertools import groupby
from operator import itemgetter
from typing import Any

from inference_experiment_cli.output import console, print_section
from inference_experiment_cli.plan.production import COLUMNS, TITLE, cells, notes


def print_production(changes: Sequence[Mapping[str, Any]]) -> None:
    """Print the table of each endpoint, and what its numbers do not say."""
    for endpoint, of_endpoint in groupby(changes, key=itemgetter("endpoint")):
        rows = list(of_endpoint)
        print_section(f"{TITLE} of {endpoint}", list(cells(rows)), COLUMNS)
        for text in notes(rows):
            console().line(text, style="dim")
