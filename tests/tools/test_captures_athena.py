"""Captured predictions compared in Athena: the same figures as in DuckDB, its calls, its end, its errors."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

import boto3
import pytest
import sqlglot
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from captured_lines import PRODUCTION, SHADOW, both, half, line, npy, write
from command_line import Finished, run
from local_athena import CREDENTIALS, LocalAthena, back, local_athena, s3
from moto import mock_aws
from regional_sagemaker import environment

from inference_experiment_cli.captures import athena_lines
from inference_experiment_cli.captures.athena import Clients, Run
from inference_experiment_cli.captures.athena_sql import Translation, interpolated, quantile_query, value
from inference_experiment_cli.captures.engine import Decoder, Reading
from inference_experiment_cli.captures.place import Period, Variants
from inference_experiment_cli.captures.question import AthenaSettings, Question
from inference_experiment_cli.captures.run import Source, evaluate

BUCKET = "captured"
OUTPUT = f"s3://{BUCKET}/athena/"


@pytest.fixture(autouse=True)
def athena(tmp_path: Path) -> Iterator[LocalAthena]:
    with mock_aws(), local_athena(tmp_path) as running:
        s3().create_bucket(Bucket=BUCKET)
        yield running


def upload(folder: Path, prefix: str = "data/") -> None:
    for path in sorted(folder.rglob("*.jsonl*")):
        s3().upload_file(str(path), BUCKET, f"{prefix}{path.relative_to(folder).as_posix()}")


def settings() -> dict[str, str]:
    return {name: value for name, value in environment("").items() if name != "AWS_ENDPOINT_URL"}


def in_athena(*options: str, output: str = OUTPUT, place: str = f"s3://{BUCKET}/data") -> Finished:
    names = ("--production", PRODUCTION, "--shadow", SHADOW, "--format", "json", "--engine", "athena")
    more = ("--output", output) if output else ()
    return run("captures", place, *names, *more, *options, settings=settings())


def in_duckdb(folder: Path, *options: str) -> Any:
    names = ("--production", PRODUCTION, "--shadow", SHADOW, "--format", "json")
    answer = run("captures", str(folder), *names, *options)
    assert answer.returncode == 0, answer.stderr
    return answer.data()


def comparable(found: Any) -> Any:
    own = {"place", "engine", "scanned_bytes", "cost"}
    same = {name: value for name, value in found.items() if name not in own}
    # Which of equally large disagreements are shown is left open.
    same["disagreements"] = [each["difference"] for each in found["disagreements"]]
    return json.loads(json.dumps(same), parse_float=_rounded)


def _rounded(text: str) -> float:
    return float(f"{float(text):.12g}")


def assert_same(folder: Path, *options: str) -> Any:
    upload(folder)
    answer = in_athena(*options)
    assert answer.returncode == 0, answer.stderr
    found = answer.data()
    assert comparable(found) == comparable(in_duckdb(folder, *options))
    return found


# The same figures


@pytest.mark.slow
def test_classes_with_labels_retries_and_broken_lines(tmp_path: Path) -> None:
    """Numbers in several forms, lines that are broken, of something else, repeated, or without a half."""
    answers = {PRODUCTION: ["1", "0", "1\n", " 1.0", "2.5", "cat"], SHADOW: ["1", "1", "true", "0", "2.50", "dog"]}
    for variant, texts in answers.items():
        rows: list[Any] = [line(text, f"{at}", event=f"{variant}{at}") for at, text in enumerate(texts)]
        # Retries under one identifier, the later one first.
        rows += [line("1", "r", time="2026-11-20T10:00:09Z"), line("0", "r", time="2026-11-20T10:00:01Z")]
        rows += [rows[0], line(None, "half"), b"no JSON", b'{"captureData": {"endpointOu', b"", "42", '{"other": 1}']
        write(tmp_path / "d", variant, rows)
    labels = tmp_path / "labels.csv"
    labels.write_text("id,target\n0,1\n1,1.0\n2,0\n3,1\n4,2.5\n5,cat\nr,1\nr,1\n", encoding="utf-8")
    found = assert_same(tmp_path / "d", "--labels", str(labels), "--task", "classification")

    assert found["engine"] == "athena"
    assert (found["pairs"], found["broken_lines"], found["other_lines"]) == (8, 4, 4)
    assert found["repeated_lines"] == {"production": 1, "shadow": 1}
    assert {row["name"] for row in found["classification"]["classes"]} >= {"2.5", "1", "cat"}


@pytest.mark.slow
def test_regression_in_compressed_files_by_hour_and_slice(tmp_path: Path) -> None:
    for variant, shift in ((PRODUCTION, 0.0), (SHADOW, 0.25)):
        for hour in range(3):
            rows = [
                line(
                    f"{100 * hour + at + shift * (at % 3)}", f"{hour}-{at}", event=f"{variant}{hour}-{at}",
                    request=half(json.dumps({"country": ("NZ", "CH")[at % 2]}), "JSON"),
                    time=f"2026-11-20T1{hour}:00:{at:02}Z",
                )
                for at in range(15)
            ]  # fmt: skip
            write(tmp_path / "d", variant, rows, f"2026/11/20/1{hour}/x.jsonl{'.gz' if hour else ''}")
    labels = tmp_path / "labels.jsonl"
    targets = [{"id": f"{hour}-{at}", "target": 100 * hour + at + 0.1} for hour in range(3) for at in range(15)]
    labels.write_text("\n".join(map(json.dumps, targets)), encoding="utf-8")
    found = assert_same(tmp_path / "d", "--labels", str(labels), "--slice", "country")

    assert found["task"] == "regression"
    assert [part["key"] for part in found["slices"]] == ["NZ", "CH"]
    assert len(found["over_time"]) == 3


@pytest.mark.slow
def test_scores_in_json_without_identifiers(tmp_path: Path) -> None:
    """Paired by the request's content; several records in each body."""
    for variant, wrong in ((PRODUCTION, 0), (SHADOW, 3)):
        rows = []
        for at in range(8):
            bodies = [{"score": round((at + part) % 7 / 7 + (0.05 if at == wrong else 0), 6)} for part in range(2)]
            answer = half(json.dumps({"predictions": bodies}), "JSON")
            rows.append(line(answer, request=f"{at},1\n{at},2", time=f"2026-11-20T10:00:{at + wrong:02}Z"))
        write(tmp_path / "d", variant, rows)
    found = assert_same(tmp_path / "d")

    assert (found["paired_by"], found["pairs"], found["records"]) == ("request content", 8, 16)
    assert {drift["of"] for drift in found["classification"]["drift"]} == {"classes", "scores"}


