"""EXEC of the method list_inference_experiments, as StackQL's page of the aws provider has it."""

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from inference_experiment_cli.errors import UsageError, nearest
from inference_experiment_cli.inputs.times import option_moment
from inference_experiment_cli.inventory.describe import Inventory, open_regions
from inference_experiment_cli.inventory.listing import (
    ARGUMENTS,
    SUMMARY_COLUMNS,
    TIMES,
    ListedStatus,
    SortBy,
    SortOrder,
    Type,
    row,
)
from inference_experiment_cli.options import member
from inference_experiment_cli.sql import tables
from inference_experiment_cli.sql.engine import Answer
from inference_experiment_cli.sql.reading import Reader
from inference_experiment_cli.sql.statement import Statement
from inference_experiment_cli.sql.words import dotted_name

if TYPE_CHECKING:
    from sqlglot.tokenizer_core import Token

METHOD: Final = "list_inference_experiments"
JSON: Final = "json"
LIMIT: Final = "MaxResults"
ENUMERATIONS: Final = {"StatusEquals": ListedStatus, "Type": Type, "SortBy": SortBy, "SortOrder": SortOrder}
TOKEN: Final = "NextToken"  # noqa: S105 - a parameter's name
INSTEAD: Final = {
    "create": "INSERT",
    "update": "UPDATE",
    "delete": "DELETE",
    "describe": "SELECT",
    "get": "SELECT",
    "start": "UPDATE ... SET DesiredState = 'Running'",
    "stop": "UPDATE ... SET DesiredState = 'Completed'",
}
FORM: Final = f"EXEC aws.sagemaker.{tables.RESOURCE}.{METHOD} @region = 'us-east-1', @NameContains = 'fraud'"


def execute(reader: Reader, statement: Statement) -> tuple[Answer, Inventory]:
    """Return the experiments that ListInferenceExperiments lists, all pages of it. Raises CommandError."""
    name, rest = dotted_name(statement.tokens[1:])
    _check_method(name)
    arguments = _arguments(rest)
    region = arguments.pop("region", "")
    limit = _limit(arguments.pop(LIMIT, None))
    if arguments.pop(TOKEN, None):
        raise UsageError(f"{TOKEN}: all pages are read; leave it out")
    session, chosen = open_regions(reader.regions or ([str(region)] if region else []), reader.profile)
    inventory = Inventory(session, chosen, full=False, filters=_filters(arguments))
    rows = [list(row(each, full=False).values()) for each in inventory.counted()]
    return Answer(SUMMARY_COLUMNS, rows[:limit]), inventory


def _check_method(name: tables.Name) -> None:
    method = name[-1].lower() if name else ""
    verb = next((verb for start, verb in INSTEAD.items() if method.startswith(start)), "")
    if method != METHOD and verb:
        raise UsageError(f"EXEC {'.'.join(name)}: write {verb}")
    if method != METHOD or tables.kind_of(name[:-1]) != tables.RESOURCE:
        raise UsageError(f"EXEC {'.'.join(name)}: there is no such method; write {FORM}")


def _arguments(tokens: Sequence["Token"]) -> dict[str, Any]:
    """Return the parameters @name = value, with those of @@json = '{...}'. Raises UsageError."""
    given: dict[str, Any] = {}
    words = [token for token in tokens if token.token_type.name not in ("PARAMETER", "COMMA")]
    if len(words) % 3:
        raise UsageError(f"the parameters of EXEC are @name = value; write {FORM}")
    for name, equals, value in zip(words[::3], words[1::3], words[2::3], strict=True):
        if equals.text != "=":
            raise UsageError(f"the parameters of EXEC are @name = value, not {name.text} {equals.text}")
        if name.text.lower() != JSON:
            given[name.text] = value.text
            continue
        given |= _object(value.text)
    known = (*ARGUMENTS, "region", LIMIT, TOKEN)
    for parameter in given:
        if parameter not in known:
            near = nearest(parameter, known)
            hint = f"did you mean {near}?" if near else f"it can be {', '.join(known)}"
            raise UsageError(f"@{parameter}: is not a parameter of {METHOD}; {hint}")
    return {name: value for name, value in given.items() if value not in ("", None)}


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError as error:
        raise UsageError(f"@@json: is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise UsageError("@@json: is not an object of parameters and their values")
    return value


def _limit(value: object) -> int | None:
    if value is None:
        return None
    if not str(value).isdecimal() or int(str(value)) == 0:
        raise UsageError(f"@{LIMIT} {value}: must be a whole number, at least 1")
    return int(str(value))


def _filters(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of ListInferenceExperiments. Raises UsageError."""
    return {name: _value(name, str(value)) for name, value in arguments.items()}


def _value(name: str, text: str) -> Any:  # noqa: ANN401 - a text or a time
    if name in TIMES:
        return option_moment(text, f"@{name}")
    if name not in ENUMERATIONS:
        return text
    try:
        return member(ENUMERATIONS[name], text).value
    except ValueError as error:
        raise UsageError(f"@{name} {text}: {error}") from error
