"""Athena as the engine: the same SQL, over captured lines where they are; only results are downloaded.

The lines become an external table of raw text, which Athena reads once. What the comparison needs of them is written to
Parquet below the output location, and all tables and objects are gone at the end, however it ends.
"""

import math
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from inference_experiment_cli.captures import athena_lines, athena_sql
from inference_experiment_cli.captures import labels as labels_of
from inference_experiment_cli.captures.engine import SHOWN_CHARACTERS, DuckDbEngine, LineCounts, Reading, kept_moments
from inference_experiment_cli.captures.place import S3, CapturedObjects
from inference_experiment_cli.captures.question import AthenaSettings, Labels
from inference_experiment_cli.errors import ServiceError, UsageError
from inference_experiment_cli.output import console, note

PREFIX: Final = "inference_experiment_"
FIRST_WAIT: Final = 0.25
LONGEST_WAIT: Final = 3.0
MESSAGE_CHARACTERS: Final = 240
DOLLARS_PER_TERABYTE: Final = 5.0
"""https://aws.amazon.com/athena/pricing/ for most regions, seen in November 2026."""
LEAST_MEGABYTES: Final = 10
"""What each query is charged at least; the same source."""
KEYS_PER_CALL: Final = 1000
ENDED: Final = {"SUCCEEDED", "FAILED", "CANCELLED"}


@dataclass
class Used:
    """What the queries of a comparison scanned."""

    scanned_bytes: int = 0
    charged_megabytes: int = 0
    queries: int = 0

    @property
    def cost(self) -> float:
        """The price of what was scanned, in US dollars."""
        return self.charged_megabytes / 1e6 * DOLLARS_PER_TERABYTE

    def add(self, execution: Mapping[str, Any]) -> None:
        """Count a query that has ended. Statements that define tables and queries that failed are free."""
        scanned = int(execution.get("Statistics", {}).get("DataScannedInBytes", 0))
        self.queries += 1
        self.scanned_bytes += scanned
        if execution.get("StatementType") != "DDL" and execution["Status"]["State"] != "FAILED":
            self.charged_megabytes += max(LEAST_MEGABYTES, math.ceil(scanned / 1e6))


@dataclass(frozen=True)
class Clients:
    """The services that a comparison calls."""

    athena: Any
    s3: Any


