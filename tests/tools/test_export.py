"""inference-experiment export: the fields, the three forms, several regions, and how it refuses."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from command_line import assert_one_line, run
from regional_sagemaker import RegionalSageMaker, add_experiment, environment, regional_sagemaker
from standing_clock import StandingClock

from inference_experiment_cli.inventory.describe import Inventory
from inference_experiment_local.sessions import isolated_session

FIELDS = [
    "_key",
    "account_id",
    "arn",
    "name",
    "type",
    "status",
    "status_reason",
    "role_arn",
    "endpoint_metadata",
    "model_variants",
    "shadow_mode_config",
    "data_storage_config",
    "schedule",
    "description",
    "tags",
    "creation_time",
    "last_modified_time",
    "completion_time",
    "region",
]
ARN = "arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/first"
EXPECTED = {
    "_key": ARN,
    "account_id": "123456789012",
    "arn": ARN,
    "name": "first",
    "type": "ShadowMode",
    "status": "Completed",
    "status_reason": "shadow is slower, näher geprüft",
    "role_arn": "arn:aws:iam::123456789012:role/experiment",
    "endpoint_metadata": {
        "endpoint_name": "first-endpoint",
        "endpoint_config_name": "first-endpoint-config",
        "endpoint_status": "InService",
    },
    "model_variants": [
        {
            "model_name": model,
            "variant_name": variant,
            "infrastructure_config": {
                "infrastructure_type": "RealTimeInference",
                "real_time_inference_config": {"instance_type": "ml.m5.xlarge", "instance_count": 1},
            },
            "status": status,
        }
        for variant, model, status in (("production", "model-1", "InService"), ("shadow", "model-2", "Deleted"))
    ],
    "shadow_mode_config": {
        "source_model_variant_name": "production",
        "shadow_model_variants": [{"shadow_model_variant_name": "shadow", "sampling_percentage": 50}],
    },
    "data_storage_config": {
        "destination": "s3://bucket/prefix",
        "kms_key": "alias/capture",
        "content_type": {"csv_content_types": ["text/csv"], "json_content_types": ["application/json"]},
    },
    "description": "first, with a comma",
    "tags": {"Team": "fraud", "cost-center": "42"},
    "region": "us-east-1",
}
TIMES = {"creation_time", "last_modified_time", "completion_time", "schedule"}


@pytest.fixture(scope="module")
def sagemaker() -> Iterator[RegionalSageMaker]:
    """First in us-east-1, which ended, and 250 in eu-west-1, which are more than two pages."""
    with regional_sagemaker("us-east-1", "eu-west-1", clock=StandingClock()) as regions:
        first = regions.regions["us-east-1"]
        add_experiment(
            first,
            "first",
            Description="first, with a comma",
            Tags=[{"Key": "cost-center", "Value": "42"}, {"Key": "Team", "Value": "fraud"}],
            DataStorageConfig={
                "Destination": "s3://bucket/prefix",
                "KmsKey": "alias/capture",
                "ContentType": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
            },
        )
        first.clock.advance(5)
        client: Any = first.client()
        client.stop_inference_experiment(
            Name="first",
            ModelVariantActions={"production": "Retain", "shadow": "Remove"},
            Reason="shadow is slower, näher geprüft",
        )
        first.clock.advance(5)
        for number in range(250):
            add_experiment(regions.regions["eu-west-1"], f"many-{number:03}")
        yield regions


def test_a_record_has_exactly_the_fields_of_a_flat_inventory(sagemaker: RegionalSageMaker) -> None:
    finished = run("export", settings=environment(sagemaker.url))

    assert (finished.returncode, finished.stderr) == (0, "1 experiment from 1 region\n")
    (record,) = (json.loads(line) for line in finished.stdout.splitlines())
    assert list(record) == FIELDS
    timed = {key: value for key, value in record.items() if key in TIMES}
    assert {key: value for key, value in record.items() if key not in TIMES} == EXPECTED
    assert timed["creation_time"].endswith("Z")
    assert timed["creation_time"] < timed["completion_time"]
    assert set(timed["schedule"]) == {"start_time", "end_time"}


def test_csv_holds_the_same(sagemaker: RegionalSageMaker, tmp_path: Path) -> None:
    path = tmp_path / "experiments.csv"
    finished = run("export", "--format", "csv", "--output", str(path), settings=environment(sagemaker.url))

    assert (finished.returncode, finished.stdout) == (0, "")
    (record,) = csv.DictReader(io.StringIO(path.read_text()))
    assert list(record) == FIELDS
    for name, value in EXPECTED.items():
        assert (json.loads(record[name]) if isinstance(value, dict | list) else record[name]) == value
    assert list(tmp_path.iterdir()) == [path]


def test_parquet_holds_the_same_with_types(sagemaker: RegionalSageMaker, tmp_path: Path) -> None:
    path = tmp_path / "it's here.parquet"
    finished = run("export", "--format", "parquet", "-o", str(path), settings=environment(sagemaker.url))

    assert finished.returncode == 0, finished.stderr
    relation = duckdb.read_parquet(str(path))
    assert relation.columns == FIELDS
    kinds = {column: str(kind) for column, kind in zip(relation.columns, relation.types, strict=True)}
    assert kinds["creation_time"] == "TIMESTAMP WITH TIME ZONE"
    assert kinds["tags"] == "MAP(VARCHAR, VARCHAR)"
    (row,) = relation.project(
        "tags, model_variants::VARCHAR, status_reason, creation_time < completion_time"
    ).fetchall()
    assert (row[0], json.loads(row[1]), row[2], row[3]) == (
        EXPECTED["tags"],
        EXPECTED["model_variants"],
        EXPECTED["status_reason"],
        True,
    )


@pytest.mark.slow
def test_every_page_of_every_region_and_the_one_that_fails_is_named(sagemaker: RegionalSageMaker) -> None:
    finished = run(
        "export", "--region", "us-east-1,eu-west-1,us-west-2", settings=environment(sagemaker.url, region=None)
    )

    records = [json.loads(line) for line in finished.stdout.splitlines()]
    names = sorted(record["name"] for record in records if record["region"] == "eu-west-1")
    assert names == [f"many-{number:03}" for number in range(250)]
    assert len(records) == 251
    assert finished.returncode == 4
    assert finished.stderr.splitlines() == [
        "251 experiments from 2 regions",
        "inference-experiment: us-west-2: ListInferenceExperiments: the region is disabled (AccessDeniedException)",
    ]


def test_a_reader_that_stops_early_stops_the_calls(
    sagemaker: RegionalSageMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The queue is bounded: whoever takes one record causes a few hundred calls at most, and no thread stays."""
    for name, value in environment(sagemaker.url).items():
        monkeypatch.setenv(name, value)
    inventory = iter(Inventory(isolated_session("eu-west-1"), ["eu-west-1"]))
    assert next(inventory).region == "eu-west-1"
    inventory.close()  # type: ignore[attr-defined]


