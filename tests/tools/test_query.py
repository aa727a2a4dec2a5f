"""inference-experiment query: StackQL's documented SELECT examples, the forms, and what is refused."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import COMMAND, assert_one_line, run, run_process
from inventory_reference import AWS_SELECT, AWSCC_GET, AWSCC_LIST, EARLIER_AWS_GET, EARLIER_AWS_LIST, columns_of
from regional_sagemaker import RegionalSageMaker, add_experiment, environment, regional_sagemaker
from syrupy.assertion import SnapshotAssertion

from inference_experiment_cli.sql.statement import read_statement


@pytest.fixture(scope="module")
def sagemaker() -> Iterator[RegionalSageMaker]:
    with regional_sagemaker("us-east-1", "eu-west-1") as regions:
        for region, simulation in regions.regions.items():
            for name in ("first", "second"):
                tags = [{"Key": "team", "Value": "fraud"}]
                add_experiment(simulation, f"{name}-{region[:2]}", Tags=tags, KmsKey="alias/volume")
            simulation.clock.advance(5)
        yield regions


def ask(
    sagemaker: RegionalSageMaker, sql: str, *options: str, region: str | None = "us-east-1"
) -> list[dict[str, object]]:
    finished = run("query", sql, "--format", "json", *options, settings=environment(sagemaker.url, region))
    assert (finished.returncode, finished.stderr) == (0, "")
    rows: list[dict[str, object]] = json.loads(finished.stdout)
    return rows


@pytest.mark.parametrize("example", [AWSCC_GET, AWSCC_LIST, AWS_SELECT, EARLIER_AWS_GET, EARLIER_AWS_LIST])
def test_documented_examples_run_as_they_are(sagemaker: RegionalSageMaker, example: str) -> None:
    """Placeholders are filled in; nothing else changes."""
    sql = example.replace("{{ name }}", "first-us").replace("<Name>", "first-us").replace("{{ region }}", "us-east-1")
    rows = ask(sagemaker, sql, region=None)

    one = "first-us" in sql
    assert len(rows) == (1 if one else 2)
    assert all(list(row) == columns_of(example) for row in rows)
    names = sorted(str(row.get("name", row.get("Name"))) for row in rows)
    assert names == (["first-us"] if one else ["first-us", "second-us"])


def test_values_of_every_documented_column(sagemaker: RegionalSageMaker) -> None:
    (row,) = ask(sagemaker, "SELECT * FROM inference_experiments WHERE name = 'first-us'")

    empty = {key for key, value in row.items() if value is None}
    assert empty == {"description", "data_storage_config", "status_reason", "completion_time"}
    assert row["endpoint_name"] == "first-us-endpoint"
    assert row["desired_state"] == row["status"] == "Running"
    assert row["kms_key"] == "alias/volume"
    assert row["tags"] == [{"value": "fraud", "key": "team"}]
    assert row["account_id"] == "123456789012"
    (spelled,) = ask(
        sagemaker, "SELECT Tags, ModelVariants, EndpointName FROM inference_experiments WHERE Name = 'first-us'"
    )
    assert spelled["Tags"] == [{"Key": "team", "Value": "fraud"}]


def test_sql_beyond_the_examples(sagemaker: RegionalSageMaker) -> None:
    sql = """
        SELECT region, count(*) AS number, max(creation_time) <= now() AS past,
               list(DISTINCT model_variants->0->>'variant_name') AS first_variants
        FROM inference_experiments GROUP BY ALL ORDER BY region -- Identifier; 'us-west-2'
    """
    rows = ask(sagemaker, sql, "--region", "us-east-1,eu-west-1")

    assert rows == [
        {"region": region, "number": 2, "past": True, "first_variants": ["production"]}
        for region in ("eu-west-1", "us-east-1")
    ]


@pytest.mark.parametrize(
    ("condition", "regions"),
    [
        ("region = 'us-east-1'", ["us-east-1"]),
        ("e.Region='eu-west-1' OR region IN ('us-east-1', 'eu-west-1')", ["eu-west-1", "us-east-1"]),
        ("region <> 'us-east-1' AND region NOT IN ('eu-west-1') AND name = 'us-east-1'", []),
        ("region = 'somewhere'", []),
    ],
)
def test_regions_that_a_statement_asks_for(condition: str, regions: list[str]) -> None:
    assert read_statement(f"SELECT * FROM inference_experiments AS e WHERE {condition}").regions() == regions


def test_a_list_makes_no_descriptions(sagemaker: RegionalSageMaker) -> None:
    simulation = sagemaker.regions["us-east-1"]
    simulation.clear_calls()

    ask(sagemaker, "SELECT count(*) FROM inference_experiments_list_only")

    assert {call.operation for call in simulation.calls} == {"ListInferenceExperiments"}


@pytest.mark.parametrize("form", ["table", "json", "yaml", "csv"])
def test_forms(sagemaker: RegionalSageMaker, form: str, snapshot: SnapshotAssertion) -> None:
    sql = "SELECT name, tags, completion_time, count(*) OVER () AS number FROM inference_experiments ORDER BY name"

    finished = run("query", sql, "--format", form, settings=environment(sagemaker.url))

    assert finished.stdout == snapshot


def test_values_of_every_type_are_as_json_has_them(sagemaker: RegionalSageMaker) -> None:
    sql = (
        "SELECT [1, 2] AS list, {'a': 1} AS struct, DATE '2026-01-01' AS date, INTERVAL 90 minutes AS interval, "
        "1.5::DECIMAL(4, 2) AS decimal, 'x'::BLOB AS blob, sum(1) AS sum, NULL AS nothing, true AS yes, "
        "TIMESTAMPTZ '2026-01-01T01:00:00+01' AS time FROM inference_experiments_list_only"
    )
    (row,) = ask(sagemaker, sql)
    assert row == {
        "list": [1, 2],
        "struct": {"a": 1},
        "date": "2026-01-01",
        "interval": "01:30:00",
        "decimal": 1.5,
        "blob": "x",
        "sum": 2,
        "nothing": None,
        "yes": True,
        "time": "2026-01-01T00:00:00Z",
    }


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("SUMMARIZE inference_experiments_list_only", ["column_name", "column_type"]),
        ("TABLE inference_experiments_list_only", ["region", "name"]),
        ("WITH names AS (FROM inference_experiments_list_only) SELECT name FROM names", ["name"]),
        ("SELECT * LIKE 'n%' FROM inference_experiments_list_only", ["name"]),
        ("SELECT @ -5 AS five", ["five"]),
        ("SELECT 3! AS six", ["six"]),
        ("SELECT table_name FROM information_schema.tables", ["table_name"]),
    ],
)
def test_what_only_duckdb_knows_is_answered_too(sagemaker: RegionalSageMaker, sql: str, columns: list[str]) -> None:
    assert list(ask(sagemaker, sql)[0])[: len(columns)] == columns


def test_a_failing_region_is_named_and_the_others_are_kept(sagemaker: RegionalSageMaker) -> None:
    sql = "SELECT name FROM inference_experiments_list_only WHERE region IN ('us-east-1', 'us-west-2')"
    finished = run("query", sql, "--format", "csv", settings=environment(sagemaker.url))

    assert finished.returncode == 4
    assert sorted(finished.stdout.split()) == ["first-us", "name", "second-us"]
    assert (
        finished.stderr
        == "inference-experiment: us-west-2: ListInferenceExperiments: the region is disabled (AccessDeniedException)\n"
    )


@pytest.mark.parametrize(
    ("sql", "words"),
    [
        ("DROP TABLE inference_experiments", "are possible; this is DROP"),
        ("INSERT INTO inference_experiments_list_only VALUES ('a', 'b')", "INSERT changes experiments: pass --write"),
        ("UPDATE inference_experiments SET name = 'a'", "UPDATE changes experiments: pass --write"),
        ("DELETE FROM inference_experiments", "DELETE changes experiments: pass --write"),
        ("COPY (SELECT 1) TO '/tmp/file'", "this is COPY"),
        ("ATTACH '/tmp/file' AS other", "this is ATTACH"),
        ("INSTALL httpfs", "are possible; this is"),
        ("SET enable_external_access = true", "this is SET"),
        ("SELECT 1; SELECT 2", "one statement at a time, this is 2"),
        ("", "pass a statement, or -f FILE"),
        (" ", "one statement at a time, this is 0"),
        ("SELEC", "syntax error"),
        ("SELECT nme FROM inference_experiments", "there is no column nme; did you mean name?"),
        ("SELECT * FROM inference_experimentss", "did you mean inference_experiments?"),
        ("SELECT * FROM read_csv('/etc/hostname')", "file system operations are disabled"),
        ("SELECT * FROM '/etc/hostname.csv'", "there is no table /etc/hostname.csv; SHOW TABLES lists them"),
        ("SELECT * FROM read_parquet('https://127.0.0.1/a.parquet')", "disabled"),
        ("SELECT getenv('HOME')", "getenv"),
        ("SELECT 'a'::INT", "Could not convert"),
    ],
)
def test_what_is_refused_is_one_line_and_exit_2(sagemaker: RegionalSageMaker, sql: str, words: str) -> None:
    assert_one_line(run("query", sql, settings=environment(sagemaker.url)), 2, words)


@pytest.mark.slow
def test_without_the_extra(sagemaker: RegionalSageMaker, tmp_path: object) -> None:
    """A duckdb that cannot be imported stands for one that is not installed."""
    folder = str(tmp_path)
    with open(f"{folder}/duckdb.py", "w", encoding="utf-8") as broken:  # noqa: PTH123 - a path as text is at hand
        broken.write("raise ImportError('not installed')\n")
    settings = environment(sagemaker.url, PYTHONPATH=folder)

    assert_one_line(
        run_process("query", "SELECT 1", settings=settings), 2, "pip install 'cfn-inference-experiment[query]'"
    )
    assert_one_line(
        run_process("export", "--format", "parquet", settings=settings), 2, "cfn-inference-experiment[query]"
    )
    assert run_process("export", settings=settings).returncode == 0


def test_without_the_parser(sagemaker: RegionalSageMaker, tmp_path: Path) -> None:
    """A sqlglot that cannot be imported stands for one that is not installed."""
    (tmp_path / "sqlglot.py").write_text("raise ImportError('not installed')\n", encoding="utf-8")
    settings = environment(sagemaker.url, PYTHONPATH=str(tmp_path))

    for sql in ("SELECT 1", "SHOW TABLES"):
        finished = run_process("query", sql, settings=settings)
        assert_one_line(finished, 2, "sqlglot is not installed: pip install 'cfn-inference-experiment[query]'")


@pytest.mark.slow
def test_nothing_but_errors_is_on_the_standard_error(sagemaker: RegionalSageMaker) -> None:
    """A real process: DuckDB's binding reports objects that outlive it."""
    settings = environment(sagemaker.url)

    finished = run_process("query", "SELECT name FROM inference_experiments WHERE name = 'first-us'", settings=settings)
    assert (finished.stdout, finished.stderr) == ("name\nfirst-us\n", "")
    for sql, code in (
        ("SELECT nme FROM inference_experiments", 2),
        ("SELECT name::INT FROM inference_experiments", 2),
        ("SELECT 1 FROM range(10) a JOIN inference_experiments USING (b)", 2),
        ("SELECT count(*) FROM range(1000000000) a, range(1000000000) b", 4),
        ("DELETE FROM inference_experiments WHERE nme = 'x'", 2),
    ):
        assert_one_line(run_process("query", sql, "--timeout", "3", "--write", settings=settings), code)


@pytest.mark.slow
def test_an_interrupted_statement_is_no_answer(sagemaker: RegionalSageMaker) -> None:
    settings = os.environ | environment(sagemaker.url)
    endless = "SELECT count(*) FROM range(1000000000) AS a, range(1000000000) AS b"
    with subprocess.Popen(
        [COMMAND, "query", "--timeout", "100", endless], stderr=subprocess.PIPE, text=True, env=settings
    ) as process:
        try:
            wait_for_a_running_statement(process.pid)
            process.send_signal(signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        finally:
            process.kill()

    assert (process.returncode, errors) == (130, "inference-experiment: interrupted\n")


def wait_for_a_running_statement(pid: int) -> None:
    """Wait until the process has used more time than its start takes: DuckDB's threads are at work."""
    while int(Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").split()[13]) < 4 * os.sysconf("SC_CLK_TCK"):
        time.sleep(0.05)