@dataclass
class Run:
    """One comparison's queries, tables and objects."""

    clients: Clients
    settings: AthenaSettings
    identity: str = field(default_factory=lambda: uuid.uuid4().hex[:12])
    used: Used = field(default_factory=Used)
    tables: list[str] = field(default_factory=list)
    results: list[str] = field(default_factory=list)
    running: str | None = None
    output: str = ""
    enforced: bool = False

    def open(self) -> None:
        """Find where results are written. Raises UsageError, and boto3's errors."""
        group = self.clients.athena.get_work_group(WorkGroup=self.settings.workgroup)["WorkGroup"]
        configuration = group.get("Configuration", {})
        location = configuration.get("ResultConfiguration", {}).get("OutputLocation", "")
        self.enforced = bool(location) and configuration.get("EnforceWorkGroupConfiguration", True)
        self.output = location if self.enforced else self.settings.output or location
        if not self.output:
            name = self.settings.workgroup
            raise ServiceError(f"workgroup {name} has no location for results; pass --output s3://BUCKET/PREFIX/")
        self.output = self.output.rstrip("/") + "/"

    @property
    def folder(self) -> str:
        """The location of this comparison's objects."""
        return f"{self.output}inference-experiment/{self.identity}/"

    def name(self, table: str) -> str:
        """Return the name of a table in the catalogue."""
        return f"{PREFIX}{self.identity}_{table}"

    def start(self, sql: str) -> str:
        """Start a query."""
        context = {"Database": self.settings.database}
        more = {} if self.enforced else {"ResultConfiguration": {"OutputLocation": f"{self.folder}results/"}}
        answer = self.clients.athena.start_query_execution(
            QueryString=sql, QueryExecutionContext=context, WorkGroup=self.settings.workgroup, **more
        )
        identity: str = answer["QueryExecutionId"]
        return identity

    def wait(self, identity: str) -> Mapping[str, Any]:
        """Wait for a query to end. Raises ServiceError where it does not succeed."""
        self.running = identity
        until, pause = time.monotonic() + self.settings.timeout, FIRST_WAIT
        while True:
            execution: dict[str, Any] = self.clients.athena.get_query_execution(QueryExecutionId=identity)
            execution = execution["QueryExecution"]
            state = execution["Status"]["State"]
            if state in ENDED:
                break
            if time.monotonic() > until:
                raise ServiceError(
                    f"Athena: query {identity} took longer than {self.settings.timeout:.0f} s; raise --timeout"
                )
            time.sleep(pause)
            pause = min(pause * 2, LONGEST_WAIT)
        self.running = None
        self.used.add(execution)
        result = execution.get("ResultConfiguration", {}).get("OutputLocation", "")
        # What is deleted at the end is never more than what this query wrote.
        if identity in result and not result.startswith(self.folder):
            self.results.append(result)
        if state == "SUCCEEDED":
            return execution
        reason = " ".join(str(execution["Status"].get("StateChangeReason", "no reason given")).split())
        what = "failed" if state == "FAILED" else "was cancelled"
        raise ServiceError(f"Athena: query {identity} {what}: {reason[:MESSAGE_CHARACTERS]}")

    def run(self, sql: str) -> Mapping[str, Any]:
        """Run a query to its end."""
        return self.wait(self.start(sql))

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a query."""
        identity = self.run(sql)["QueryExecutionId"]
        pages = self.clients.athena.get_paginator("get_query_results").paginate(QueryExecutionId=identity)
        found: list[dict[str, Any]] = []
        for number, page in enumerate(pages):
            result = page["ResultSet"]
            columns = [(each["Name"], each["Type"]) for each in result["ResultSetMetadata"]["ColumnInfo"]]
            # The first row of the first page has the names of the columns.
            for row in result["Rows"][0 if number else 1 :]:
                cells = zip(columns, row["Data"], strict=True)
                found.append({name: athena_sql.value(cell.get("VarCharValue"), kind) for (name, kind), cell in cells})
        return found

    # Tables

    def external(
        self, table: str, columns: Mapping[str, str], stored: str, location: str = "", properties: str = ""
    ) -> None:
        """Create a table over objects in S3."""
        self.tables.append(table)
        listed = ", ".join(f"`{name}` {kind}" for name, kind in columns.items())
        self.run(
            f"CREATE EXTERNAL TABLE `{self.settings.database}`.`{self.name(table)}` ({listed}) {stored} "
            f"LOCATION '{_text(location or f'{self.folder}{table}/')}'{properties}"
        )

    def materialise(self, table: str, query: str) -> None:
        """Write the rows of a query to a table."""
        self.tables.append(table)
        # A workgroup that enforces its location refuses any other.
        place = "" if self.enforced else f", external_location = '{_text(self.folder)}{table}/'"
        execution = self.run(f"CREATE TABLE {self.quoted(table)} WITH (format = 'PARQUET'{place}) AS {query}")
        if self.enforced:
            self.results.append(f"{self.output}tables/{execution['QueryExecutionId']}")

    def quoted(self, table: str) -> str:
        """Return a table's name for queries."""
        return f'"{self.settings.database}"."{self.name(table)}"'

    # The end

    def close(self) -> None:
        """Stop what runs, drop the tables and delete the objects; say what could not be."""
        if self.running is not None:
            with suppress(Exception):
                self.clients.athena.stop_query_execution(QueryExecutionId=self.running)
        left = list(dict.fromkeys(self.tables))
        try:
            self._drop(left)
            for location in (self.folder, *self.results):
                self._delete(location)
        except Exception as error:  # noqa: BLE001 - the comparison, or its own error, counts
            reason = " ".join(str(error).split())[:MESSAGE_CHARACTERS]
            note(f"could not delete all objects below {self.folder}: {reason}")
        finally:
            if left:
                names = ", ".join(map(self.name, left))
                note(f"could not drop tables in database {self.settings.database}: {names}")

    def _drop(self, tables: list[str]) -> None:
        """Drop tables at the same time; those that are left stay in the list."""
        started = {}
        for table in tables:
            with suppress(Exception):
                started[table] = self.start(f"DROP TABLE IF EXISTS `{self.settings.database}`.`{self.name(table)}`")
        for table, identity in started.items():
            with suppress(Exception):
                self.wait(identity)
                tables.remove(table)

    def _delete(self, location: str) -> None:
        found = S3.fullmatch(location)
        if found is None:
            return
        bucket, prefix = found.groups()
        keys = [
            {"Key": each["Key"]}
            for page in self.clients.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
            for each in page.get("Contents", ())
        ]
        for at in range(0, len(keys), KEYS_PER_CALL):
            objects = {"Objects": keys[at : at + KEYS_PER_CALL], "Quiet": True}
            refused = self.clients.s3.delete_objects(Bucket=bucket, Delete=objects).get("Errors", ())
            for error in refused:
                raise ServiceError(f"{error.get('Key')}: {error.get('Message')}")


