"""docs/reference/inventory.md is complete: each item of other tools with a command and a test that exist."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from inventory_reference import FLAT, NESTED, PERMISSIONS, REFERENCE

from inference_experiment import contract
from inference_experiment_cli.inventory import records as flat_record
from inference_experiment_cli.inventory.describe import DescribedExperiment
from inference_experiment_cli.main import application

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "reference" / "inventory.md").read_text(encoding="utf-8")
ROW = re.compile(r"\| ([^|]+) \| `([^`]+)` \| ([^|]+) \| `([^`]+)` \|")


def rows() -> list[tuple[str, str, str, str, str]]:
    """Return (source, kind, item, commands, test) of every row."""
    found = []
    for section in PAGE.split("\n## ")[1:]:
        source, _, text = section.partition("\n")
        found += [(source, *match.groups()) for match in map(ROW.fullmatch, text.splitlines()) if match]
    return found


def test_nothing_is_missing_and_nothing_is_extra() -> None:
    documented = [(source, kind, item) for source, kind, item, _, _ in rows()]
    expected = {
        (source, kind, item) for source, kinds in REFERENCE.items() for kind, items in kinds.items() for item in items
    }

    assert set(documented) == expected
    assert len(documented) == len(expected)


def test_every_line_of_a_table_is_read() -> None:
    lines = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| kind ")]

    assert len(lines) == len(rows())


def test_every_command_and_option_exists() -> None:
    commands = application().commands
    for *_, here, _ in rows():
        named = [text.split() for text in re.findall(r"`([^`]+)`", here)]
        words = [text for text in named if not text[0].startswith("-")]
        assert words
        for command, *options in words:
            known = {option for parameter in commands[command].load().params for option in parameter.opts}
            assert {option for option in options if option.startswith("--")} <= known, (command, options)


@cache
def functions_of(path: str) -> set[str]:
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_test_exists() -> None:
    named = {test for *_, test in rows()}

    missing = {test for test in named if test.split("::")[1] not in functions_of(test.split("::")[0])}
    assert missing == set()


@pytest.mark.parametrize("handler", PERMISSIONS)
def test_permissions_are_covered_by_the_contract(handler: str) -> None:
    """What the other tools ask for is what the provider's data file has, which may have more."""
    assert PERMISSIONS[handler] <= contract.actions_for(handler)


def test_flat_fields() -> None:
    assert list(flat_record.FLAT) == FLAT


def nested_names(value: object) -> set[str]:
    """Return the dotted names of every member of a parsed JSON value, lists looked through."""
    if isinstance(value, list):
        return {name for each in value for name in nested_names(each)}
    if not isinstance(value, dict):
        return set()
    return set(value) | {f"{key}.{name}" for key, inner in value.items() for name in nested_names(inner)}


def test_nested_fields_have_the_documented_names() -> None:
    """An experiment with all optional members gives each documented nested field, and only the API's besides."""
    row = flat_record.awscc_row(DescribedExperiment("us-east-1", EVERYTHING, {"team": "fraud"}))

    for column, names in NESTED.items():
        more = nested_names(row[column]) - set(names)
        assert set(names) <= nested_names(row[column])
        assert more <= {"endpoint_name", "status", "failure_reason"}


EVERYTHING = {
    "Name": "test",
    "Arn": "arn:aws:sagemaker:us-east-1:123456789012:inference-experiment/test",
    "EndpointMetadata": {
        "EndpointName": "endpoint",
        "EndpointConfigName": "config",
        "EndpointStatus": "Failed",
        "FailureReason": "no capacity",
    },
    "Schedule": {"StartTime": "2030-01-01T00:00:00Z", "EndTime": "2030-01-02T00:00:00Z"},
    "DataStorageConfig": {
        "Destination": "s3://bucket",
        "KmsKey": "alias/capture",
        "ContentType": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    },
    "ModelVariants": [
        {
            "ModelName": "model",
            "VariantName": "production",
            "Status": "InService",
            "InfrastructureConfig": {
                "InfrastructureType": "RealTimeInference",
                "RealTimeInferenceConfig": {"InstanceType": "ml.m5.xlarge", "InstanceCount": 1},
            },
        }
    ],
    "ShadowModeConfig": {
        "SourceModelVariantName": "production",
        "ShadowModelVariants": [{"ShadowModelVariantName": "shadow", "SamplingPercentage": 10}],
    },
}
