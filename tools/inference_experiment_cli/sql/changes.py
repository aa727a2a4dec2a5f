"""INSERT, UPDATE and DELETE: what they ask for, checked and handed to the lifecycle as the commands do."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from cfn_template.located import DictNode, Mark, plain, string_node
from inference_experiment.contract import NATIVE_TYPE
from inference_experiment.errors import Finding
from inference_experiment.observed_properties import own_tags, timestamp, to_properties
from inference_experiment_cli.errors import NotPossibleError, Place, UsageError, nearest
from inference_experiment_cli.inputs.api_names import WRITABLE, api_name, property_value
from inference_experiment_cli.inputs.documents import Document
from inference_experiment_cli.inputs.experiments import declarations_of, findings
from inference_experiment_cli.inventory.records import snake
from inference_experiment_cli.operate.change import LiveChange, create_experiment
from inference_experiment_cli.operate.gateway import CliGateway
from inference_experiment_cli.operate.patch import check_edited, patched
from inference_experiment_cli.operate.settings import Settings
from inference_experiment_cli.output import print_rows
from inference_experiment_cli.sql import tables
from inference_experiment_cli.sql.conditions import conditions_of
from inference_experiment_cli.sql.engine import Answer
from inference_experiment_cli.sql.patch_document import operations_of
from inference_experiment_cli.sql.reading import Reader
from inference_experiment_cli.sql.statement import Kind, Statement, select

if TYPE_CHECKING:
    from sqlglot import exp

PATCH: Final = "PatchDocument"
REGION: Final = "region"
PREFIX: Final = "data__"
"""Of parameters in StackQL: data__Identifier, data__PatchDocument."""
# Cloud Control's progress event, and what the API answers.
RETURNED: Final = (
    "Identifier",
    "Operation",
    "OperationStatus",
    "EventTime",
    "TypeName",
    "ResourceModel",
    "InferenceExperimentArn",
    "ErrorCode",
    "RequestToken",
    "RetryAfter",
    "StatusMessage",
)
_FILLED: Final = [name.lower() for name in RETURNED[:7]]
COMMAND: Final = "query"
OPERATIONS: Final = {Kind.INSERT: "CREATE", Kind.UPDATE: "UPDATE", Kind.DELETE: "DELETE"}
INSERT_FORM: Final = "INSERT INTO inference_experiments (Name, Type, ...) SELECT 'fraud-2', 'ShadowMode', ..."
PIN: Final = "WHERE Identifier = 'NAME' AND region = 'REGION'"
MAXIMUM_NAMED: Final = 5


@dataclass(frozen=True, order=True)
class Target:
    """The experiment that a statement changes."""

    name: str
    region: str


@dataclass(frozen=True)
class StatementSettings(Settings):
    """Settings of a change that prints the experiment as a row, unless RETURNING says what is printed."""

    returning: bool = False

    def print_record(self, record: Mapping[str, Any]) -> None:
        """Print the experiment after the change."""
        if not self.returning:
            print_rows([record], list(record), self.output, headers=list(record))


@dataclass(frozen=True)
class Changer:
    """Carries changes out; `source` is the name of the statement in messages, `values` are those of placeholders."""

    reader: Reader
    settings: Settings
    source: str
    values: Mapping[str, str]

    def apply(self, statement: Statement) -> Answer | None:
        """Carry a statement out and return what its RETURNING asks for. Raises CommandError."""
        statement.check_tables()
        tree: Any = statement.tree
        _check_table(statement)
        returning = _returning(tree)
        steps: dict[Kind, Callable[[exp.Expr], Target]] = {
            Kind.INSERT: self._insert,
            Kind.UPDATE: self._update,
            Kind.DELETE: self._delete,
        }
        target = steps[statement.kind](tree)
        if not returning or self.settings.dry_run:
            return None
        record = self._record(statement.kind, target)
        return Answer(returning, [[record[column.lower()] for column in returning]])

    def _insert(self, tree: "exp.Expr") -> Target:
        columns = getattr(tree.this, "expressions", [])
        if not columns or tree.expression is None:
            raise UsageError(f"INSERT needs columns and their values: {INSERT_FORM}")
        source = select(tree.expression)
        answer = self.reader.complete(source)
        if len(answer.rows) != 1:
            raise UsageError(f"INSERT creates one experiment at a time, these are {len(answer.rows)}")
        if len(columns) != len(answer.columns):
            raise UsageError(f"INSERT names {len(columns)} columns and gives {len(answer.columns)} values")
        region, properties = self._inserted(columns, answer.rows[0])
        if "Name" not in properties:
            raise UsageError(f"INSERT needs the column Name: {INSERT_FORM}")
        if source.kinds():
            _leave_out_described(properties)
        target = Target(str(properties["Name"]), self._region(region))
        self._check(properties)
        create_experiment(plain(properties), "", self._settings(tree, target))
        return target

    def _check(self, properties: DictNode) -> None:
        """Raise a group with an error for each finding."""
        document = Document(self.source, "", properties)
        experiment = declarations_of(document, {})[0].in_deployment({}, assume=False)
        errors = [
            NotPossibleError(finding.message + _example(finding, properties), experiment.place(*finding.keys))
            for finding in findings(experiment)
        ]
        if errors:
            raise ExceptionGroup("invalid properties", errors)

    def _inserted(self, columns: Sequence["exp.Expr"], values: Sequence[Any]) -> tuple[str, DictNode]:
        """Return the region and the properties of a row, with the lines of their columns."""
        properties, region = DictNode(), ""
        properties.start_mark = Mark(_line(columns[0]) - 1, 0)
        for column, value in zip(columns, values, strict=True):
            name = self._property(column, also=(REGION,))
            if name == REGION:
                region = str(value or "")
            elif value is not None:
                key = string_node(name, Mark(_line(column) - 1, 0))
                properties[key] = self._value(column, name, value)
        return region, properties

    def _update(self, tree: "exp.Expr") -> Target:
        columns = [each.this.this for each in tree.expressions]
        names = [self._property(column, also=(PATCH,)) for column in columns]
        conditions = conditions_of(tree.args.get("where"))
        is_parameter = "Name" in names and conditions.exact and not conditions.name
        if is_parameter:
            # The API's own form: the name is a parameter of UpdateInferenceExperiment, not a condition.
            at = names.index("Name")
            target = Target(tree.expressions[at].expression.name, self._region(conditions.region))
        else:
            target = self._target(Kind.UPDATE, tree)
        values = self._assigned(tree, with_row=not is_parameter)
        change = LiveChange.of(target.name, self._settings(tree, target))
        operations: list[Any] = []
        for column, name, value in zip(columns, names, values, strict=True):
            if name == PATCH:
                operations += operations_of(str(value), self.values, self._place(column, PATCH))
            elif value is not None:
                operations.append({"op": "add", "path": f"/{name}", "value": self._value(column, name, value)})
            elif name in change.live:
                operations.append({"op": "remove", "path": f"/{name}"})
        properties = patched(change.live, json.dumps(operations), self.source)
        check_edited(properties, {}, self.source)
        change.update(properties, COMMAND)
        return target

    def _delete(self, tree: "exp.Expr") -> Target:
        target = self._target(Kind.DELETE, tree)
        LiveChange.of(target.name, self._settings(tree, target)).delete(COMMAND)
        return target

    def _assigned(self, tree: "exp.Expr", *, with_row: bool) -> Sequence[Any]:
        """Return the values of SET, which may use the columns of the row."""
        from sqlglot import exp  # noqa: PLC0415 - an optional extra

        values = [each.expression for each in tree.expressions]
        query = exp.select(*(value.copy() for value in values))
        if with_row and any(value.find(exp.Column) for value in values):
            query = query.from_(tree.this.copy()).where(tree.args["where"].this.copy())
        return self.reader.complete(select(query)).rows[0]

    def _target(self, kind: Kind, tree: "exp.Expr") -> Target:
        """Return the one experiment that a WHERE clause chooses. Raises UsageError for none or several."""
        from sqlglot import exp  # noqa: PLC0415 - an optional extra

        where = tree.args.get("where")
        conditions = conditions_of(where)
        if where is None or not conditions.selects:
            raise UsageError(f"{kind} is about one experiment; choose it with {PIN}")
        if conditions.exact:
            return Target(conditions.name, self._region(conditions.region))
        query = exp.select("region", "name").from_(tree.this.copy()).where(where.this.copy())
        found = sorted(Target(name, region) for region, name in self.reader.complete(select(query)).rows)
        if not found:
            raise NotPossibleError(f"no experiment meets the condition of {kind}: {where.this.sql('duckdb')}")
        if len(found) > 1:
            some = ", ".join(f"{each.name} in {each.region}" for each in found[:MAXIMUM_NAMED])
            more = f" and {len(found) - MAXIMUM_NAMED} more" if len(found) > MAXIMUM_NAMED else ""
            raise UsageError(
                f"{kind} is about one experiment, {len(found)} meet its condition: {some}{more}; write {PIN}"
            )
        return found[0]

    def _settings(self, tree: "exp.Expr", target: Target) -> Settings:
        """Return the settings of one statement."""
        settings = replace(self.settings, region=target.region)
        return StatementSettings(**vars(settings), returning=bool(tree.args.get("returning")))

    def _region(self, named: str) -> str:
        """Return the region of a change: the statement's, that of --region, or none for the default."""
        given = [each.strip() for text in self.reader.regions for each in text.split(",")]
        if named and given and given != ["all"] and named not in given:
            raise UsageError(f"--region {' '.join(given)}: the statement names the region {named}")
        if not named and (len(given) > 1 or given == ["all"]):
            raise UsageError("name the region in the statement, or pass one --region")
        return named or next(iter(given), "")

    def _property(self, column: "exp.Expr", also: Sequence[str]) -> str:
        """Return the property that a column is. Raises UsageError with the nearest one."""
        written = column.name.removeprefix(PREFIX)
        name = api_name(written, (*also, *WRITABLE))
        if name in WRITABLE or name in also:
            return name
        near = nearest(written, map(snake, WRITABLE) if written.islower() else (*also, *WRITABLE))
        hint = f"did you mean {near}?" if near else f"it can be {', '.join((*also, *WRITABLE))}"
        raise UsageError(f"is not a property that can be set; {hint}", self._place(column, column.name))

    def _value(self, column: "exp.Expr", name: str, value: Any) -> Any:  # noqa: ANN401 - any JSON value
        try:
            return property_value(name, value)
        except ValueError as error:
            raise UsageError(str(error), self._place(column, name)) from error

    def _place(self, column: "exp.Expr", path: str) -> Place:
        return Place(self.source, _line(column), path)

    def _record(self, kind: Kind, target: Target) -> dict[str, Any]:
        """Return the fields that RETURNING may name, those of Cloud Control and of the API; keys are in lower case."""
        model: dict[str, Any] = {}
        arn = None
        if kind is not Kind.DELETE:
            observed, tags = CliGateway(target.region, self.settings.profile).describe_existing(target.name)
            model, arn = to_properties(observed.details, tags), observed.arn
        values = (
            target.name,
            OPERATIONS[kind],
            "SUCCESS",
            timestamp(datetime.now(UTC)),
            NATIVE_TYPE,
            model or None,
            arn,
        )
        return dict.fromkeys(name.lower() for name in RETURNED) | dict(zip(_FILLED, values, strict=True))