def _text(value: str) -> str:
    return value.replace("'", "''")


class AthenaEngine:
    """Tables of captured lines in Athena."""

    name = "athena"

    def __init__(self, run: Run, reading: Reading) -> None:
        self._run = run
        self._reading = reading
        self._translation = athena_sql.Translation(self._table)

    @property
    def used(self) -> Used:
        """What the queries scanned."""
        return self._run.used

    def _table(self, name: str) -> Any:  # noqa: ANN401 - an expression
        return athena_sql.sqlglot_module().exp.table_(self._run.name(name), db=self._run.settings.database, quoted=True)

    def execute(self, sql: str) -> None:
        """Run a statement that makes or fills a table, or defines a view."""
        statement = self._translation.parse(sql)
        kind = type(statement).__name__
        if kind == "Insert":
            self._run.run(f"INSERT INTO {self._run.quoted(statement.this.name)} {self._query(statement.expression)}")
        elif statement.expression is None:
            kinds = {each.name: _HIVE[each.kind.sql()] for each in statement.this.expressions}
            self._run.external(statement.this.this.name, kinds, "STORED AS PARQUET")
        elif statement.kind == "VIEW":
            self._translation.define(statement.this.name, statement.expression)
        else:
            self._run.materialise(statement.this.name, self._query(statement.expression))

    def _query(self, query: Any) -> str:  # noqa: ANN401 - an expression
        return self._translation.query(query)

    def rows(self, sql: str) -> list[dict[str, Any]]:
        """Return the rows of a SELECT."""
        return self._run.rows(self._query(self._translation.parse(sql)))

    def row(self, sql: str) -> dict[str, Any]:
        """Return the only row of a SELECT."""
        return self.rows(sql)[0]

    def quantiles(self, column: str, levels: Sequence[float]) -> list[float]:
        """Return quantiles of a column of the judged records, interpolated; none where it has no value."""
        wanted = tuple(levels)
        return athena_sql.interpolated(self.row(athena_sql.quantile_query(column, wanted)), wanted)

    def read(self, side: str, objects: CapturedObjects) -> LineCounts:
        """Read the lines of one variant into its table and the table of its records."""
        run, reading = self._run, self._reading
        location = objects.location(side) or f"{run.folder}nothing/"
        hours = objects.hours(side)
        run.external(f"{side}_raw", _LINE, _by_hour(hours) + _RAW, location, _projected(location, hours))
        shown = SHOWN_CHARACTERS if reading.shown else 0
        run.materialise(f"{side}_read", athena_lines.read(run.quoted(f"{side}_raw"), reading.sliced, shown))
        run.materialise(f"{side}_records", athena_lines.predictions(run.quoted(f"{side}_read"), reading.prediction))
        run.materialise(side, self._kept(side))
        counts = {each["state"]: each["lines"] for each in self._direct(_STATES, side)}
        (kept,) = self._direct(_KEPT.format(moments=kept_moments(reading.period)), side)
        (answered,) = self._direct("SELECT count(*) AS lines FROM {side}", side)
        undecoded = {each["obstacle"]: each["lines"] for each in self._direct(_UNDECODED, side)}
        repeated = kept["lines"] - answered["lines"]
        return LineCounts(counts.get("broken", 0), counts.get("other", 0), repeated, undecoded)

    def _direct(self, sql: str, side: str) -> list[dict[str, Any]]:
        names = {name: self._run.quoted(f"{side}{name and '_'}{name}") for name in ("", "read", "records")}
        return self._run.rows(sql.format(side=names[""], read=names["read"], records=names["records"]))

    def _kept(self, side: str) -> str:
        """Return the lines of the period, each event once; the answer only where it could be decoded."""
        quoted = self._run.quoted
        # Without an event each line is a part of its own: one part of all lines would be the work of one machine.
        same = "coalesce(event_id, CAST(line AS VARCHAR)), coalesce(inference_id, ''), moment, request, answer"
        return (
            "SELECT r.line, r.inference_id, r.event_id, r.moment, r.request, r.sliced, r.shown, "
            "CASE WHEN u.line IS NULL THEN r.answer END AS answer FROM (SELECT *, CASE WHEN event_id IS NULL THEN 1 "
            f"ELSE row_number() OVER (PARTITION BY {same} ORDER BY line) END AS place FROM {quoted(f'{side}_read')} "
            f"WHERE state = '{athena_lines.STATE_LINE}' AND {kept_moments(self._reading.period)}) r LEFT JOIN "
            f"(SELECT DISTINCT line FROM {quoted(f'{side}_records')} WHERE form IS NULL) u ON u.line = r.line "
            "WHERE r.place = 1"
        )

    def load(self, labels: Labels, path: Path) -> None:
        """Fill the table of labels: they are read here, and uploaded with keys and labels alone."""
        with tempfile.TemporaryDirectory(prefix="inference-experiment-") as folder:
            local = DuckDbEngine(Path(folder), Reading())
            try:
                labels_of.load(local, labels, path)
                file = Path(folder, "labels.parquet")
                local.execute(f"COPY (SELECT key, targets, kinds FROM labels) TO '{_text(str(file))}' (FORMAT parquet)")
            finally:
                local.close()
            bucket, prefix = _split(self._run.folder)
            self._run.clients.s3.upload_file(str(file), bucket, f"{prefix}labels/labels.parquet")
        self._run.external("labels", {"key": "string", "targets": "array<string>", "kinds": "int"}, "STORED AS PARQUET")


