"""Athena for tests: moto answers the calls, and DuckDB runs the SQL, translated back, over the objects in moto's S3."""

import gzip
import json
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import lru_cache, partialmethod
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import duckdb
import sqlglot
from moto.athena.models import AthenaBackend, QueryResults
from moto.athena.responses import AthenaResponse
from sqlglot import exp
from sqlglot.optimizer.eliminate_subqueries import eliminate_subqueries

EXTERNAL = re.compile(
    r"CREATE EXTERNAL TABLE `(\w+)`\.`(\w+)` \((.*?)\) (.*?) LOCATION '([^']*)'(?: TBLPROPERTIES \((.*)\))?"
)
NAME = re.compile(r"inference_experiment_[0-9a-f]{12}_")
DROP = re.compile(r"DROP TABLE IF EXISTS `(\w+)`\.`(\w+)`")
CREATE = re.compile(r'CREATE TABLE ("\w+"\."\w+") WITH \((.*?)\) AS (.*)', re.DOTALL)
TYPES = {"BIGINT": "bigint", "HUGEINT": "bigint", "INTEGER": "integer", "DOUBLE": "double", "BOOLEAN": "boolean"}
PAGE = 1000
CREDENTIALS: Any = {"region_name": "us-east-1", "aws_access_key_id": "a", "aws_secret_access_key": "b"}


@dataclass
class LocalAthena:
    """The tables, and what was asked. `fail` decides on a statement: a state and its reason, or None."""

    folder: Path
    statements: list[str] = field(default_factory=list)
    stopped: list[str] = field(default_factory=list)
    states: dict[str, tuple[str, str]] = field(default_factory=dict)
    scanned: int = 25_000_000
    fail: Callable[[str], tuple[str, str] | None] = lambda _: None

    def __post_init__(self) -> None:
        self.tables = duckdb.connect(config={"threads": "1"})
        self.tables.execute("SET TimeZone = 'UTC'")
        for name, body in (
            ("xxhash64(x)", "hash(x)"),
            ("to_big_endian_64(x)", "x"),
            ("from_big_endian_64(x)", "CAST(x >> 1 AS BIGINT)"),
            ("is_finite(x)", "isfinite(x)"),
        ):
            self.tables.execute(f"CREATE MACRO {name} AS {body}")
        self.tables.create_function("from_utf8", lambda x: x.decode("utf-8", "replace"), ["BLOB"], "VARCHAR")  # type: ignore[arg-type]

    def execute(self, statement: str) -> tuple[list[str], list[str], list[tuple[Any, ...]]]:
        """Run a statement; give names, types and rows."""
        self.statements.append(statement)
        assert len(statement.encode()) < 262_144, "the longest statement that Athena accepts"
        # The same statements in each test: translated once.
        statement = NAME.sub("local_", statement)
        if found := EXTERNAL.fullmatch(statement):
            self._external(*found.groups())
        elif found := DROP.fullmatch(statement):
            self.tables.execute(f'DROP TABLE IF EXISTS "{found[2]}"')
        elif found := CREATE.fullmatch(statement):
            place = re.search("external_location = '([^']*)'", found[2])
            self.tables.execute(f"CREATE TABLE {found[1].partition('.')[2]} AS {back(found[3])}")
            if place:
                bucket, _, key = place[1].removeprefix("s3://").partition("/")
                s3().put_object(Bucket=bucket, Key=f"{key}data.parquet", Body=b"rows")
        else:
            answer = self.tables.execute(back(statement))
            if statement.startswith("INSERT"):
                return [], [], []
            columns = answer.description or []
            return [each[0] for each in columns], [str(each[1]) for each in columns], answer.fetchall()
        return [], [], []

    def _external(self, _: str, name: str, columns: str, stored: str, location: str, properties: str | None) -> None:
        assert location.endswith("/"), location
        bucket, _, prefix = location.removeprefix("s3://").partition("/")
        pages = s3().get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [each["Key"] for page in pages for each in page.get("Contents", ())]
        keys = [key for key in keys if key.rpartition("/")[2][:1] not in {"_", "."}]
        if stored.endswith("STORED AS PARQUET"):
            self._parquet(name, columns, bucket, keys)
            return
        assert "STORED AS TEXTFILE" in stored
        assert ("PARTITIONED BY" in stored) == bool(properties)
        if properties:
            first, last = re.search("projection.hour.range' = '([^,]*),([^']*)'", properties).groups()  # type: ignore[union-attr]
            keys = [key for key in keys if first <= key.removeprefix(prefix).rpartition("/")[0] <= last]
        self.tables.execute(f'CREATE TABLE "{name}" (line VARCHAR, "$path" VARCHAR)')
        rows = [(line, f"s3://{bucket}/{key}") for key in keys for line in _lines(bucket, key)]
        if rows:
            self.tables.executemany(f'INSERT INTO "{name}" VALUES (?, ?)', rows)

    def _parquet(self, name: str, columns: str, bucket: str, keys: list[str]) -> None:
        if not keys:
            kinds = columns.replace("`", '"').replace(" string", " VARCHAR")
            self.tables.execute(f'CREATE TABLE "{name}" ({kinds})')
        for key in keys:
            local = self.folder / "table.parquet"
            s3().download_file(bucket, key, str(local))
            self.tables.execute(f"CREATE TABLE \"{name}\" AS FROM read_parquet('{local}')")

    def names(self) -> list[str]:
        """Return the tables that are there."""
        return [row[0] for row in self.tables.execute("SHOW TABLES").fetchall()]