@pytest.mark.slow
def test_texts_and_rankings(tmp_path: Path) -> None:
    texts = [
        "Hello, world! This is a longer answer.",
        "Étude n° 5 in C minor, with feeling",
        "the same text in both of them",
    ]
    others = ["hello world this is a longer answer", "Etude n° 5 in C minor, with feeling", texts[2]]
    ranked = ['["b", "a", "c"]', '{"items": [3, 1, 2]}'], ['["a", "b", "c"]', '{"items": [3, 1, 2]}']
    for name, (first, second), kind in (
        ("texts", (texts, others), "text/plain"),
        ("ranks", ranked, "application/json"),
    ):
        for variant, answers in ((PRODUCTION, first), (SHADOW, second)):
            rows = [
                line(half(answer, "JSON", kind), f"{at}", event=f"{variant}{at}", request=half("[1]", "JSON"))
                for at, answer in enumerate(answers)
            ]
            write(tmp_path / name, variant, rows)
        upload(tmp_path / name, f"{name}/")
        answer = in_athena(place=f"s3://{BUCKET}/{name}")
        assert answer.returncode == 0, answer.stderr
        assert comparable(answer.data()) == comparable(in_duckdb(tmp_path / name))


# What SQL decodes is what bodies.py decodes

FORMS = json.loads((Path(__file__).parent / "captured_bodies.json").read_text(encoding="utf-8"))
FORMS_OF_REQUESTS = {
    "one": half("1,2,3"),
    "two": half("1,2\n3,4"),
    "below names": half("a,b\n1,2\n3,4"),
    "instances": half('{"instances": [1, 2, 3]}', "JSON"),
    "an array": half(npy([[1, 2], [3, 4]]), "BASE64"),
    "none": None,
}