def _example(finding: Finding, properties: Mapping[str, Any]) -> str:
    """Return what to write for the property that SageMaker requires and StackQL's page does not."""
    if finding.keys != ("ShadowModeConfig",) or "ShadowModeConfig" in properties:
        return ""
    variants = [each.get("VariantName") for each in properties.get("ModelVariants") or () if isinstance(each, dict)]
    source, shadow = (*variants, "production", "shadow")[:2] if len(variants) != 1 else (variants[0], "shadow")
    shadows = [{"ShadowModelVariantName": shadow, "SamplingPercentage": 10}]
    example = json.dumps({"SourceModelVariantName": source, "ShadowModelVariants": shadows})
    return f" by SageMaker; add the column ShadowModeConfig, for example with '{example}'"


def _leave_out_described(properties: dict[str, Any]) -> None:
    """Remove members that Describe returns and Create does not accept."""
    for variant in properties.get("ModelVariants") or ():
        for name in ("Status", "status"):
            variant.pop(name, None)
    tags = {tag["Key"]: tag["Value"] for tag in properties.get("Tags") or ()}
    if tags:
        properties.update(Tags=own_tags(tags))


def _check_table(statement: Statement) -> None:
    """Raise UsageError where a statement changes a table that can only be read."""
    (_, kind), *_ = statement.tables()
    if kind != tables.RESOURCE:
        raise UsageError(f"{kind} can only be read; {statement.kind} is about {tables.RESOURCE}")


def _returning(tree: Any) -> list[str]:  # noqa: ANN401 - a tree of sqlglot
    """Return the names in RETURNING. Raises UsageError for another one."""
    clause = tree.args.get("returning")
    names = [each.name for each in clause.expressions] if clause else []
    if names == ["*"]:
        return list(RETURNED)
    for name in names:
        if name.lower() not in {each.lower() for each in RETURNED}:
            raise UsageError(f"RETURNING {name}: it can be {', '.join(RETURNED)}")
    return names


def _line(column: "exp.Expr") -> int:
    return int(column.meta.get("line", 1))
