"""What a WHERE clause says about names and regions, where it says it by plain equalities."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from inference_experiment_cli.sql.tables import IDENTIFIERS

if TYPE_CHECKING:
    from sqlglot import exp

NAMES: Final = (*IDENTIFIERS, "name")
REGION: Final = "region"


@dataclass(frozen=True)
class Conditions:
    """The equalities of a WHERE clause that all have to hold; `exact`: it says nothing else."""

    equal: Mapping[str, str] = field(default_factory=dict)
    columns: frozenset[str] = frozenset()
    exact: bool = True

    @property
    def name(self) -> str:
        """The name that an experiment must have, if one is written."""
        return next((self.equal[each] for each in NAMES if each in self.equal), "")

    @property
    def region(self) -> str:
        """The region that an experiment must be in, if one is written."""
        return self.equal.get(REGION, "")

    @property
    def selects(self) -> bool:
        """Whether they choose by more than the region."""
        return bool(self.columns - {REGION})


def conditions_of(where: "exp.Where | None") -> Conditions:
    """Return what a WHERE clause says; nothing without one."""
    if where is None:
        return Conditions()
    from sqlglot import exp  # noqa: PLC0415 - an optional extra

    parts = where.this.flatten() if isinstance(where.this, exp.And) else [where.this]
    equal: dict[str, str] = {}
    exact = True
    for part in (each.unnest() for each in parts):
        pair = _equality(part)
        key = pair[0].lower() if pair else ""
        known = key in (*NAMES, REGION)
        exact = exact and known and equal.get(key, pair[1] if pair else "") == (pair[1] if pair else "")
        equal |= {key: pair[1]} if pair and known else {}
    columns = frozenset(column.name.lower() for column in where.find_all(exp.Column))
    return Conditions(equal, columns, exact and len({equal[each] for each in NAMES if each in equal}) <= 1)


def _equality(part: "exp.Expr") -> tuple[str, str] | None:
    """Return column and text of `column = 'text'`, in either order."""
    from sqlglot import exp  # noqa: PLC0415 - an optional extra

    if not isinstance(part, exp.EQ):
        return None
    column, text = (part.left, part.right) if isinstance(part.left, exp.Column) else (part.right, part.left)
    if isinstance(column, exp.Column) and isinstance(text, exp.Literal) and text.is_string:
        return column.name, text.name
    return None
