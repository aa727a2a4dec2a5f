"""Requests to SageMaker, held against botocore's model, and what Describe says."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from experiment_properties import properties
from requests_for_tests import configuration, moment, request, variants

from inference_experiment import payloads
from inference_experiment.model import DataStorage, Member, Status
from inference_experiment.properties import parse
from inference_experiment_local.sagemaker.shapes import findings, operation_model

if TYPE_CHECKING:
    from botocore.model import Shape

STORAGE = DataStorage("s3://bucket/x", "alias/key", ("text/csv",), ("application/json",))
FULL = {
    "Description": "d",
    "KmsKey": "alias/volumes",
    "Schedule": {"StartTime": "2030-01-02T00:00:00.5Z", "EndTime": "2030-01-03T00:00:00Z"},
    "DataStorageConfig": {
        "Destination": "s3://bucket/x",
        "KmsKey": "alias/key",
        "ContentType": {"CsvContentTypes": ["text/csv"], "JsonContentTypes": ["application/json"]},
    },
}


def wire(value: Any) -> Any:
    """Return a value as it travels: times as epoch seconds."""
    if isinstance(value, dict):
        return {key: wire(item) for key, item in value.items()}
    if isinstance(value, list):
        return [wire(item) for item in value]
    return value.timestamp() if hasattr(value, "timestamp") else value


def assert_valid(operation: str, arguments: dict[str, Any]) -> None:
    shape: Shape | None = operation_model(operation).input_shape
    assert shape is not None
    assert not list(findings(shape, wire(arguments)))


@pytest.mark.parametrize("changes", [{}, FULL], ids=["least", "most"])
def test_create(changes: dict[str, Any]) -> None:
    """What is sent is valid for the API, has the owner tag, and nothing empty."""
    arguments = payloads.create(
        parse(request(ResourceProperties=properties(**changes))), {"cfn-inference-experiment:owner": "x"}
    )

    assert_valid("CreateInferenceExperiment", arguments)
    assert arguments["Tags"][-1] == {"Key": "cfn-inference-experiment:owner", "Value": "x"}
    assert set(changes) <= set(arguments)
    assert all(arguments.values())


def test_create_spells_everything_out() -> None:
    arguments = payloads.create(parse(request(ResourceProperties=properties(**FULL))), {})

    assert arguments["DataStorageConfig"] == FULL["DataStorageConfig"]
    assert arguments["Schedule"] == {"StartTime": moment(2), "EndTime": moment(3)}
    assert arguments["KmsKey"] == "alias/volumes"


@pytest.mark.parametrize(
    ("members", "sent"),
    [
        ({Member.DESCRIPTION}, {"Description"}),
        ({Member.START_TIME}, {"Schedule"}),
        ({Member.END_TIME}, {"Schedule"}),
        ({Member.MODEL_VARIANTS}, {"ModelVariants"}),
        ({Member.DATA_STORAGE_CONFIG}, {"DataStorageConfig"}),
        ({Member.SHADOW_VARIANTS}, {"ShadowModeConfig"}),
        ({Member.SAMPLING_PERCENTAGE}, {"ShadowModeConfig"}),
        (set(Member), {"Description", "Schedule", "ModelVariants", "DataStorageConfig", "ShadowModeConfig"}),
    ],
)
def test_update_sends_what_differs(members: set[Member], sent: set[str]) -> None:
    wanted = configuration(start_time=moment(2), end_time=moment(3), data_storage=STORAGE)
    arguments = payloads.update(wanted, members, Status.CREATED)

    assert_valid("UpdateInferenceExperiment", arguments)
    assert set(arguments) == {"Name"} | sent


def test_update_while_running_has_no_start() -> None:
    wanted = configuration(start_time=moment(2), end_time=moment(3))

    assert payloads.update(wanted, {Member.END_TIME}, Status.RUNNING)["Schedule"] == {"EndTime": moment(3)}


def test_an_emptied_description_is_sent_empty() -> None:
    """Description can be taken away, data capture cannot."""
    arguments = payloads.update(configuration(), {Member.DESCRIPTION, Member.DATA_STORAGE_CONFIG}, Status.CREATED)

    assert arguments == {"Name": "test", "Description": ""}


def test_stop() -> None:
    actions = {"production": "Remove", "shadow": "Promote"}
    arguments = payloads.stop("test", actions, variants("shadow"), Status.CANCELLED, "reason")

    assert_valid("StopInferenceExperiment", arguments)
    assert arguments["ModelVariantActions"] == actions
    assert arguments["DesiredState"] == "Cancelled"


@pytest.mark.parametrize(
    "storage",
    [None, STORAGE, DataStorage("s3://b/x"), DataStorage("s3://b/x", json_content_types=("a/b",))],
)
def test_what_is_sent_is_what_is_read(storage: DataStorage | None) -> None:
    """A configuration survives the way to the API and back."""
    wanted = configuration(data_storage=storage, start_time=moment(2), end_time=moment(3), description="d")
    sent = payloads.create(replace(parse(request()), configuration=wanted), {})

    assert payloads.configuration(sent, "test", "endpoint") == wanted


def test_describe_without_optional_members() -> None:
    """Whatever Describe leaves out is empty, never an error."""
    found = payloads.configuration({"Type": "ShadowMode"}, "test", "")

    assert (found.model_variants, found.source_variant, found.shadow_variant) == ((), "", "")
    assert (found.sampling_percentage, found.data_storage, found.start_time, found.role_arn) == (0, None, None, "")
    assert found.variant("shadow") is None


@pytest.mark.parametrize("count", ["9" * 5000, "²", "1.5", "", None, True, {}, "-1"])
def test_previous_variants_may_have_any_count(count: object) -> None:
    hardware = {"RealTimeInferenceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": count}}
    (found,) = payloads.variants([{"VariantName": "shadow", "InfrastructureConfig": hardware}]).values()

    assert found.instance_count == 0
