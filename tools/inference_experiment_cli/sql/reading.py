"""Reads from SageMaker what a SELECT needs, and answers it."""

import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass

from inference_experiment_cli.errors import ServiceError
from inference_experiment_cli.inventory.describe import DescribedExperiment, Inventory, open_regions
from inference_experiment_cli.sql import tables
from inference_experiment_cli.sql.conditions import conditions_of
from inference_experiment_cli.sql.engine import Answer, Engine
from inference_experiment_cli.sql.statement import Statement


@dataclass(frozen=True)
class Reader:
    """Answers SELECTs: the regions of --region, in their place those that a statement names, and a time limit."""

    regions: Sequence[str]
    profile: str
    timeout: float

    def answer(self, statement: Statement) -> tuple[Answer, Inventory | None]:
        """Return the answer, and what was read for it: its failures are of regions. Raises CommandError."""
        statement.check_tables()
        inventory = self.inventory(statement) if statement.kinds() else None
        experiments = _until(time.monotonic() + self.timeout, inventory.counted(), self.timeout) if inventory else ()
        full = inventory is not None and inventory.full
        with closing(Engine(experiments, full=full, timeout=self.timeout)) as engine:
            return engine.ask(statement), inventory

    def complete(self, statement: Statement) -> Answer:
        """Return an answer that no region is missing from. Raises CommandError, or a group with each region."""
        answer, inventory = self.answer(statement)
        if inventory:
            inventory.raise_failures()
        return answer

    def inventory(self, statement: Statement) -> Inventory:
        """Return what a statement reads: everything in its regions, or the one experiment that it names."""
        session, chosen = open_regions(self.regions or statement.regions(), self.profile)
        full = any(kind != tables.LIST_ONLY for kind in statement.kinds())
        return Inventory(session, chosen, full=full, name=_only_name(statement) if full else "")


def _until(end: float, experiments: Iterable[DescribedExperiment], timeout: float) -> Iterator[DescribedExperiment]:
    for experiment in experiments:
        yield experiment
        if time.monotonic() > end:
            raise ServiceError(f"reading took longer than {timeout:g} s; raise --timeout, or name fewer regions")


def _only_name(statement: Statement) -> str:
    """Return the name of the one experiment that a SELECT of one table reads, if its conditions say it."""
    tree = statement.tree
    if tree is None or len(statement.tables()) != 1 or tree.args.get("joins"):
        return ""
    from sqlglot import exp  # noqa: PLC0415 - an optional extra

    selects = list(tree.find_all(exp.Select))
    return conditions_of(tree.args.get("where")).name if selects == [tree] else ""