def decoded(local: LocalAthena, path: str) -> Iterator[tuple[Any, Any, Any]]:
    """Yield a body with its request, what SQL says of it, and what Python says."""
    cases = [(body, request) for body in FORMS for request in FORMS_OF_REQUESTS.values()]
    local.tables.execute('CREATE TABLE raw (line VARCHAR, "$path" VARCHAR)')
    texts = [json.dumps(line(half(*body), f"{at}", request=request)) for at, (body, request) in enumerate(cases)]
    local.tables.executemany("INSERT INTO raw VALUES (?, 's3://bucket/x.jsonl')", [(text,) for text in texts])
    local.execute(f'CREATE TABLE "d"."kept" WITH () AS {athena_lines.read(RAW, "", 120)}')
    local.execute(f'CREATE TABLE "d"."found" WITH () AS {athena_lines.predictions(KEPT, path)}')
    by_line: dict[int, list[Any]] = {}
    columns = "CAST(inference_id AS INTEGER), form, text, number, score"
    sql = f"SELECT {columns} FROM found JOIN kept USING (line) ORDER BY 1, position"
    for at, *prediction in local.tables.execute(sql).fetchall():
        by_line.setdefault(at, []).append(prediction)
    decoder = Decoder(Reading(path))
    for at, (body, request) in enumerate(cases):
        given = (request["data"], request["encoding"]) if request else ("", "")
        text = decoder.by_itself(*body) or decoder.with_request(*body, *given)
        yield (body, request), by_line.get(at, []), [list(each.values()) for each in json.loads(text)]


RAW, KEPT = '"d"."raw"', '"d"."kept"'


@pytest.mark.parametrize("path", ["", "label", "$.predictions[*].score", "1"])
def test_a_body_is_decoded_as_in_python_or_counted(athena: LocalAthena, path: str) -> None:
    undecoded = 0
    for case, found, expected in decoded(athena, path):
        if any(form is None for form, *_ in found):
            undecoded += 1
            assert {text for _, text, *_ in found} <= OBSTACLES, case
        else:
            assert list(map(_by_value, found)) == list(map(_by_value, expected)), case
    assert 0 < undecoded < 0.15 * len(FORMS) * len(FORMS_OF_REQUESTS)


OBSTACLES = {
    athena_lines.ARRAYS, athena_lines.BINARY, athena_lines.QUOTED, athena_lines.NAMED_COLUMNS, athena_lines.TENSORS,
    athena_lines.OTHER_CASE, athena_lines.REQUEST,
}  # fmt: skip


def _by_value(prediction: Any) -> Any:
    """Return a prediction; the members of an object in one order, as Athena has them, and a number by its value."""
    form, text, number, score = prediction
    if form == "other" and text.startswith("{"):
        text = json.dumps(json.loads(text), sort_keys=True)
    return form, text if number is None else "", number, score


# Tables, objects and cost


def small(folder: Path, answers: tuple[str, str] = ("1", "0")) -> None:
    both(folder, [answers[0]], [answers[1]])
    upload(folder)


def keys() -> list[str]:
    return [each["Key"] for each in s3().list_objects_v2(Bucket=BUCKET).get("Contents", ())]


@pytest.mark.slow
def test_nothing_is_left_and_the_cost_is_said(tmp_path: Path, athena: LocalAthena) -> None:
    small(tmp_path / "d")
    before = keys()
    answer = in_athena("--redact")
    found = answer.data()
    queries = [each for each in athena.statements if not each.startswith(("CREATE EXTERNAL", "DROP"))]

    assert (athena.names(), keys()) == ([], before)
    assert found["scanned_bytes"] == athena.scanned * len(queries)
    assert found["cost"] == pytest.approx(25 * len(queries) / 1e6 * 5)
    assert found["disagreements"][0]["request"] is None


def test_each_query_is_charged_for_ten_megabytes_at_least(tmp_path: Path, athena: LocalAthena) -> None:
    small(tmp_path / "d")
    athena.scanned = 1
    found = in_athena().data()

    assert found["cost"] == pytest.approx(10 * found["scanned_bytes"] / 1e6 * 5)


def test_a_workgroup_that_enforces_its_location(tmp_path: Path, athena: LocalAthena) -> None:
    small(tmp_path / "d")
    workgroup("enforced", {"ResultConfiguration": {"OutputLocation": OUTPUT}, "EnforceWorkGroupConfiguration": True})
    answer = in_athena("--workgroup", "enforced", output="s3://elsewhere/")

    assert answer.returncode == 0, answer.stderr
    assert not [each for each in athena.statements if "external_location" in each or "elsewhere" in each]


def workgroup(name: str, configuration: dict[str, Any]) -> None:
    client = boto3.client("athena", **CREDENTIALS)
    client.create_work_group(Name=name, Configuration=configuration)


