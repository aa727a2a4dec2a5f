"""What has to be repeated, and when, to bring the simulated SageMaker to the state in which it was.

The simulation does everything at exact times, so calls repeated at theirs give the same experiments. A line is written
before its call is answered: a process that is killed loses nothing that a caller has seen.
"""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from inference_experiment_local.service import Members

CAPTURE: Final = "captured"
"""The entry that is no operation: captured data of an experiment were written up to its time."""
_READS: Final = ("BatchDescribe", "Describe", "Get", "List", "Search")


@dataclass(frozen=True)
class Entry:
    """A call that changed something; `time` is epoch seconds of the local AWS's clock."""

    time: float
    operation: str
    parameters: Members


class Journal:
    """The entries in a file, a JSON object in each line."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def entries(self) -> Iterator[Entry]:
        """Yield the entries, oldest first; a line that a killed process did not finish is left out."""
        if not self._path.exists():
            return
        for line in self._path.read_text(encoding="utf-8").splitlines():
            try:
                yield Entry(**json.loads(line))
            except (ValueError, TypeError):
                continue

    def add_call(self, operation: str, parameters: Members, now: float) -> None:
        """Add a call, unless it only reads."""
        if not operation.startswith(_READS):
            self._add(Entry(now, operation, parameters))

    def add_capture(self, experiment: str, until: float, captured: int) -> None:
        """Add that so many requests of an experiment have been captured in all, until an epoch time."""
        self._add(Entry(until, CAPTURE, {"Name": experiment, "Captured": captured}))

    def _add(self, entry: Entry) -> None:
        with self._path.open("a", encoding="utf-8") as file:
            # The line end comes first: what a killed process began to write must not spoil this entry.
            file.write("\n" + json.dumps(asdict(entry)))