def test_an_experiment_deleted_meanwhile_is_left_out(sagemaker: RegionalSageMaker) -> None:
    sagemaker.regions["us-east-1"].fail_next("DescribeInferenceExperiment", "ResourceNotFound")

    finished = run("export", settings=environment(sagemaker.url))

    assert (finished.returncode, finished.stdout) == (0, "")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "parquet"], "needs --output FILE"),
        (["--region", "here"], "--region here: no such region; write it as us-east-1"),
        (["--region", ","], "write all, or names such as us-east-1"),
        (["--output", "/nowhere/at/all.jsonl"], "/nowhere/at/all.jsonl: cannot be written: No such file or directory"),
        (["--output", "/nowhere/at/all.parquet", "--format", "parquet"], "all.parquet"),
    ],
)
def test_mistakes_are_one_line_and_exit_2(sagemaker: RegionalSageMaker, arguments: list[str], words: str) -> None:
    assert_one_line(run("export", *arguments, settings=environment(sagemaker.url)), 2, words)


def test_no_region_and_a_broken_profile(sagemaker: RegionalSageMaker) -> None:
    assert_one_line(run("export", settings=environment(sagemaker.url, region=None)), 2, "no region")
    assert_one_line(run("export", settings=environment(sagemaker.url, AWS_PROFILE="nobody")), 2, "nobody")


def test_nobody_answers() -> None:
    finished = run("export", settings=environment("http://127.0.0.1:1", AWS_MAX_ATTEMPTS="1"))

    assert finished.returncode == 4
    assert "Could not connect to the endpoint URL" in finished.stderr
    assert "Traceback" not in finished.stderr


def test_help_has_examples() -> None:
    assert "Examples: inference-experiment export" in " ".join(run("export", "--help").stdout.split())