def test_only_the_hours_of_the_period_are_read(tmp_path: Path, athena: LocalAthena) -> None:
    """As `report` asks: earlier experiments of the endpoint are not scanned."""
    for variant in (PRODUCTION, SHADOW):
        for hour in range(6):
            rows = [line("1", f"{hour}", time=f"2026-11-20T1{hour}:30:00Z")]
            write(tmp_path, variant, rows, f"2026/11/20/1{hour}/x.jsonl")
    upload(tmp_path)
    period = Period(datetime(2026, 11, 20, 12, 15, tzinfo=UTC), datetime(2026, 11, 20, 13, 45, tzinfo=UTC))
    source = Source(f"s3://{BUCKET}/data", Variants(PRODUCTION, SHADOW), period)
    question = Question(athena=AthenaSettings(output=OUTPUT))
    clients = {name: boto3.client(name, **CREDENTIALS) for name in ("athena", "s3")}
    found = evaluate(source, question, clients.__getitem__)

    assert (found.pairing.lines, found.pairing.pairs) == ({"production": 2, "shadow": 2}, 2)
    assert "'projection.hour.range' = '2026/11/20/12,2026/11/20/14'" in "".join(athena.statements)


@pytest.mark.slow
def test_arrays_are_counted_and_the_rest_compared(tmp_path: Path) -> None:
    both(tmp_path, ["1", "0", half(npy([1]), "BASE64")], ["1", "1", "1"])
    upload(tmp_path)
    found = in_athena().data()

    assert (found["pairs"], found["agreement"]) == (2, 0.5)
    assert found["undecoded_lines"] == {"production": 1, "shadow": 0}
    expected = "1 answers of production are NumPy arrays, which Athena's SQL cannot decode; they are not compared: "
    assert found["notes"] == [f"{expected}use --engine duckdb"]
    judged = in_athena("--check", "--min-agreement", "10%", "--min-pairs", "1")
    assert (judged.returncode, judged.data()["result"]) == (3, "unknown")


# Errors


def test_arrays_alone_are_an_error(tmp_path: Path, athena: LocalAthena) -> None:
    both(tmp_path, [half(npy([1]), "BASE64")], [half(npy([1]), "BASE64")])
    upload(tmp_path)
    answer = in_athena()

    assert answer.returncode == 2
    assert "NumPy arrays" in answer.stderr
    assert "--engine duckdb" in answer.stderr
    assert athena.names() == []


FAILURES = {
    "failed": (("FAILED", "SYNTAX_ERROR: line 1:8: no such\ncolumn"), "failed: SYNTAX_ERROR: line 1:8: no such column"),
    "cancelled": (("CANCELLED", "Query was cancelled by an administrator"), "was cancelled: Query was cancelled"),
    "long": (("FAILED", "x" * 5000), "failed: xxx"),
    "slow": (("RUNNING", ""), "took longer than 1 s; raise --timeout"),
}


FIRST = "CREATE EXTERNAL"
FAILED = [(statement, *FAILURES["failed"]) for statement in ("CREATE TABLE", "INSERT", "SELECT")]


@pytest.mark.parametrize(
    ("statement", "verdict", "message"), [*((FIRST, *each) for each in FAILURES.values()), *FAILED]
)
def test_a_query_that_does_not_succeed(
    tmp_path: Path, athena: LocalAthena, statement: str, verdict: tuple[str, str], message: str
) -> None:
    small(tmp_path / "d")
    before = keys()
    athena.fail = lambda query: verdict if query.startswith(statement) else None
    answer = in_athena("--timeout", "1")
    (text,) = answer.stderr.splitlines()

    assert answer.returncode == 4
    assert message in text
    assert len(text) <= 300 + len("inference-experiment: ")
    assert (athena.names(), keys()) == ([], before)
    assert bool(athena.stopped) == (verdict[0] == "RUNNING")


def test_an_interruption_drops_the_tables(tmp_path: Path, athena: LocalAthena) -> None:
    small(tmp_path / "d")

    def interrupted(query: str) -> None:
        if query.startswith("INSERT"):
            raise KeyboardInterrupt

    athena.fail = interrupted
    answer = in_athena()

    assert answer.returncode == 130
    assert [each for each in athena.statements if each.startswith("DROP")]
    assert athena.names() == []


def test_tables_that_cannot_be_dropped_are_named(tmp_path: Path, athena: LocalAthena) -> None:
    small(tmp_path / "d")
    athena.fail = lambda query: ("FAILED", "no") if query.startswith("DROP") else None
    answer = in_athena()

    assert answer.returncode == 0
    assert "could not drop tables in database default: inference_experiment_" in answer.stderr


def test_a_workgroup_without_a_location(tmp_path: Path, athena: LocalAthena) -> None:
    small(tmp_path / "d")
    answer = in_athena(output="")

    assert answer.returncode == 4
    assert "workgroup primary has no location for results; pass --output s3://BUCKET/PREFIX/" in answer.stderr
    assert athena.statements == []


