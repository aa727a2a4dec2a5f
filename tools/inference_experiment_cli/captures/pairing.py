"""Finds for each answer of production the shadow's answer to the same request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from inference_experiment_cli.captures import queries


class Engine(Protocol):
    """What runs the SQL of this package."""

    def execute(self, sql: str) -> None:
        """Run a statement."""

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a SELECT."""

    def row(self, sql: str) -> dict[str, Any]:
        """Return the only row of a SELECT."""

    def quantiles(self, column: str, levels: Sequence[float]) -> list[float]:
        """Return quantiles of a column of the judged records, interpolated; none where it has no value."""


@dataclass(frozen=True)
class Pairing:
    """How many lines each side has and how many found a partner, and in which way.

    `lines` are those that could be read; `answered` are those of them with an answer: only these can be paired.
    """

    pairs: int
    by: str | None
    ways: Mapping[str, int]
    lines: Mapping[str, int]
    answered: Mapping[str, int]

    @property
    def unpaired(self) -> dict[str, int]:
        """The lines of each side that found no partner, those without an answer too."""
        return {side: count - self.pairs for side, count in self.lines.items()}

    @property
    def incomplete(self) -> dict[str, int]:
        """The lines of each side without an answer."""
        return {side: self.lines[side] - self.answered[side] for side in self.lines}

    @property
    def sampled(self) -> float | None:
        """The shadow's lines as a share of production's: what sampling explains of production's unpaired lines."""
        return self.lines["shadow"] / self.lines["production"] if self.lines["production"] else None


def pair(engine: Engine) -> Pairing:
    """Fill the table of pairs."""
    engine.execute(queries.CREATE_PAIRS)
    counts = {side: engine.row(queries.LINES.format(side=side)) for side in queries.SIDES}
    identified = engine.row(queries.IDENTIFIED)
    both_identified = all(identified.values())
    lines = {side: count["lines"] for side, count in counts.items()}
    answered = {side: count["answered"] for side, count in counts.items()}
    way = "inferenceId" if both_identified else None
    if both_identified:
        _run(engine, queries.UNIQUE_INFERENCE_IDS)
        if min(answered.values()) > _pairs(engine):
            _run(engine, queries.REPEATED_INFERENCE_IDS)
    if min(answered.values()) > _pairs(engine):
        _pair_rest(engine, identified, lines)
    ways = {each["way"]: each["pairs"] for each in engine.rows(queries.PAIRS_BY_WAY)}
    return Pairing(sum(ways.values()), next(iter(ways), way), ways, lines, answered)


def _pair_rest(engine: Engine, identified: Mapping[str, int], lines: Mapping[str, int]) -> None:
    """Pair lines of which at least one has no inferenceId."""
    if identified == lines:
        return
    if engine.rows(f"SELECT 1 FROM ({queries.SHARED_EVENTS}) AS shared WHERE events > 0"):
        _run(engine, queries.BY_EVENT_ID)
    else:
        _run(engine, queries.BY_CONTENT)


def _pairs(engine: Engine) -> int:
    count: int = engine.row("SELECT count(*) AS pairs FROM pairs")["pairs"]
    return count


def _run(engine: Engine, statements: Sequence[str]) -> None:
    for statement in statements:
        engine.execute(statement)