_LINE: Final = {"line": "string"}
_HIVE: Final = {"TEXT": "string", "VARCHAR": "string", "BIGINT": "bigint"}
# A line is one text: what is no JSON has to be counted, which a SerDe of JSON does not do.
_RAW: Final = "ROW FORMAT DELIMITED FIELDS TERMINATED BY '\\001' LINES TERMINATED BY '\\n' STORED AS TEXTFILE"
_STATES: Final = "SELECT state, count(*) AS lines FROM {read} GROUP BY state"
_KEPT: Final = "SELECT count(*) AS lines FROM {{read}} WHERE state = '" + athena_lines.STATE_LINE + "' AND {moments}"
_UNDECODED: Final = (
    "SELECT r.text AS obstacle, count(DISTINCT r.line) AS lines FROM {records} r JOIN {side} s ON s.line = r.line "
    "WHERE r.form IS NULL GROUP BY r.text"
)


def _by_hour(hours: tuple[str, str] | None) -> str:
    return "" if hours is None else "PARTITIONED BY (`hour` string) "


def _projected(location: str, hours: tuple[str, str] | None) -> str:
    """Return the properties of a table of which only some hours are read."""
    if hours is None:
        return ""
    values = {
        "projection.enabled": "true",
        "projection.hour.type": "date",
        "projection.hour.format": "yyyy/MM/dd/HH",
        "projection.hour.range": ",".join(hours),
        "projection.hour.interval": "1",
        "projection.hour.interval.unit": "HOURS",
        "storage.location.template": f"{location}${{hour}}/",
    }
    listed = ", ".join(f"'{name}' = '{_text(each)}'" for name, each in values.items())
    return f" TBLPROPERTIES ({listed})"


def _split(location: str) -> tuple[str, str]:
    found = S3.fullmatch(location)
    if found is None:
        raise UsageError(f"{location} is no s3:// address")
    bucket, prefix = found.groups()
    return bucket, prefix


@contextmanager
def engine(clients: Clients, settings: AthenaSettings, reading: Reading) -> Iterator[AthenaEngine]:
    """Run an engine; its tables and objects are gone afterwards."""
    run = Run(clients, settings)
    run.open()
    _split(run.output)
    try:
        yield AthenaEngine(run, reading)
    finally:
        with console(stderr=True).status("dropping tables"):
            run.close()