SERVICE_ERRORS = ("TooManyRequestsException", "AccessDeniedException", "InvalidRequestException")


@pytest.mark.parametrize("code", SERVICE_ERRORS)
@pytest.mark.parametrize("operation", ["GetWorkGroup", "StartQueryExecution", "GetQueryExecution", "GetQueryResults"])
def test_errors_of_the_service(tmp_path: Path, athena: LocalAthena, code: str, operation: str) -> None:
    small(tmp_path / "d")
    real = BaseClient._make_api_call
    dropping = False

    def refused(client: Any, name: str, arguments: Any) -> Any:
        nonlocal dropping
        dropping |= "DROP" in str(arguments.get("QueryString"))
        if name == operation and not dropping:
            raise ClientError({"Error": {"Code": code, "Message": "Rate exceeded, or not authorized"}}, name)
        return real(client, name, arguments)

    with mock.patch.object(BaseClient, "_make_api_call", refused):
        answer = in_athena()

    assert answer.returncode == 4
    assert f"{operation}: Rate exceeded, or not authorized ({code})" in answer.stderr
    assert len(answer.stderr.splitlines()) == 1
    assert athena.names() == []


USAGE = {
    "a folder": (("captures", "folder"), ("--engine", "athena"), "Athena reads S3 only"),
    "two places": (
        ("captures", "s3://b/d"),
        ("--engine", "athena", "--output", "s3://a/", "--output", "s3://b/"),
        "several places in S3: s3://a/, s3://b/",
    ),
    "two files": (("captures", "folder"), ("--output", "a", "--output", "b"), "several files: a, b"),
    "a place without Athena": (("captures", "folder"), ("--output", "s3://a/"), "add --engine athena"),
    "a workgroup without Athena": (("captures", "folder"), ("--workgroup", "w"), "add --engine athena"),
}


@pytest.mark.parametrize(("command", "options", "message"), USAGE.values(), ids=USAGE)
def test_wrong_usage(command: tuple[str, ...], options: tuple[str, ...], message: str) -> None:
    answer = run(*command, "--production", "a", "--shadow", "b", *options, settings=settings())

    assert answer.returncode == 2
    assert message in answer.stderr


# Translation


def test_quantiles_are_those_of_duckdb(athena: LocalAthena) -> None:
    levels = (0.0, 0.01, 0.25, 0.5, 0.95, 1.0)
    athena.tables.execute(
        "CREATE TABLE judged AS SELECT x * 37e-2 AS x FROM range(57) t (x) UNION ALL SELECT 111e-2 FROM range(9)"
    )
    translation = Translation(lambda name: sqlglot.exp.table_(name, db="d", quoted=True))
    sql = translation.query(translation.parse(quantile_query("x", levels)))
    cursor = athena.tables.execute(back(sql))
    row = dict(zip([each[0] for each in cursor.description or ()], cursor.fetchone() or (), strict=True))
    expected = athena.tables.execute(f"SELECT quantile_cont(x, {list(levels)}) FROM judged").fetchall()[0][0]

    assert interpolated(row, levels) == pytest.approx(expected)
    assert interpolated({"n": None}, levels) == []


def test_results_of_several_pages(athena: LocalAthena) -> None:
    athena.tables.execute("CREATE TABLE many AS SELECT x FROM range(2500) t (x)")
    clients = Clients(boto3.client("athena", **CREDENTIALS), boto3.client("s3", **CREDENTIALS))
    rows = Run(clients, AthenaSettings(), output=OUTPUT).rows('SELECT x FROM "d"."many" ORDER BY x')

    assert [row["x"] for row in rows] == list(range(2500))


CELLS = {
    "1": ("bigint", 1),
    "1.0E-5": ("double", 0.00001),
    "true": ("boolean", True),
    "2026-11-20 10:00:00.000": ("timestamp(3)", datetime(2026, 11, 20, 10)),  # noqa: DTZ001 - as DuckDB gives it
    "2.5E-4": ("varchar", "0.00025"),
    "1.0E20": ("varchar", "1.0E20"),
    "a": ("varchar(1)", "a"),
}


@pytest.mark.parametrize(("text", "expected"), CELLS.items(), ids=CELLS)
def test_cells(text: str, expected: tuple[str, Any]) -> None:
    kind, parsed = expected

    assert value(text, kind) == parsed
    assert value(None, kind) is None
