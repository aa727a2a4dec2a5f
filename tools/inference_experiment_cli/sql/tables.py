"""The tables that SQL sees: their names, columns and methods. Pure; no account is needed to show them.

A table has one content under the names of StackQL's providers, aws and awscc, singular, plural or bare, and under that
of an inventory catalogue.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final

from inference_experiment import contract
from inference_experiment_cli.inputs.api_names import api_name, schema_at
from inference_experiment_cli.inventory.describe import DescribedExperiment
from inference_experiment_cli.inventory.records import AWS, AWSCC, FLAT, aws_row, awscc_row, flat

PROVIDERS: Final = ("aws", "awscc")
SERVICE: Final = "sagemaker"
RESOURCE: Final = "inference_experiments"
LIST_ONLY: Final = "inference_experiments_list_only"
FLAT_RECORD: Final = "sagemaker_inference_experiment"
IDENTIFIERS: Final = ("identifier", "data__identifier")
"""In a WHERE clause of StackQL these mean the name."""
Name = tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A stored table: its columns with their types, and how to make a row of an experiment."""

    name: str
    types: Mapping[str, str]
    row: Callable[[DescribedExperiment], Mapping[str, Any]]


def _name_row(experiment: DescribedExperiment) -> Mapping[str, Any]:
    return {"region": experiment.region, "name": experiment.members["Name"]}


NAMES: Final = Table("names", {"region": "VARCHAR", "name": "VARCHAR"}, _name_row)
# The two ways to name the columns.
SPELLINGS: Final = (Table("snake", AWSCC, awscc_row), Table("api", AWS, aws_row))
_FLAT_TYPES: Final = {**AWSCC, "_key": "VARCHAR", "tags": "MAP(VARCHAR, VARCHAR)"}
RECORDS: Final = Table("flat", {name: _FLAT_TYPES[name] for name in FLAT}, flat)
STORED: Final = (NAMES, *SPELLINGS, RECORDS)


def _names(last: Sequence[str]) -> list[Name]:
    prefixes = [(), (SERVICE,), *((provider, SERVICE) for provider in PROVIDERS)]
    return [(*prefix, name) for name, prefix in product(last, prefixes)]


# kind -> every name that a table of this kind has
TABLES: Final[Mapping[str, Sequence[Name]]] = {
    RESOURCE: _names([RESOURCE, RESOURCE.removesuffix("s")]),
    LIST_ONLY: _names([LIST_ONLY]),
    FLAT_RECORD: [
        (*prefix, name) for name in (FLAT_RECORD, FLAT_RECORD + "s") for prefix in ((), *((one,) for one in PROVIDERS))
    ],
}
KINDS: Final[Mapping[Name, str]] = {name: kind for kind, names in TABLES.items() for name in names}
TITLES: Final = {
    RESOURCE: "Experiments with all their properties.",
    LIST_ONLY: "Names and regions only; no experiment is described.",
    FLAT_RECORD: "Flat records of an inventory: tags as a map, the ARN as _key, the account.",
}
# verb, required parameters of each method, by kind of table
METHODS: Final = {
    RESOURCE: (
        ("create_resource", "INSERT", "Name, Type, RoleArn, EndpointName, ModelVariants, ShadowModeConfig, region"),
        ("delete_resource", "DELETE", "Identifier, region"),
        ("update_resource", "UPDATE", "Identifier, PatchDocument, region"),
        ("get_resource", "SELECT", "Identifier, region"),
        ("list_inference_experiments", "EXEC", "region"),
    ),
    LIST_ONLY: (("list_resources", "SELECT", "region"),),
    FLAT_RECORD: (("get_resource", "SELECT", "region"),),
}
_DESCRIPTIONS: Final = {
    "region": "AWS region.",
    "_key": "The ARN of the experiment.",
    "account_id": "The account of the experiment.",
    "status_reason": "Why the experiment has its status, or the reason that was given when it was stopped.",
}
_TYPES: Final = {"VARCHAR": "string", "TIMESTAMP": "timestamp", "MAP(VARCHAR, VARCHAR)": "map"}


def kind_of(name: Name) -> str | None:
    """Return which table a name is of."""
    return KINDS.get(tuple(part.lower() for part in name))


def nearest_table(name: Name) -> str:
    """Return the most similar name of a table, or an empty text."""
    known = [".".join(each) for each in KINDS]
    near = difflib.get_close_matches(".".join(name).lower(), known, 1, 0.75)
    return near[0] if near else ""


def columns_of(kind: str) -> Mapping[str, str]:
    """Return the columns of a table in snake case with their SQL types."""
    return {RESOURCE: AWSCC, LIST_ONLY: NAMES.types, FLAT_RECORD: RECORDS.types}[kind]


def known_columns(kinds: Sequence[str]) -> set[str]:
    """Return the columns of tables in every spelling, and what StackQL's WHERE clauses have besides."""
    names = {name for kind in kinds for name in columns_of(kind)}
    return names | (set(AWS) if RESOURCE in kinds else set()) | {"Identifier", "data__Identifier"}


def table_rows(prefix: Name = ()) -> list[dict[str, str]]:
    """Return the rows of SHOW TABLES, the names of each table that begin with a provider or a service."""
    lowered = tuple(part.lower() for part in prefix)
    return [
        {"name": ".".join(name), "description": TITLES[kind]}
        for kind in TABLES
        for name in TABLES[kind]
        if name[: len(lowered)] == lowered
    ]


def method_rows(kind: str) -> list[dict[str, str]]:
    """Return the rows of SHOW METHODS."""
    keys = ("MethodName", "SQLVerb", "RequiredParams")
    return [dict(zip(keys, method, strict=True)) for method in METHODS[kind]]


def column_rows(kind: str, *, extended: bool) -> list[dict[str, str]]:
    """Return the rows of DESCRIBE."""
    rows = []
    for name, sql_type in columns_of(kind).items():
        schema = schema_at((api_name(name, tuple(contract.schema()["properties"])),))
        row = {"name": name, "type": _TYPES.get(sql_type) or schema.get("type", "object")}
        rows.append(row | ({"description": _description(name, schema)} if extended else {}))
    return rows


def _description(name: str, schema: Mapping[str, Any]) -> str:
    return _DESCRIPTIONS.get(name) or str(schema.get("description", ""))