def s3() -> Any:
    return boto3.client("s3", **CREDENTIALS)


def _lines(bucket: str, key: str) -> list[str]:
    content = s3().get_object(Bucket=bucket, Key=key)["Body"].read()
    content = gzip.decompress(content) if key.endswith(".gz") else content
    return [line.decode("utf-8", "replace") for line in content.split(b"\n")]


@lru_cache(1000)
def back(statement: str) -> str:
    """Translate a statement of Athena to DuckDB's dialect; only table names are kept, without their database."""

    def mended(node: Any) -> Any:
        if isinstance(node, exp.Table):
            node.set("db", None)
        if isinstance(node, exp.RegexpReplace):
            node.args["replacement"].set("this", re.sub(r"\$(\d)", r"\\\1", node.args["replacement"].name))
        # Athena makes a JSON text of a text; DuckDB would parse it.
        if isinstance(node, exp.Cast) and node.is_type("json"):
            return exp.Anonymous(this="to_json", expressions=[node.this])
        if isinstance(node, exp.Decode):
            return exp.Anonymous(this="from_utf8", expressions=[node.this])
        return node

    tree: Any = sqlglot.parse_one(statement, read="athena").transform(mended)
    # DuckDB would repeat the expressions of a part in each place that uses them.
    tree = eliminate_subqueries(tree)
    for part in tree.find_all(exp.CTE):
        part.args["materialized"] = True
    text: str = tree.sql(dialect="duckdb")
    return text


def _cell(value: Any) -> dict[str, str]:
    if value is None:
        return {}
    if isinstance(value, bool):
        return {"VarCharValue": str(value).lower()}
    return {"VarCharValue": _double(value) if isinstance(value, float) else str(value)}


def _double(value: float) -> str:
    """Return a number as Java writes it."""
    text = repr(value)
    if "e" not in text and (value == 0 or 1e-3 <= abs(value) < 1e7):
        return text
    digits = next(digits for digits in range(1, 18) if float(f"{value:.{digits}e}") == value)
    mantissa, _, exponent = f"{value:.{digits}e}".partition("e")
    return f"{mantissa}E{int(exponent)}"


@contextmanager
def local_athena(folder: Path) -> Iterator[LocalAthena]:
    """Run it within moto's mock_aws."""
    local = LocalAthena(folder)
    own = (
        (AthenaBackend, "start_query_execution", _started),
        (AthenaBackend, "stop_query_execution", _stopped),
        (AthenaResponse, "get_query_execution", _described),
        (AthenaResponse, "get_query_results", _results),
    )
    with ExitStack() as patched:
        for kind, name, call in own:
            patched.enter_context(mock.patch.object(kind, name, partialmethod(call, local, getattr(kind, name))))
        yield local


def _started(backend: Any, local: LocalAthena, original: Any, query: str, **more: Any) -> str:
    identity: str = original(backend, query, **more)
    if verdict := local.fail(query):
        local.statements.append(query)
        local.states[identity] = verdict
        return identity
    try:
        names, kinds, rows = local.execute(query)
    except duckdb.Error as error:
        local.states[identity] = ("FAILED", str(error))
        return identity
    header = [{"Data": [{"VarCharValue": name} for name in names]}]
    cells = [{"Data": [_cell(value) for value in row]} for row in rows]
    columns = [{"Name": name, "Type": _kind(kind)} for name, kind in zip(names, kinds, strict=True)]
    backend.query_results[identity] = QueryResults([*header, *cells], columns)
    return identity


def _stopped(backend: Any, local: LocalAthena, original: Any, identity: str) -> None:
    local.stopped.append(identity)
    original(backend, identity)


def _described(response: Any, local: LocalAthena, original: Any) -> str:
    answer = json.loads(original(response))
    execution = answer["QueryExecution"]
    state, reason = local.states.get(execution["QueryExecutionId"], ("SUCCEEDED", ""))
    execution["Status"] |= {"State": state, "StateChangeReason": reason}
    if execution["Query"].startswith("CREATE TABLE"):
        execution["StatementType"] = "DML"
    if execution["StatementType"] == "DML":
        execution["Statistics"]["DataScannedInBytes"] = local.scanned
    return json.dumps(answer)


def _results(response: Any, _: LocalAthena, __: Any) -> str:
    """Answer with a page: moto has one for all rows."""
    found = response.athena_backend.get_query_results(response._get_param("QueryExecutionId")).to_dict()
    at = int(response._get_param("NextToken") or 0)
    rows = found["ResultSet"]["Rows"]
    found["ResultSet"]["Rows"] = rows[at : at + PAGE]
    return json.dumps(found | ({"NextToken": str(at + PAGE)} if at + PAGE < len(rows) else {}))


def _kind(kind: str) -> str:
    return TYPES.get(
        kind, "timestamp(3)" if kind.startswith("TIMESTAMP") else "double" if "DECIMAL" in kind else "varchar"
    )
